import { chunksOf } from '@seatbook/kernel';
import * as wrote from '@seatbook/test-support/asset-history';
import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { EventLog } from '@seatbook/test-support/event-log';
import { MAX_KEYS } from '@seatbook/test-support/read-model-spec';
import {
  READ_AT,
  appleAsset,
  devices,
  manyDevices,
  persons,
} from '@seatbook/test-support/licensing-builders';
import { NOBODY, holderCount, holderKeys, holdersOf, type Holders } from '../holder.js';
import { licensingModels } from '../licensing.js';
import type { AppleAsset, ContentMetadata } from '../ports.js';
import { assetDecider, unknownAsset, type AssetCommand } from './asset-decider.js';
import type { PairFailure } from '../apple-call/call-events.js';
import type { AssetEvent } from './asset-events.js';
import { assetReactions } from './asset-reactions.js';
import { MAX_PAIR_TRIES } from './settle-call.js';
import { orderedSerials } from '../serial-number.js';
import { assetSnapshot, evolveAsset, emptyAsset, freeLicences } from './asset-state.js';

const given = deciderSpec(assetDecider);

const record = (more: Partial<AppleAsset> = {}, nothingAssigned = true): AssetCommand => ({
  type: 'RecordAsset',
  asset: appleAsset(more),
  readAt: READ_AT,
  since: null,
  nothingAssigned,
});
const reserve = (
  orderId: string,
  holders: Holders,
  more: Partial<AssetCommand & { type: 'ReserveLicenses' }> = {},
): AssetCommand => ({
  type: 'ReserveLicenses',
  orderId,
  part: 0,
  holders,
  ifShort: 'wait',
  fromReserve: false,
  platform: null,
  ...more,
});
const giveBack = (orderId: string, holders: Holders): AssetCommand => ({
  type: 'ReturnLicenses',
  orderId,
  part: 0,
  holders,
});
const claim = (
  callId: string,
  holders: Holders,
  action: 'associate' | 'disassociate' = 'associate',
): AssetCommand => ({
  type: 'ClaimPairs',
  callId,
  action,
  holders,
});
const settle = (
  callId: string,
  failures: readonly Partial<PairFailure>[] = [],
  action: 'associate' | 'disassociate' = 'associate',
): AssetCommand => ({
  type: 'SettleCall',
  callId,
  action,
  attempts: 1,
  failures: failures.map((failure) => ({
    errorNumber: 9_610,
    reason: 'no',
    verdict: 'failed',
    limit: 0,
    notBefore: NOW,
    holders: null,
    ...failure,
  })),
});

const A = devices('A');
const stocked = (total: number): AssetCommand => record({ total, available: total });

// Histories of a pair of device A, event by event.
const reserved = [...wrote.owned(5), wrote.reserved('one', A, 1)];
const claimed = [...reserved, wrote.claimed('call-1', A, [1])];
const assigned = [...claimed, wrote.assigned('call-1', 'one', A)];
const returning = [...assigned, wrote.returning('two', A, 2)];
const takenBack = [...returning, wrote.claimed('call-2', A, [2], 'disassociate')];
const returnPending = [...claimed, wrote.returnPending('two', A, 2)];
const followed = [...takenBack, wrote.follows('three', A, 3)];
const waiting = [...wrote.owned(0), wrote.waits('one', A, 1)];
const failed = [...claimed, wrote.failed('call-1', 'one', A)];

const one = (events: readonly AssetEvent[], type: AssetEvent['type']): AssetEvent['data'] => {
  const found = events.filter((event) => event.type === type);
  expect(found).toHaveLength(1);
  return (found[0] as AssetEvent).data;
};

describe('recording an asset as Apple reports it', () => {
  it('discovers it, notes its totals and completes the baseline where nothing is assigned', () => {
    given()
      .when(stocked(5))
      .then(
        {
          type: 'asset.discovered',
          data: {
            productType: 'App',
            deviceAssignable: true,
            revocable: true,
            supportedPlatforms: ['iOS', 'macOS'],
          },
        },
        {
          type: 'asset.totals-read',
          data: {
            unlimited: false,
            total: 5,
            assigned: 0,
            available: 5,
            retired: 0,
            takenElsewhere: 0,
            readAt: READ_AT,
          },
        },
        { type: 'asset.baseline-completed', data: { count: 0, unstable: false } },
      );
  });

  it('waits for the walk where something is assigned', () => {
    given().when(record({}, false)).thenTypes('asset.discovered', 'asset.totals-read');
  });

  it('notes changed traits', () => {
    const { events } = given(...wrote.owned(5)).when(record({ total: 7, revocable: false }));
    expect(events.map(({ type }) => type)).toEqual([
      'asset.traits-changed',
      'asset.count-changed',
      'asset.totals-read',
    ]);
    expect(one(events, 'asset.traits-changed')).toMatchObject({ revocable: false });
    expect(one(events, 'asset.totals-read')).toMatchObject({ total: 7 });
  });

  it('only reads totals where nothing else is new', () => {
    given(...wrote.owned(5))
      .when(stocked(5))
      .thenTypes('asset.totals-read');
  });

  it('withdraws unclaimed reservations beyond the total, newest first', () => {
    const before = [
      ...wrote.owned(5),
      wrote.reserved('one', devices('A', 'B'), 1),
      wrote.reserved('two', devices('C'), 2),
      wrote.reserved('three', devices('D'), 3),
    ];
    const { events } = given(...before).when(stocked(2));
    expect(one(events, 'asset.reservations-withdrawn')).toEqual({
      ...devices('C', 'D'),
      orderIds: ['two', 'three'],
      fromLots: [2, 3],
    });
  });

  it('keeps what is assigned or claimed when the total falls, and shows no licence as free', () => {
    const before = [
      ...wrote.owned(3),
      wrote.reserved('one', A, 1),
      wrote.claimed('call-1', A, [1]),
      wrote.assigned('call-1', 'one', A),
      wrote.reserved('two', devices('B'), 2),
      wrote.claimed('call-2', devices('B'), [2]),
    ];
    const { events } = given(...before).when(stocked(0));
    expect(events.map(({ type }) => type)).toEqual(['asset.count-changed', 'asset.totals-read']);
    expect(freeLicences(given(...before, ...events).state)).toBe(0);
  });

  it('puts withdrawn pairs before all that wait already', () => {
    const before = [
      ...wrote.owned(2),
      wrote.reserved('one', devices('A', 'B'), 1),
      wrote.waits('two', devices('C'), 2),
      wrote.withdrawn('one', devices('B'), [1]),
    ];
    const { events } = given(...before).when(stocked(0));
    expect([...given(...before, ...events).state.waiting]).toEqual(['d:A', 'd:B', 'd:C']);
  });

  it('withdraws nothing from an unlimited asset', () => {
    given(...reserved)
      .when(record({ unlimited: true, total: 0, available: 0 }))
      .thenTypes('asset.count-changed', 'asset.totals-read');
  });

  it('clears a shortage when one is available, and not before', () => {
    const short = [...claimed, wrote.foundShort('call-1', 'one', A)];
    given(...short)
      .when(record({ total: 5, available: 0 }))
      .thenTypes('asset.totals-read');
    given(...short)
      .when(record({ total: 5, available: 1 }))
      .thenTypes('asset.totals-read', 'asset.shortage-cleared');
    given(...short)
      .when(record({ unlimited: true, total: 0, available: 0 }))
      .thenTypes('asset.count-changed', 'asset.totals-read', 'asset.shortage-cleared');
  });

  it('withdraws a great many in several appends, each within the limits', () => {
    const orders = chunksOf(holderKeys(manyDevices(25_000)), 1_000).map((keys, index) =>
      wrote.reserved(`order-${index}`, holdersOf(keys), index + 1),
    );
    let events: readonly AssetEvent[] = [...wrote.owned(25_000), ...orders];
    let command: AssetCommand = stocked(0);
    for (const expected of [10_000, 10_000, 5_000, 0]) {
      const made = given(...events).when(command).events;
      const withdrawn = made.filter(({ type }) => type === 'asset.reservations-withdrawn');
      expect(withdrawn.reduce((sum, { data }) => sum + holderCount(data as Holders), 0)).toBe(expected);
      expect(JSON.stringify(made).length).toBeLessThan(800_000);
      for (const event of withdrawn) command = reactionTo(event) as AssetCommand;
      events = [...events, ...made];
    }
    expect(given(...events).state.waiting.size).toBe(25_000);
  });
});

