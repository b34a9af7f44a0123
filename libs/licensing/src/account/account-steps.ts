import { inPhase, type Step, type Steps } from '@seatbook/kernel';
import { idOfAsset } from '../asset-id.js';
import { accessTo } from '../apple-access.js';
import { RELEASED, foreignIn } from '../mdm-marker.js';
import { MAX_RETRY_AFTER_MS, type LicensingPorts } from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { AccountCommand } from './account-decider.js';
import { isOver, isUsable, remindersOf, remindsAt, type Account } from './account-state.js';

import { ROUNDS_OF_RETURNS, endOf, workOf } from './work-to-end.js';

type AccountStep = Step<Account, LicensingPorts, AccountCommand>;

/** Reminders of the token's date, each once: what was given is in the log. */
const remind: AccountStep = {
  due(account) {
    if (account.phase !== 'imported' || account.token.state !== 'active') return null;
    const [days] = remindersOf(account.token);
    return days === undefined ? null : { at: remindsAt(account.token.expiresAt, days) };
  },
  perform(state) {
    const { fingerprint } = inPhase(state, 'imported').token;
    return Promise.resolve([{ type: 'RemindOfExpiry', fingerprint }]);
  },
};

/** The token's date: from then on nothing is sent with it, without asking Apple. */
const expire: AccountStep = {
  due(account) {
    if (account.phase !== 'imported' || account.token.state !== 'active') return null;
    return { at: account.token.expiresAt };
  },
  perform(state) {
    const { fingerprint } = inPhase(state, 'imported').token;
    return Promise.resolve([{ type: 'ExpireToken', fingerprint }]);
  },
};

/** Marks the location as ours: Apple has no lock, all MDMs respect the marker. Marking it twice changes nothing. */
const own: AccountStep = {
  due(account) {
    if (account.phase !== 'imported' || account.token.state !== 'active') return null;
    const { ownership } = account;
    return ownership.state === 'wanted' || ownership.state === 'taking-over' ? { at: ownership.at } : null;
  },
  async perform(state, ports) {
    const account = inPhase(state, 'imported');
    const { fingerprint } = account.token;
    if (isOver(account, ports.clock.now())) return [{ type: 'ExpireToken', fingerprint }];
    const { mdmInfo } = ports.settings;
    const access = { ...(await accessTo(account, ports)), mdmId: null };
    const result = await ports.apple.own(access, mdmInfo);
    if (!result.ok) return [{ type: 'RecordOwningFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordOwned', mdmId: mdmInfo.id }];
  },
};

/**
 * Gives Apple the address for notifications. Apple tries it at once, so the receiver must be up. Giving it twice
 * changes nothing.
 */
const subscribe: AccountStep = {
  due(account) {
    if (account.phase !== 'imported' || !isUsable(account) || account.ownership.state !== 'ours') return null;
    return account.subscription.state === 'wanted' ? { at: account.subscription.at } : null;
  },
  async perform(state, ports) {
    const account = inPhase(state, 'imported');
    const { uId, subscription } = account;
    const { fingerprint } = account.token;
    if (subscription.state !== 'wanted') return [];
    if (isOver(account, ports.clock.now())) return [{ type: 'ExpireToken', fingerprint }];
    const notificationUrl = subscription.url;
    const secret = await ports.vault.notificationSecret(uId);
    const access = await accessTo(account, ports);
    const result = await ports.apple.subscribe(access, notificationUrl, secret);
    if (!result.ok) return [{ type: 'RecordSubscriptionFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordSubscribed', notificationUrl }];
  },
};

/**
 * Whether Apple still has our address: it may have been given another one, or have lost ours. Only reads. Like the other
 * steps it waits behind no gate: that is shut when the token's date has come, and the date is noted here where this was
 * due before.
 */
const checkAddress: AccountStep = {
  due(account) {
    if (account.phase !== 'imported' || !isUsable(account)) return null;
    const { subscription } = account;
    return subscription.state === 'subscribed' ? { at: subscription.checkAt } : null;
  },
  async perform(state, ports) {
    const account = inPhase(state, 'imported');
    const { fingerprint } = account.token;
    if (isOver(account, ports.clock.now())) return [{ type: 'ExpireToken', fingerprint }];
    const result = await ports.apple.clientConfig(await accessTo(account, ports));
    if (!result.ok) return [{ type: 'RecordAddressFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordAddress', notificationUrl: result.value.notificationUrl }];
  },
};

