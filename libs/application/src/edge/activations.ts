import { Refusal, type Position } from '@seatbook/kernel';
import {
  MAX_HOLDERS,
  activationStream,
  queryModels,
  type ActivationDocument,
  type ActivationState,
} from '@seatbook/licensing';
import type { PersonEntry } from '@seatbook/runtime';
import { mustBeImported, mustExist } from './accounts.js';
import { namedInRefusal } from './named-in-refusal.js';
import { rememberedOf } from './persons.js';
import type { Caller } from './principal.js';
import type { ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext } from './taken-key.js';

/** Persons of one account. */
export interface NamedPersons {
  readonly uId: string;
  readonly userIds: readonly string[];
}

/** Persons who leave an account. */
export interface LeavingPersons extends NamedPersons {
  /** The apps that are on their devices by its licences go with these. */
  readonly removeApps?: boolean | undefined;
}

export interface WantedActivations extends WantedPage {
  readonly uId: string;
  readonly state?: ActivationState | undefined;
}

/** A person of an account, with what Apple knows this person by there. */
export interface ActivationFound {
  readonly document: ActivationDocument;
  readonly name: string | null;
  readonly clientUserId: string | null;
  /** While the person is invited: whoever has it can accept. */
  readonly inviteCode: string | null;
  /** Others whose Apple Account here is the same. */
  readonly sharedWith: readonly string[];
}

/**
 * Has Apple create persons at the location of an account: who has a Managed Apple Account is linked at once, the others
 * are invited. Who is active already stays so.
 * @throws Refusal NOT_FOUND_ACCOUNT, NOT_FOUND_PERSON, REJECTED_NOT_OURS, REJECTED_ASSIGNMENT_TYPE for an account that assigns to devices
 */
export async function activatePersons(
  seatbook: SeatbookEdge,
  { uId, ...named }: NamedPersons,
  caller: Caller,
): Promise<{ readonly position: Position }> {
  await mustBeImported(seatbook, uId);
  const account = await seatbook.stores.reads.get(queryModels.accounts, uId);
  if (account?.assignmentType === 'device') {
    throw new Refusal(
      'REJECTED_ASSIGNMENT_TYPE',
      'this account assigns licences to devices: nobody has to be activated for that',
      { assignmentType: account.assignmentType },
    );
  }
  const userIds = setOf(named.userIds);
  await mustBeRegistered(seatbook, userIds);
  const context = await takenContext(seatbook, caller, 'ActivatePersons', { uId, userIds });
  return seatbook.execute(activationStream(uId), { type: 'ActivatePersons', uId, userIds }, context);
}

/**
 * Has Apple retire persons at the location of an account, when what they hold there has gone back. What Apple does not take
 * back, such as a book, they keep.
 * @throws Refusal NOT_FOUND_ACCOUNT
 */
export async function deactivatePersons(
  seatbook: SeatbookEdge,
  { uId, userIds, removeApps: removes }: LeavingPersons,
  caller: Caller,
): Promise<{ readonly position: Position }> {
  await mustBeImported(seatbook, uId);
  const set = setOf(userIds);
  const entries = await seatbook.stores.directory.entries(set);
  const adopted = [...new Set(entries.flatMap((entry) => (entry.uId === uId ? entry.userId : [])))];
  const removeApps = removes === true || undefined;
  const context = await takenContext(seatbook, caller, 'DeactivatePersons', {
    uId,
    userIds: set,
    removeApps,
  });
  const named = { uId, userIds: set, adopted: adopted.sort() };
  const deactivating = { type: 'DeactivatePersons', ...named, removeApps } as const;
  return seatbook.execute(activationStream(uId), deactivating, context);
}

/** @throws Refusal NOT_FOUND_PERSON, which names those of whom nobody knows anything, or any more */
export async function mustBeRegistered(
  seatbook: Pick<SeatbookEdge, 'stores' | 'runner'>,
  userIds: readonly string[],
): Promise<void> {
  const known = await rememberedOf(seatbook, userIds);
  const unknown = userIds.filter((userId) => !known.has(userId));
  if (unknown.length === 0) return;
  throw new Refusal('NOT_FOUND_PERSON', 'there are no such persons', {
    unknown: unknown.length,
    userIds: namedInRefusal(unknown),
  });
}

/** Each once. @throws Error for more than an event names: whoever asks has checked that */
function setOf(userIds: readonly string[]): string[] {
  const set = [...new Set(userIds.map((userId) => userId.trim()))].sort();
  if (set.length > MAX_HOLDERS) throw new Error(`${set.length} persons are more than one event names`);
  return set;
}

/** Persons of an account who were activated here, by our id. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listActivations(
  seatbook: SeatbookEdge,
  { uId, state, ...page }: WantedActivations,
): Promise<ReflectedPage<ActivationFound>> {
  await mustExist(seatbook, uId);
  const rows =
    state === undefined
      ? ({ index: 'by-account', equals: [uId] } as const)
      : ({ index: 'by-state', equals: [uId, state] } as const);
  const found = await seatbook.reader.page(queryModels.activations, rows, page);
  const { directory } = seatbook.stores;
  const entries = await directory.entries(found.rows.map(({ userId }) => userId));
  const keyOf = (entry: Pick<PersonEntry, 'uId' | 'userId'>): string => `${entry.uId}/${entry.userId}`;
  const byKey = new Map(entries.map((entry) => [keyOf(entry), entry]));
  const shown = await Promise.all(
    found.rows.map(async (document) => {
      const { userId } = document;
      const here = byKey.get(keyOf({ uId, userId }));
      const sharing = here?.idHash ? await directory.sharing(uId, here.idHash) : [];
      return {
        document,
        name: byKey.get(keyOf({ uId: '', userId }))?.name ?? null,
        clientUserId: here?.clientUserId ?? null,
        inviteCode: document.state === 'invited' ? (here?.inviteCode ?? null) : null,
        sharedWith: sharing.filter((other) => other !== userId),
      };
    }),
  );
  return { ...found, rows: shown };
}

export const activationCommands = { ActivatePersons: activatePersons, DeactivatePersons: deactivatePersons };

export const activationQueries = { ListActivations: listActivations };
