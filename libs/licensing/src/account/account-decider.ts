import {
  Refusal,
  keptRefusal,
  uuidOf,
  type Command,
  type Decider,
  type Instant,
  type Milliseconds,
} from '@seatbook/kernel';
import { accountChanged, accountExists, tokenOfOtherLocation, unknownAccount } from '../account-refusals.js';
import type { Holders } from '../holder.js';
import { RELEASED } from '../mdm-marker.js';
import {
  TERMS_NOT_ACCEPTED,
  type AppleFailure,
  type AssetId,
  type MdmInfo,
  type TokenRefusal,
} from '../ports.js';
import type { Timings } from '../timings.js';
import type {
  AccountEvent,
  AccountSettings,
  AssignmentType,
  Licences,
  LocationFacts,
} from './account-events.js';
import {
  MAX_PAUSE_MS,
  evolveAccount,
  isConflicted,
  isPaused,
  isUsable,
  notificationUrlIn,
  remindersOf,
  type Account,
  type ImportedAccount,
  type RemovedAccount,
} from './account-state.js';

/**
 * After this many calls in a row that Apple did not accept nothing more is written. Where Apple says what is wrong with
 * each, there may be more of them: the next one is another one.
 */
export const MAX_WRITE_REFUSALS = 10;
export const MAX_NAMED_REFUSALS = 100;
/** Many calls at once may meet one short fault: it takes a row of this length in time to call it a refusal. */
export const MIN_FAULT_MS: Milliseconds = 60_000;

/**
 * How a call was not accepted: refused as a whole, Apple having named what is wrong in it or not; or with a fault that may
 * pass, such as no answer.
 */
export type WriteRefusal = 'named' | 'nameless' | 'fault';

/** What Apple answered to a step that did not succeed, and the token that it used. */
interface StepFailure {
  readonly failure: AppleFailure;
  readonly fingerprint: string;
}

/** What a principal asks of an account, which may depend on what the principal has seen of it. */
interface Guarded {
  /** The version that the account must have; left out: any. */
  readonly ifVersion?: number | undefined;
}

export type AccountCommand =
  | (Command<'ImportToken'> & {
      readonly importId: string;
      readonly uId: string;
      readonly settings: AccountSettings;
      readonly facts: LocationFacts;
      readonly fingerprint: string;
      readonly expiresAt: Instant;
      readonly takenOverFrom: MdmInfo | null;
      readonly notificationUrl: string | null;
    })
  | (Command<'RenewToken'> &
      Guarded & {
        readonly importId: string;
        /** The location of the token. */
        readonly uId: string;
        readonly fingerprint: string;
        readonly expiresAt: Instant;
        /** The MDM that Apple names, where it is not us. */
        readonly foreign: MdmInfo | null;
      })
  | (Command<'RenameAccount'> & Guarded & { readonly name: string })
  | (Command<'SetAssignmentType'> & Guarded & { readonly assignmentType: AssignmentType })
  | (Command<'RefuseToken'> & {
      readonly fingerprint: string;
      readonly state: TokenRefusal;
      readonly errorNumber: number | null;
    })
  /** A day before the token's date has come on which it is to be reminded of. */
  | (Command<'RemindOfExpiry'> & { readonly fingerprint: string })
  /** The date of the token has come. */
  | (Command<'ExpireToken'> & { readonly fingerprint: string })
  /** The date of the token has not come after all. */
  | (Command<'ReviseExpiry'> & { readonly fingerprint: string })
  | (Command<'RecordWriteRefused'> & {
      readonly callId: string;
      readonly refusal: WriteRefusal;
      readonly errorNumber: number | null;
      readonly reason: string;
    })
  | Command<'RecordWriteAccepted'>
  | Command<'StartProbe'>
  | (Command<'ReportConflict'> & { readonly mdmInfo: MdmInfo | null })
  | (Command<'TakeOver'> & Guarded)
  | (Command<'GiveUpLocation'> & Guarded & { readonly licences: Licences })
  | (Command<'RemoveAccount'> & Guarded)
  | (Command<'EndWork'> & {
      readonly ledgers: readonly AssetId[];
      readonly callIds: readonly string[];
      readonly left: number;
    })
  | (Command<'AskReturn'> & { readonly asset: AssetId; readonly holders: Holders })
  | (Command<'RecordWorkEnded'> & { readonly kept: number })
  /** The marker that Apple had, where it was another MDM's: that was left alone. */
  | (Command<'RecordReleased'> & { readonly mdmInfo: MdmInfo | null })
  | (Command<'RecordReleaseFailure'> & StepFailure)
  | (Command<'OpenLedgers'> & { readonly ledgers: readonly AssetId[] })
  | (Command<'RecordOwned'> & { readonly mdmId: string })
  | (Command<'RecordOwningFailure'> & StepFailure)
  | (Command<'WantNotifications'> & { readonly notificationUrl: string | null })
  | (Command<'RecordSubscribed'> & { readonly notificationUrl: string })
  | (Command<'RecordSubscriptionFailure'> & StepFailure)
  /** The address that Apple has. */
  | (Command<'RecordAddress'> & { readonly notificationUrl: string | null })
  | (Command<'RecordAddressFailure'> & StepFailure);

