import * as wrote from '@seatbook/test-support/asset-history';
import { KEYNOTE, PAGES, devices, manyDevices } from '@seatbook/test-support/licensing-builders';
import { assetDecider } from './asset/asset-decider.js';
import type { AssetEvent } from './asset/asset-events.js';
import { emptyAsset, evolveAsset, type Asset } from './asset/asset-state.js';
import { holderCount, type Holders } from './holder.js';
import { orderPlan, planOfLedger, type DevicesOfPersons } from './order-plan.js';

const LIMITS = { maxAssets: 25, maxSerialNumbers: 1_000, maxClientUserIds: 1_000 };
const assign = { kind: 'AssignLicense', ifShort: 'wait', fromReserve: false, platform: null } as const;
const rollOut = { ...assign, kind: 'RolloutApp' } as const;
const giveBack = { ...assign, kind: 'ReturnLicense' } as const;

const ledger = (...events: readonly AssetEvent[]): Asset => events.reduce(evolveAsset, emptyAsset());
const planned = (
  terms: Parameters<typeof planOfLedger>[0],
  holders: Holders,
  asset: Asset,
  own?: DevicesOfPersons,
) => planOfLedger(terms, holders, PAGES, asset, own).planned;

/** A device in each state. */
const every = ledger(
  ...wrote.owned(7),
  wrote.reserved('one', devices('CLAIMED', 'ASSIGNED', 'RETURNING', 'FAILED', 'PENDING'), 1),
  wrote.claimed('call-1', devices('ASSIGNED', 'RETURNING', 'FAILED'), [1]),
  wrote.failed('call-1', 'one', devices('FAILED')),
  wrote.assigned('call-1', 'one', devices('ASSIGNED', 'RETURNING')),
  wrote.returning('two', devices('RETURNING'), 2),
  wrote.claimed('call-2', devices('CLAIMED', 'PENDING'), [1]),
  wrote.returnPending('two', devices('PENDING'), 3),
  wrote.reserved('one', devices('RESERVED'), 4),
  wrote.waits('one', devices('WAITING'), 5),
);
const everyone = devices(
  'CLAIMED',
  'ASSIGNED',
  'RETURNING',
  'FAILED',
  'PENDING',
  'RESERVED',
  'WAITING',
  'NEW',
);

