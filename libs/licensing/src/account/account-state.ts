import { inPhase, type EventOf, type Instant, type Milliseconds } from '@seatbook/kernel';
import type { AssetId, TokenRefusal } from '../ports.js';
import type { AccountEvent, AssignmentType, Licences } from './account-events.js';

/** The content token in use. */
export interface Token {
  readonly fingerprint: string;
  readonly expiresAt: Instant;
  readonly state: 'active' | TokenRefusal;
  /** Days before its date of which it was reminded last; null: of none yet. */
  readonly reminded: number | null;
  /** It is over by its date alone, as a clock of ours said. */
  readonly byDate: boolean;
}

/** So many days before its date a token is reminded of, each once. From the first one on it is expiring. */
export const REMINDER_DAYS: readonly number[] = [60, 30, 14, 7, 1];
const DAY_MS: Milliseconds = 24 * 3_600_000;

/** Reminders that have not been given and whose day has come; all that are left where no moment is given. */
export const remindersOf = ({ expiresAt, reminded }: Token, now = Infinity): readonly number[] =>
  REMINDER_DAYS.filter((days) => (reminded === null || days < reminded) && remindsAt(expiresAt, days) <= now);

export const remindsAt = (expiresAt: Instant, days: number): Instant => expiresAt - days * DAY_MS;

/** Whose the location is, as far as we know. Apple has no lock: all MDMs respect the marker. */
export type Ownership =
  /** To be marked as ours, at `at`, after this many failures in a row. */
  | { readonly state: 'wanted'; readonly at: Instant; readonly failures: number }
  /** Marked with our `mdmInfo.id`. */
  | { readonly state: 'ours'; readonly mdmId: string }
  /** Another MDM has it, and nobody has ordered to take it over. */
  | { readonly state: 'conflicted' }
  /** Another MDM has it, and it is to be taken over at `at`. */
  | { readonly state: 'taking-over'; readonly at: Instant; readonly failures: number }
  | GivingUp
  /** Nobody's, as far as we know. Nothing is sent to Apple until a person takes it over again. */
  | { readonly state: 'given-up' };

/** To be given up: first its work ends, then Apple is told. Both go on at `at`. */
export interface GivingUp {
  readonly state: 'giving-up';
  /** Our marker; null where the location never had it. */
  readonly mdmId: string | null;
  readonly licences: Licences;
  /** Its work has ended. */
  readonly ended: boolean;
  readonly at: Instant;
  /** Rounds of ending so far. */
  readonly rounds: number;
  readonly failures: number;
}

/** Whether Apple sends notifications to us. */
export type Subscription =
  /** Apple cannot reach us: the product polls. */
  | { readonly state: 'none' }
  /** Apple is to be given the address at `at`, or as soon as the location is ours. */
  | { readonly state: 'wanted'; readonly url: string; readonly at: Instant; readonly failures: number }
  /** Apple has the address. Whether it still has it is seen at `checkAt`. */
  | {
      readonly state: 'subscribed';
      readonly url: string;
      readonly checkAt: Instant;
      readonly failures: number;
    };

/** Calls in a row that Apple did not accept. */
interface RefusedRow {
  readonly count: number;
  /** Of the first of them. */
  readonly since: Instant;
  /** How often all calls of the account paused, the last time for so long and until `pauseUntil`. */
  readonly pauses: number;
  readonly pauseMs: Milliseconds;
  readonly pauseUntil: Instant;
}

/** The longest pause of all calls of an account after one that Apple did not accept. */
export const MAX_PAUSE_MS: Milliseconds = 40_000;

/** Whether Apple accepts what is written. */
export type Writes =
  /** All of the last calls that it did not accept, if there are any. */
  | { readonly state: 'accepted'; readonly row: RefusedRow | null }
  /** There were too many of them: one small call tries again at `probeAt`. */
  | {
      readonly state: 'refused';
      readonly errorNumber: number | null;
      readonly reason: string;
      readonly probeAt: Instant;
      /** Tries so far. */
      readonly probes: number;
    };

