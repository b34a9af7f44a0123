import * as wrote from '@seatbook/test-support/asset-history';
import { NOW, deciderSpec } from '@seatbook/test-support/decider-spec';
import { EventLog } from '@seatbook/test-support/event-log';
import { devices, manyDevices } from '@seatbook/test-support/licensing-builders';
import { folded } from '@seatbook/test-support/read-model-spec';
import { NOBODY, holderKeys, type Holders } from '../holder.js';
import { assetDecider, type AssetCommand } from './asset-decider.js';
import type { AssetEvent } from './asset-events.js';
import { assetReactions } from './asset-reactions.js';
import { assetsModel, inReserveOf, unreservedOf, type AssetDocument } from './assets-model.js';

import { placesAfter, type Move } from './waiting-list.js';

const given = deciderSpec(assetDecider);

const order = (
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
const fromReserve = { fromReserve: true };
const serving: AssetCommand = { type: 'ServeWaiting' };

const keptBack = (licences: number): AssetEvent => ({ type: 'asset.reserve-set', data: { licences } });

/** What happened, and what these commands lead to, one after the other. */
const then = (before: readonly AssetEvent[], ...commands: readonly AssetCommand[]): readonly AssetEvent[] =>
  commands.reduce((events, command) => [...events, ...given(...events).when(command).events], before);

const serialsFrom = (first: number): Holders =>
  devices(...Array.from({ length: 1_000 }, (_device, index) => `S${first + index}`));

/** How an order was answered. */
const answered = (events: readonly AssetEvent[]) => {
  const [answer] = events;
  if (answer?.type !== 'asset.licenses-reserved') throw new Error('no answer');
  const { reserved, waiting, refused, waitingReason, free } = answer.data;
  return { reserved, waiting, refused, waitingReason, free };
};

/** Who is served, one after the other. */
const served = (events: readonly AssetEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'asset.licenses-served' ? holderKeys(event.data) : []));