/** What the asset's own reaction says to an event. */
function reactionTo(event: AssetEvent): unknown {
  const [envelope] = new EventLog().append('asset-1.2.STDQ', [event]);
  const [command] = assetReactions.flatMap((reaction) =>
    reaction.handles.includes(event.type) && envelope ? reaction.react(envelope) : [],
  );
  return command?.command;
}

describe('describing an asset', () => {
  const metadata: ContentMetadata = {
    adamId: '361309726',
    name: 'Pages',
    bundleId: 'com.apple.Pages',
    iconUrl: null,
    artistName: 'Apple',
    deviceFamilies: ['iphone'],
    kind: 'iosSoftware',
    version: 7,
  };

  it('happens once for the same words', () => {
    given().when({ type: 'DescribeAsset', metadata }).thenOnce();
    given().when({ type: 'DescribeAsset', metadata }).thenTypes('asset.described');
  });

  it('happens anew for other words', () => {
    given(wrote.described('Pages')).when({ type: 'DescribeAsset', metadata }).thenNothing();
    given(wrote.described('Pages'))
      .when({ type: 'DescribeAsset', metadata: { ...metadata, name: 'Pages 2' } })
      .thenTypes('asset.described');
  });
});

describe('adopting what Apple holds', () => {
  const adopt = (holders: Holders): AssetCommand => ({ type: 'AdoptAssignments', holders });

  it('takes unknown pairs over as assigned, once', () => {
    given(...wrote.notRead(10))
      .when(adopt(devices('A', 'B')))
      .then({ type: 'asset.assignments-adopted', data: { ...devices('A', 'B'), failedBefore: 0 } });
    given().when(adopt(A)).thenOnce();
  });

  it('takes a pair once that the walk named twice', () => {
    given()
      .when(adopt(devices('A', 'A')))
      .then({ type: 'asset.assignments-adopted', data: { ...A, failedBefore: 0 } });
  });

  it('gives a waiting pair to the order that waits for it', () => {
    given(...waiting)
      .when(adopt(A))
      .then({
        type: 'asset.licenses-assigned',
        data: { callId: null, ...A, orderId: 'one' },
      });
  });

  it('ends the wait of a device that Apple lists with its serial number spelled differently', () => {
    const before = [...wrote.notRead(2), wrote.waits('one', devices('C02XK0AAHV29'), 1, 'not-read-yet')];
    const events = given(...before).when(adopt(devices('c02xk0aahv29'))).events;
    expect(events).toEqual([
      { type: 'asset.assignments-adopted', data: { ...devices('c02xk0aahv29'), failedBefore: 0 } },
      { type: 'asset.found-held', data: { ...devices('C02XK0AAHV29'), orderId: 'one' } },
    ]);
    const { state } = given(...before, ...events);
    expect([...state.pairs.keys()]).toEqual(['d:c02xk0aahv29']);
    expect([state.used, state.waiting.size]).toEqual([1, 0]);
  });

  it('adopts a failed pair as nobody’s', () => {
    const events = given(...failed).when(adopt(A)).events;
    expect(events).toEqual([{ type: 'asset.assignments-adopted', data: { ...A, failedBefore: 1 } }]);
    expect(given(...failed, ...events).state.pairs.get('d:A')).toMatchObject({
      state: 'assigned',
      orderId: '',
    });
  });

  it.each([
    ['reserved', reserved],
    ['claimed', claimed],
    ['assigned', assigned],
    ['returning', returning],
  ])('leaves a pair alone that is %s', (_state, history) => {
    given(...history)
      .when(adopt(A))
      .thenNothing();
  });

  it('counts adopted pairs as used, beyond the total if need be', () => {
    const before = [...wrote.notRead(1), wrote.adopted(devices('A', 'B')), wrote.baselineCompleted(2)];
    const { state } = given(...before);
    expect([state.used, freeLicences(state)]).toEqual([2, 0]);
  });

  it('corrects an adoption that was wrong, once, and only while nothing was ordered for the pair', () => {
    const correct: AssetCommand = { type: 'CorrectAdoption', holders: devices('A', 'B', 'C') };
    const before = [
      ...wrote.notRead(5),
      wrote.adopted(devices('A', 'B')),
      wrote.baselineCompleted(2),
      wrote.returning('one', devices('B'), 1),
    ];
    given(...before)
      .when(correct)
      .then({ type: 'asset.adoption-corrected', data: devices('A') });
    given(...before)
      .when(correct)
      .thenOnce();
    given(...assigned)
      .when(correct)
      .thenNothing();
    const { events } = given(...before).when(correct);
    expect(freeLicences(given(...before, ...events).state)).toBe(4);
  });

  it('completes the baseline once', () => {
    given(...wrote.notRead(10))
      .when({ type: 'CompleteBaseline', count: 3, unstable: true })
      .then({ type: 'asset.baseline-completed', data: { count: 3, unstable: true } });
    given().when({ type: 'CompleteBaseline', count: 3, unstable: true }).thenOnce();
  });
});