/** A location whose token was imported. */
export interface ImportedAccount {
  readonly phase: 'imported';
  readonly uId: string;
  /** Raised by whatever changes what people see of the account. */
  readonly version: number;
  /** As people call it. */
  readonly name: string;
  readonly assignmentType: AssignmentType;
  readonly countryCode: string | null;
  readonly defaultPlatform: string | null;
  readonly token: Token;
  readonly ownership: Ownership;
  readonly subscription: Subscription;
  readonly writes: Writes;
  /** Ledgers that are closed because the account was to end; null: all take orders. */
  readonly closed: Closed | null;
  /** Orders that take its licences back, so far: their ids are made of it. */
  readonly returns: number;
}

interface Closed {
  readonly since: Instant;
  readonly ledgers: readonly AssetId[];
}

/** A location of which nothing is left to do but to end its work. It may be imported again. */
export interface RemovedAccount {
  readonly phase: 'removed';
  readonly uId: string;
  readonly version: number;
  readonly returns: number;
  readonly closed: Closed | null;
  /** The token that it had, until that is forgotten. */
  readonly formerFingerprint: string;
  /** When its work is looked at; null: it has ended, and its secrets are forgotten. */
  readonly endAt: Instant | null;
}

export type Account = { readonly phase: 'new' } | ImportedAccount | RemovedAccount;

/** The location is another MDM's, as far as we know. */
export const isConflicted = ({ ownership: { state } }: ImportedAccount): boolean =>
  state === 'conflicted' || state === 'taking-over';

/** The token works, and the location is neither another MDM's nor given up: Apple work may go on. */
export const isUsable = (account: ImportedAccount): boolean =>
  account.token.state === 'active' && !isConflicted(account) && account.ownership.state !== 'given-up';

/** Nothing is sent with a token that is known to be over, by Apple's word or by its date. */
export const isOver = ({ token }: ImportedAccount, now: Instant): boolean =>
  token.state !== 'active' || token.expiresAt <= now;

/** Apple has just not answered a call, or said that it is busy: the others of the account wait a moment. */
export function isPaused(writes: Writes, now: Instant): boolean {
  if (writes.state !== 'accepted' || writes.row === null) return false;
  const { pauseUntil, pauseMs } = writes.row;
  // Further ahead than it lasts: a clock that was ahead has noted it.
  return now < pauseUntil && pauseUntil <= now + pauseMs;
}

/** Our marker, from the moment when the location has it. */
export const markerOf = ({ ownership }: ImportedAccount): string | null =>
  ownership.state === 'ours' || ownership.state === 'giving-up' ? ownership.mdmId : null;

/** Where Apple sends notifications, or is to send them; null: nowhere. */
export const notificationUrlIn = ({ subscription }: ImportedAccount): string | null =>
  subscription.state === 'none' ? null : subscription.url;

const wanting = (url: string | null, at: Instant): Subscription =>
  url === null ? { state: 'none' } : { state: 'wanted', url, at, failures: 0 };

type DataOf<T extends AccountEvent['type']> = Extract<AccountEvent, { type: T }>['data'];

/** Events that change nothing that people see of an account. */
const UNSEEN: ReadonlySet<AccountEvent['type']> = new Set([
  'account.write-refused',
  'account.probe-started',
  'account.address-checked',
  'account.address-check-failed',
  'account.token-kept',
  'account.import-refused',
  'account.token-expiring',
  'account.work-ending',
  'account.return-asked',
  'account.release-failed',
  'account.ledgers-opened',
] as const);

export function evolveAccount(before: Account, event: AccountEvent): Account {
  if (event.type === 'account.imported') return imported(before, event.data);
  if (before.phase === 'removed') return ending(before, event);
  const was = inPhase(before, 'imported');
  if (event.type === 'account.removed') return removed(was, event.data.at);
  const account = changed(was, event);
  return isSeen(event, was) ? { ...account, version: account.version + 1 } : account;
}

