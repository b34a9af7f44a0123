import { ApiExtension } from '@nestjs/swagger';
import type { ErrorCode } from '@seatbook/kernel';

/** Where an operation keeps the codes that are its own until the document is completed. */
export const REFUSALS = 'x-refusals';

/**
 * Documents the codes with which an operation may refuse. Those that follow from its parameters, its body and its key
 * are added to all operations alike.
 */
export const ApiRefusals = (...codes: readonly ErrorCode[]): MethodDecorator & ClassDecorator =>
  ApiExtension(REFUSALS, codes);
