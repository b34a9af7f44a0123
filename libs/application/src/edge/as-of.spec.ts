import { EventRegistry, asPosition, type Instant } from '@seatbook/kernel';
import { EventLog, Freshness, Processor, timesModel, type NewEvent } from '@seatbook/runtime';
import { until } from '@seatbook/test-support/let-happen';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { positionOf } from './as-of.js';
import { Reader } from './reader.js';

const HOUR_MS = 3_600_000;
const BEGIN = Date.UTC(2026, 10, 20, 22);

const eventAt = (recordedAt: Instant, index: number): NewEvent => ({
  id: `event-${index}`,
  type: 'thing.moved',
  data: '{}',
  metadata: JSON.stringify({ version: 1, recordedAt }),
});

/** An edge over a log whose events were recorded at these times, one after the other. */
async function logOf(times: readonly Instant[]) {
  const clock = new VirtualClock(BEGIN + 100 * 24 * HOUR_MS);
  const { stores, close } = await openTemporaryStores(clock);
  await stores.reads.prepare([timesModel]);
  const events = new EventLog(
    stores.events,
    new EventRegistry([{ type: 'thing.moved', version: 1, upcasters: [] }]),
  );
  for (const [index, time] of times.entries()) {
    await events.append('thing-1', [eventAt(time, index)], index === 0 ? 'absent' : index - 1);
  }
  const processor = new Processor({
    events,
    reads: stores.reads,
    models: [timesModel],
    clock,
    log: () => undefined,
  });
  await processor.start();
  await until(clock, 'the times are built', async () => processor.position('times') >= (await events.head()));
  await processor.stop();
  const freshness = new Freshness(stores.reads, clock, () => undefined);
  const reader = new Reader({ reads: stores.reads, events, freshness, clock, positionWaitMs: 1_000 });
  return { edge: { reader, events, clock }, close };
}

describe('the position of a time', () => {
  it.each([1, 2, 3])('is the last event recorded by then, wherever clocks went (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    let now = BEGIN;
    const times = Array.from({ length: 120 }, () => {
      const step = random() < 0.3 ? 20 * HOUR_MS : random() < 0.5 ? 40_000 : 5;
      // Back by up to two days: a clock was wrong, or another machine's is.
      now += random() < 0.15 ? -Math.floor(random() * 48 * HOUR_MS) : Math.floor(random() * step);
      return now;
    });
    const { edge, close } = await logOf(times);
    try {
      const wanted = [...times, ...times.map((time) => time - 1), BEGIN - 50 * HOUR_MS, edge.clock.now()];
      for (const time of wanted) {
        const index = times.findLastIndex((recorded) => recorded <= time);
        const { position } = await positionOf(edge, { time });
        expect([seed, time, position]).toEqual([seed, time, index + 1]);
      }
    } finally {
      await close();
    }
  });

  it('lies in the past, and within the log', async () => {
    const { edge, close } = await logOf([BEGIN]);
    try {
      const { clock } = edge;
      const future = positionOf(edge, { time: clock.now() + 1 });
      await expect(future).rejects.toMatchObject({ code: 'INVALID_AT' });
      const beyond = positionOf(edge, { position: asPosition(2) });
      await expect(beyond).rejects.toMatchObject({ code: 'INVALID_AT' });
      expect(await positionOf(edge, { position: asPosition(1) })).toEqual({
        position: 1,
        time: BEGIN,
      });
    } finally {
      await close();
    }
  });
});
