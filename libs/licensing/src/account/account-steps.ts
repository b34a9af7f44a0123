import type { Step, Steps } from '@seatbook/kernel';
import { accessOf } from '../apple-access.js';
import type { LicensingPorts } from '../ports.js';
import type { Account, AccountCommand } from './account-decider.js';

type AccountStep = Step<Account, LicensingPorts, AccountCommand>;

/** Marks the location as ours: Apple has no lock, all MDMs respect the marker. Marking it twice changes nothing. */
const own: AccountStep = {
  due: ({ tokenState, ownAt }) => (tokenState === 'active' && ownAt !== null ? { at: ownAt } : null),
  async perform({ uId, fingerprint }, ports) {
    const { mdmInfo } = ports.settings;
    const access = { ...(await accessOf(uId, ports, fingerprint)), mdmId: null };
    const result = await ports.apple.own(access, mdmInfo);
    if (!result.ok) return [{ type: 'RecordOwningFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordOwned', mdmId: mdmInfo.id }];
  },
};

/**
 * Tells Apple where to send notifications. Apple tries the address at once, so the receiver must be up. Telling it
 * twice changes nothing.
 */
const subscribe: AccountStep = {
  due({ tokenState, ownAt, ownedAs, subscribeAt }) {
    const ours = tokenState === 'active' && ownAt === null && ownedAs !== null;
    return ours && subscribeAt !== null ? { at: subscribeAt } : null;
  },
  async perform({ uId, fingerprint, notificationUrl }, ports) {
    if (notificationUrl === null) return [];
    const secret = await ports.vault.notificationSecret(uId);
    const access = await accessOf(uId, ports, fingerprint);
    const result = await ports.apple.subscribe(access, notificationUrl, secret);
    if (!result.ok) return [{ type: 'RecordSubscriptionFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordSubscribed', notificationUrl }];
  },
};

export const accountSteps: Steps<Account, LicensingPorts, AccountCommand> = { own, subscribe };
