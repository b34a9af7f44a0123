import {
  Refusal,
  chunksOf,
  uuidOf,
  type Command,
  type Decider,
  type Instant,
  type Milliseconds,
} from '@seatbook/kernel';
import type { PairFailure } from '../apple-call/call-events.js';
import type { PersonAction } from '../call-action.js';
import { MAX_HOLDERS } from '../holder.js';
import type { AppleFailure, AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import type { ActivationEvent } from './activation-events.js';
import {
  KNOWN,
  evolveActivation,
  noActivation,
  type Activation,
  type ActivationState,
} from './activation-state.js';

/** A person whom Apple keeps putting off for reasons of its own fails after this many tries. */
const MAX_TRIES = 6;

/** Apple knows the person already: that is what was asked for. */
const USER_EXISTS = 9716;
/** Apple does not know the person, or not any more. */
const USER_NOT_FOUND = 9609;

export type ActivationCommand =
  | (Command<'ActivatePersons'> & { readonly uId: string; readonly userIds: readonly string[] })
  | (Command<'DeactivatePersons'> & {
      readonly uId: string;
      readonly userIds: readonly string[];
      /** Of these, Apple knows some by what another tool has called them: they leave though nobody activated them here. */
      readonly adopted: readonly string[];
      /** Their apps go from their devices with the licences. */
      readonly removeApps?: true | undefined;
    })
  /** What the organisation says of persons has changed, of which Apple is to hear where it knows them. */
  | (Command<'UpdatePersons'> & { readonly userIds: readonly string[] })
  /** The account is given up or removed. */
  | (Command<'CloseActivation'> & { readonly uId: string })
  | Command<'OpenActivation'>
  | (Command<'AskReturn'> & { readonly asset: AssetId; readonly userIds: readonly string[] })
  /** Those of whom something is still on its way, and those who hold nothing any more. */
  | (Command<'RecordReturns'> & { readonly awaited: readonly string[]; readonly free: readonly string[] })
  | (Command<'ClaimPersons'> & {
      readonly uId: string;
      readonly callId: string;
      readonly action: PersonAction;
      readonly userIds: readonly string[];
    })
  | (Command<'ReleasePersons'> & {
      readonly callId: string;
      readonly action: PersonAction;
      readonly userIds: readonly string[];
    })
  | (Command<'SettlePersons'> & {
      readonly callId: string;
      readonly action: PersonAction;
      readonly failures: readonly PairFailure[];
    })
  | (Command<'RecordAssociated'> & { readonly userIds: readonly string[] })
  /** Apple lists them as retired; `nextLot`: of the state before Apple was asked. */
  | (Command<'FindRetired'> & { readonly userIds: readonly string[]; readonly nextLot: number })
  /** `nextLot`: the same where somebody was found retired, else null. */
  | (Command<'RecordRead'> & {
      readonly readAt: Instant;
      readonly deltaFrom: string | null;
      readonly nextLot: number | null;
    })
  | (Command<'RecordReadFailure'> & { readonly failure: AppleFailure });

type CommandOf<T extends ActivationCommand['type']> = Extract<ActivationCommand, { type: T }>;

/** The states in which Apple knows a person, and is to. */
const ACTIVE: ReadonlySet<ActivationState> = new Set(['creating', 'invited', 'associated'] as const);

/** The states in which a person who is open work is so for a call of this kind. */
const OPEN_FOR: Readonly<Record<PersonAction, readonly ActivationState[]>> = {
  create: ['creating'],
  update: KNOWN,
  retire: ['retiring'],
};

export const activationDecider = (
  timings: Timings,
): Decider<ActivationCommand, Activation, ActivationEvent> => ({
  initial: noActivation,
  evolve: evolveActivation,

  decide(command, activation, at) {
    switch (command.type) {
      case 'ActivatePersons':
        return activate(command, activation);
      case 'DeactivatePersons':
        return deactivate(command, activation, at);
      case 'UpdatePersons':
        return update(command, activation);
      case 'CloseActivation':
        return close(command, activation);
      case 'OpenActivation':
        return open(activation);
      case 'AskReturn':
        return askReturn(command, activation);
      case 'RecordReturns':
        return recordReturns(command, activation, at, timings);
      case 'ClaimPersons':
        return claim(command, activation);
      case 'ReleasePersons':
        return released(
          claimedBy(command, command.userIds, activation),
          command,
          WHOLE,
          activation,
          lotsOf(activation),
        );
      case 'SettlePersons':
        return settle(command, activation, at);
      case 'RecordAssociated':
        return recordAssociated(command.userIds, activation);
      case 'FindRetired':
        return findRetired(command, activation);
      case 'RecordRead':
        return recordRead(command, activation, at, timings);
      case 'RecordReadFailure':
        return recordReadFailure(command, activation, at, timings);
    }
  },
});

function activate({ uId, userIds }: CommandOf<'ActivatePersons'>, activation: Activation): ActivationEvent[] {
  if (activation.closed)
    throw new Refusal('REJECTED_NOT_OURS', 'the location is given up: nobody is activated for it');
  const wanted = userIds.filter((userId) => {
    const state = activation.persons.get(userId)?.state;
    return state === undefined || state === 'retired' || state === 'failed';
  });
  if (wanted.length === 0) return [];
  return [{ type: 'activation.ordered', data: { uId, userIds: wanted, lot: activation.nextLot } }];
}

/** Who was not sent to Apple yet is withdrawn; who is known there leaves, as soon as that is known. */
function deactivate(
  { uId, userIds, adopted, removeApps }: CommandOf<'DeactivatePersons'>,
  activation: Activation,
  at: Instant,
): ActivationEvent[] {
  const { persons, closed } = activation;
  if (closed) return [];
  const known = new Set(adopted);
  const withdrawn: string[] = [];
  const leaving: string[] = [];
  const lots = new Set<number>();
  for (const userId of userIds) {
    const person = persons.get(userId);
    if (!person && known.has(userId)) leaving.push(userId);
    if (!person || !ACTIVE.has(person.state) || person.leaves) continue;
    if (person.state === 'creating' && person.lot !== null) {
      withdrawn.push(userId);
      lots.add(person.lot);
    } else leaving.push(userId);
  }
  const events: ActivationEvent[] = [];
  if (withdrawn.length > 0)
    events.push({ type: 'activation.withdrawn', data: { uId, userIds: withdrawn, fromLots: [...lots] } });
  events.push(...updatesWithdrawn(leaving, activation));
  if (leaving.length > 0) {
    const data = { uId, userIds: leaving, at, ...(removeApps && { removeApps }) };
    events.push({ type: 'activation.leaving', data });
  }
  return events;
}

/** Who is not created yet is created with what is known then; where nothing is told now, it is noted. */
function update(
  { userIds }: CommandOf<'UpdatePersons'>,
  { uId, persons, nextLot, closed }: Activation,
): ActivationEvent[] {
  const opened: string[] = [];
  const noted: string[] = [];
  for (const userId of new Set(userIds)) {
    const person = persons.get(userId);
    if (!person || person.lot !== null || person.leaves || !ACTIVE.has(person.state)) continue;
    if (person.callId === null && !closed) opened.push(userId);
    else if (!person.changed) noted.push(userId);
  }
  const events: ActivationEvent[] = [];
  if (opened.length > 0)
    events.push({ type: 'activation.update-opened', data: { uId, userIds: opened, lot: nextLot } });
  if (noted.length > 0) events.push({ type: 'activation.update-noted', data: { uId, userIds: noted } });
  return events;
}

/** Those of whom Apple was to be told something, and is not any more. */
function updatesWithdrawn(userIds: readonly string[], { uId, persons }: Activation): ActivationEvent[] {
  const lots = new Set<number>();
  const open = userIds.filter((userId) => {
    const person = persons.get(userId);
    if (!person || person.lot === null || !KNOWN.includes(person.state)) return false;
    lots.add(person.lot);
    return true;
  });
  return chunksOf(open, MAX_HOLDERS).map((some) => ({
    type: 'activation.update-withdrawn',
    data: { uId, userIds: some, fromLots: [...lots] },
  }));
}

/** Who is in a call is settled by it; all others who were to be created or retired are left as they are at Apple. */
function close({ uId }: CommandOf<'CloseActivation'>, activation: Activation): ActivationEvent[] {
  const { persons, closed } = activation;
  if (closed) return [];
  const lots = new Set<number>();
  const userIds: string[] = [];
  for (const [userId, { state, lot }] of persons) {
    if (KNOWN.includes(state)) continue;
    if (lot !== null) lots.add(lot);
    if (lot !== null || state === 'leaving') userIds.push(userId);
  }
  const withdrawn = chunksOf(userIds, MAX_HOLDERS).map((some): ActivationEvent => ({
    type: 'activation.withdrawn',
    data: { uId, userIds: some, fromLots: [...lots] },
  }));
  const updates = updatesWithdrawn([...persons.keys()], activation);
  return [{ type: 'activation.closed', data: { uId } }, ...withdrawn, ...updates];
}

/** Apple is told of what has changed meanwhile. */
function open(activation: Activation): ActivationEvent[] {
  const { uId, persons, closed } = activation;
  if (!closed) return [];
  const newLot = lotsOf(activation);
  const changed = [...persons].flatMap(([userId, { state, changed, callId }]) =>
    changed && callId === null && KNOWN.includes(state) ? userId : [],
  );
  const updates = chunksOf(changed, MAX_HOLDERS).map((userIds): ActivationEvent => ({
    type: 'activation.update-opened',
    data: { uId, userIds, lot: newLot() },
  }));
  return [{ type: 'activation.opened', data: { uId } }, ...updates];
}

function askReturn(
  { asset: { adamId, pricingParam }, userIds }: CommandOf<'AskReturn'>,
  { uId, returns }: Activation,
): ActivationEvent[] {
  const orderId = uuidOf(`what leaving persons of ${uId} give back, order ${returns + 1}`);
  return [{ type: 'activation.return-asked', data: { uId, orderId, adamId, pricingParam, userIds } }];
}

function recordReturns(
  { awaited, free }: CommandOf<'RecordReturns'>,
  activation: Activation,
  at: Instant,
  timings: Timings,
): ActivationEvent[] {
  const { uId, nextLot: lot, persons } = activation;
  const leaving = (userIds: readonly string[]): string[] =>
    userIds.filter((userId) => persons.get(userId)?.state === 'leaving');
  const [left, userIds] = [leaving(awaited), leaving(free)];
  const events: ActivationEvent[] = [];
  if (left.length > 0) {
    const data = { uId, userIds: left, lookAt: at + pauseBeforeLook(activation, timings) };
    events.push({ type: 'activation.return-awaited', data });
  }
  if (userIds.length > 0) events.push({ type: 'activation.retirement-opened', data: { uId, userIds, lot } });
  return events;
}

/** What Apple refuses to take back is asked back again and again, at growing intervals. */
const pauseBeforeLook = ({ asks }: Activation, { endWorkEveryMs, maxRetryMs }: Timings): Milliseconds =>
  Math.min(endWorkEveryMs * 2 ** Math.min(Math.max(0, asks - 1), 20), maxRetryMs);

function claim(
  { uId, callId, action, userIds }: CommandOf<'ClaimPersons'>,
  { persons }: Activation,
): ActivationEvent[] {
  const claimed: string[] = [];
  const missed: string[] = [];
  const lots = new Set<number>();
  for (const userId of userIds) {
    const person = persons.get(userId);
    // The same call may ask once more.
    if (person?.callId === callId) return [];
    if (person && person.lot !== null && OPEN_FOR[action].includes(person.state)) {
      claimed.push(userId);
      lots.add(person.lot);
    } else missed.push(userId);
  }
  const data = { uId, callId, action, userIds: claimed, missed, fromLots: [...lots] };
  return [{ type: 'activation.claimed', data }];
}

/** Numbers of new lots, one for each event that opens one. */
function lotsOf({ nextLot }: Activation): () => number {
  let lot = nextLot;
  return () => lot++;
}

interface OfCall {
  readonly callId: string;
  readonly action: PersonAction;
}

const claimedBy = ({ callId }: OfCall, userIds: Iterable<string>, { persons }: Activation): string[] =>
  [...userIds].filter((userId) => persons.get(userId)?.callId === callId);

/** They did nothing to leave the call: their tries are not counted, and any call may carry them. */
const WHOLE = { limit: 1_000, notBefore: 0 };

/** They are open work again, but for those who are to leave before they were created. */
function released(
  userIds: readonly string[],
  { callId, action }: OfCall,
  { limit, notBefore }: Pick<PairFailure, 'limit' | 'notBefore'>,
  { uId, persons, closed }: Activation,
  newLot: () => number,
): ActivationEvent[] {
  if (userIds.length === 0) return [];
  const lot = newLot();
  const data = { uId, callId, action, userIds, lot, limit, notBefore };
  const leaving = userIds.filter((userId) => closed || persons.get(userId)?.leaves);
  const events: ActivationEvent[] = [{ type: 'activation.claims-released', data }];
  const type = action === 'update' ? 'activation.update-withdrawn' : 'activation.withdrawn';
  if (leaving.length > 0) events.push({ type, data: { uId, userIds: leaving, fromLots: [lot] } });
  return events;
}

/** Only whom the call has claimed is moved, so that a second settlement moves nobody. */
function settle(command: CommandOf<'SettlePersons'>, activation: Activation, at: Instant): ActivationEvent[] {
  const { callId, action, failures } = command;
  const { uId, persons } = activation;
  const newLot = lotsOf(activation);
  const left = new Set(claimedBy(command, persons.keys(), activation));
  const changed = [...left].filter((userId) => persons.get(userId)?.changed);
  /** Who is told to Apple anyhow. */
  const later = new Set<string>();
  const failed: ActivationEvent[] = [];
  for (const failure of failures) {
    const { errorNumber, reason, holders, verdict } = failure;
    const hit = holders ? holders.userIds.filter((userId) => left.has(userId)) : [...left];
    if (hit.length === 0 || isSoAlready(errorNumber, action)) continue;
    for (const userId of hit) left.delete(userId);
    const some = hit.filter((userId) => verdict === 'again' && !isExhausted(failure, userId, activation));
    failed.push(...released(some, command, failure, activation, newLot));
    for (const userId of some) later.add(userId);
    const lost = hit.filter((userId) => !later.has(userId));
    // Who was not created is created with what is known then.
    if (action === 'create') for (const userId of lost) later.add(userId);
    const data = { uId, callId, action, userIds: lost, errorNumber, reason };
    if (lost.length > 0) failed.push({ type: 'activation.failed', data });
  }
  return [
    ...succeeded([...left], command, activation, at),
    ...failed,
    ...changedMeanwhile(
      changed.filter((userId) => !later.has(userId)),
      activation,
      newLot,
    ),
  ];
}

/** Apple is told of those of whom something has changed while a call had them, but for those who leave. */
function changedMeanwhile(
  userIds: readonly string[],
  { uId, persons, closed }: Activation,
  newLot: () => number,
): ActivationEvent[] {
  const staying = userIds.filter((userId) => !closed && !persons.get(userId)?.leaves);
  if (staying.length === 0) return [];
  return [{ type: 'activation.update-opened', data: { uId, userIds: staying, lot: newLot() } }];
}

const isSoAlready = (errorNumber: number, action: PersonAction): boolean =>
  (action === 'create' && errorNumber === USER_EXISTS) ||
  (action === 'retire' && errorNumber === USER_NOT_FOUND);

const isExhausted = ({ limit }: PairFailure, userId: string, { persons }: Activation): boolean =>
  limit === 0 && (persons.get(userId)?.tries ?? 0) + 1 >= MAX_TRIES;

function succeeded(
  userIds: readonly string[],
  { callId, action }: OfCall,
  { uId, persons, closed }: Activation,
  at: Instant,
): ActivationEvent[] {
  if (userIds.length === 0) return [];
  if (action === 'retire') return [{ type: 'activation.retired', data: { uId, callId, userIds } }];
  if (action === 'update') return [{ type: 'activation.updated', data: { uId, callId, userIds } }];
  const leaving = closed ? [] : userIds.filter((userId) => persons.get(userId)?.leaves);
  const events: ActivationEvent[] = [{ type: 'activation.created', data: { uId, callId, userIds } }];
  if (leaving.length > 0) events.push({ type: 'activation.leaving', data: { uId, userIds: leaving, at } });
  return events;
}

/** Apple may say so before it says that the person was created. */
function recordAssociated(userIds: readonly string[], { uId, persons }: Activation): ActivationEvent[] {
  const news = [...new Set(userIds)].filter((userId) => {
    const person = persons.get(userId);
    return person && !person.associated && ACTIVE.has(person.state);
  });
  return news.length === 0 ? [] : [{ type: 'activation.associated', data: { uId, userIds: news } }];
}

/** Who was created again meanwhile was retired before that: it is read once more then. */
function findRetired(
  { userIds, nextLot }: CommandOf<'FindRetired'>,
  activation: Activation,
): ActivationEvent[] {
  const { uId, persons } = activation;
  if (nextLot !== activation.nextLot) return [];
  const found = userIds.filter((userId) => KNOWN.includes(persons.get(userId)?.state ?? 'retired'));
  if (found.length === 0) return [];
  const retired: ActivationEvent = { type: 'activation.found-retired', data: { uId, userIds: found } };
  return [...updatesWithdrawn(found, activation), retired];
}

function recordRead(
  { readAt, deltaFrom, nextLot }: CommandOf<'RecordRead'>,
  activation: Activation,
  at: Instant,
  { totalsEveryMs }: Timings,
): ActivationEvent[] {
  const { uId } = activation;
  const judged = nextLot === null || nextLot === activation.nextLot;
  const from = judged ? deltaFrom : activation.deltaFrom;
  const data = { uId, reason: null, readAt, nextAt: at + totalsEveryMs, deltaFrom: from };
  return [{ type: 'activation.acceptance-read', data }];
}

function recordReadFailure(
  { failure }: CommandOf<'RecordReadFailure'>,
  { uId, failedReads }: Activation,
  at: Instant,
  { firstRetryMs, maxRetryMs }: Timings,
): ActivationEvent[] {
  const pause = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(failedReads, 10));
  const asked = failure.kind === 'transient' ? (failure.retryAfterMs ?? 0) : 0;
  const reason = 'reason' in failure ? failure.reason : failure.kind;
  const data = { uId, reason, readAt: at, nextAt: at + Math.max(pause, asked) };
  return [{ type: 'activation.acceptance-read', data }];
}
