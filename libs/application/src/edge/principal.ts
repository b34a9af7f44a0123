import { Refusal, sha256, uuidOf, type Ids } from '@seatbook/kernel';
import type { CommandContext } from '@seatbook/runtime';

/** Who asks, why, and under which key a repeat is recognised. */
export interface Caller {
  readonly principal: string;
  readonly reason?: string;
  /** The client's `Idempotency-Key`; without one every request is a new one. */
  readonly idempotencyKey?: string;
  /** Ties what follows to the client's own trace; made up where absent. */
  readonly correlationId?: string;
  readonly traceparent?: string;
}

const MAX_KEY_LENGTH = 200;
/** What every client can put into a header: ASCII that is seen. */
const KEY = /^[!-~](?:[ -~]*[!-~])?$/;

/** The id that a client's request has, and will have again when it is repeated with the same key. */
export function requestId(caller: Caller, ids: Ids): string {
  const { principal, idempotencyKey } = caller;
  if (idempotencyKey === undefined) return ids.next();
  if (idempotencyKey.length > MAX_KEY_LENGTH || !KEY.test(idempotencyKey)) {
    throw new Refusal(
      'INVALID_IDEMPOTENCY_KEY',
      `an Idempotency-Key has 1 to ${MAX_KEY_LENGTH} characters of ASCII`,
    );
  }
  return uuidOf(`${principal}\n${idempotencyKey}`);
}

/** What a command of a request carries; `body` and reason are hashed where the client chose the id. */
export function contextOf(caller: Caller, commandId: string, body: unknown): CommandContext {
  const { principal, reason, idempotencyKey, correlationId, traceparent } = caller;
  return {
    commandId,
    principal,
    correlationId: correlationId ?? commandId,
    causationId: commandId,
    ...(reason === undefined ? {} : { reason }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(idempotencyKey === undefined ? {} : { bodyHash: sha256(JSON.stringify([body, reason ?? null])) }),
  };
}