type CommandOf<T extends AccountCommand['type']> = Extract<AccountCommand, { type: T }>;

export const accountDecider = (timings: Timings): Decider<AccountCommand, Account, AccountEvent> => ({
  initial: () => ({ phase: 'new' }),
  evolve: evolveAccount,

  decide(command, account, at) {
    if (command.type === 'ImportToken') return importToken(command, account, at);
    if (account.phase === 'new') throw unknownAccount();
    if (account.phase === 'removed') return afterRemoval(command, account, at, timings);
    switch (command.type) {
      case 'RenewToken':
        return renewToken(command, account, at);
      case 'RenameAccount':
        return renameAccount(command, account);
      case 'SetAssignmentType':
        return setAssignmentType(command, account);
      case 'RefuseToken':
        return refuseToken(command, account);
      case 'RemindOfExpiry':
        return remindOfExpiry(command, account, at);
      case 'ExpireToken':
        return expireToken(command, account, at);
      case 'ReviseExpiry':
        return reviseExpiry(command, account, at);
      case 'RecordWriteRefused':
        return recordWriteRefused(command, account, at, timings);
      case 'RecordWriteAccepted':
        return recordWriteAccepted(account, at);
      case 'StartProbe':
        return startProbe(account, at, timings);
      case 'ReportConflict':
        return reportConflict(command, account);
      case 'TakeOver':
        return takeOver(command, account, at);
      case 'GiveUpLocation':
        return giveUpLocation(command, account, at);
      case 'RemoveAccount':
        return removeAccount(command, account, at);
      case 'EndWork':
        return account.ownership.state === 'giving-up' ? endWork(command, account, at, timings) : [];
      case 'AskReturn':
        return askReturn(command, account);
      case 'RecordWorkEnded':
        return recordWorkEnded(command, account, at);
      case 'RecordReleased':
        return recordReleased(command, account, at);
      case 'RecordReleaseFailure':
        return recordReleaseFailure(command, account, at, timings);
      case 'OpenLedgers':
        return openLedgers(command, account);
      case 'RecordOwned':
        return recordOwned(command, account, at);
      case 'RecordOwningFailure':
        return recordOwningFailure(command, account, at, timings);
      case 'WantNotifications':
        return wantNotifications(command, account, at);
      case 'RecordSubscribed':
        return recordSubscribed(command, account, at, timings);
      case 'RecordSubscriptionFailure':
        return recordSubscriptionFailure(command, account, at, timings);
      case 'RecordAddress':
        return recordAddress(command, account, at, timings);
      case 'RecordAddressFailure':
        return recordAddressFailure(command, account, at, timings);
    }
  },
});

function importToken(command: CommandOf<'ImportToken'>, account: Account, at: Instant): AccountEvent[] {
  const { importId, uId, settings, facts, fingerprint, expiresAt, takenOverFrom, notificationUrl } = command;
  if (account.phase === 'imported') {
    const refusal = keptRefusal(accountExists(uId, account.token.fingerprint === fingerprint));
    return [{ type: 'account.import-refused', data: { uId, importId, refusal } }];
  }
  const token = { fingerprint, expiresAt, takenOverFrom, notificationUrl };
  return [{ type: 'account.imported', data: { uId, importId, ...settings, ...facts, ...token, at } }];
}

