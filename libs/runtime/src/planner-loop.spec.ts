import { causeOf, type Cause, type Planner, type ReadModel } from '@seatbook/kernel';
import {
  contextOf,
  counterRegistry,
  counterRunner,
  type CounterCommand,
  type CounterEvent,
} from '@seatbook/test-support/counter-domain';
import { FaultyEventStore } from '@seatbook/test-support/faulty-event-store';
import { calm, pass } from '@seatbook/test-support/let-happen';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { CommandRunner } from './command-runner.js';
import { EventLog } from './event-log.js';
import type { Gates } from './gates.js';
import { PlannerLoop } from './planner-loop.js';
import { Processor } from './processor.js';

interface Open {
  account: string;
  id: string;
  since: number;
  cause: Cause;
}

/** Open until a stream `counter-done{id}` exists. */
const openModel: ReadModel<Open, CounterEvent> = {
  name: 'open',
  version: 1,
  handles: ['counter.added'],
  keysOf: ({ stream }) => [stream.replace(/^counter-(open|done)/, '')],
  evolve: (_row, event, key) =>
    event.stream.startsWith('counter-open')
      ? {
          account: key.split('.')[0] ?? '',
          id: key,
          since: event.metadata.recordedAt,
          cause: causeOf(event),
        }
      : null,
  indexes: [{ name: 'by-account', fields: ['account', 'id'] }],
};

describe('running a planner', () => {
  const clock = new VirtualClock();
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let store: FaultyEventStore;
  let runner: CommandRunner;
  let views: Processor;
  let loop: PlannerLoop<Open, { now: number }>;
  let plans: string[];
  let shut: Set<string>;
  let opened: (gate: string) => void;
  let wait = 0;
  let broken = false;

  /** Everything that has waited for `wait` is done, row by row. */
  const planner: Planner<Open, { now: number }> = {
    name: 'planner',
    reads: openModel,
    index: 'by-account',
    plan(rows, { now }) {
      if (broken) throw new Error('bug');
      plans.push(rows.map(({ id }) => id).join());
      const due = rows.filter(({ since }) => now - since >= wait);
      const waiting = rows.filter((row) => !due.includes(row));
      return {
        commands: due.map(({ id, cause }) => ({
          stream: `counter-done${id}`,
          command: { type: 'Add', n: 1 },
          cause,
        })),
        wakeAt: waiting.length === 0 ? null : Math.min(...waiting.map(({ since }) => since + wait)),
      };
    },
  };
  const open = (id: string) =>
    runner.execute(`counter-open${id}`, { type: 'Add', n: 1 } as CounterCommand, contextOf(`open-${id}`));
  const doneTimes = async (id: string): Promise<number> =>
    (await store.readStream(`counter-done${id}`, 0, 10)).length;

  beforeEach(async () => {
    temporary = await openTemporaryStores(clock);
    const { events, reads } = temporary.stores;
    store = new FaultyEventStore(events);
    runner = counterRunner({ events: store, reads, clock });
    views = new Processor({
      events: new EventLog(events, counterRegistry()),
      reads,
      models: [openModel],
      clock,
      log: () => undefined,
    });
    plans = [];
    shut = new Set();
    opened = () => undefined;
    wait = 0;
    const gates: Gates = {
      isOpen: (gate) => !shut.has(gate),
      onOpened(listener) {
        opened = listener;
        return () => undefined;
      },
    };
    loop = new PlannerLoop(
      planner,
      reads,
      views,
      runner,
      gates,
      () => Promise.resolve({ now: clock.now() }),
      clock,
      seededIds(7),
    );
    await views.start();
    loop.start();
  });
  afterEach(async () => {
    await loop.stop();
    await views.stop();
    await temporary.close();
  });

  it('plans when its read model has moved, partition by partition', async () => {
    await open('a.1');
    await open('a.2');
    await open('b.1');
    await pass(clock, 100);
    expect(plans.slice(0, 2)).toEqual(['a.1,a.2', 'b.1']);
    expect(await Promise.all(['a.1', 'a.2', 'b.1'].map(doneTimes))).toEqual([1, 1, 1]);
  });

  it('names what a plan rests on as its cause, with a correlation of its own', async () => {
    await open('a.1');
    await pass(clock, 100);
    const [opening] = await store.readStream('counter-opena.1', 0, 1);
    const [done] = await store.readStream('counter-donea.1', 0, 1);
    expect(done?.metadata).toMatchObject({
      correlationId: 'counter-donea.1',
      causationId: opening?.id,
      cause: { stream: 'counter-opena.1', revision: 0 },
    });
  });

  it('plans nothing twice while its read model lags behind what it started', async () => {
    await open('a.1');
    await calm();
    await views.stop();
    // Time passes, the model stands still: the row is open as before.
    await pass(clock, 10_000);
    expect(plans).toEqual(['a.1']);
    expect(await doneTimes('a.1')).toBe(1);
    await views.start();
    await open('a.2');
    await pass(clock, 2_000);
    expect(await Promise.all(['a.1', 'a.2'].map(doneTimes))).toEqual([1, 1]);
  });

  it('plans nothing of an account whose gate is shut, and all of it when that opens', async () => {
    shut.add('a');
    await open('a.1');
    await open('b.1');
    await pass(clock, 5_000);
    expect(await Promise.all(['a.1', 'b.1'].map(doneTimes))).toEqual([0, 1]);
    shut.clear();
    opened('a');
    await pass(clock, 60);
    expect(await doneTimes('a.1')).toBe(1);
  });

  it('wakes when the planner says so', async () => {
    wait = 200;
    await open('a.1');
    const since = clock.now();
    await pass(clock, 199);
    expect(await doneTimes('a.1')).toBe(0);
    await pass(clock, 1);
    expect(await doneTimes('a.1')).toBe(1);
    const [event] = await store.readStream('counter-donea.1', 0, 1);
    expect(event?.metadata.recordedAt).toBe(since + 200);
  });

  it('hears of new work while another partition has long to wait', async () => {
    wait = 60_000;
    await open('a.1');
    await calm();
    wait = 0;
    await open('b.1');
    await pass(clock, 60);
    expect(await doneTimes('b.1')).toBe(1);
  });

  it('looks by itself where the bell was not heard', async () => {
    await open('a.1');
    await pass(clock, 2_000);
    expect(await doneTimes('a.1')).toBe(1);
  });

  it('plans again what could not be written', async () => {
    await open('a.1');
    store.appends.push('fails');
    await pass(clock, 3_000);
    expect(await doneTimes('a.1')).toBe(1);
  });

  it('says when planning fails, and goes on when it works again', async () => {
    broken = true;
    await open('a.1');
    await pass(clock, 60);
    expect(loop.failure).toBe('Error: bug');
    broken = false;
    await pass(clock, 2_000);
    expect([loop.failure, await doneTimes('a.1')]).toEqual([null, 1]);
  });
});
