import type { Step } from '@seatbook/kernel';
import type { LicensingPorts } from '../ports.js';
import { accessOf } from './account-access.js';
import type { Account, AccountCommand } from './account-decider.js';

type AccountStep = Step<Account, LicensingPorts, AccountCommand>;

/** Marks the location as ours: Apple has no lock, all MDMs respect the marker. */
const own: AccountStep = {
  name: 'own',
  async perform({ uId, fingerprint }, ports) {
    const { mdmInfo } = ports.settings;
    const access = { ...(await accessOf(uId, ports, fingerprint)), mdmId: null };
    const result = await ports.apple.own(access, mdmInfo);
    if (!result.ok) return [{ type: 'RecordOwningFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordOwned', mdmId: mdmInfo.id }];
  },
};

/** Tells Apple where to send notifications. Apple tries the address at once, so the receiver must be up. */
const subscribe: AccountStep = {
  name: 'subscribe',
  async perform({ uId, fingerprint, notificationUrl }, ports) {
    if (notificationUrl === null) return [];
    const secret = await ports.vault.notificationSecret(uId);
    const access = await accessOf(uId, ports, fingerprint);
    const result = await ports.apple.subscribe(access, notificationUrl, secret);
    if (!result.ok) return [{ type: 'RecordSubscriptionFailure', failure: result.failure, fingerprint }];
    return [{ type: 'RecordSubscribed', notificationUrl }];
  },
};

export const accountSteps: readonly AccountStep[] = [own, subscribe];