function renewToken(
  { importId, uId, fingerprint, expiresAt, foreign, ifVersion }: CommandOf<'RenewToken'>,
  account: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (uId !== account.uId) {
    const refusal = keptRefusal(tokenOfOtherLocation(account.uId, uId));
    return [{ type: 'account.import-refused', data: { uId: account.uId, importId, refusal } }];
  }
  if (!isAsSeen(account, ifVersion)) {
    const refusal = keptRefusal(accountChanged());
    return [{ type: 'account.import-refused', data: { uId, importId, refusal } }];
  }
  // Only the owner hears it here: while the location is being marked, the marker itself will tell.
  const conflict =
    foreign && account.ownership.state === 'ours' ? reportConflict({ mdmInfo: foreign }, account) : [];
  if (fingerprint === account.token.fingerprint && account.token.state === 'active')
    return [{ type: 'account.token-kept', data: { uId, importId, fingerprint } }, ...conflict];
  return [
    { type: 'account.token-renewed', data: { uId, importId, fingerprint, expiresAt, at } },
    ...conflict,
  ];
}

const isAsSeen = ({ version }: ImportedAccount, seen: number | undefined): boolean =>
  seen === undefined || seen === version;

function renameAccount(
  { name, ifVersion }: CommandOf<'RenameAccount'>,
  account: ImportedAccount,
): AccountEvent[] {
  if (!isAsSeen(account, ifVersion)) throw accountChanged();
  const { uId, name: before } = account;
  return name === before ? [] : [{ type: 'account.renamed', data: { uId, name } }];
}

function setAssignmentType(
  { assignmentType, ifVersion }: CommandOf<'SetAssignmentType'>,
  account: ImportedAccount,
): AccountEvent[] {
  if (!isAsSeen(account, ifVersion)) throw accountChanged();
  const { uId, assignmentType: before } = account;
  return assignmentType === before
    ? []
    : [{ type: 'account.assignment-type-set', data: { uId, assignmentType } }];
}

/** Only the token in use: it may have been renewed while Apple refused the old one. */
const isInUse = (fingerprint: string, { token }: ImportedAccount): boolean =>
  token.fingerprint === fingerprint && token.state === 'active';

function refuseToken(
  { fingerprint, state, errorNumber }: Omit<CommandOf<'RefuseToken'>, 'type'>,
  account: ImportedAccount,
): AccountEvent[] {
  if (!isInUse(fingerprint, account)) return [];
  return [{ type: 'account.token-refused', data: { uId: account.uId, fingerprint, state, errorNumber } }];
}

/** Days that passed unseen are named together: nobody is to be reminded of them one after the other. */
function remindOfExpiry(
  { fingerprint }: CommandOf<'RemindOfExpiry'>,
  account: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  const { uId, token } = account;
  if (!isInUse(fingerprint, account)) return [];
  if (at >= token.expiresAt) return expireToken({ fingerprint }, account, at);
  const reminders = remindersOf(token, at);
  if (reminders.length === 0) return [];
  const { expiresAt } = token;
  return [{ type: 'account.token-expiring', data: { uId, fingerprint, expiresAt, reminders, at } }];
}

function expireToken(
  { fingerprint }: Pick<CommandOf<'ExpireToken'>, 'fingerprint'>,
  account: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (!isInUse(fingerprint, account) || at < account.token.expiresAt) return [];
  return [{ type: 'account.token-expired', data: { uId: account.uId, fingerprint, at } }];
}

/** What a clock said that was ahead; what Apple said of the token stands. */
function reviseExpiry(
  { fingerprint }: CommandOf<'ReviseExpiry'>,
  { uId, token }: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (token.fingerprint !== fingerprint || !token.byDate || at >= token.expiresAt) return [];
  return [{ type: 'account.expiry-revised', data: { uId, fingerprint, at } }];
}

