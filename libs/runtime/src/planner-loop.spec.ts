import { causeOf, readModel, type Cause, type Planner } from '@seatbook/kernel';
import {
  contextOf,
  counterRegistry,
  counterRunner,
  type CounterCommand,
  type CounterEvent,
} from '@seatbook/test-support/counter-domain';
import { FaultyEventStore } from '@seatbook/test-support/faulty-event-store';
import { keptLeases } from '@seatbook/test-support/kept-leases';
import { calm, pass } from '@seatbook/test-support/let-happen';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { CommandRunner } from './command-runner.js';
import { EventLog } from './event-log.js';
import type { Gates } from './gates.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { PlannerLoop } from './planner-loop.js';
import { Processor } from './processor.js';

interface Open {
  account: string;
  id: string;
  since: number;
  cause: Cause;
}

/** Open until a stream `counter-done{id}` exists. */
const openModel = readModel<Open, CounterEvent>()({
  name: 'open',
  version: 1,
  on: {
    'counter.added'(event) {
      const { stream, metadata } = event;
      const id = stream.replace(/^counter-(open|done)/, '');
      const row = {
        account: id.split('.')[0] ?? '',
        id,
        since: metadata.recordedAt,
        cause: causeOf(event),
      };
      return [{ key: id, evolve: () => (stream.startsWith('counter-open') ? row : null) }];
    },
  },
  indexes: [{ name: 'by-account', fields: ['account', 'id'] }],
});

describe('running a planner', () => {
  const clock = new VirtualClock();
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let store: FaultyEventStore;
  let runner: CommandRunner;
  let views: Processor;
  let loop: PlannerLoop<Open, { now: number }>;
  let leases: LeaseKeeper;
  let loops = 0;
  let plans: string[];
  let shut: Set<string>;
  let opened: (gate: string) => void;
  let wait = 0;
  let broken = false;
  let brokenFor = '';

  /** Everything that has waited for `wait` is done, row by row. */
  const planner: Planner<Open, { now: number }> = {
    name: 'planner',
    reads: openModel,
    index: 'by-account',
    plan(rows, { now }) {
      if (broken || rows[0]?.account === brokenFor) throw new Error('bug');
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
  /** A planner loop of a process with these leases. */
  const loopWith = (held: LeaseKeeper): PlannerLoop<Open, { now: number }> => {
    const gates: Gates = {
      isOpen: (gate) => !shut.has(gate),
      open: () => ['a', 'b'].filter((gate) => !shut.has(gate)),
      onOpened(listener) {
        opened = listener;
        return () => undefined;
      },
    };
    return new PlannerLoop({
      planner,
      events: new EventLog(store, counterRegistry()),
      reads: temporary.stores.reads,
      views,
      runner,
      leases: held,
      leaseOf: (partition) => `work/${partition}`,
      gates,
      context: () => Promise.resolve({ now: clock.now() }),
      clock,
      ids: seededIds(7, (loops += 1)),
      log: () => undefined,
    });
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
    leases = keptLeases(temporary.stores.leases, clock);
    loop = loopWith(leases);
    await views.start();
    loop.start();
  });
  afterEach(async () => {
    await loop.stop();
    await leases.stop();
    await views.stop();
    await temporary.close();
  });

  it('plans when its read model has moved, partition by partition', async () => {
    await open('a.1');
    await open('a.2');
    await open('b.1');
    await pass(clock, 200);
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
    await pass(clock, 120);
    expect(await doneTimes('b.1')).toBe(1);
  });

  it('looks by itself where the bell was not heard', async () => {
    await open('a.1');
    await pass(clock, 2_000);
    expect(await doneTimes('a.1')).toBe(1);
  });

  it('does not read the same rows again and again while nothing changes, and does so now and then', async () => {
    wait = 300_000;
    await open('a.1');
    await pass(clock, 59_000);
    // Once for each quarter of a minute: that of which the plan was made has not changed.
    expect(plans).toEqual(['a.1', 'a.1', 'a.1', 'a.1']);
    await open('a.2');
    await pass(clock, 100);
    expect(plans.slice(4)).toEqual(['a.1,a.2']);
    await pass(clock, 300_000);
    expect(await doneTimes('a.1')).toBe(1);
    expect(await doneTimes('a.2')).toBe(1);
  });

  it('plans again what could not be written', async () => {
    await open('a.1');
    store.appends.push('fails');
    await pass(clock, 3_000);
    expect(await doneTimes('a.1')).toBe(1);
  });

  it('looks at what a lost answer may have started before it plans again', async () => {
    store.appends.push('well', 'doubtful');
    await open('a.1');
    // The read model does not get to see what was planned.
    await pass(clock, 60);
    await views.stop();
    await pass(clock, 60_000);
    expect(plans).toEqual(['a.1']);
    await views.start();
    await pass(clock, 2_000);
    expect([plans, await doneTimes('a.1')]).toEqual([['a.1'], 1]);
  });

  it('plans nothing without the lease of the partition, and nothing twice when that changes hands', async () => {
    await loop.stop();
    await leases.stop();
    const other = keptLeases(temporary.stores.leases, clock);
    const loops = { mine: loopWith(leases), others: loopWith(other) };
    other.want('work/a', 60_000);
    await calm();
    leases.start();
    loops.mine.start();
    loops.others.start();
    await open('a.1');
    await open('b.1');
    await pass(clock, 5_000);
    expect([await doneTimes('a.1'), await doneTimes('b.1')]).toEqual([1, 1]);
    // The model stands still while the one plans and goes; the next one must not plan the same again.
    await open('a.2');
    await calm();
    await views.stop();
    await pass(clock, 5_000);
    await loops.others.stop();
    await other.stop();
    await pass(clock, 60_000);
    expect(leases.epochOf('work/a')).not.toBeNull();
    await views.start();
    await open('a.3');
    await pass(clock, 5_000);
    expect(await Promise.all(['a.1', 'a.2', 'a.3'].map(doneTimes))).toEqual([1, 1, 1]);
    await loops.mine.stop();
  });

  it('plans the others while the planning of one partition fails, which it tries again after growing pauses', async () => {
    brokenFor = 'a';
    await open('a.1');
    await open('b.1');
    await pass(clock, 60_000);
    expect([await doneTimes('a.1'), await doneTimes('b.1'), loop.failure]).toEqual([0, 1, 'Error: bug']);
    await open('b.2');
    await pass(clock, 100);
    expect(await doneTimes('b.2')).toBe(1);
    brokenFor = '';
    await pass(clock, 30_000);
    expect([await doneTimes('a.1'), loop.failure]).toEqual([1, null]);
  });

  it('says when planning fails, and goes on when it works again', async () => {
    broken = true;
    await open('a.1');
    await pass(clock, 120);
    expect(loop.failure).toBe('Error: bug');
    broken = false;
    await pass(clock, 2_000);
    expect([loop.failure, await doneTimes('a.1')]).toEqual([null, 1]);
  });
});
