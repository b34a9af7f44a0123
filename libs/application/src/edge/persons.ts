import { Refusal, chunksOf, isRefusal, type Position } from '@seatbook/kernel';
import {
  MAX_HOLDERS,
  activationStream,
  personStream,
  queryModels,
  type HolderKey,
  type PairDocument,
} from '@seatbook/licensing';
import { NOTHING_KNOWN, entryAfter, type CommandContext, type PersonEntry } from '@seatbook/runtime';
import { countsOf, type HeldCounts } from './held-counts.js';
import { cursorAt, placeOf } from './page-of-list.js';
import { contextOf, type Caller } from './principal.js';
import type { ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenId, takenKey, type TakenKey } from './taken-key.js';

/** What the organisation says of a person. It is kept in the directory alone. */
export interface GivenDetails {
  readonly name: string | null;
  readonly email: string | null;
  /** The Managed Apple Account: it is linked without an invitation. */
  readonly managedAppleId: string | null;
}

export interface NamedPerson {
  readonly userId: string;
}

export type ChangePerson = NamedPerson & GivenDetails;

export interface ChangedPerson extends NamedPerson {
  readonly position: Position;
  /** The same request had been made before. */
  readonly repeated: boolean;
}

/** A person with what is held, counted. */
export interface PersonRow extends NamedPerson, GivenDetails, HeldCounts {
  /** We gave the person an id; otherwise another tool did, at Apple. */
  readonly registered: boolean;
  /** Accounts at whose locations Apple knows the person, or knew. */
  readonly accountIds: readonly string[];
}

export interface WantedPersons extends WantedPage {
  /** A part of a name, an e-mail address, an Apple Account or a clientUserId, in whatever case. */
  readonly search?: string | undefined;
}

/** The organisation as such: what it knows of a person, beside what Apple knows at each location. */
export const NO_LOCATION = '';

export const knownToUs = ({ uId }: PersonEntry): boolean => uId === NO_LOCATION;

/** Only our id is left, as of somebody who was forgotten, or was registered without anything else. */
const isBare = (entries: readonly PersonEntry[]): boolean =>
  entries.every((entry) => entry.clientUserId === entry.userId && entryAfter(entry, NOTHING_KNOWN) === entry);

