import { idOf, type Envelope, type EventOf, type Story } from '@seatbook/kernel';
import { assetOf } from '../asset-id.js';
import type { Subjects } from '../subjects.js';
import { count, countOf, includes, licences, listed, were, type StoryContext } from '../wording.js';
import { holderCount, holderKeys, type HolderKey, type Holders } from '../holder.js';
import type {
  AssetEvent,
  Counts,
  CountSource,
  DriftSource,
  RefusalReason,
  WaitingReason,
} from './asset-events.js';

type HoldersIn = {
  readonly [T in AssetEvent['type']]: (data: EventOf<AssetEvent, T>['data']) => readonly Holders[];
};

const nobody = (): readonly Holders[] => [];
const all = (holders: Holders): readonly Holders[] => [holders];

/** Holders in whose timeline an event is; claims are the business of the call. */
const HOLDERS: HoldersIn = {
  'asset.closed': nobody,
  'asset.opened': nobody,
  'asset.reserve-set': nobody,
  'asset.discovered': nobody,
  'asset.traits-changed': nobody,
  'asset.totals-read': nobody,
  'asset.count-changed': nobody,
  'asset.totals-doubted': nobody,
  'asset.described': nobody,
  'asset.baseline-completed': nobody,
  'asset.shortage-cleared': nobody,
  'asset.licenses-claimed': nobody,
  'asset.claims-released': nobody,
  'asset.assignments-adopted': all,
  'asset.adoption-corrected': all,
  'asset.drift-found': all,
  'asset.drift-decided': all,
  'asset.late-effect-possible': nobody,
  'asset.licenses-reserved': ({ reserved, waiting, following, alreadyHeld, refused }) => [
    reserved,
    waiting,
    following,
    alreadyHeld,
    refused,
  ],
  'asset.licenses-served': all,
  'asset.reservations-withdrawn': all,
  'asset.licenses-assigned': all,
  'asset.found-held': all,
  'asset.licenses-failed': all,
  'asset.found-short': all,
  'asset.licenses-returning': ({ returning, pending, alreadyHeld, notHeld, refused }) => [
    returning,
    pending,
    alreadyHeld,
    notHeld,
    refused,
  ],
  'asset.installations-answered': ({ start, coming, refused }) => [start, coming, refused],
  'asset.returns-started': all,
  'asset.licenses-returned': all,
  'asset.waiting-listed': all,
  'asset.waiting-moved': all,
  'asset.waiting-refused': all,
  'asset.returns-ended': all,
  'asset.reservations-ended': all,
};

export function assetSubjects(event: Envelope<AssetEvent>): Subjects {
  const { uId, ...asset } = assetOf(idOf(event.stream));
  const { data } = event;
  // The function of a type is given only data of that type, which the compiler cannot see in a lookup.
  const holdersIn = HOLDERS[event.type] as (data: AssetEvent['data']) => readonly Holders[];
  // Not by flatMap, which takes longer than all else here: a rebuild does this for every event.
  const holders: HolderKey[] = [];
  for (const some of holdersIn(data)) if (holderCount(some) > 0) holders.push(...holderKeys(some));
  return {
    uId,
    assets: [asset],
    orders: 'orderIds' in data ? data.orderIds : 'orderId' in data ? [data.orderId] : [],
    holders,
  };
}

const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  GIVEN_UP: 'the account is given up or removed',
  NOT_DEVICE_ASSIGNABLE: 'it cannot be assigned to devices',
  PLATFORM: 'it does not support this platform',
  SHORT: 'no licence was available',
  NOT_READ_YET: 'Apple has not been read yet',
  NOT_REVOCABLE: 'it cannot be revoked',
  UNKNOWN_ASSET: 'the location owns none',
  NOTHING_TO_GIVE: 'there is no licence to go to another holder',
  RECEIVER_HAS_ONE: 'the other holder has one, or waits for one',
  NO_LICENSE: 'no licence is held or on its way',
  NOT_INSTALLABLE: 'books are not installed',
};

const ENDED: Readonly<Record<EventOf<AssetEvent, 'asset.reservations-ended'>['data']['was'], string>> = {
  reserved: 'reserved',
  waiting: 'waited for',
  returning: 'to be returned',
  following: 'waited for',
  pending: 'to be returned',
};

const why = (refusal: RefusalReason | null): string =>
  refusal === null ? 'a rule forbids it' : REFUSALS[refusal];