/** Whether an event changes what people see of an account: a few refusals in a row, and their end, do not. */
const isSeen = ({ type }: AccountEvent, { writes }: ImportedAccount): boolean =>
  type === 'account.writes-accepted' ? writes.state === 'refused' : !UNSEEN.has(type);

type Change = Exclude<AccountEvent, { type: 'account.imported' | 'account.removed' }>;

function changed(account: ImportedAccount, event: Change): ImportedAccount {
  const { token } = account;
  switch (event.type) {
    case 'account.token-renewed': {
      const { fingerprint, expiresAt } = event.data;
      const fresh = { state: 'active', reminded: null, byDate: false } as const;
      return { ...account, token: { fingerprint, expiresAt, ...fresh } };
    }
    case 'account.renamed':
      return { ...account, name: event.data.name };
    case 'account.assignment-type-set':
      return { ...account, assignmentType: event.data.assignmentType };
    case 'account.token-refused':
      return { ...account, token: { ...token, state: event.data.state } };
    case 'account.token-expiring':
      return { ...account, token: { ...token, reminded: Math.min(...event.data.reminders) } };
    case 'account.token-expired':
      return { ...account, token: { ...token, state: 'expired', byDate: true } };
    case 'account.expiry-revised':
      return { ...account, token: { ...token, state: 'active', byDate: false } };
    case 'account.write-refused':
      return { ...account, writes: { state: 'accepted', row: rowAfter(account, event.data) } };
    case 'account.writes-held': {
      const { errorNumber, reason, probeAt } = event.data;
      return { ...account, writes: { state: 'refused', errorNumber, reason, probeAt, probes: 0 } };
    }
    case 'account.probe-started':
      return { ...account, writes: probed(account.writes, event.data.probeAt) };
    case 'account.writes-accepted':
      return { ...account, writes: { state: 'accepted', row: null } };
    case 'account.conflicted':
      return { ...account, ownership: { state: 'conflicted' } };
    case 'account.take-over-ordered':
      return { ...account, ownership: { state: 'taking-over', at: event.data.at, failures: 0 } };
    case 'account.owned':
      return owned(account, event.data);
    case 'account.owning-failed':
    case 'account.release-failed':
      return { ...account, ownership: retried(account.ownership, event.data.retryAt) };
    case 'account.give-up-ordered':
      return givingUp(account, event.data);
    case 'account.work-ending':
    case 'account.work-ended':
    case 'account.given-up':
      return givenUp(account, event);
    case 'account.return-asked':
      return { ...account, returns: account.returns + 1 };
    case 'account.ledgers-opened':
      return { ...account, closed: null };
    case 'account.notifications-wanted':
      return { ...account, subscription: wanting(event.data.notificationUrl, event.data.at) };
    case 'account.subscribed':
    case 'account.address-checked':
      return { ...account, subscription: subscribed(account, event.data.checkAt) };
    case 'account.address-lost':
      return { ...account, subscription: wanting(notificationUrlIn(account), event.data.at) };
    case 'account.subscription-failed':
    case 'account.address-check-failed':
      return { ...account, subscription: retriedSubscription(account.subscription, event.data.retryAt) };
    // Answers to imports, which change nothing.
    case 'account.token-kept':
    case 'account.import-refused':
      return account;
  }
}

function imported(before: Account, data: DataOf<'account.imported'>): ImportedAccount {
  const {
    uId,
    name,
    assignmentType,
    countryCode,
    defaultPlatform,
    fingerprint,
    expiresAt,
    notificationUrl,
    at,
  } = data;
  return {
    phase: 'imported',
    uId,
    version: 0,
    name,
    assignmentType,
    countryCode,
    defaultPlatform,
    token: { fingerprint, expiresAt, state: 'active', reminded: null, byDate: false },
    ownership: { state: 'wanted', at, failures: 0 },
    subscription: wanting(notificationUrl, at),
    writes: { state: 'accepted', row: null },
    closed: before.phase === 'removed' && before.closed ? { ...before.closed, since: at } : null,
    returns: before.phase === 'new' ? 0 : before.returns,
  };
}

