import { inPhase, type Step, type Steps } from '@seatbook/kernel';
import { accessTo } from '../apple-access.js';
import { MAX_RETRY_AFTER_MS, type LicensingPorts } from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { AccountCommand } from './account-decider.js';
import { isOver, isUsable, remindersOf, remindsAt, type Account } from './account-state.js';

type AccountStep = Step<Account, LicensingPorts, AccountCommand>;

/** Reminders of the token's date, each once: what was given is in the log. */
const remind: AccountStep = {
  due(account) {
    if (account.phase === 'new' || account.token.state !== 'active') return null;
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
    if (account.phase === 'new' || account.token.state !== 'active') return null;
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
    if (account.phase === 'new' || account.token.state !== 'active') return null;
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
    if (account.phase === 'new' || !isUsable(account) || account.ownership.state !== 'ours') return null;
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
    if (account.phase === 'new' || !isUsable(account)) return null;
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

export const accountSteps = {
  remind,
  expire,
  own,
  subscribe,
  'check-address': checkAddress,
} satisfies Steps<Account, LicensingPorts, AccountCommand>;

export const accountWaits = ({ maxRetryMs, addressEveryMs }: Timings): LongestWaits<typeof accountSteps> => {
  const retry = Math.max(maxRetryMs, MAX_RETRY_AFTER_MS);
  // A token's date is no interval of ours.
  return {
    remind: Infinity,
    expire: Infinity,
    own: retry,
    subscribe: retry,
    'check-address': Math.max(retry, addressEveryMs),
  };
};