function nameOf({ stream }: { readonly stream: string }, context: StoryContext): string {
  const { uId, ...asset } = assetOf(idOf(stream));
  return context.assetName(uId, asset);
}

/** The same event in the life of one holder, and in that of the asset. */
const ofHolders = (
  one: (licence: string, name: string) => string,
  many: (name: string, holders: Holders) => string,
) => {
  return (event: { readonly stream: string; readonly data: Holders }, context: StoryContext): string => {
    const name = nameOf(event, context);
    return context.holder === null ? many(name, event.data) : one(`A licence of ${name}`, name);
  };
};

export const assetStory: Story<AssetEvent, StoryContext> = {
  'asset.closed': (event, context) => `No licence of ${nameOf(event, context)} is given away any more.`,
  'asset.opened': (event, context) => `Licences of ${nameOf(event, context)} can be ordered again.`,
  'asset.reserve-set': (event, context) => {
    const { licences: kept } = event.data;
    const name = nameOf(event, context);
    if (kept === 0) return `No licences of ${name} are kept back any more.`;
    return `${count(kept, 'licence')} of ${name} ${kept === 1 ? 'is' : 'are'} kept back for orders that name the reserve.`;
  },
  'asset.discovered': (event, context) => `${nameOf(event, context)} was found in the location.`,
  'asset.traits-changed': (event, context) => `Apple's details of ${nameOf(event, context)} changed.`,
  'asset.totals-read': (event, context) => {
    const { unlimited, total } = event.data;
    const name = nameOf(event, context);
    if (unlimited) return `Apple reports unlimited licences of ${name}.`;
    return `Apple reports ${count(total, 'licence')} of ${name}.`;
  },
  'asset.count-changed': countText,
  'asset.totals-doubted': (event, context) =>
    `Some go without a licence of ${nameOf(event, context)}, although one may be free: Apple is asked.`,
  'asset.described': ({ data }) => `Its name in the store is ${data.name}.`,
  'asset.assignments-adopted': ofHolders(
    (licence) => `${licence} was adopted: it was already assigned at Apple.`,
    (name, data) => `${licences(data)} of ${name} ${were(data)} adopted: already assigned at Apple.`,
  ),
  'asset.adoption-corrected': ofHolders(
    (licence) => `${licence} had been adopted, but Apple does not hold it.`,
    (name, data) =>
      `${licences(data)} of ${name} had been adopted, but Apple does not hold ${holderCount(data) === 1 ? 'it' : 'them'}.`,
  ),
  'asset.drift-found': driftText,
  'asset.late-effect-possible': (event, context) =>
    `A call about ${countOf(event.data, 'pair')} of ${nameOf(event, context)} had gone unanswered: a late effect of it would be ours.`,
  'asset.drift-decided': (event, context) => {
    const { kind, decision } = event.data;
    const subject = context.holder === null ? licences(event.data) : 'A licence';
    const verb = context.holder === null ? were(event.data) : 'was';
    const done = kind === 'added' ? 'assigned' : 'taken back';
    const follows = decision === 'accepted' ? 'that is accepted' : 'that is undone by an order';
    return `${subject} of ${nameOf(event, context)} ${verb} ${done} by others: ${follows}.`;
  },
  'asset.baseline-completed': (event, context) => {
    const held = count(event.data.count, 'licence');
    return `The ledger contains everything that Apple held of ${nameOf(event, context)}: ${held}.`;
  },
  'asset.licenses-reserved': reservedText,
  'asset.licenses-served': ofHolders(
    (licence) => `${licence} became available and was reserved.`,
    (name, data) =>
      `${licences(data)} of ${name} became available and ${were(data)} reserved for waiting holders.`,
  ),
  'asset.reservations-withdrawn': ofHolders(
    (_licence, name) => `Waiting for a licence of ${name} again: there are fewer now.`,
    (name, data) =>
      `${countOf(data, 'reservation')} of ${name} ${were(data)} withdrawn: there are fewer licences now.`,
  ),
  'asset.licenses-claimed': (event, context) =>
    `${countOf(event.data, 'pair')} of ${nameOf(event, context)} ${were(event.data)} added to a call to Apple.`,
  'asset.claims-released': (event, context) =>
    `${countOf(event.data, 'pair')} of ${nameOf(event, context)} left the call and will be planned again.`,
  'asset.licenses-assigned': ofHolders(
    (licence) => `${licence} was assigned.`,
    (name, data) => `${licences(data)} of ${name} ${were(data)} assigned.`,
  ),
  'asset.found-held': ofHolders(
    (licence) =>
      `${licence} was ordered, but Apple lists the device already, with its serial number spelled differently.`,
    (name, data) =>
      `${countOf(data, 'holder')} no longer ${holderCount(data) === 1 ? 'waits' : 'wait'} for licences of ${name}: Apple lists their devices already, with serial numbers spelled differently.`,
  ),
  'asset.licenses-failed': (event, context) => {
    const { action, errorNumber, reason } = event.data;
    const subject = context.holder === null ? licences(event.data) : 'A licence';
    const done = action === 'associate' ? 'assigned' : 'returned';
    const error = `${context.errorMeaning(errorNumber)} (${errorNumber})`;
    const because = reason === '' ? error : `${error}, ${reason}`;
    return `${subject} of ${nameOf(event, context)} could not be ${done}: ${because}.`;
  },
  'asset.found-short': ofHolders(
    (_licence, name) => `Waiting for a licence of ${name} again: Apple reported too few.`,
    (name, data) =>
      `Apple reported too few licences of ${name} although one seemed available: ${countOf(data, 'holder waits', 'holders wait')} again.`,
  ),
  'asset.shortage-cleared': (event, context) => `Licences of ${nameOf(event, context)} are available again.`,
  'asset.installations-answered': installationsText,
  'asset.licenses-returning': returningText,
  'asset.returns-started': ofHolders(
    (licence) => `${licence} is being returned.`,
    (name, data) => `${licences(data)} of ${name} ${holderCount(data) === 1 ? 'is' : 'are'} being returned.`,
  ),
  'asset.licenses-returned': ofHolders(
    (licence) => `${licence} was returned.`,
    (name, data) => `${licences(data)} of ${name} ${were(data)} returned.`,
  ),
  'asset.waiting-listed': ofHolders(
    (_licence, name) => `Waiting for a licence of ${name}, ordered again during the return.`,
    (name, data) =>
      `${countOf(data, 'holder waits', 'holders wait')} for licences of ${name}, ordered again during the return.`,
  ),
  'asset.waiting-moved': (event, context) => {
    const place = `the ${event.data.to} of the waiting list for ${nameOf(event, context)}`;
    if (context.holder !== null) return `Moved to ${place}.`;
    const holders = holderCount(event.data);
    if (holders === 0) return `All that waits for an order was moved to ${place}.`;
    return `${count(holders, 'holder')} ${were(event.data)} moved to ${place}.`;
  },
  'asset.waiting-refused': (event, context) => {
    const subject = context.holder === null ? licences(event.data) : 'A licence';
    return `${subject} of ${nameOf(event, context)} ${context.holder === null ? were(event.data) : 'was'} refused: ${why(event.data.refusal)}.`;
  },
  'asset.returns-ended': ofHolders(
    (licence) => `${licence} was never assigned: there is nothing to return.`,
    (name, data) => `${countOf(data, 'return')} of ${name} ended: the licences were never assigned.`,
  ),
  'asset.reservations-ended': (event, context) => {
    const { was } = event.data;
    const subject = context.holder === null ? licences(event.data) : 'A licence';
    const verb = context.holder === null && holderCount(event.data) !== 1 ? 'are' : 'is';
    return `${subject} of ${nameOf(event, context)} ${verb} no longer ${ENDED[was]}.`;
  },
};