describe('reserving licences', () => {
  const answer = (events: readonly AssetEvent[]) =>
    one(events, 'asset.licenses-reserved') as Extract<
      AssetEvent,
      { type: 'asset.licenses-reserved' }
    >['data'];

  it('answers each holder in one event', () => {
    given(...wrote.owned(1))
      .when(reserve('one', devices('A', 'B')))
      .then({
        type: 'asset.licenses-reserved',
        data: {
          orderId: 'one',
          part: 0,
          ifShort: 'wait',
          fromReserve: false,
          reserved: devices('A'),
          lot: 1,
          waiting: devices('B'),
          waitingReason: 'short',
          following: NOBODY,
          alreadyHeld: NOBODY,
          heldBy: [],
          refused: NOBODY,
          refusal: null,
          free: 1,
          failedBefore: 0,
        },
      });
  });

  it('refuses those beyond what is free where the order does not wait', () => {
    const data = answer(
      given(...wrote.owned(1)).when(reserve('one', devices('A', 'B'), { ifShort: 'refuse' })).events,
    );
    expect(data).toMatchObject({
      reserved: devices('A'),
      refused: devices('B'),
      refusal: 'SHORT',
      waitingReason: null,
    });
  });

  it('gives nobody a licence before those who wait', () => {
    const before = [...waiting, wrote.totalsRead(5)];
    const data = answer(given(...before).when(reserve('two', devices('B'))).events);
    expect(data).toMatchObject({ reserved: NOBODY, waiting: devices('B'), free: 5 });
  });

  it('waits, or says so, as long as the baseline is not read', () => {
    const before = wrote.notRead(5);
    expect(answer(given(...before).when(reserve('one', A)).events)).toMatchObject({
      waiting: A,
      waitingReason: 'not-read-yet',
      free: 0,
    });
    expect(answer(given(...before).when(reserve('one', A, { ifShort: 'refuse' })).events)).toMatchObject({
      refused: A,
      refusal: 'NOT_READ_YET',
    });
    expect(answer(given().when(reserve('one', A)).events)).toMatchObject({
      waiting: A,
      waitingReason: 'not-read-yet',
    });
  });

  it('refuses devices of an asset that is for persons only, and serves the persons', () => {
    const both = { ...A, userIds: ['p'] };
    const data = answer(
      given(...wrote.owned(10, { deviceAssignable: false })).when(reserve('one', both)).events,
    );
    expect(data).toMatchObject({ refused: A, refusal: 'NOT_DEVICE_ASSIGNABLE', reserved: persons('p') });
  });

  it('refuses a platform that the asset does not support', () => {
    const before = wrote.owned(10, { supportedPlatforms: ['iOS'] });
    expect(answer(given(...before).when(reserve('one', A, { platform: 'tvOS' })).events)).toMatchObject({
      refused: A,
      refusal: 'PLATFORM',
    });
    expect(answer(given(...before).when(reserve('one', A, { platform: 'iOS' })).events)).toMatchObject({
      reserved: A,
      refusal: null,
    });
    expect(
      answer(
        given(...wrote.owned(10, { supportedPlatforms: [] })).when(reserve('one', A, { platform: 'tvOS' }))
          .events,
      ),
    ).toMatchObject({ reserved: A });
  });

  it('has no end of an unlimited asset', () => {
    const before = [wrote.discovered(), wrote.unlimitedRead(), wrote.baselineCompleted()];
    expect(answer(given(...before).when(reserve('one', manyDevices(1_000))).events)).toMatchObject({
      reserved: manyDevices(1_000),
      free: null,
    });
  });

  it.each([
    ['waiting', waiting, 'one'],
    ['reserved', reserved, 'one'],
    ['claimed', claimed, 'one'],
    ['assigned', assigned, 'one'],
    ['claimed, with a return remembered', returnPending, 'one'],
    ['returning, with a wish remembered', followed, 'three'],
  ])('names the order that holds a pair which is %s', (_state, history, holder) => {
    expect(answer(given(...history).when(reserve('new', A)).events)).toMatchObject({
      alreadyHeld: A,
      heldBy: [holder],
      reserved: NOBODY,
      waiting: NOBODY,
    });
  });

  it('overrules a return that has not begun', () => {
    const events = given(...returnPending).when(reserve('new', A)).events;
    expect(events[1]).toEqual({
      type: 'asset.reservations-ended',
      data: { ...A, orderId: 'two', was: 'pending', by: 'new', fromLots: [] },
    });
    expect(given(...returnPending, ...events).state.pairs.get('d:A')).toMatchObject({
      state: 'reserved',
      orderId: 'one',
      followUp: null,
    });
  });

  it('names nobody for an adopted pair', () => {
    const before = [...wrote.notRead(10), wrote.adopted(A)];
    expect(answer(given(...before).when(reserve('new', A)).events)).toMatchObject({
      alreadyHeld: A,
      heldBy: [''],
    });
  });

  const SPELLED = ['c02xk0aahv29', 'C02xk0AAHV29', ' C02XK0AAHV29 '];

  it.each(SPELLED)('takes a device that Apple lists as "%s" for the same one', (spelling) => {
    const before = [...wrote.notRead(2), wrote.adopted(devices(spelling)), wrote.baselineCompleted(1)];
    expect(answer(given(...before).when(reserve('new', devices('C02XK0AAHV29'))).events)).toMatchObject({
      alreadyHeld: devices(spelling),
      reserved: NOBODY,
    });
  });

  it.each([
    ['not yet claimed', returning],
    ['claimed', takenBack],
  ])('remembers the wish for a pair that is returning and %s', (_state, history) => {
    const events = given(...history).when(reserve('three', A)).events;
    expect(answer(events)).toMatchObject({ following: A, alreadyHeld: NOBODY });
    expect(given(...history, ...events).state.pairs.get('d:A')).toMatchObject({
      state: 'returning',
      followUp: { action: 'assign', orderId: 'three' },
    });
  });

  it('takes a failed pair as new and says how many there were', () => {
    expect(answer(given(...failed).when(reserve('new', devices('A', 'B'))).events)).toMatchObject({
      reserved: devices('A', 'B'),
      failedBefore: 1,
    });
  });
});