describe('a reserve', () => {
  it('is set, and said once', () => {
    given(...wrote.owned(5))
      .when({ type: 'SetReserve', licences: 3 })
      .then(keptBack(3));
    given(...wrote.owned(5), keptBack(3))
      .when({ type: 'SetReserve', licences: 3 })
      .then();
    given().when({ type: 'SetReserve', licences: 3 }).thenRefused('NOT_FOUND_ASSET');
  });

  it('leaves other orders what is beyond it, and tells them why they wait', () => {
    const { events } = given(...wrote.owned(5), keptBack(3)).when(order('one', devices('A', 'B', 'C')));
    expect(answered(events)).toMatchObject({
      reserved: devices('A', 'B'),
      waiting: devices('C'),
      waitingReason: 'reserved',
      free: 2,
    });
  });

  it('gives all to an order that names it, past those who wait beside it', () => {
    const beside = [...wrote.owned(2), keptBack(2), wrote.waits('one', devices('A'), 1, 'reserved')];
    const { events } = given(...beside).when(order('two', devices('B', 'C', 'D'), fromReserve));
    expect(answered(events)).toMatchObject({
      reserved: devices('B', 'C'),
      waiting: devices('D'),
      waitingReason: 'short',
      free: 2,
    });
  });

  it('may be larger than what there is: nobody else gets a licence then', () => {
    const { events } = given(...wrote.owned(5), keptBack(1_000)).when(
      order('one', devices('A'), { ifShort: 'refuse' }),
    );
    expect(answered(events)).toMatchObject({ refused: devices('A'), free: 0 });
  });

  it('fills first when licences come, and serves each in the order of the waiting list what it may have', () => {
    const ordered = [order('one', devices('A', 'B', 'C')), order('two', devices('D', 'E'), fromReserve)];
    const waiting = then([...wrote.owned(0), keptBack(2)], ...ordered);
    expect(given(...waiting).state.waitingForReserve).toBe(2);
    expect(served(given(...waiting, wrote.totalsRead(2)).when(serving).events)).toEqual(['d:D', 'd:E']);
    expect(served(given(...waiting, wrote.totalsRead(3)).when(serving).events)).toEqual([
      'd:A',
      'd:D',
      'd:E',
    ]);
    expect(served(given(...waiting, wrote.totalsRead(6)).when(serving).events)).toEqual([
      'd:A',
      'd:B',
      'd:C',
      'd:D',
      'd:E',
    ]);
  });

  it('serves who waits beside it when it is lifted', () => {
    const beside = [
      ...wrote.owned(2),
      keptBack(2),
      wrote.waits('one', devices('A', 'B', 'C'), 1, 'reserved'),
    ];
    const { events } = given(...beside).when({ type: 'SetReserve', licences: 1 });
    const [envelope] = new EventLog(NOW).append('asset-7700000000000001.900000001.STDQ', events);
    if (!envelope) throw new Error('nothing was decided');
    expect(
      assetReactions.flatMap((reaction) => reaction.react(envelope)).map(({ command }) => command),
    ).toEqual([serving]);
    expect(served(given(...beside, ...events).when(serving).events)).toEqual(['d:A']);
  });

  it('is wanted also by a pair that follows a return', () => {
    const A = devices('A');
    const returning = [
      ...wrote.owned(1),
      wrote.reserved('one', A, 1),
      wrote.claimed('call-1', A, [1]),
      wrote.assigned('call-1', 'one', A),
      keptBack(1),
      wrote.returning('two', A, 2),
      wrote.claimed('call-2', A, [2], 'disassociate'),
    ];
    const settling = { type: 'SettleCall', callId: 'call-2', action: 'disassociate' } as const;
    const returned = then(returning, order('three', A, fromReserve), {
      ...settling,
      attempts: 1,
      failures: [],
    });
    expect(given(...returned).state.waitingForReserve).toBe(1);
    expect(served(given(...returned).when(serving).events)).toEqual(['d:A']);
  });

  it('costs no look at the whole waiting list where nobody may have what is free', () => {
    const { state } = given(...then([...wrote.owned(3), keptBack(3)], order('one', manyDevices(1_000))));
    let looked = 0;
    const list = state.waiting;
    state.waiting = Object.assign(new Set(list), {
      *[Symbol.iterator]() {
        for (const key of list) {
          looked += 1;
          yield key;
        }
      },
    });
    expect(assetDecider.decide(serving, state, NOW)).toEqual([]);
    expect(looked).toBe(1);
  });

  it('shows how many of its licences are there', () => {
    const log = new EventLog(NOW);
    const events = [...wrote.owned(5), keptBack(8)];
    const envelopes = log.append('asset-7700000000000001.900000001.STDQ', events);
    const [asset] = [...folded(assetsModel, envelopes).values()] as AssetDocument[];
    if (!asset) throw new Error('no document');
    expect([asset.reserve, inReserveOf(asset), unreservedOf(asset)]).toEqual([8, 5, 0]);
  });
});