function recordWriteRefused(
  { callId, refusal, errorNumber, reason }: CommandOf<'RecordWriteRefused'>,
  { uId, writes }: ImportedAccount,
  at: Instant,
  { firstRetryMs, firstProbeMs }: Timings,
): AccountEvent[] {
  if (writes.state === 'refused') return [];
  const { row } = writes;
  const inARow = (row?.count ?? 0) + 1;
  let { pauses, pauseUntil } = row ?? { pauses: 0, pauseUntil: 0 };
  // What was under way meanwhile says nothing new.
  if (refusal === 'fault' && !isPaused(writes, at)) {
    pauseUntil = at + Math.min(MAX_PAUSE_MS, firstRetryMs * 2 ** Math.min(pauses, 10));
    pauses += 1;
  }
  const refused = { uId, errorNumber, reason };
  return [
    { type: 'account.write-refused', data: { ...refused, callId, inARow, at, pauses, pauseUntil } },
    ...(errorNumber === TERMS_NOT_ACCEPTED || isTooMany(refusal, inARow, row?.since ?? at, at)
      ? [{ type: 'account.writes-held', data: { ...refused, at, probeAt: at + firstProbeMs } } as const]
      : []),
  ];
}

/** Whether Apple accepts nothing at all, by how many calls in a row it did not accept since a moment. */
function isTooMany(refusal: WriteRefusal, inARow: number, since: Instant, at: Instant): boolean {
  switch (refusal) {
    case 'named':
      return inARow >= MAX_NAMED_REFUSALS;
    case 'nameless':
      return inARow >= MAX_WRITE_REFUSALS;
    case 'fault':
      // A clock that went back does not tell how long it took.
      return inARow >= MAX_WRITE_REFUSALS && (at - since >= MIN_FAULT_MS || at < since);
  }
}

function recordWriteAccepted({ uId, writes }: ImportedAccount, at: Instant): AccountEvent[] {
  if (writes.state === 'accepted' && writes.row === null) return [];
  return [{ type: 'account.writes-accepted', data: { uId, at } }];
}

function startProbe(
  { uId, writes }: ImportedAccount,
  at: Instant,
  { firstProbeMs, maxProbeMs }: Timings,
): AccountEvent[] {
  if (writes.state === 'accepted') return [];
  // Further ahead than any pause: a clock that was ahead has noted it.
  const early = at < writes.probeAt && writes.probeAt <= at + maxProbeMs;
  if (early) return [];
  const pause = Math.min(maxProbeMs, firstProbeMs * 2 ** Math.min(writes.probes + 1, 20));
  return [{ type: 'account.probe-started', data: { uId, probeAt: at + pause } }];
}

function reportConflict(
  { mdmInfo }: Pick<CommandOf<'ReportConflict'>, 'mdmInfo'>,
  account: ImportedAccount,
): AccountEvent[] {
  const { state } = account.ownership;
  // The marker of a released location is our own last word.
  if (state === 'given-up' || (state === 'giving-up' && mdmInfo?.id === RELEASED.id)) return [];
  return isConflicted(account) ? [] : [{ type: 'account.conflicted', data: { uId: account.uId, mdmInfo } }];
}

function takeOver(
  { ifVersion }: CommandOf<'TakeOver'>,
  account: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (!isAsSeen(account, ifVersion)) throw accountChanged();
  const { uId, ownership } = account;
  if (ownership.state === 'taking-over') return [];
  if (ownership.state === 'ours' || ownership.state === 'wanted') {
    throw new Refusal(
      'REJECTED_NOT_CONFLICTED',
      'this location is ours already; there is nothing to take over',
    );
  }
  return [{ type: 'account.take-over-ordered', data: { uId, at } }];
}

function giveUpLocation(
  { licences, ifVersion }: CommandOf<'GiveUpLocation'>,
  account: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (!isAsSeen(account, ifVersion)) throw accountChanged();
  const { uId, ownership } = account;
  if (isConflicted(account)) {
    throw new Refusal(
      'REJECTED_NOT_OURS',
      'another MDM manages this location; take it over first, or remove the account',
    );
  }
  if (ownership.state === 'given-up') return [];
  if (ownership.state === 'giving-up' && ownership.licences === licences) return [];
  return [{ type: 'account.give-up-ordered', data: { uId, licences, at } }];
}

/** Nothing is removed that still works: Apple would go on showing us as the one that manages the location. */
function removeAccount(
  { ifVersion }: CommandOf<'RemoveAccount'>,
  account: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (!isAsSeen(account, ifVersion)) throw accountChanged();
  if (isUsable(account)) {
    throw new Refusal(
      'REJECTED_ACCOUNT_IN_USE',
      'this account works; give its location up first (POST /api/v1/accounts/{accountId}/give-up)',
    );
  }
  return [{ type: 'account.removed', data: { uId: account.uId, at } }];
}

