import { orderStream } from '@seatbook/licensing';
import type { CommandContext } from '@seatbook/runtime';
import { contextOf, requestId, type Caller } from './principal.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** A request that is no order: its id, and whether its key was taken before, so that it is sent once more. */
export interface TakenKey {
  readonly id: string;
  readonly repeated: boolean;
}

/**
 * The id of a request that is no order. Where the client named it by a key, the key is taken first, in the stream that
 * an order of this key would have: one key is one request, whatever is asked for, and of two at once one is refused.
 * @throws Refusal CONFLICT_IDEMPOTENCY_KEY for a key that another request or another body has
 */
export async function takenKey(
  seatbook: SeatbookEdge,
  caller: Caller,
  command: string,
  body: object,
): Promise<TakenKey> {
  const id = requestId(caller, seatbook.ids);
  if (caller.idempotencyKey === undefined) return { id, repeated: false };
  const context = contextOf(caller, id, { command, ...body });
  const { repeated } = await seatbook.execute(orderStream(id), { type: 'TakeKey', by: command }, context);
  return { id, repeated };
}

/** Whether a request has this key already; it is not taken by that. */
export async function isTaken({ runner, ids }: SeatbookEdge, caller: Caller): Promise<boolean> {
  if (caller.idempotencyKey === undefined) return false;
  return (await runner.load(orderStream(requestId(caller, ids)))).revision >= 0;
}

/** The id alone. @throws Refusal as {@link takenKey} does */
export const takenId = async (
  seatbook: SeatbookEdge,
  caller: Caller,
  command: string,
  body: object,
): Promise<string> => (await takenKey(seatbook, caller, command, body)).id;

/** The context of such a request's one command. @throws Refusal as {@link takenKey} does */
export const takenContext = async (
  seatbook: SeatbookEdge,
  caller: Caller,
  command: string,
  body: object,
): Promise<CommandContext> => contextOf(caller, await takenId(seatbook, caller, command, body), body);
