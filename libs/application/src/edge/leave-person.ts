import { Refusal, latest, type Position } from '@seatbook/kernel';
import { queryModels } from '@seatbook/licensing';
import { deactivatePersons } from './activations.js';
import { groupIdsOf, removeMembers } from './groups.js';
import { mustHaveMdm } from './order-request.js';
import { knownToUs, type NamedPerson } from './persons.js';
import type { Caller } from './principal.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenId } from './taken-key.js';

/** Who leaves. */
export interface LeavePerson extends NamedPerson {
  /** The apps that are on the person's devices by licences of the person go with these. */
  readonly removeApp?: boolean | undefined;
}

export interface LeavingPerson extends NamedPerson {
  /** Accounts at whose locations the person leaves now. */
  readonly accountIds: readonly string[];
  /** Groups that the person was a member of. */
  readonly groupIds: readonly string[];
  readonly position: Position;
}

/**
 * A person leaves the organisation: the person is a member of no group any more, and is deactivated for every account.
 * What the person holds goes back first, by one order for each asset, which the dispatcher puts into as few calls as hold
 * them; then Apple retires the person. What Apple does not take back, such as a book, stays. A repeat does what is left.
 * @throws Refusal NOT_FOUND_PERSON, REJECTED_NO_MDM where apps are to be removed
 */
export async function leavePerson(
  seatbook: SeatbookEdge,
  { userId, removeApp }: LeavePerson,
  caller: Caller,
): Promise<LeavingPerson> {
  const { reader, stores } = seatbook;
  const removeApps = removeApp === true || undefined;
  if (removeApps) mustHaveMdm(seatbook);
  const entries = await stores.directory.entries([userId]);
  if (entries.length === 0) throw new Refusal('NOT_FOUND_PERSON', 'there is no such person');
  const id = await takenId(seatbook, caller, 'LeavePerson', { userId, removeApps });
  // Each of these commands is part of this one: it has a key of its own, made of that of the whole.
  const part = (name: string): Caller =>
    caller.idempotencyKey === undefined ? caller : { ...caller, idempotencyKey: `${id}/${name}` };
  let position = (await reader.head()).position;
  const groupIds = await groupIdsOf(seatbook, { serialNumbers: [], userIds: [userId] });
  for (const groupId of groupIds) {
    const left = await removeMembers(seatbook, { groupId, userIds: [userId] }, part(groupId));
    position = latest(position, left.position);
  }
  await reader.reachHead(queryModels.activations);
  const known = new Set(entries.flatMap((entry) => (knownToUs(entry) ? [] : entry.uId)));
  const rows = { index: 'by-person', equals: [userId] } as const;
  for await (const { uId } of reader.all(queryModels.activations, rows)) known.add(uId);
  const accountIds: string[] = [];
  for (const uId of known) {
    const account = await stores.reads.get(queryModels.accounts, uId);
    // Of an account that was removed, nothing is left to do.
    if (!account) continue;
    const named = { uId, userIds: [userId], removeApps };
    const { position: then } = await deactivatePersons(seatbook, named, part(uId));
    position = latest(position, then);
    accountIds.push(uId);
  }
  return { userId, accountIds, groupIds, position };
}

export const leavingCommands = { LeavePerson: leavePerson };