/** Those of the persons whom the directory knows and who were not forgotten, with what it knows. */
export async function rememberedOf(
  { stores, runner }: Pick<SeatbookEdge, 'stores' | 'runner'>,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly PersonEntry[]>> {
  const found = new Map<string, PersonEntry[]>();
  for (const entry of await stores.directory.entries(userIds))
    found.set(entry.userId, [...(found.get(entry.userId) ?? []), entry]);
  for (const [userId, entries] of found)
    if (isBare(entries) && (await runner.look(personStream(userId), ({ phase }) => phase)) === 'forgotten')
      found.delete(userId);
  return found;
}

/**
 * Registers a person under a new random id. What identifies the person goes to the directory alone, before the event: of
 * a request that is repeated the directory tells whether it is the same one, so that the log has no hash of it either.
 * @throws Refusal CONFLICT_IDEMPOTENCY_KEY where the key was used for another person or another request
 */
export async function registerPerson(
  seatbook: SeatbookEdge,
  details: GivenDetails,
  caller: Caller,
): Promise<ChangedPerson> {
  const { directory } = seatbook.stores;
  const userId = await takenId(seatbook, caller, 'RegisterPerson', {});
  const known = (await directory.entries([userId])).find(knownToUs);
  if (known && entryAfter(known, details) !== known) {
    throw new Refusal('CONFLICT_IDEMPOTENCY_KEY', 'this Idempotency-Key was used for another person');
  }
  if (!known)
    await directory.keep([{ ...NOTHING_KNOWN, userId, uId: NO_LOCATION, clientUserId: userId, ...details }]);
  const context = contextOf(caller, userId, {});
  const receipt = await seatbook.execute(personStream(userId), { type: 'RegisterPerson' }, context);
  return { userId, position: receipt.position, repeated: receipt.repeated };
}

/**
 * Replaces what the organisation says of a person; somebody whom only Apple knew is registered by it. Where the person is
 * active, Apple is told what has changed. The log has no hash of it, so that of a request that is sent again the directory
 * tells whether it is the same one.
 * @throws Refusal NOT_FOUND_PERSON, REJECTED_PERSON_FORGOTTEN; CONFLICT_IDEMPOTENCY_KEY where the key was used for another
 *   request, or the person has become another one since
 */
export async function changePerson(
  seatbook: SeatbookEdge,
  { userId, ...details }: ChangePerson,
  caller: Caller,
): Promise<ChangedPerson> {
  const { directory } = seatbook.stores;
  const stream = personStream(userId);
  const entries = await mustBeKnown(seatbook, userId);
  const key = await takenKey(seatbook, caller, 'ChangePerson', { userId });
  const before = entries.find(knownToUs);
  const entry = before ?? { ...NOTHING_KNOWN, userId, uId: NO_LOCATION, clientUserId: userId };
  const after = entryAfter(entry, details);
  if (after === before && !key.repeated)
    return { userId, position: (await seatbook.reader.head()).position, repeated: true };
  // Where the event is there, the details were kept; of a person who was forgotten, nothing is kept again.
  const first = caller.idempotencyKey !== undefined && !key.repeated;
  const forgotten = (await seatbook.runner.load(stream)).state.phase === 'forgotten';
  if (first && !forgotten) await directory.keep([after]);
  const context = contextOf(caller, `${key.id}/details`, { userId });
  const { position, repeated } = await changeDetails(seatbook, userId, context);
  if (repeated && after !== before)
    throw new Refusal(
      'CONFLICT_IDEMPOTENCY_KEY',
      'this Idempotency-Key was used for another request, or other details of the person are known since',
    );
  if (!first) await directory.keep([after]);
  // A request that is sent again may have broken off before Apple was told.
  if (key.repeated || concernsApple(before, after)) await tellApple(seatbook, [userId], key, caller);
  return { userId, position, repeated };
}

/** Who was forgotten meanwhile is forgotten once more. */
async function changeDetails(
  seatbook: SeatbookEdge,
  userId: string,
  context: CommandContext,
): Promise<Pick<ChangedPerson, 'position' | 'repeated'>> {
  try {
    return await seatbook.execute(personStream(userId), { type: 'ChangeDetails' }, context);
  } catch (error) {
    if (isRefusal(error) && error.code === 'REJECTED_PERSON_FORGOTTEN')
      await seatbook.stores.directory.forget(userId);
    throw error;
  }
}

/** Whether what was changed of a person is something that Apple is told. */
export const concernsApple = (before: PersonEntry | undefined, after: PersonEntry): boolean =>
  before?.email !== after.email || before.managedAppleId !== after.managedAppleId;

/**
 * Has Apple told what is known of persons, at the locations where they are active by what was ordered here. The directory
 * must have it already: a call reads it there when it is sent.
 */
export async function tellApple(
  seatbook: SeatbookEdge,
  userIds: readonly string[],
  { id }: Pick<TakenKey, 'id'>,
  caller: Caller,
): Promise<void> {
  if (userIds.length === 0) return;
  await seatbook.reader.reachHead(queryModels.activations);
  const byAccount = new Map<string, string[]>();
  for (const userId of new Set(userIds))
    for (const uId of await activeAtOf(seatbook, userId))
      byAccount.set(uId, [...(byAccount.get(uId) ?? []), userId]);
  for (const [uId, active] of byAccount) {
    for (const [part, some] of chunksOf(active, MAX_HOLDERS).entries()) {
      const context = contextOf(caller, `${id}/update/${uId}/${part}`, {});
      await seatbook.execute(activationStream(uId), { type: 'UpdatePersons', userIds: some }, context);
    }
  }
}

/**
 * Removes all that identifies a person. The ledger keeps the random id, which says nothing any more.
 * @throws Refusal NOT_FOUND_PERSON, REJECTED_PERSON_IN_USE while the person holds licences, waits for some, or is active at
 *   Apple by what was ordered here
 */
export async function forgetPerson(
  seatbook: SeatbookEdge,
  { userId }: NamedPerson,
  caller: Caller,
): Promise<ChangedPerson> {
  const stream = personStream(userId);
  if ((await seatbook.runner.load(stream)).state.phase !== 'forgotten') await mustBeKnown(seatbook, userId);
  await seatbook.reader.reachHead(queryModels.pairs);
  const { assigned, inProgress, waiting } = await heldBy(seatbook, userId);
  await seatbook.reader.reachHead(queryModels.activations);
  const activeAt = await activeAtOf(seatbook, userId);
  if (assigned + inProgress + waiting + activeAt.length > 0) {
    throw new Refusal(
      'REJECTED_PERSON_IN_USE',
      'this person holds licences, or waits for some, or is active at Apple',
      { assigned, inProgress, waiting, accountIds: activeAt },
    );
  }
  const id = await takenId(seatbook, caller, 'ForgetPerson', { userId });
  const context = contextOf(caller, `${id}/forget`, { userId });
  const { position, repeated } = await seatbook.execute(stream, { type: 'ForgetPerson' }, context);
  await seatbook.stores.directory.forget(userId);
  return { userId, position, repeated };
}

/** Accounts at whose locations Apple knows the person by what was ordered here, or is about to. */
async function activeAtOf({ reader }: SeatbookEdge, userId: string): Promise<readonly string[]> {
  const accountIds: string[] = [];
  const rows = { index: 'by-person', equals: [userId] } as const;
  for await (const { uId, state } of reader.all(queryModels.activations, rows))
    if (state !== 'retired' && state !== 'failed') accountIds.push(uId);
  return accountIds;
}

async function mustBeKnown({ stores }: SeatbookEdge, userId: string): Promise<readonly PersonEntry[]> {
  const entries = await stores.directory.entries([userId]);
  if (entries.length === 0) throw new Refusal('NOT_FOUND_PERSON', 'there is no such person');
  return entries;
}

/** Persons by our id: whom the organisation registered, and whom Apple knew before. */
export async function listPersons(
  seatbook: SeatbookEdge,
  { search = '', part: { limit, cursor }, position }: WantedPersons,
): Promise<ReflectedPage<PersonRow>> {
  const asOf = await seatbook.reader.reflected(queryModels.pairs, position);
  const { directory } = seatbook.stores;
  const after = cursor === undefined ? null : placeOf(cursor);
  const found = await directory.find(search.trim(), after, limit + 1);
  const page = found.slice(0, limit);
  const entries = await rememberedOf(seatbook, page);
  const known = page.filter((userId) => entries.has(userId));
  const pairs = await pairsOf(seatbook, known);
  const rows = known.map((userId) => personRow(entries.get(userId) ?? [], countsOf(pairs.get(userId) ?? [])));
  const last = page.at(-1);
  return { rows, next: found.length > page.length && last !== undefined ? cursorAt(last) : null, asOf };
}

function personRow(entries: readonly PersonEntry[], held: HeldCounts): PersonRow {
  const ours = entries.find(knownToUs);
  const [shown = NOTHING_KNOWN] = ours ? [ours] : entries;
  const { name, email, managedAppleId } = shown;
  return {
    userId: entries[0]?.userId ?? '',
    name,
    email,
    managedAppleId,
    registered: ours !== undefined,
    accountIds: entries.flatMap(({ uId }) => (uId === NO_LOCATION ? [] : uId)),
    ...held,
  };
}

/** The pairs of persons, by one read: those of each lie beside each other. */
async function pairsOf(
  { reader }: SeatbookEdge,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, PairDocument[]>> {
  const pairs = new Map<string, PairDocument[]>(userIds.map((userId) => [userId, []]));
  if (userIds.length === 0) return pairs;
  const range = { among: userIds.map((userId): HolderKey => `u:${userId}`) };
  for await (const pair of reader.all(queryModels.pairs, { index: 'by-holder', equals: [], range }))
    pairs.get(pair.holder.slice(2))?.push(pair);
  return pairs;
}

/** A person has few pairs: they lie beside each other in the index of holders. */
async function heldBy({ reader }: SeatbookEdge, userId: string): Promise<HeldCounts> {
  const holder: HolderKey = `u:${userId}`;
  const pairs: PairDocument[] = [];
  for await (const pair of reader.all(queryModels.pairs, { index: 'by-holder', equals: [holder] }))
    pairs.push(pair);
  return countsOf(pairs);
}

export const personCommands = {
  RegisterPerson: registerPerson,
  ChangePerson: changePerson,
  ForgetPerson: forgetPerson,
};

export const personQueries = { ListPersons: listPersons };