describe('returning licences', () => {
  const types = (history: readonly AssetEvent[]) => given(...history).when(giveBack('new', A)).events;

  it('starts the return of an assigned pair', () => {
    given(...assigned)
      .when(giveBack('two', A))
      .then({
        type: 'asset.licenses-returning',
        data: {
          orderId: 'two',
          part: 0,
          returning: A,
          lot: 2,
          ended: 0,
          pending: NOBODY,
          alreadyHeld: NOBODY,
          heldBy: [],
          notHeld: NOBODY,
          refused: NOBODY,
          refusal: null,
        },
      });
  });

  it.each([
    ['unknown', wrote.owned(5)],
    ['failed', failed],
  ])('says that a pair is not held which is %s', (_state, history) => {
    expect(one(types(history), 'asset.licenses-returning')).toMatchObject({ notHeld: A, ended: 0 });
  });

  it.each(['c02lower0001', 'VMq7RtLm+4Zs', 'Parallels-9A 12', 'X1', 'C02TRAILING1 '])(
    'takes back what Apple lists as "%s", in that spelling',
    (spelling) => {
      const before = [...wrote.notRead(2), wrote.adopted(devices(spelling)), wrote.baselineCompleted(1)];
      const asked = devices(...orderedSerials([spelling], 'return'));
      const events = given(...before).when(giveBack('new', asked)).events;
      expect(one(events, 'asset.licenses-returning')).toMatchObject({
        returning: devices(spelling),
        notHeld: NOBODY,
      });
    },
  );

  it('takes back one after the other where Apple lists a device twice', () => {
    const both = devices('c02xk0aahv29', 'C02xk0aahv29');
    const before = [...wrote.notRead(2), wrote.adopted(both), wrote.baselineCompleted(2)];
    const asked = devices('C02XK0AAHV29');
    const first = given(...before).when(giveBack('one', asked)).events;
    expect(one(first, 'asset.licenses-returning')).toMatchObject({ returning: devices('c02xk0aahv29') });
    const gone: AssetEvent = {
      type: 'asset.licenses-returned',
      data: { ...devices('c02xk0aahv29'), orderId: 'one', callId: 'call-1' },
    };
    const second = given(...before, ...first, gone).when(giveBack('two', asked)).events;
    expect(one(second, 'asset.licenses-returning')).toMatchObject({ returning: devices('C02xk0aahv29') });
  });

  it('ends an unclaimed reservation at once', () => {
    const events = types(reserved);
    expect(one(events, 'asset.licenses-returning')).toMatchObject({ ended: 1, returning: NOBODY });
    expect(one(events, 'asset.reservations-ended')).toEqual({
      ...A,
      orderId: 'one',
      was: 'reserved',
      by: 'new',
      fromLots: [1],
    });
  });

  it('ends waiting at once', () => {
    const events = types(waiting);
    expect(one(events, 'asset.reservations-ended')).toEqual({
      ...A,
      orderId: 'one',
      was: 'waiting',
      by: 'new',
      fromLots: [],
    });
    expect(given(...waiting, ...events).state.waiting.size).toBe(0);
  });

  it('remembers the return of a claimed pair', () => {
    const events = types(claimed);
    expect(one(events, 'asset.licenses-returning')).toMatchObject({ pending: A, returning: NOBODY });
    expect(given(...claimed, ...events).state.pairs.get('d:A')?.followUp).toEqual({
      action: 'return',
      orderId: 'new',
    });
  });

  it('names the order that has the return of a claimed pair already', () => {
    expect(one(types(returnPending), 'asset.licenses-returning')).toMatchObject({
      alreadyHeld: A,
      heldBy: ['two'],
    });
  });

  it.each([
    ['unclaimed', returning],
    ['claimed', takenBack],
  ])('names the order that returns an %s pair already', (_state, history) => {
    expect(one(types(history), 'asset.licenses-returning')).toMatchObject({
      alreadyHeld: A,
      heldBy: ['two'],
    });
  });

  it('ends the wish that was to follow a return', () => {
    const events = types(followed);
    expect(one(events, 'asset.licenses-returning')).toMatchObject({ alreadyHeld: A, heldBy: ['two'] });
    expect(one(events, 'asset.reservations-ended')).toEqual({
      ...A,
      orderId: 'three',
      was: 'following',
      by: 'new',
      fromLots: [],
    });
    expect(given(...followed, ...events).state.pairs.get('d:A')).toMatchObject({
      state: 'returning',
      followUp: null,
    });
  });

  it('is refused for what Apple never takes back, while a reservation still ends', () => {
    const irrevocable = wrote.discovered({ revocable: false });
    for (const history of [claimed, assigned, returning]) {
      expect(one(types([...history, irrevocable]), 'asset.licenses-returning')).toMatchObject({
        refused: A,
        refusal: 'NOT_REVOCABLE',
      });
    }
    for (const history of [reserved, waiting]) {
      expect(one(types([...history, irrevocable]), 'asset.licenses-returning')).toMatchObject({
        ended: 1,
        refusal: null,
      });
    }
  });

  it.each([
    ['reserved', wrote.reserved('one', manyDevices(1_000), 1)],
    ['waiting', wrote.waits('one', manyDevices(1_000), 1)],
  ])(
    'of 1,000 pairs that are %s for another order touches no more documents than an event may',
    (_state, answer) => {
      const before = [...wrote.owned(5_000), answer];
      const events = given(...before).when(giveBack('two', manyDevices(1_000))).events;
      const log = new EventLog();
      for (const envelope of log.append('asset-7700000000000001.361309726.STDQ', events)) {
        for (const model of licensingModels) {
          expect(model.changesBy(envelope).length).toBeLessThanOrEqual(MAX_KEYS);
        }
      }
      expect(given(...before, ...events).state.pairs.size).toBe(0);
    },
  );
});

