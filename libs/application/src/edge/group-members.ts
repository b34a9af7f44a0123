import { Refusal } from '@seatbook/kernel';
import { groupStream, holdersOf, unknownGroup, type Holders } from '@seatbook/licensing';
import type { OrderRequest } from './order-request.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/**
 * Whom an order for a group would name now.
 * @throws Refusal NOT_FOUND_GROUP; INVALID_HOLDER where the order names others as well
 */
export async function membersOf(
  { runner }: SeatbookEdge,
  { groupId, serialNumbers = [], userIds = [] }: OrderRequest & { readonly groupId: string },
): Promise<Holders> {
  if (serialNumbers.length + userIds.length > 0)
    throw new Refusal('INVALID_HOLDER', 'name a group, or devices and persons');
  const group = await runner.look(groupStream(groupId), (state) =>
    state.phase === 'kept' ? [...state.members.keys()] : null,
  );
  if (!group) throw unknownGroup();
  return holdersOf(group);
}