/** Of a removed account nothing is left but that its work ends; what comes too late for it changes nothing. */
function afterRemoval(
  command: Exclude<AccountCommand, { type: 'ImportToken' }>,
  account: RemovedAccount,
  at: Instant,
  timings: Timings,
): AccountEvent[] {
  const { uId, endAt } = account;
  switch (command.type) {
    case 'EndWork':
      return endAt === null ? [] : endWork(command, account, at, timings);
    case 'RecordWorkEnded':
      return endAt === null ? [] : [{ type: 'account.work-ended', data: { uId, kept: command.kept, at } }];
    case 'RemoveAccount':
      return [];
    case 'RenewToken': {
      const refusal = keptRefusal(unknownAccount());
      return [{ type: 'account.import-refused', data: { uId, importId: command.importId, refusal } }];
    }
    default:
      throw unknownAccount();
  }
}

function endWork(
  { ledgers, callIds, left }: CommandOf<'EndWork'>,
  { uId, phase }: ImportedAccount | RemovedAccount,
  at: Instant,
  { endWorkEveryMs }: Timings,
): AccountEvent[] {
  const abandoned = phase === 'removed';
  const lookAt = at + endWorkEveryMs;
  return [{ type: 'account.work-ending', data: { uId, ledgers, callIds, abandoned, left, at, lookAt } }];
}

function askReturn(
  { asset: { adamId, pricingParam }, holders }: CommandOf<'AskReturn'>,
  { uId, ownership, returns }: ImportedAccount,
): AccountEvent[] {
  if (ownership.state !== 'giving-up') return [];
  const { serialNumbers, userIds } = holders;
  const orderId = uuidOf(`what ${uId} gives back, order ${returns + 1}`);
  return [
    { type: 'account.return-asked', data: { uId, orderId, adamId, pricingParam, serialNumbers, userIds } },
  ];
}

function recordWorkEnded(
  { kept }: CommandOf<'RecordWorkEnded'>,
  { uId, ownership }: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (ownership.state !== 'giving-up' || ownership.ended) return [];
  return [{ type: 'account.work-ended', data: { uId, kept, at } }];
}

function recordReleased(
  { mdmInfo }: CommandOf<'RecordReleased'>,
  { uId, ownership }: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (ownership.state !== 'giving-up') return [];
  return [{ type: 'account.given-up', data: { uId, mdmInfo, at } }];
}

function recordReleaseFailure(
  command: CommandOf<'RecordReleaseFailure'>,
  account: ImportedAccount,
  at: Instant,
  timings: Timings,
): AccountEvent[] {
  const { ownership } = account;
  if (ownership.state !== 'giving-up') return [];
  const { failures } = ownership;
  return stepFailed('account.release-failed', command, account, failures, at, writing(timings));
}

function openLedgers(
  { ledgers }: CommandOf<'OpenLedgers'>,
  { uId, closed }: ImportedAccount,
): AccountEvent[] {
  return closed === null ? [] : [{ type: 'account.ledgers-opened', data: { uId, ledgers } }];
}

function recordOwned(
  { mdmId }: CommandOf<'RecordOwned'>,
  { uId, ownership }: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (ownership.state !== 'wanted' && ownership.state !== 'taking-over') return [];
  return [{ type: 'account.owned', data: { uId, mdmId, at } }];
}

function recordOwningFailure(
  command: CommandOf<'RecordOwningFailure'>,
  account: ImportedAccount,
  at: Instant,
  timings: Timings,
): AccountEvent[] {
  const { uId, ownership } = account;
  const { failure } = command;
  if (ownership.state !== 'wanted' && ownership.state !== 'taking-over') return [];
  // Another MDM was faster, or has it again: a takeover needs another order then.
  if (failure.kind === 'conflict')
    return [{ type: 'account.conflicted', data: { uId, mdmInfo: failure.mdmInfo } }];
  return stepFailed('account.owning-failed', command, account, ownership.failures, at, writing(timings));
}

function wantNotifications(
  { notificationUrl }: CommandOf<'WantNotifications'>,
  account: ImportedAccount,
  at: Instant,
): AccountEvent[] {
  if (notificationUrl === notificationUrlIn(account)) return [];
  return [{ type: 'account.notifications-wanted', data: { uId: account.uId, notificationUrl, at } }];
}

