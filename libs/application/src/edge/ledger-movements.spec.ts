import { uuidOf, type Envelope } from '@seatbook/kernel';
import {
  SECTION_EVENTS,
  addEvent,
  assetStream,
  licensingRegistry,
  noMovements,
  queryModels,
  type AssetEvent,
} from '@seatbook/licensing';
import { EventLog as Log, Processor } from '@seatbook/runtime';
import { EventLog } from '@seatbook/test-support/event-log';
import { until } from '@seatbook/test-support/let-happen';
import { devices } from '@seatbook/test-support/licensing-builders';
import { seededIds, seededRandom } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { Foundation } from '../foundation/foundation.js';
import { movementsOfRun } from './ledger-movements.js';
import { SeatbookEdge } from './seatbook-edge.js';

const clock = new VirtualClock();
const uId = '7700000000000001';
const asset = { adamId: '900000001', pricingParam: 'STDQ' };
const stream = assetStream(uId, asset);
const EVENTS = 3 * SECTION_EVENTS + 300;
const APPENDED_AT_ONCE = 100;
const random = seededRandom(11);

const oneOf = (number: number): AssetEvent => {
  const holders = devices(`D${number}`);
  if (number % 10 === 3)
    return {
      type: 'asset.licenses-claimed',
      data: { ...holders, callId: 'c', action: 'associate', fromLots: [], missed: devices() },
    };
  if (random() < 0.1) {
    const total = Math.floor(random() * 50);
    const totals = { unlimited: false, total, assigned: 0, available: total, retired: 0 };
    return { type: 'asset.totals-read', data: { ...totals, takenElsewhere: 0, readAt: number } };
  }
  return random() < 0.6
    ? { type: 'asset.licenses-assigned', data: { ...holders, orderId: 'o', callId: 'c' } }
    : { type: 'asset.licenses-returned', data: { ...holders, orderId: 'o', callId: 'c' } };
};

describe('what a run of events of a ledger moved', () => {
  const log = new EventLog().append(
    stream,
    Array.from({ length: EVENTS }, (_event, number) => oneOf(number)),
  ) as Envelope<AssetEvent>[];
  let edge: SeatbookEdge;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const temporary = await openTemporaryStores(clock);
    ({ close } = temporary);
    const { stores } = temporary;
    for (let first = 0; first < EVENTS; first += APPENDED_AT_ONCE) {
      const events = log.slice(first, first + APPENDED_AT_ONCE).map(({ type, data, metadata, revision }) => ({
        id: uuidOf(`event ${revision}`),
        type,
        data: JSON.stringify(data),
        metadata: JSON.stringify(metadata),
      }));
      await stores.events.append(stream, events, first === 0 ? 'absent' : first - 1);
    }
    const events = new Log(stores.events, licensingRegistry());
    const models = [queryModels.sections];
    const processor = new Processor({ events, reads: stores.reads, models, clock, log: () => undefined });
    await processor.start();
    const head = await stores.events.head();
    await until(clock, 'the sections at the end', () => processor.position('sections') >= head);
    await processor.stop();
    edge = new SeatbookEdge(new Foundation({ stores, clock, ids: seededIds(1) }), {});
  });
  afterAll(() => close());

  const S = SECTION_EVENTS;
  it.each([
    [0, 0],
    [0, EVENTS],
    [0, S],
    [S - 1, S + 1],
    [S, 2 * S],
    [1, 3 * S],
    [S + 1, 3 * S + 1],
    [2 * S - 1, EVENTS],
    [3 * S + 10, 3 * S + 20],
  ])('is the sum over its events: from %i to %i', async (from, before) => {
    const expected = noMovements();
    for (const event of log.slice(from, before)) addEvent(expected, event);
    expect(await movementsOfRun(edge, { uId, asset, from, before })).toEqual(expected);
  });
});