describe('serving those who wait', () => {
  it('goes first come, first served, across orders', () => {
    const before = [
      ...wrote.owned(0),
      wrote.waits('one', devices('B', 'A'), 1),
      wrote.waits('two', devices('C'), 2),
      wrote.totalsRead(2),
    ];
    given(...before)
      .when({ type: 'ServeWaiting' })
      .then({ type: 'asset.licenses-served', data: { ...devices('B', 'A'), orderId: 'one', lot: 3 } });
  });

  it('names the order of each where there are several', () => {
    const before = [...waiting, wrote.waits('two', devices('B'), 2), wrote.totalsRead(9)];
    given(...before)
      .when({ type: 'ServeWaiting' })
      .then({
        type: 'asset.licenses-served',
        data: { ...devices('A', 'B'), orderIds: ['one', 'two'], lot: 3 },
      });
  });

  it('changes nothing when all are served, none is free or none is read', () => {
    given(...waiting, wrote.totalsRead(9))
      .when({ type: 'ServeWaiting' })
      .thenOnce();
    given(...waiting)
      .when({ type: 'ServeWaiting' })
      .thenNothing();
    given(...wrote.notRead(9), wrote.waits('one', A, 1, 'not-read-yet'))
      .when({ type: 'ServeWaiting' })
      .thenNothing();
    given().when({ type: 'ServeWaiting' }).thenNothing();
  });

  it('serves nobody while the asset is short', () => {
    const short = [
      ...wrote.owned(9),
      wrote.reserved('one', devices('A', 'B'), 1),
      wrote.claimed('call-1', A, [1]),
      wrote.foundShort('call-1', 'one', A),
    ];
    given(...short)
      .when({ type: 'ServeWaiting' })
      .thenNothing();
    given(...short, { type: 'asset.shortage-cleared', data: { available: 1 } })
      .when({ type: 'ServeWaiting' })
      .thenTypes('asset.licenses-served');
  });

  it('serves at most 10,000 at once, a reaction goes on', () => {
    const orders = chunksOf(holderKeys(manyDevices(12_000)), 1_000).map((keys, index) =>
      wrote.waits(`order-${index}`, holdersOf(keys), index + 1),
    );
    const before = [...wrote.owned(0), ...orders, wrote.unlimitedRead()];
    const { events } = given(...before).when({ type: 'ServeWaiting' });
    expect(events.map(({ data }) => holderCount(data as Holders))).toEqual(
      Array.from({ length: 10 }, () => 1_000),
    );
    expect(reactionTo(events[0] as AssetEvent)).toEqual({ type: 'ServeWaiting' });
    expect(given(...before, ...events).when({ type: 'ServeWaiting' }).events).toHaveLength(2);
  });

  it('refuses nobody behind the first 10,000 while there are licences for them', () => {
    const orders = chunksOf(holderKeys(manyDevices(12_000)), 1_000).map((keys, index): AssetEvent => {
      const { type, data } = wrote.waits(`order-${index}`, holdersOf(keys), index + 1);
      return { type, data: { ...data, ifShort: 'refuse' } } as AssetEvent;
    });
    const before = [...wrote.owned(0), ...orders, wrote.totalsRead(11_000)];
    const first = given(...before).when({ type: 'ServeWaiting' }).events;
    expect(first.map(({ type }) => type)).toEqual(Array.from({ length: 10 }, () => 'asset.licenses-served'));
    given(...before, ...first)
      .when({ type: 'ServeWaiting' })
      .thenTypes('asset.licenses-served', 'asset.waiting-refused');
  });

  it.each([
    'asset.totals-read',
    'asset.baseline-completed',
    'asset.shortage-cleared',
    'asset.licenses-failed',
    'asset.licenses-returned',
    'asset.reservations-ended',
    'asset.licenses-served',
  ] as const)('is asked for after %s', (type) => {
    expect(reactionTo({ type, data: NOBODY } as unknown as AssetEvent)).toEqual({ type: 'ServeWaiting' });
  });
});

describe('ending what an order waits for', () => {
  it('ends its waiting pairs and the wishes that were to follow, once', () => {
    const before = [
      ...followed,
      wrote.totalsRead(0),
      wrote.waits('three', devices('B'), 4),
      wrote.waits('four', devices('C'), 5),
    ];
    given(...before)
      .when({ type: 'EndWaiting', orderId: 'three' })
      .then(
        {
          type: 'asset.reservations-ended',
          data: { ...devices('B'), orderId: 'three', was: 'waiting', by: 'three', fromLots: [] },
        },
        {
          type: 'asset.reservations-ended',
          data: { ...A, orderId: 'three', was: 'following', by: 'three', fromLots: [] },
        },
      );
    given(...before)
      .when({ type: 'EndWaiting', orderId: 'three' })
      .thenOnce();
  });

  it('leaves what the order has', () => {
    given(...reserved)
      .when({ type: 'EndWaiting', orderId: 'one' })
      .thenNothing();
    given(...assigned)
      .when({ type: 'EndWaiting', orderId: 'one' })
      .thenNothing();
  });

  it('of 100,000 pairs takes several appends within the limits, each asking for the next', () => {
    const parts = chunksOf(holderKeys(manyDevices(100_000)), 1_000).map((keys, index) =>
      wrote.waits('one', holdersOf(keys), index + 1),
    );
    let asset = [...wrote.owned(0), ...parts].reduce(evolveAsset, emptyAsset());
    const carryOut = (command: AssetCommand): readonly AssetEvent[] => {
      const events = assetDecider.decide(command, asset, NOW);
      asset = events.reduce(evolveAsset, asset);
      return events;
    };
    const commands: AssetCommand[] = [{ type: 'EndWaiting', orderId: 'one' }];
    for (let command = commands.shift(); command; command = commands.shift()) {
      const events = carryOut(command);
      expect(events.length).toBeLessThanOrEqual(200);
      expect(JSON.stringify(events).length).toBeLessThan(800_000);
      for (const envelope of new EventLog().append('asset-1.2.STDQ', events)) {
        const next = assetReactions
          .filter(({ name }) => name === 'asset.end-more-waiting')
          .flatMap((reaction) => reaction.react(envelope));
        commands.push(...next.map((addressed) => addressed.command as AssetCommand));
      }
    }
    expect(asset.pairs.size).toBe(0);
  });
});

