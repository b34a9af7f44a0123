import type { Steps } from '@seatbook/kernel';
import {
  contextOf,
  counterKind,
  counterRegistry,
  counterRunner,
  dueAs,
  type Counter,
  type CounterCommand,
} from '@seatbook/test-support/counter-domain';
import { FaultyEventStore } from '@seatbook/test-support/faulty-event-store';
import { keptLeases } from '@seatbook/test-support/kept-leases';
import { calm, pass, until } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { CommandRunner } from './command-runner.js';
import { EventLog } from './event-log.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { StepRevision } from './step-revision.js';

const perform = () => Promise.resolve([]);
const olderSteps: Steps<Counter, unknown, CounterCommand> = { ring: { due: dueAs('ring'), perform } };
const AT = 9_000_000_000_000;
/** Counters of more than ten wait to be audited, which no older build knew. */
const newerSteps: Steps<Counter, unknown, CounterCommand> = {
  ...olderSteps,
  audit: { due: ({ sum }) => (sum > 10 ? { at: AT, gate: 'auditor' } : null), perform },
};

describe('a new step of a new build', () => {
  const clock = new VirtualClock();
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let store: FaultyEventStore;
  let leases: LeaseKeeper;
  let older: CommandRunner;
  let lines: object[];
  const running: StepRevision[] = [];

  const runnerWith = (steps: typeof olderSteps): CommandRunner =>
    counterRunner({ events: store, reads: temporary.stores.reads, clock, kinds: [counterKind(steps)] });
  const revisionOf = (runner: CommandRunner): StepRevision => {
    const revision = new StepRevision({
      events: new EventLog(store, counterRegistry()),
      progress: temporary.stores.progress,
      runner,
      kinds: runner.kinds,
      leases,
      clock,
      log: (message, facts) => lines.push({ message, ...facts }),
      limits: { batchEvents: 3 },
    });
    running.push(revision);
    return revision;
  };
  /** A process of a build with these steps, until it has looked at all that there is. */
  const run = async (steps = newerSteps): Promise<CommandRunner> => {
    const runner = runnerWith(steps);
    revisionOf(runner).start();
    await pass(clock, 60_000);
    return runner;
  };
  const add = (stream: string, n: number, by = older): Promise<unknown> =>
    by.execute(stream, { type: 'Add', n } as CounterCommand, contextOf(`${stream}/${n}/${clock.now()}`));
  const eventsOf = (stream: string) => temporary.stores.events.readStream(stream, 0, 100);
  const stampOf = async (stream: string) => (await eventsOf(stream)).at(-1)?.metadata.next;

  beforeEach(async () => {
    temporary = await openTemporaryStores(clock);
    store = new FaultyEventStore(temporary.stores.events);
    leases = keptLeases(temporary.stores.leases, clock);
    older = runnerWith(olderSteps);
    lines = [];
  });
  afterEach(async () => {
    for (const revision of running.splice(0)) await revision.stop();
    await leases.stop();
    await temporary.close();
  });

  it('reaches the streams that were settled under an older build and wait for nothing', async () => {
    for (let index = 0; index < 20; index += 1) await add(`counter-${index}`, index);
    expect(await stampOf('counter-15')).toBeNull();
    await run();
    for (let index = 0; index < 20; index += 1)
      expect([index, await stampOf(`counter-${index}`)]).toEqual([
        index,
        index > 10 ? { step: 'audit', at: AT, gate: 'auditor' } : null,
      ]);
    const [added, revised] = await eventsOf('counter-15');
    expect(revised).toMatchObject({
      type: 'stream.steps-revised',
      data: {},
      metadata: {
        principal: 'seatbook',
        correlationId: added?.metadata.correlationId,
        causationId: added?.id,
        cause: { stream: 'counter-15', revision: 0 },
      },
    });
  });

  it('changes no state, and no build folds what carries it', async () => {
    await add('counter-1', 15);
    const newer = await run();
    for (const by of [newer, runnerWith(newerSteps), runnerWith(olderSteps)])
      expect((await by.load('counter-1')).state).toMatchObject({ sum: 15, events: 1 });
    await add('counter-1', 1, newer);
    expect(await stampOf('counter-1')).toMatchObject({ step: 'audit' });
  });

  it('is brought to each stream once, and not again by the same build after a restart', async () => {
    await add('counter-1', 15);
    await run();
    const before = await temporary.stores.events.head();
    store.reads = 0;
    await run();
    expect([await temporary.stores.events.head(), store.reads]).toEqual([before, 0]);
  });

  it('goes on after a crash where it was, and says while the log cannot be reached', async () => {
    for (let index = 0; index < 20; index += 1) await add(`counter-${index}`, 15);
    store.appends.push('well', 'well', 'fails', 'fails', 'doubtful');
    await run();
    await until(clock, 'all are stamped', async () => {
      const stamps = await Promise.all(
        Array.from({ length: 20 }, (_stream, index) => stampOf(`counter-${index}`)),
      );
      return stamps.every((stamp) => stamp !== null);
    });
    for (let index = 0; index < 20; index += 1) expect(await eventsOf(`counter-${index}`)).toHaveLength(2);
    expect(lines).toMatchObject([
      { message: 'a runner fails and keeps trying', runner: 'revision of steps' },
      { message: 'a runner works again' },
    ]);
  });

  it('does not keep a process from stopping: the next one goes on where it was', async () => {
    for (let index = 0; index < 20; index += 1) await add(`counter-${index}`, 15);
    const first = revisionOf(runnerWith(newerSteps));
    first.start();
    await calm();
    await first.stop();
    const stamps = await Promise.all(
      Array.from({ length: 20 }, (_stream, index) => stampOf(`counter-${index}`)),
    );
    expect(stamps.filter((stamp) => stamp !== null).length).toBeLessThan(20);
    await run();
    for (let index = 0; index < 20; index += 1) expect(await eventsOf(`counter-${index}`)).toHaveLength(2);
  });

  it('passes over a stream that this build cannot decide, and says so', async () => {
    await add('counter-1', 15);
    const metadata = JSON.stringify({ version: 1, ...contextOf('newest') });
    await temporary.stores.events.append(
      'counter-1',
      [{ id: 'newest', type: 'counter.invented', data: '{}', metadata }],
      0,
    );
    await add('counter-2', 15);
    await run();
    expect(await stampOf('counter-2')).toMatchObject({ step: 'audit' });
    expect(lines).toMatchObject([
      { stream: 'counter-1', reason: expect.stringMatching(/^TRANSIENT_NEWER/) as string },
    ]);
  });

  it('is the business of one process: the others wait for its lease', async () => {
    await leases.stop();
    const other = keptLeases(temporary.stores.leases, clock);
    other.want('step-revision', 15_000);
    await calm();
    leases = keptLeases(temporary.stores.leases, clock);
    await add('counter-1', 15);
    await run();
    expect(await stampOf('counter-1')).toBeNull();
    await other.stop();
    await pass(clock, 10_000);
    expect(await stampOf('counter-1')).toMatchObject({ step: 'audit' });
  });
});
