import { HttpCode, applyDecorators, type Type } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';

/** A change that is over when it is answered: 200, with what it came to, and a repeat by its key. */
export const ApiChanges = (type: Type, summary: string, description: string): MethodDecorator =>
  applyDecorators(
    HttpCode(200),
    ApiOperation({ summary }),
    ApiHeader(IDEMPOTENCY_KEY),
    ApiOkResponse({ type, description }),
  );