describe('a ledger of an account that ends', () => {
  const close = (abandoned = false): AssetCommand => ({ type: 'CloseLedger', abandoned });
  const CLOSED: AssetEvent = { type: 'asset.closed', data: {} };
  const over = (
    was: 'waiting' | 'reserved' | 'returning',
    orderId: string,
    fromLots: number[],
  ): AssetEvent => ({
    type: 'asset.reservations-ended',
    data: { ...A, orderId, was, by: '', fromLots },
  });

  it('closes, and ends who waits and what is reserved and in no call', () => {
    const waits = given(...waiting).when(close());
    waits.then(CLOSED, over('waiting', 'one', []));
    waits.thenOnce();
    given(...reserved)
      .when(close())
      .then(CLOSED, over('reserved', 'one', [1]));
    given(...claimed)
      .when(close())
      .then(CLOSED);
    given(...assigned)
      .when(close())
      .then(CLOSED);
  });

  it('lets licences go back, unless nobody will take them there: they stay with their holders', () => {
    given(...returning)
      .when(close())
      .then(CLOSED);
    given(...returning)
      .when(close(true))
      .then(CLOSED, over('returning', 'two', [2]));
    const left = given(...returning, CLOSED, over('returning', 'two', [2])).state;
    expect(left.pairs.get('d:A')).toMatchObject({ state: 'assigned' });
  });

  it('gives nothing away until it is opened, and takes back what it is asked to', () => {
    const closed = [...wrote.owned(5), CLOSED];
    const asked = given(...closed).when(reserve('one', A));
    expect(asked.events).toMatchObject([{ data: { refused: A, refusal: 'GIVEN_UP' } }]);
    given(...assigned, CLOSED)
      .when(giveBack('two', A))
      .thenTypes('asset.licenses-returning');
    expect(freeLicences(given(...closed).state)).toBe(0);
    const opened = given(...closed).when({ type: 'OpenLedger' });
    opened.then({ type: 'asset.opened', data: {} });
    opened.thenOnce();
    expect(freeLicences(given(...closed, { type: 'asset.opened', data: {} }).state)).toBe(5);
  });

  it('ends a great many in several appends', () => {
    const lists = chunksOf(holderKeys(manyDevices(12_000)), 1_000).map((keys, index) =>
      wrote.waits('one', holdersOf(keys), index + 1),
    );
    const first = given(...wrote.owned(0), ...lists).when(close()).events;
    expect(first).toHaveLength(11);
    expect(given(...wrote.owned(0), ...lists, ...first).when(close()).events).toHaveLength(2);
  });
});

describe('an asset that Apple does not list', () => {
  it('refuses those who wait for it, once, and says why', () => {
    const before = [wrote.waits('one', devices('A', 'B'), 1, 'not-read-yet')];
    given(...before)
      .when({ type: 'RefuseUnlisted' })
      .then({
        type: 'asset.waiting-refused',
        data: { ...devices('A', 'B'), orderId: 'one', refusal: 'UNKNOWN_ASSET' },
      });
    given(...before)
      .when({ type: 'RefuseUnlisted' })
      .thenOnce();
  });

  it('refuses nobody when it was listed meanwhile', () => {
    given(wrote.waits('one', A, 1, 'not-read-yet'), ...wrote.notRead(5))
      .when({ type: 'RefuseUnlisted' })
      .thenNothing();
  });

  it('refuses a great many in several appends', () => {
    const lists = chunksOf(holderKeys(manyDevices(12_000)), 1_000).map((keys, index) =>
      wrote.waits('one', holdersOf(keys), index + 1, 'not-read-yet'),
    );
    const first = given(...lists).when({ type: 'RefuseUnlisted' }).events;
    expect(first).toHaveLength(10);
    expect(reactionTo(first[9] as AssetEvent)).toEqual({ type: 'RefuseUnlisted' });
    expect(given(...lists, ...first).when({ type: 'RefuseUnlisted' }).events).toHaveLength(2);
  });
});

describe('claiming pairs for a call', () => {
  it('takes reserved pairs and names those that it must do without', () => {
    const before = [...wrote.owned(2), wrote.reserved('one', A, 1), wrote.reserved('two', devices('B'), 2)];
    given(...before)
      .when(claim('call-1', devices('A', 'B', 'C')))
      .then({
        type: 'asset.licenses-claimed',
        data: {
          ...devices('A', 'B'),
          callId: 'call-1',
          action: 'associate',
          fromLots: [1, 2],
          missed: devices('C'),
        },
      });
  });

  it.each([
    ['claimed by another call', claimed],
    ['waiting', waiting],
    ['assigned', assigned],
    ['returning', returning],
    ['failed', failed],
    ['unknown', wrote.owned(1)],
  ])('does without a pair that is %s', (_state, history) => {
    const { events } = given(...history).when(claim('call-9', A));
    expect(one(events, 'asset.licenses-claimed')).toMatchObject({ ...NOBODY, missed: A });
    expect(given(...history, ...events).state.claims.has('call-9')).toBe(false);
  });

  it('takes returning pairs for a disassociation and no others', () => {
    expect(
      one(given(...returning).when(claim('call-2', A, 'disassociate')).events, 'asset.licenses-claimed'),
    ).toMatchObject({ ...A, missed: NOBODY });
    expect(
      one(given(...reserved).when(claim('call-2', A, 'disassociate')).events, 'asset.licenses-claimed'),
    ).toMatchObject({ missed: A });
  });
});

/** A call has claimed two pairs of one order. */
const claimedBoth = [
  ...wrote.owned(5),
  wrote.reserved('one', devices('A', 'B'), 1),
  wrote.claimed('call-1', devices('A', 'B'), [1]),
];

