import * as wrote from '@seatbook/test-support/asset-history';
import { NOW, deciderSpec } from '@seatbook/test-support/decider-spec';
import { EventLog } from '@seatbook/test-support/event-log';
import { devices, manyDevices } from '@seatbook/test-support/licensing-builders';
import { folded } from '@seatbook/test-support/read-model-spec';
import { holderKeys, type Holders } from '../holder.js';
import { assetDecider, type AssetCommand } from './asset-decider.js';
import type { AssetEvent } from './asset-events.js';
import { assetReactions } from './asset-reactions.js';
import { assetsModel, inReserveOf, unreservedOf, type AssetDocument } from './assets-model.js';

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