describe('the waiting list', () => {
  const ordered = [order('one', devices('A', 'B', 'C')), order('two', devices('D', 'E'))];
  const waiting = then(wrote.owned(0), ...ordered);
  const line = (events: readonly AssetEvent[]): readonly string[] => [...given(...events).state.waiting];
  const move = (more: Partial<Move>): AssetCommand => ({
    type: 'MoveWaiting',
    orderId: null,
    holders: null,
    to: 'front',
    ...more,
  });

  it('lets all pairs of an order go first or last, by one event that names the order alone', () => {
    const decided = given(...waiting).when(move({ orderId: 'two' }));
    decided.then({ type: 'asset.waiting-moved', data: { ...NOBODY, orderId: 'two', to: 'front' } });
    expect(line([...waiting, ...decided.events])).toEqual(['d:D', 'd:E', 'd:A', 'd:B', 'd:C']);
    const back = then(waiting, move({ orderId: 'one', to: 'back' }));
    expect(line(back)).toEqual(['d:D', 'd:E', 'd:A', 'd:B', 'd:C']);
  });

  it('lets some pairs go first, in the order that they had, whatever they are named in', () => {
    const moved = then(waiting, move({ holders: devices('E', 'B') }));
    expect(line(moved)).toEqual(['d:B', 'd:E', 'd:A', 'd:C', 'd:D']);
    expect(moved.at(-1)?.data).toEqual({ ...devices('B', 'E'), orderIds: ['one', 'two'], to: 'front' });
    const ofOne = then(waiting, move({ orderId: 'one', holders: devices('D', 'C') }));
    expect(line(ofOne)).toEqual(['d:C', 'd:A', 'd:B', 'd:D', 'd:E']);
  });

  it('is served in the order that it has by now', () => {
    const moved = then(waiting, move({ holders: devices('E') }));
    expect(served(given(...moved, wrote.totalsRead(2)).when(serving).events)).toEqual(['d:E', 'd:A']);
  });

  it('is left alone where they stand there already, and where nobody waits that is named', () => {
    given(...waiting)
      .when(move({ orderId: 'one' }))
      .thenNothing();
    given(...waiting)
      .when(move({ orderId: 'two', to: 'back' }))
      .thenNothing();
    for (const nobody of [{}, { orderId: 'three' }, { holders: devices('Z') }])
      given(...waiting)
        .when(move(nobody))
        .thenRefused('REJECTED_NOT_WAITING');
  });

  it('of 100,000 pairs is moved by one event', () => {
    const many = Array.from({ length: 100 }, (_part, part) =>
      wrote.waits('many', serialsFrom(part * 1_000), part + 1),
    );
    const before = [...wrote.owned(0), ...many, wrote.waits('late', devices('LATE'), 101)];
    const { events } = given(...before).when(move({ orderId: 'many', to: 'back' }));
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events).length).toBeLessThan(200);
    expect(line([...before, ...events])[0]).toBe('d:LATE');
  });

  it('is left by devices that are taken off it, and by those that were to wait after their return', () => {
    given(...waiting)
      .when({ type: 'LeaveWaiting', holders: devices('B', 'E', 'Z') })
      .then({
        type: 'asset.reservations-ended',
        data: { ...devices('B', 'E'), orderIds: ['one', 'two'], was: 'waiting', by: '', fromLots: [] },
      });
    const A = devices('A');
    const returning = [
      ...wrote.owned(1),
      wrote.reserved('one', A, 1),
      wrote.claimed('call-1', A, [1]),
      wrote.assigned('call-1', 'one', A),
      wrote.returning('two', A, 2),
      wrote.follows('three', A, 3),
    ];
    given(...returning)
      .when({ type: 'LeaveWaiting', holders: A })
      .then({
        type: 'asset.reservations-ended',
        data: { ...A, orderId: 'three', was: 'following', by: '', fromLots: [] },
      });
    given(...wrote.owned(1), wrote.reserved('one', A, 1))
      .when({ type: 'LeaveWaiting', holders: A })
      .thenRefused('REJECTED_NOT_WAITING');
  });

  it('is read place by place, each with its reason, and from its head where the last one read is gone', () => {
    const mixed = then(
      [...wrote.owned(1), keptBack(2)],
      ordered[0] as AssetCommand,
      order('r', devices('R'), fromReserve),
    );
    const { state } = given(...mixed, wrote.totalsRead(2));
    const first = { place: 1, holder: 'd:A', orderId: 'one', fromReserve: false, reason: 'reserved' };
    expect(placesAfter(null, 1, state)).toEqual([first]);
    expect(placesAfter('d:B', 5, state)).toEqual([
      { place: 3, holder: 'd:C', orderId: 'one', fromReserve: false, reason: 'reserved' },
    ]);
    expect(placesAfter('d:R', 1, state)).toEqual([first]);
  });
});