describe('releasing claims', () => {
  const release = (
    callId: string,
    holders: Holders,
    action: 'associate' | 'disassociate' = 'associate',
  ): AssetCommand => ({ type: 'ReleaseClaims', callId, action, holders });

  it('makes the pairs open work again, once', () => {
    const before = claimedBoth;
    given(...before)
      .when(release('call-1', devices('B', 'Z')))
      .then({
        type: 'asset.claims-released',
        data: { callId: 'call-1', action: 'associate', ...devices('B'), lot: 2, limit: 0, notBefore: NOW },
      });
    given(...before)
      .when(release('call-1', devices('B')))
      .thenOnce();
  });

  it('touches no pair of another call', () => {
    given(...claimed)
      .when(release('call-2', A))
      .thenNothing();
    given(...claimed)
      .when(release('call-1', NOBODY))
      .thenNothing();
  });

  it('ends a pair whose return was remembered', () => {
    given(...returnPending)
      .when(release('call-1', A))
      .then(
        {
          type: 'asset.claims-released',
          data: { callId: 'call-1', action: 'associate', ...A, lot: 3, limit: 0, notBefore: NOW },
        },
        {
          type: 'asset.reservations-ended',
          data: { ...A, orderId: 'one', was: 'reserved', by: '', fromLots: [3] },
        },
        { type: 'asset.returns-ended', data: { ...A, orderId: 'two' } },
      );
  });

  it('keeps the wish that is to follow a return', () => {
    const events = given(...followed).when(release('call-2', A, 'disassociate')).events;
    expect(events.map(({ type }) => type)).toEqual(['asset.claims-released']);
    expect(given(...followed, ...events).state.pairs.get('d:A')).toMatchObject({
      state: 'returning',
      callId: null,
      followUp: { action: 'assign', orderId: 'three' },
    });
  });
});

describe('settling a call that assigned', () => {
  it('assigns what no failure names, once', () => {
    given(...claimed)
      .when(settle('call-1'))
      .then({
        type: 'asset.licenses-assigned',
        data: { callId: 'call-1', ...A, orderId: 'one' },
      });
    given(...claimed)
      .when(settle('call-1'))
      .thenOnce();
  });

  it('moves only pairs that the call claimed', () => {
    given(...claimed)
      .when(settle('call-2'))
      .thenNothing();
    given(...reserved)
      .when(settle('call-1'))
      .thenNothing();
    given(...wrote.owned(5), wrote.reserved('one', devices('A', 'B'), 1), wrote.claimed('call-1', A, [1]))
      .when(settle('call-1', [{ holders: devices('B') }]))
      .thenTypes('asset.licenses-assigned');
  });

  it('starts the return that was remembered', () => {
    given(...returnPending)
      .when(settle('call-1'))
      .then(
        {
          type: 'asset.licenses-assigned',
          data: { callId: 'call-1', ...A, orderId: 'one' },
        },
        { type: 'asset.returns-started', data: { ...A, orderId: 'two', lot: 3 } },
      );
  });

  it('fails what is named and assigns the rest', () => {
    const before = claimedBoth;
    given(...before)
      .when(settle('call-1', [{ errorNumber: 9_615, reason: 'unknown serial', holders: A }]))
      .then(
        {
          type: 'asset.licenses-assigned',
          data: { callId: 'call-1', ...devices('B'), orderId: 'one' },
        },
        {
          type: 'asset.licenses-failed',
          data: {
            callId: 'call-1',
            action: 'associate',
            ...A,
            orderId: 'one',
            errorNumber: 9_615,
            reason: 'unknown serial',
          },
        },
      );
  });

  it('frees the licence of a failed pair', () => {
    const { state } = given(...failed);
    expect([state.used, freeLicences(state)]).toEqual([0, 5]);
  });

  it('tells an order that wanted a failed pair back that nothing is left to return', () => {
    given(...returnPending)
      .when(settle('call-1', [{}]))
      .thenTypes('asset.licenses-failed', 'asset.returns-ended');
  });

  it('puts pairs that Apple has no licence for at the head of the waiting list and serves nobody', () => {
    const before = [
      ...wrote.owned(3),
      wrote.reserved('one', devices('A', 'B', 'C'), 1),
      wrote.waits('two', devices('D'), 2),
      wrote.claimed('call-1', devices('A', 'B'), [1]),
    ];
    const { events } = given(...before).when(
      settle('call-1', [{ verdict: 'short', errorNumber: 9_709, holders: devices('B') }]),
    );
    expect(events.map(({ type }) => type)).toEqual(['asset.licenses-assigned', 'asset.found-short']);
    const { state } = given(...before, ...events);
    expect([...state.waiting]).toEqual(['d:B', 'd:D']);
    expect([state.short, freeLicences(state)]).toEqual([true, 0]);
  });

  it('ends a short pair whose return was remembered', () => {
    given(...returnPending)
      .when(settle('call-1', [{ verdict: 'short' }]))
      .thenTypes('asset.found-short', 'asset.reservations-ended', 'asset.returns-ended');
  });

  it('plans anew what Apple could not do, with its limit and not before its time', () => {
    given(...claimed)
      .when(settle('call-1', [{ verdict: 'again', limit: 12, notBefore: NOW + 30_000 }]))
      .then({
        type: 'asset.claims-released',
        data: { callId: 'call-1', action: 'associate', ...A, lot: 2, limit: 12, notBefore: NOW + 30_000 },
      });
  });

  it(`fails a pair that came back ${MAX_PAIR_TRIES} times for no fault of its own`, () => {
    const tries = Array.from({ length: MAX_PAIR_TRIES - 1 }, (_try, index) => [
      wrote.claimed(`call-${index}`, A, [index + 1]),
      wrote.released(`call-${index}`, A, index + 2),
    ]).flat();
    given(...reserved, ...tries, wrote.claimed('last', A, [MAX_PAIR_TRIES]))
      .when(settle('last', [{ verdict: 'again' }]))
      .thenTypes('asset.licenses-failed');
  });

  it('never fails a pair for being in calls that are halved', () => {
    const tries = Array.from({ length: 20 }, (_try, index) => [
      wrote.claimed(`call-${index}`, A, [index + 1]),
      wrote.released(`call-${index}`, A, index + 2, { limit: 2 ** (20 - index) }),
    ]).flat();
    given(...reserved, ...tries, wrote.claimed('last', A, [21]))
      .when(settle('last', [{ verdict: 'again', limit: 1 }]))
      .thenTypes('asset.claims-released');
  });

  it('never gives the number of a lot twice, whatever one call brings', () => {
    const all = devices('A', 'B', 'C');
    const before = [
      ...wrote.owned(5),
      wrote.reserved('one', all, 1),
      wrote.claimed('call-1', all, [1]),
      wrote.returnPending('two', A, 2),
    ];
    const { events } = given(...before).when(settle('call-1', [{ verdict: 'again', holders: devices('B') }]));
    const next = given(...before, ...events).when(reserve('three', devices('Z'))).events;
    const lots = [...before, ...events, ...next].flatMap(({ data }) => ('lot' in data ? data.lot : []));
    expect(new Set(lots).size).toBe(lots.length);
  });

  it('gives each pair to the first failure that names it', () => {
    const before = claimedBoth;
    const { events } = given(...before).when(settle('call-1', [{ holders: A }, { verdict: 'again' }]));
    expect(one(events, 'asset.licenses-failed')).toMatchObject(A);
    expect(one(events, 'asset.claims-released')).toMatchObject(devices('B'));
  });
});

