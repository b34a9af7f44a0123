import type { Milliseconds } from '@seatbook/kernel';
import type { AppleFailure } from '@seatbook/licensing';

export type TransientFailure = Extract<AppleFailure, { kind: 'transient' }>;

/** A transient failure after which it is certain that nothing was done, unless `more` says otherwise. */
export const transientFailure = (
  reason: string,
  more: {
    errorNumber?: number | null;
    doubtful?: boolean;
    retryAfterMs?: Milliseconds | null;
  } = {},
): TransientFailure => ({
  kind: 'transient',
  errorNumber: more.errorNumber ?? null,
  doubtful: more.doubtful ?? false,
  retryAfterMs: more.retryAfterMs ?? null,
  reason,
});

/** The failure of a request whose turn to be sent never came. */
export const notSent = (
  reason: string,
  more: { errorNumber?: number; retryAfterMs?: Milliseconds } = {},
): TransientFailure => ({ ...transientFailure(`not sent: ${reason}`, more), unasked: true });
