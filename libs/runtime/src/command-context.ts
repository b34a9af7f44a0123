import type { Cause, Instant } from '@seatbook/kernel';

/** Who sends a command, why, and what it follows from. */
export interface CommandContext {
  /** The same id on the same stream is the same command: it changes the stream once. */
  readonly commandId: string;
  readonly principal: string;
  readonly correlationId: string;
  /** Id of the event that the command follows from, or the command's own id where it begins something. */
  readonly causationId: string;
  /** Where that event is in the log. */
  readonly cause?: { readonly stream: string; readonly revision: number };
  readonly reason?: string;
  /** Hash of the request's body where a client chose the command's id. */
  readonly bodyHash?: string;
  readonly traceparent?: string;
  /** When what the command tells of happened elsewhere. */
  readonly occurredAt?: Instant;
}

/** The context of a command that follows from an event: a chain of causes has no hole there. */
export const following = (
  { eventId, stream, revision, correlationId, traceparent }: Cause,
  { commandId, principal }: { readonly commandId: string; readonly principal: string },
): CommandContext => ({
  commandId,
  principal,
  correlationId,
  causationId: eventId,
  cause: { stream, revision },
  ...(traceparent === undefined ? {} : { traceparent }),
});