describe('settling a call that took licences back', () => {
  const back = (failures: readonly Partial<PairFailure>[] = []) => settle('call-2', failures, 'disassociate');

  it('lets the pair go and frees its licence', () => {
    const { events } = given(...takenBack).when(back());
    expect(events).toEqual([
      { type: 'asset.licenses-returned', data: { callId: 'call-2', ...A, orderId: 'two' } },
    ]);
    expect(given(...takenBack, ...events).state).toMatchObject({
      used: 0,
      pairs: new Map(),
      claims: new Map(),
    });
  });

  it('happens once', () => {
    given(...takenBack)
      .when(back())
      .thenOnce();
  });

  it('lets the wish follow that was remembered, behind those who wait', () => {
    const before = [...followed, wrote.totalsRead(0), wrote.waits('four', devices('B'), 4)];
    const { events } = given(...before).when(back());
    expect(events.map(({ type }) => type)).toEqual(['asset.licenses-returned', 'asset.waiting-listed']);
    expect([...given(...before, ...events).state.waiting]).toEqual(['d:B', 'd:A']);
  });

  it('ends a shortage: one licence is free now', () => {
    const before = [
      ...takenBack,
      wrote.reserved('four', devices('B'), 3),
      wrote.claimed('call-3', devices('B'), [3]),
      wrote.foundShort('call-3', 'four', devices('B')),
    ];
    given(...before)
      .when(back())
      .thenTypes('asset.licenses-returned', 'asset.shortage-cleared');
  });

  it('leaves the pair assigned where the return failed', () => {
    const { events } = given(...takenBack).when(back([{}]));
    expect(events.map(({ type }) => type)).toEqual(['asset.licenses-failed']);
    expect(given(...takenBack, ...events).state.pairs.get('d:A')).toMatchObject({
      state: 'assigned',
      callId: null,
    });
  });

  it('ends the wish that was to follow a failed return', () => {
    const { events } = given(...followed).when(back([{}]));
    expect(events.map(({ type }) => type)).toEqual(['asset.reservations-ended', 'asset.licenses-failed']);
    expect(one(events, 'asset.reservations-ended')).toEqual({
      ...A,
      orderId: 'three',
      was: 'following',
      by: '',
      fromLots: [],
    });
  });

  it('plans the return anew and keeps the wish that follows', () => {
    const { events } = given(...followed).when(back([{ verdict: 'again' }]));
    expect(events.map(({ type }) => type)).toEqual(['asset.claims-released']);
    expect(given(...followed, ...events).state.pairs.get('d:A')?.followUp).toEqual({
      action: 'assign',
      orderId: 'three',
      ifShort: 'wait',
      fromReserve: false,
    });
  });
});

describe('a snapshot of a ledger', () => {
  it('gives back the same ledger', () => {
    const { state } = given(...followed, wrote.totalsRead(1), wrote.waits('four', devices('B', 'C'), 4));
    expect(assetSnapshot.load(JSON.parse(JSON.stringify(assetSnapshot.save(state))) as unknown[])).toEqual(
      state,
    );
    expect(assetSnapshot.entries(state)).toBe(3);
    const odd = given(...wrote.notRead(1), wrote.adopted(devices('c02xk0aahv29'))).state;
    expect(assetSnapshot.load(assetSnapshot.save(odd))).toEqual(odd);
  });

  it('is cut into chunks below 1 MB, whatever its pairs are doing', () => {
    const asset = emptyAsset();
    const id = '0b9d1f53-64a5-8b7c-9a3e-5d2f6c1e7a80';
    for (let index = 0; index < 60_000; index += 1) {
      const key = `u:${id.slice(0, -8)}${String(index).padStart(8, '0')}`;
      const state = (['waiting', 'returning', 'reserved'] as const)[index % 3] ?? 'waiting';
      asset.pairs.set(key, {
        state,
        orderId: id,
        callId: id,
        lot: 1_000_000,
        tries: 5,
        ifShort: 'refuse',
        fromReserve: false,
        followUp: { action: 'assign', orderId: id, ifShort: 'refuse', fromReserve: false },
      });
      asset.waiting.add(key);
      const call = `call-${Math.floor(index / 1_000)}`;
      asset.claims.set(call, [...(asset.claims.get(call) ?? []), key]);
    }
    const chunks = assetSnapshot.save(asset).map((chunk) => JSON.stringify(chunk));
    expect(Math.max(...chunks.map((chunk) => Buffer.byteLength(chunk)))).toBeLessThan(1_000_000);
    expect(assetSnapshot.load(chunks.map((chunk) => JSON.parse(chunk) as unknown))).toEqual(asset);
  });
});

describe('an asset that the location does not own', () => {
  it('is refused at the door with what to do', () => {
    expect(unknownAsset('1', 'STDQ')).toMatchObject({
      code: 'REJECTED_UNKNOWN_ASSET',
      facts: { adamId: '1', pricingParam: 'STDQ' },
    });
  });
});
