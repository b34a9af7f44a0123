import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { headerOf, type HttpRequest } from './exchange.js';

export const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Repeating a key with the same body, reason included, is the same request; another body or another kind of request is refused. Lists are compared as sets.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 200, pattern: '^[!-~]([ -~]*[!-~])?$' },
  example: 'class-7b',
};

export const PREFER = {
  name: 'Prefer',
  required: false,
  description:
    '`wait=N`: answers once the order is over or waits for licences, after N seconds at the latest. A longer wait than the server allows is cut.',
  schema: { type: 'string' as const },
  example: 'wait=30',
};

export const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description:
    'The `ETag` of what is changed, as the caller has seen it: refused if it has changed meanwhile.',
  schema: { type: 'string' as const },
};

/** The header `If-Match`; null where there is none. */
export const IfMatch = createParamDecorator((_data: unknown, context: ExecutionContext): string | null => {
  return headerOf(context.switchToHttp().getRequest<HttpRequest>(), 'if-match') ?? null;
});