/**
 * Ends the work of an account that is given up or removed, round by round, until nothing is open: its ledgers close, and
 * what its calls are about comes to an end. Reads only what is here.
 */
const endWork: AccountStep = {
  due(account) {
    if (account.phase === 'removed') return account.endAt === null ? null : { at: account.endAt };
    if (account.phase === 'new' || account.token.state !== 'active') return null;
    const { ownership } = account;
    return ownership.state === 'giving-up' && !ownership.ended ? { at: ownership.at } : null;
  },
  async perform(state, ports) {
    const account = inPhase(state, 'imported', 'removed');
    const { uId } = account;
    if (account.phase === 'imported') {
      const { ownership } = account;
      if (ownership.state !== 'giving-up') return [];
      const takesBack = ownership.licences === 'return' && ownership.rounds < ROUNDS_OF_RETURNS;
      const ending = { takesBack, abandons: false };
      return endOf(await workOf(uId, ending, ports), ending);
    }
    const ending = { takesBack: false, abandons: true };
    const commands = endOf(await workOf(uId, ending, ports), ending);
    if (commands.every(({ type }) => type === 'RecordWorkEnded'))
      await ports.vault.forgetAccount(uId, account.formerFingerprint);
    return commands;
  },
};

/** Tells Apple that the location is ours no more: another marker, and no notifications. Telling it twice changes nothing. */
const release: AccountStep = {
  due(account) {
    if (account.phase !== 'imported' || account.token.state !== 'active') return null;
    const { ownership } = account;
    return ownership.state === 'giving-up' && ownership.ended ? { at: ownership.at } : null;
  },
  async perform(state, ports) {
    const account = inPhase(state, 'imported');
    const { fingerprint } = account.token;
    if (isOver(account, ports.clock.now())) return [{ type: 'ExpireToken', fingerprint }];
    const access = { ...(await accessTo(account, ports)), mdmId: null };
    const config = await ports.apple.clientConfig(access);
    if (!config.ok) return [{ type: 'RecordReleaseFailure', failure: config.failure, fingerprint }];
    const mdmInfo = foreignIn(config.value.mdmInfo, ports.settings.mdmInfo);
    if (mdmInfo) return [{ type: 'RecordReleased', mdmInfo }];
    const result = await ports.apple.release(access, RELEASED);
    if (!result.ok) return [{ type: 'RecordReleaseFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordReleased', mdmInfo: null }];
  },
};

/** Ledgers that were closed, of an account that was taken back or imported again, take orders again. */
const openLedgers: AccountStep = {
  due(account) {
    if (account.phase !== 'imported' || account.closed === null) return null;
    const { state } = account.ownership;
    return state === 'giving-up' || state === 'given-up' ? null : { at: account.closed.since };
  },
  perform(state) {
    const { closed } = inPhase(state, 'imported');
    const byId = new Map(closed?.ledgers.map((ledger) => [idOfAsset(ledger), ledger]));
    return Promise.resolve([{ type: 'OpenLedgers', ledgers: [...byId.values()] }]);
  },
};

export const accountSteps = {
  'end-work': endWork,
  release,
  'open-ledgers': openLedgers,
  remind,
  expire,
  own,
  subscribe,
  'check-address': checkAddress,
} satisfies Steps<Account, LicensingPorts, AccountCommand>;

export const accountWaits = (timings: Timings): LongestWaits<typeof accountSteps> => {
  const { maxRetryMs, maxProbeMs, addressEveryMs, endWorkEveryMs } = timings;
  const retry = Math.max(maxRetryMs, maxProbeMs, MAX_RETRY_AFTER_MS);
  // A token's date is no interval of ours.
  return {
    'end-work': endWorkEveryMs,
    release: retry,
    'open-ledgers': 0,
    remind: Infinity,
    expire: Infinity,
    own: retry,
    subscribe: retry,
    'check-address': Math.max(retry, addressEveryMs),
  };
};