describe('what an order would do', () => {
  it('is said of each pair once', () => {
    expect(planned(assign, everyone, every)).toMatchObject({
      sent: 0,
      waiting: 3,
      waitingReason: 'short',
      alreadyHeld: 5,
      refused: 0,
    });
    expect(planned(giveBack, everyone, every)).toMatchObject({
      sent: 1,
      ended: 2,
      pending: 1,
      alreadyHeld: 2,
      notHeld: 2,
    });
    expect(planned(rollOut, everyone, every)).toMatchObject({
      sent: 0,
      needed: 0,
      starting: 1,
      coming: 3,
      installations: 4,
      refused: 4,
      refusal: 'NO_LICENSE',
      leftOut: {
        waiting: ['d:CLAIMED', 'd:RESERVED', 'd:WAITING'],
        refused: ['d:RETURNING', 'd:FAILED', 'd:PENDING', 'd:NEW'],
      },
    });
  });

  it('counts the installations that follow from assigning a mandatory app to devices', () => {
    const holders = { serialNumbers: ['A', 'B', 'C', 'ASSIGNED'], userIds: ['person-1'] };
    const mandatory = { ...assign, install: ['361309726.STDQ'] };
    expect(planned(mandatory, holders, ledger(...wrote.owned(2)))).toMatchObject({
      sent: 2,
      waiting: 3,
      installations: 4,
    });
    expect(planned(mandatory, devices('ASSIGNED'), every)).toMatchObject({
      alreadyHeld: 1,
      installations: 0,
    });
    expect(planned(assign, holders, ledger(...wrote.owned(2)))).toMatchObject({ installations: 0 });
  });

  it('counts a person with those of the own devices that the app fits, and who has not accepted not at all', () => {
    const own: DevicesOfPersons = new Map([
      [
        'person-1',
        [
          { device: 'A', platform: 'iOS' },
          { device: 'B', platform: 'macOS' },
          { device: 'C', platform: 'tvOS' },
          { device: 'D', platform: null },
        ],
      ],
    ]);
    const holders = { serialNumbers: ['E'], userIds: ['person-1', 'person-2'] };
    const mandatory = { ...assign, install: ['361309726.STDQ'] };
    const owned = ledger(...wrote.owned(9));
    expect(planned(mandatory, holders, owned, own)).toMatchObject({ sent: 3, installations: 3 });
    const held = ledger(
      ...wrote.owned(9),
      wrote.reserved('one', holders, 1),
      wrote.claimed('call-1', { serialNumbers: [], userIds: ['person-1'] }, [1]),
      wrote.assigned('call-1', 'one', { serialNumbers: [], userIds: ['person-1'] }),
    );
    const counted = planned(rollOut, holders, held, own);
    expect(counted).toMatchObject({ starting: 1, coming: 2, installations: 3 });
    // A book is not installed.
    const book = ledger(...wrote.owned(9, { productType: 'Book' }));
    expect(planned(mandatory, holders, book, own)).toMatchObject({ sent: 3, installations: 0 });
  });

  it('is what the ledger answers to a rollout', () => {
    const [answer] = assetDecider.decide(
      { type: 'AskInstallations', orderId: 'three', part: 0, holders: everyone },
      every,
      0,
    );
    if (answer?.type !== 'asset.installations-answered') throw new Error('no answer');
    const { start, coming, refused, refusal } = answer.data;
    expect(planned(rollOut, everyone, every)).toMatchObject({
      starting: holderCount(start),
      coming: holderCount(coming),
      refused: holderCount(refused),
      refusal,
    });
  });

  it.each([
    ['free licences', ledger(...wrote.owned(2)), { sent: 2, waiting: 1, waitingReason: 'short' }],
    ['nothing read yet', ledger(...wrote.notRead(9)), { waiting: 3, waitingReason: 'not-read-yet' }],
    [
      'no device assignment',
      ledger(...wrote.owned(9, { deviceAssignable: false })),
      { refused: 3, refusal: 'NOT_DEVICE_ASSIGNABLE' },
    ],
  ])('is what the ledger answers to the order: %s', (_what, asset, expected) => {
    const holders = devices('A', 'B', 'C');
    expect(planned(assign, holders, asset)).toMatchObject(expected);
    const [answer] = assetDecider.decide(
      { type: 'ReserveLicenses', orderId: 'one', part: 0, holders, ...assign },
      asset,
      0,
    );
    if (answer?.type !== 'asset.licenses-reserved') throw new Error('no answer');
    const { reserved, waiting, refused, refusal } = answer.data;
    expect(planned(assign, holders, asset)).toMatchObject({
      sent: holderCount(reserved),
      waiting: holderCount(waiting),
      refused: holderCount(refused),
      refusal,
    });
  });

  it('counts the calls that it would take', () => {
    const asset = ledger(...wrote.owned(5_000));
    const of = (count: number, id = PAGES) => planOfLedger(assign, manyDevices(count), id, asset);
    expect(orderPlan([of(2_500)], LIMITS, 2)).toMatchObject({ calls: 3, lowerBound: 3, seconds: 2 });
    expect(orderPlan([of(1_000), of(1_000, KEYNOTE)], LIMITS, 2)).toMatchObject({ calls: 1, lowerBound: 1 });
    expect(orderPlan([of(1_000), of(10, KEYNOTE)], LIMITS, 2)).toMatchObject({ calls: 2, lowerBound: 1 });
    const nothing = orderPlan([planOfLedger(giveBack, devices('A'), PAGES, asset)], LIMITS, 2);
    expect(nothing).toMatchObject({ calls: 0, lowerBound: 0, seconds: 0 });
  });

  it('changes nothing', () => {
    const before = structuredClone(every);
    planned(assign, everyone, every);
    planned(giveBack, everyone, every);
    expect(every).toEqual(before);
  });
});
