import { deciderSpec } from '@seatbook/test-support/decider-spec';
import type { AssetId } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { installationDecider, type InstallationCommand } from './installation-decider.js';
import type { InstallationEvent, WantedBy } from './installation-events.js';
import { installationSteps } from './installation-steps.js';

const given = deciderSpec(installationDecider(DEFAULT_TIMINGS), installationSteps);

const adamId = '900000001';
const OWN: WantedBy = { uId: 'L1', pricingParam: 'STDQ', orderId: 'o1' };
const PERSONS: WantedBy = { uId: 'L1', pricingParam: 'STDQ', orderId: 'o2', userId: 'p1' };
const ELSEWHERE: WantedBy = { uId: 'L2', pricingParam: 'STDQ', orderId: 'o3' };

const assetIn = ({ pricingParam }: WantedBy): AssetId => ({ adamId, pricingParam });
const install = (uuid: string, by: WantedBy, attempt = 1): InstallationCommand => ({
  type: 'CommandInstallation',
  ...{ uuid, uId: by.uId, asset: assetIn(by), orderId: by.orderId, attempt, userId: by.userId },
});
const remove = (uuid: string, by: WantedBy): InstallationCommand => ({
  type: 'CommandRemoval',
  ...{ uuid, uId: by.uId, asset: assetIn(by), orderId: 'back', attempt: 1, userId: by.userId },
});
const goesBack = (by: WantedBy): InstallationCommand => ({
  type: 'CancelInstallation',
  ...{ uId: by.uId, asset: assetIn(by), userId: by.userId },
});
const commanded = (uuid: string, by: WantedBy): InstallationEvent => ({
  type: 'installation.commanded',
  data: { ...by, adamId, attempt: 1, uuid, lookAt: 1_000, giveUpAt: 2_000 },
});
const notNeeded = (uuid: string, by?: WantedBy): InstallationEvent => ({
  type: 'installation.not-needed',
  data: { adamId, uuid, ...(by && { by }) },
});
const cancelled = (uuid: string, by: WantedBy, next?: WantedBy): InstallationEvent => ({
  type: 'installation.cancelled',
  data: { ...by, adamId, attempt: 1, uuid, ...(next && { next }) },
});
const INSTALLED: readonly InstallationEvent[] = [
  {
    type: 'installation.acknowledged',
    data: { adamId, uuid: 'a', bundleId: 'b', prompting: false, state: null, lookAt: 10, giveUpAt: 2_000 },
  },
  { type: 'installation.list-asked', data: { uuid: 'l', apps: [{ adamId, bundleId: 'b' }], lookAt: 20 } },
  {
    type: 'installation.listed',
    data: { uuid: 'l', apps: [{ adamId, state: 'installed', version: 1, reason: null, lookAt: null }] },
  },
];

describe('an app that was rolled out to a device by two licences', () => {
  it('is installed by one command, and the other licence is remembered, once', () => {
    given(commanded('a', OWN)).when(install('b', PERSONS)).then(notNeeded('b', PERSONS));
    given(commanded('a', OWN))
      .when(install('b', { ...OWN, orderId: 'o9' }))
      .then(notNeeded('b'));
    given(commanded('a', OWN), notNeeded('b', PERSONS), notNeeded('c', { ...PERSONS, orderId: 'o9' }))
      .when(goesBack(OWN))
      .then(cancelled('a', OWN, { ...PERSONS, orderId: 'o9' }));
  });

  it.each([
    ['its own, by that of its person', OWN, PERSONS],
    ['that of its person, by its own', PERSONS, OWN],
    ['its own, by that of another account', OWN, ELSEWHERE],
  ])('goes on when the licence goes back that it was to be installed by: %s', (_case, first, second) => {
    const both = [commanded('a', first), notNeeded('b', second)];
    given(...both)
      .when(goesBack(first))
      .then(cancelled('a', first, second));
    const anew = given(...both, cancelled('a', first, second));
    anew.when(install('c', second)).thenTypes('installation.commanded');
    // One order may have rolled it out by both.
    const same = { ...second, orderId: first.orderId };
    given(commanded('a', first), notNeeded('b', same), cancelled('a', first, same))
      .when(install('c', same))
      .thenTypes('installation.commanded');
    // The other one is the last: when it goes back, nothing is done any more.
    given(...both, cancelled('a', first, second), commanded('c', second))
      .when(goesBack(second))
      .then(cancelled('c', second));
  });

  it('goes on by the next one when there is no licence at the moment of sending', () => {
    given(commanded('a', OWN), notNeeded('b', PERSONS), notNeeded('c', ELSEWHERE))
      .when({ type: 'RecordUnsent', uuid: 'a', reason: 'no-licence' })
      .then(cancelled('a', OWN, PERSONS));
    given(
      ...[commanded('a', OWN), notNeeded('b', PERSONS), notNeeded('c', ELSEWHERE)],
      ...[cancelled('a', OWN, PERSONS), commanded('d', PERSONS)],
    )
      .when({ type: 'RecordUnsent', uuid: 'd', reason: 'no-licence' })
      .then(cancelled('d', PERSONS, ELSEWHERE));
  });

  it('stays as it is when the other licence goes back, and is forgotten with the device', () => {
    given(commanded('a', OWN), notNeeded('b', PERSONS)).when(goesBack(PERSONS)).thenNothing();
    given(
      ...[commanded('a', OWN), notNeeded('b', PERSONS)],
      { type: 'installation.device-left', data: { removed: [], failed: [adamId] } },
      commanded('c', OWN),
    )
      .when(goesBack(OWN))
      .then(cancelled('c', OWN));
  });

  it('is asked whether it is to be removed by whichever licence is gone, where it is installed', () => {
    const installed = [commanded('a', OWN), ...INSTALLED];
    given(...installed)
      .when(remove('b', PERSONS))
      .thenTypes('installation.removal-commanded');
    given(...installed)
      .when(remove('b', OWN))
      .thenTypes('installation.removal-commanded');
    // It is on its way by the licence that is there.
    given(commanded('a', OWN)).when(remove('b', PERSONS)).then(notNeeded('b'));
  });
});