function givingUp(
  account: ImportedAccount,
  { licences, at }: DataOf<'account.give-up-ordered'>,
): ImportedAccount {
  const mdmId = markerOf(account);
  const ownership: GivingUp = {
    state: 'giving-up',
    mdmId,
    licences,
    ended: false,
    at,
    rounds: 0,
    failures: 0,
  };
  return { ...account, ownership };
}

function givenUp(
  account: ImportedAccount,
  event: EventOf<AccountEvent, 'account.work-ending' | 'account.work-ended' | 'account.given-up'>,
): ImportedAccount {
  const { ownership } = account;
  if (ownership.state !== 'giving-up') return account;
  switch (event.type) {
    case 'account.work-ending':
      return {
        ...account,
        ownership: { ...ownership, at: event.data.lookAt, rounds: ownership.rounds + 1 },
        closed: moreClosed(account.closed, event.data),
      };
    case 'account.work-ended':
      return { ...account, ownership: { ...ownership, at: event.data.at, ended: true } };
    case 'account.given-up':
      return { ...account, ownership: { state: 'given-up' } };
  }
}

/** What is closed in several rounds may be named twice: opening it twice changes nothing. */
const moreClosed = (closed: Closed | null, { ledgers, at }: DataOf<'account.work-ending'>): Closed | null =>
  closed === null && ledgers.length === 0
    ? null
    : { since: closed?.since ?? at, ledgers: [...(closed?.ledgers ?? []), ...ledgers] };

const removed = (
  { uId, version, token, returns, closed }: ImportedAccount,
  endAt: Instant,
): RemovedAccount => ({
  phase: 'removed',
  uId,
  version: version + 1,
  returns,
  closed,
  formerFingerprint: token.fingerprint,
  endAt,
});

/** What still happens to an account that was removed. */
function ending(account: RemovedAccount, event: AccountEvent): RemovedAccount {
  switch (event.type) {
    case 'account.work-ending':
      return { ...account, endAt: event.data.lookAt, closed: moreClosed(account.closed, event.data) };
    case 'account.work-ended':
      return { ...account, endAt: null };
    // An answer to a renewal that came too late.
    default:
      return account;
  }
}

function owned(account: ImportedAccount, { mdmId, at }: DataOf<'account.owned'>): ImportedAccount {
  // An MDM that had the location meanwhile may have pointed the notifications elsewhere.
  const subscription = isConflicted(account) ? wanting(notificationUrlIn(account), at) : account.subscription;
  return { ...account, ownership: { state: 'ours', mdmId }, subscription };
}

function rowAfter(
  { writes }: ImportedAccount,
  { inARow: count, at, pauses, pauseUntil }: DataOf<'account.write-refused'>,
): RefusedRow {
  const before = writes.state === 'accepted' ? writes.row : null;
  const pauseMs = before?.pauseUntil === pauseUntil ? before.pauseMs : pauseUntil - at;
  return { count, since: before?.since ?? at, pauses, pauseMs, pauseUntil };
}

const probed = (writes: Writes, probeAt: Instant): Writes =>
  writes.state === 'refused' ? { ...writes, probeAt, probes: writes.probes + 1 } : writes;

function subscribed({ subscription }: ImportedAccount, checkAt: Instant): Subscription {
  if (subscription.state === 'none') return subscription;
  return { state: 'subscribed', url: subscription.url, checkAt, failures: 0 };
}

/** Whatever it was that failed is tried again at `at`. */
function retried(ownership: Ownership, at: Instant): Ownership {
  return 'failures' in ownership ? { ...ownership, at, failures: ownership.failures + 1 } : ownership;
}

function retriedSubscription(subscription: Subscription, at: Instant): Subscription {
  switch (subscription.state) {
    case 'none':
      return subscription;
    case 'wanted':
      return { ...subscription, at, failures: subscription.failures + 1 };
    case 'subscribed':
      return { ...subscription, checkAt: at, failures: subscription.failures + 1 };
  }
}