function recordSubscribed(
  { notificationUrl }: CommandOf<'RecordSubscribed'>,
  { uId, subscription }: ImportedAccount,
  at: Instant,
  { addressEveryMs }: Timings,
): AccountEvent[] {
  if (subscription.state !== 'wanted' || subscription.url !== notificationUrl) return [];
  return [{ type: 'account.subscribed', data: { uId, notificationUrl, checkAt: at + addressEveryMs } }];
}

function recordSubscriptionFailure(
  command: CommandOf<'RecordSubscriptionFailure'>,
  account: ImportedAccount,
  at: Instant,
  timings: Timings,
): AccountEvent[] {
  const { subscription } = account;
  if (subscription.state !== 'wanted') return [];
  const { failures } = subscription;
  return stepFailed('account.subscription-failed', command, account, failures, at, writing(timings));
}

function recordAddress(
  { notificationUrl }: CommandOf<'RecordAddress'>,
  { uId, subscription }: ImportedAccount,
  at: Instant,
  { addressEveryMs }: Timings,
): AccountEvent[] {
  if (subscription.state !== 'subscribed') return [];
  if (notificationUrl === subscription.url)
    return [{ type: 'account.address-checked', data: { uId, checkAt: at + addressEveryMs } }];
  return [{ type: 'account.address-lost', data: { uId, notificationUrl, at } }];
}

function recordAddressFailure(
  command: CommandOf<'RecordAddressFailure'>,
  account: ImportedAccount,
  at: Instant,
  timings: Timings,
): AccountEvent[] {
  const { subscription } = account;
  if (subscription.state !== 'subscribed') return [];
  const { failures } = subscription;
  return stepFailed('account.address-check-failed', command, account, failures, at, reading(timings));
}

/** A step that failed comes again, and what Apple said of the token or the location counts for the whole account. */
function stepFailed(
  type:
    | 'account.owning-failed'
    | 'account.release-failed'
    | 'account.subscription-failed'
    | 'account.address-check-failed',
  { failure, fingerprint }: StepFailure,
  account: ImportedAccount,
  failures: number,
  at: Instant,
  pauses: Pauses,
): AccountEvent[] {
  const next = nextTry(failure, failures, at, pauses);
  return [...reported(failure, fingerprint, account), { type, data: { uId: account.uId, ...next } }];
}

/** What a failed step means for the account as a whole: all its work is held. */
function reported(failure: AppleFailure, fingerprint: string, account: ImportedAccount): AccountEvent[] {
  switch (failure.kind) {
    case 'token':
      return refuseToken({ fingerprint, ...failure }, account);
    case 'conflict':
      return reportConflict(failure, account);
    case 'transient':
    case 'refused':
      return [];
  }
}

interface Pauses {
  /** After a failure that may pass, and after a refusal; each doubles up to the longest. */
  readonly firstMs: Milliseconds;
  readonly refusedMs: Milliseconds;
  readonly longestMs: Milliseconds;
}

const reading = ({ firstRetryMs: firstMs, maxRetryMs }: Timings): Pauses => ({
  firstMs,
  refusedMs: maxRetryMs,
  longestMs: maxRetryMs,
});

/** What Apple does not accept is written as rarely as calls are then. */
const writing = (timings: Timings): Pauses => ({
  ...reading(timings),
  longestMs: Math.max(timings.maxRetryMs, timings.maxProbeMs),
});

/** When a step is tried again: as soon as the account is usable again, or after a pause that doubles. */
function nextTry(
  failure: AppleFailure,
  failures: number,
  at: Instant,
  { firstMs, refusedMs, longestMs }: Pauses,
): { readonly reason: string; readonly retryAt: Instant } {
  const doubled = (pause: Milliseconds): Milliseconds =>
    Math.min(longestMs, pause * 2 ** Math.min(failures, 20));
  switch (failure.kind) {
    case 'token':
      return { reason: `Apple refused the token (${failure.errorNumber})`, retryAt: at };
    case 'conflict':
      return { reason: 'another MDM manages the location', retryAt: at };
    case 'transient': {
      const pause = Math.max(doubled(firstMs), failure.retryAfterMs ?? 0);
      return { reason: failure.reason, retryAt: at + pause };
    }
    case 'refused':
      return { reason: failure.reason, retryAt: at + doubled(refusedMs) };
  }
}