const SOURCES: Readonly<Record<CountSource, string>> = {
  purchase: 'licences were bought or moved here',
  refund: 'licences were refunded or used up',
  transfer: 'licences were moved away',
  apple: 'Apple counts in another way',
};

function countText(
  event: Envelope<EventOf<AssetEvent, 'asset.count-changed'>>,
  context: StoryContext,
): string {
  const { before, after, source } = event.data;
  const said = ({ unlimited, total }: Counts): string =>
    unlimited ? 'no limit' : total.toLocaleString('en');
  return `The number of licences of ${nameOf(event, context)} went from ${said(before)} to ${said(after)}: ${SOURCES[source]}.`;
}

const WHO: Readonly<Record<DriftSource, string>> = {
  'another-tool': 'another tool',
  console: "a person in Apple's console",
  'own-late-effect': 'a late effect of a call of ours',
  unknown: "another tool, or a person in Apple's console",
};

function driftText(event: Envelope<EventOf<AssetEvent, 'asset.drift-found'>>, context: StoryContext): string {
  const { kind, source, decision } = event.data;
  const subject = context.holder === null ? licences(event.data) : 'A licence';
  const verb = context.holder === null ? were(event.data) : 'was';
  const done = kind === 'added' ? 'assigned' : 'taken back';
  const follows = { accepted: 'accepted', restoring: 'undone by an order', asked: 'a person is asked' };
  return `${subject} of ${nameOf(event, context)} ${verb} ${done}, probably by ${WHO[source]}: ${follows[decision]}.`;
}

