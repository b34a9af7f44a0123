import { Refusal } from '@seatbook/kernel';
import { groupStream, holdersOf, unknownGroup, type Holders } from '@seatbook/licensing';
import type { OrderRequest } from './order-request.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/**
 * Whom an order for a group would name now.
 * @throws Refusal NOT_FOUND_GROUP; INVALID_HOLDER where the order names others as well, or installs apps on persons
 */
export async function membersOf(
  { runner }: SeatbookEdge,
  { kind, groupId, serialNumbers = [], userIds = [] }: OrderRequest & { readonly groupId: string },
): Promise<Holders> {
  if (serialNumbers.length + userIds.length > 0)
    throw new Refusal('INVALID_HOLDER', 'name a group, or devices and persons');
  const group = await runner.look(groupStream(groupId), (state) =>
    state.phase === 'kept' ? { kind: state.kind, members: [...state.members.keys()] } : null,
  );
  if (!group) throw unknownGroup();
  if (kind === 'RolloutApp' && group.kind === 'persons')
    throw new Refusal('INVALID_HOLDER', 'apps are installed on devices, and this is a group of persons');
  return holdersOf(group.members);
}
