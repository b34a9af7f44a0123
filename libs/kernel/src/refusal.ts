import type { ErrorCode } from './error-codes.js';

/** Kinds of answer that are no success, each with its HTTP status at the edge. */
export type RefusalKind =
  | 'INVALID'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'REJECTED'
  | 'CONFLICT'
  | 'THROTTLED'
  | 'TRANSIENT';

/**
 * An expected "no": a stable code, the facts it rests on, and what to do about it.
 * Codes begin with their kind, e.g. `REJECTED_NOT_DEVICE_ASSIGNABLE`. Never holds a secret.
 */
export class Refusal extends Error {
  readonly kind: RefusalKind;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
    /** Seconds after which a repeat makes sense; for `TRANSIENT` and `THROTTLED`. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = 'Refusal';
    const kind = KINDS.find((candidate) => code === candidate || code.startsWith(`${candidate}_`));
    if (!kind) throw new Error(`the refusal code ${code} begins with none of ${KINDS.join(', ')}`);
    this.kind = kind;
  }
}

const KINDS: readonly RefusalKind[] = [
  'INVALID',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'REJECTED',
  'CONFLICT',
  'THROTTLED',
  'TRANSIENT',
];

/** Recognised by name, so that two copies of this module still agree. */
export const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && error.name === 'Refusal' && 'code' in error;

/** A refusal as plain data, as events keep it. */
export interface KeptRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
  /** Null: a repeat makes no sense. */
  readonly retryAfterSeconds: number | null;
}

export const keptRefusal = ({ code, message, facts, retryAfterSeconds }: Refusal): KeptRefusal => ({
  code,
  message,
  facts,
  retryAfterSeconds: retryAfterSeconds ?? null,
});

export const refusalOf = ({ code, message, facts, retryAfterSeconds }: KeptRefusal): Refusal =>
  new Refusal(code, message, facts, retryAfterSeconds ?? undefined);