const LACKS: Readonly<Record<WaitingReason, string>> = {
  short: ': none was available',
  reserved: ': those that are available are kept back',
  'not-read-yet': ' until Apple has been read',
  promised: ': it gets that of another holder, as soon as it has come back',
};

function reservedText(
  event: Envelope<EventOf<AssetEvent, 'asset.licenses-reserved'>>,
  context: StoryContext,
): string {
  const { reserved, waiting, waitingReason, following, alreadyHeld, refused, refusal, failedBefore } =
    event.data;
  const name = nameOf(event, context);
  const inLifeOf = (holder: HolderKey): string => {
    if (includes(reserved, holder)) return `A licence of ${name} was reserved.`;
    if (includes(waiting, holder)) {
      return `Waiting for a licence of ${name}${LACKS[waitingReason ?? 'short']}.`;
    }
    if (includes(following, holder))
      return `Waiting for a licence of ${name} while the last one is being returned.`;
    if (includes(refused, holder)) return `A licence of ${name} was refused: ${why(refusal)}.`;
    return `A licence of ${name} was ordered, but is already held.`;
  };
  if (context.holder !== null) return inLifeOf(context.holder);
  const parts = listed([
    [holderCount(reserved), 'reserved'],
    [holderCount(waiting) + holderCount(following), 'waiting'],
    [holderCount(alreadyHeld), 'already held'],
    [holderCount(refused), `refused (${why(refusal)})`],
  ]);
  const retried =
    failedBefore === 0 ? '' : ` ${failedBefore.toLocaleString('en')} of them had failed before.`;
  return `Licences of ${name}: ${parts}.${retried}`;
}

function installationsText(
  event: Envelope<EventOf<AssetEvent, 'asset.installations-answered'>>,
  context: StoryContext,
): string {
  const { start, coming, refused, refusal } = event.data;
  const name = nameOf(event, context);
  if (context.holder !== null) {
    if (includes(start, context.holder)) return `${name} is to be installed.`;
    if (includes(coming, context.holder)) return `${name} is to be installed when its licence has come.`;
    return `${name} is not installed: ${why(refusal)}.`;
  }
  const parts = listed([
    [holderCount(start), 'begin'],
    [holderCount(coming), 'wait for their licence'],
    [holderCount(refused), `refused (${why(refusal)})`],
  ]);
  return `Installations of ${name}: ${parts}.`;
}

function returningText(
  event: Envelope<EventOf<AssetEvent, 'asset.licenses-returning'>>,
  context: StoryContext,
): string {
  const { returning, ended, pending, alreadyHeld, notHeld, refused, refusal } = event.data;
  const name = nameOf(event, context);
  const inLifeOf = (holder: HolderKey): string => {
    if (includes(returning, holder)) return `A licence of ${name} is being returned.`;
    if (includes(pending, holder)) return `A licence of ${name} will be returned when its call is over.`;
    if (includes(alreadyHeld, holder)) return `A licence of ${name} was already being returned.`;
    if (includes(refused, holder)) return `A licence of ${name} was not returned: ${why(refusal)}.`;
    return `A licence of ${name} was to be returned, but is not held.`;
  };
  if (context.holder !== null) return inLifeOf(context.holder);
  const parts = listed([
    [holderCount(returning) + holderCount(pending), 'in progress'],
    [ended, 'ended at once'],
    [holderCount(alreadyHeld), 'already in progress'],
    [holderCount(notHeld), 'not held'],
    [holderCount(refused), `refused (${why(refusal)})`],
  ]);
  return `Returns of ${name}: ${parts}.`;
}
