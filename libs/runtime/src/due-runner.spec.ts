import { Refusal, type Step, type Steps } from '@seatbook/kernel';
import {
  contextOf,
  counterKind,
  counterRegistry,
  counterRunner,
  dueAs,
  type Counter,
  type CounterCommand,
} from '@seatbook/test-support/counter-domain';
import { calm, pass, until } from '@seatbook/test-support/let-happen';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { CommandRunner } from './command-runner.js';
import { dueModel } from './due.js';
import { EventLog } from './event-log.js';
import type { ParkedWork } from './progress.js';
import { DUE_RUNNER_DEFAULTS, DueRunner } from './due-runner.js';
import type { Gates } from './gates.js';
import { Parking } from './parking.js';
import { Processor } from './processor.js';

class SpecGates implements Gates {
  readonly shut = new Set<string>();
  readonly #listeners = new Set<(gate: string) => void>();
  isOpen(gate: string): boolean {
    return !this.shut.has(gate);
  }
  onOpened(listener: (gate: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  open(gate: string): void {
    this.shut.delete(gate);
    for (const listener of this.#listeners) listener(gate);
  }
}

type CounterStep = Step<Counter, object, CounterCommand>;

describe('taking due work', () => {
  let clock: VirtualClock;
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let gates: SpecGates;
  /** What steps do; specs replace it. */
  let perform: (stream: string, state: Counter) => Promise<readonly CounterCommand[]>;
  let mayStart: () => boolean;
  let performed: string[];
  let commands = 0;
  let runs = 0;
  const ends: (() => Promise<void>)[] = [];

  const counterSteps: Steps<Counter, object, CounterCommand> = {
    read: {
      due: dueAs('read'),
      async perform(state, _ports, stream) {
        performed.push(`${stream} ${clock.now()}`);
        return perform(stream, state);
      },
    },
    send: {
      due: dueAs('send'),
      async begin() {
        return mayStart() ? { type: 'Start', doubtfulAt: clock.now() + 60_000 } : null;
      },
      async perform(state, _ports, stream) {
        performed.push(`${stream} ${clock.now()} attempt ${state.attempt}`);
        return perform(stream, state);
      },
    },
  };

  /** Steps of another build, which reads at other moments. */
  const readWhen = (due: CounterStep['due']): typeof counterSteps => ({
    ...counterSteps,
    read: { ...counterSteps['read'], due } as CounterStep,
  });

  /** One process: runner, due model and due runner on the shared stores. */
  const process = async (steps = counterSteps) => {
    const { events, reads, progress } = temporary.stores;
    const kind = counterKind(steps);
    const runner = counterRunner({ events, reads, clock, kinds: [kind] });
    const parking = new Parking(progress, clock);
    await parking.load();
    const built = new Processor({
      events: new EventLog(events, counterRegistry()),
      reads,
      models: [dueModel],
      clock,
      log: () => undefined,
    });
    const due = new DueRunner<object>(reads, runner, parking, gates, {}, clock, seededIds(1, (runs += 1)));
    built.onAdvance(() => due.ring());
    await built.start();
    due.start();
    const stop = async (): Promise<void> => {
      await due.stop();
      await built.stop();
    };
    ends.push(stop);
    return { runner, parking, due, stop };
  };
  const at = (ms: number): number => start + ms;
  let start = 0;
  const wait = (
    runner: CommandRunner,
    step: 'read' | 'send' | 'gone',
    ms: number,
    stream = 'counter-1',
    gate?: string,
  ) =>
    runner.execute(
      stream,
      { type: 'Wait', step, at: at(ms), ...(gate === undefined ? {} : { gate }) } as CounterCommand,
      contextOf(`wait-${(commands += 1)}`),
    );

  const parkedOf = async (stream: string): Promise<readonly ParkedWork[]> =>
    (await temporary.stores.progress.parked({ stream, limit: 1_000 })).rows;

  beforeEach(async () => {
    clock = new VirtualClock();
    start = clock.now();
    temporary = await openTemporaryStores(clock);
    gates = new SpecGates();
    performed = [];
    perform = () => Promise.resolve([{ type: 'Finish' }]);
    mayStart = () => true;
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await temporary.close();
  });

  it('takes it at its moment and not before, once', async () => {
    const { runner } = await process();
    await wait(runner, 'read', 30_000);
    await pass(clock, 29_999);
    expect(performed).toEqual([]);
    await pass(clock, 60_000);
    expect(performed).toEqual([`counter-1 ${at(30_000)}`]);
  });

  it('carries on correlation, trace and cause from what the stream waited with', async () => {
    const { runner } = await process();
    const request = { correlationId: 'request', traceparent: 'trace' };
    const command: CounterCommand = { type: 'Wait', step: 'send', at: at(1_000) };
    await runner.execute('counter-1', command, contextOf('post', request));
    // Something else happens to the stream while Apple is asked; the answer follows from the beginning all the same.
    perform = async () => {
      await runner.execute('counter-1', { type: 'Add', n: 1 } as CounterCommand, contextOf('other'));
      return [{ type: 'Finish' }];
    };
    await pass(clock, 5_000);
    const events = await temporary.stores.events.readStream('counter-1', 0, 10);
    expect(events.map(({ type }) => type)).toEqual([
      'counter.waits',
      'counter.started',
      'counter.added',
      'counter.done',
    ]);
    const follows = (revision: number) => ({
      ...request,
      causationId: events[revision]?.id,
      cause: { stream: 'counter-1', revision },
    });
    expect(events[1]?.metadata).toMatchObject(follows(0));
    expect(events[3]?.metadata).toMatchObject(follows(1));
  });

  it('passes over what the stream no longer says', async () => {
    const { runner } = await process();
    await wait(runner, 'read', 5_000);
    await calm();
    await runner.execute('counter-1', { type: 'Finish' }, contextOf('done'));
    await pass(clock, 60_000);
    expect(performed).toEqual([]);
  });

  it('begins before it performs: of two processes only one does', async () => {
    const one = await process();
    await process();
    await wait(one.runner, 'send', 1_000);
    await wait(one.runner, 'send', 1_000, 'counter-2');
    await pass(clock, 30_000);
    expect(performed.sort()).toEqual([
      `counter-1 ${at(1_000)} attempt 1`,
      `counter-2 ${at(1_000)} attempt 1`,
    ]);
  });

  it('performs an attempt again that counts as doubtful', async () => {
    perform = (_stream, { attempt }) => Promise.resolve(attempt < 3 ? [] : [{ type: 'Finish' }]);
    const { runner } = await process();
    await wait(runner, 'send', 0);
    await pass(clock, 300_000);
    expect(performed).toEqual([
      `counter-1 ${at(0)} attempt 1`,
      `counter-1 ${at(60_000)} attempt 2`,
      `counter-1 ${at(120_000)} attempt 3`,
    ]);
  });

  it('holds what is behind a shut gate and takes it as soon as that opens', async () => {
    gates.shut.add('account');
    const { runner } = await process();
    await wait(runner, 'read', 1_000, 'counter-1', 'account');
    await wait(runner, 'read', 1_000, 'counter-2', 'other');
    await pass(clock, 600_500);
    expect(performed).toEqual([`counter-2 ${at(1_000)}`]);
    gates.open('account');
    await calm();
    expect(performed.at(-1)).toBe(`counter-1 ${at(600_500)}`);
  });

  it('asks a step again that says "not now"', async () => {
    mayStart = () => clock.now() >= at(5_000);
    const { runner } = await process();
    await wait(runner, 'send', 0);
    await pass(clock, 20_000);
    expect(performed).toEqual([`counter-1 ${at(5_000)} attempt 1`]);
  });

  it('asks a reading step again that has nothing to say yet', async () => {
    perform = () => Promise.resolve(clock.now() >= at(3_000) ? [{ type: 'Finish' }] : []);
    const { runner } = await process();
    await wait(runner, 'read', 0);
    await pass(clock, 10_000);
    expect(performed).toEqual([0, 1_000, 2_000, 3_000].map((ms) => `counter-1 ${at(ms)}`));
  });

  it('works on many streams at once and never twice on one', async () => {
    let most = 0;
    const inside = new Map<string, number>();
    perform = async (stream) => {
      inside.set(stream, (inside.get(stream) ?? 0) + 1);
      expect(inside.get(stream)).toBe(1);
      most = Math.max(most, inside.size);
      await new Promise<void>((resolve) => clock.after(2_500, resolve));
      inside.delete(stream);
      return [{ type: 'Finish' }];
    };
    const { runner } = await process();
    const streams = Array.from({ length: 100 }, (_one, index) => `counter-${index}`);
    await Promise.all(streams.map((stream) => wait(runner, 'read', 0, stream)));
    await pass(clock, 20_000);
    expect([most, performed.length]).toEqual([DUE_RUNNER_DEFAULTS.concurrency, 100]);
  });

  it('works on so many at once behind one gate and no more', async () => {
    let now = 0;
    let most = 0;
    perform = async () => {
      most = Math.max(most, (now += 1));
      await new Promise<void>((resolve) => clock.after(100, resolve));
      now -= 1;
      return [{ type: 'Finish' }];
    };
    const { runner } = await process();
    await Promise.all(
      Array.from({ length: 40 }, (_one, index) => wait(runner, 'read', 0, `counter-${index}`, 'account')),
    );
    await pass(clock, 20_000);
    expect([most, performed.length]).toEqual([DUE_RUNNER_DEFAULTS.concurrencyPerGate, 40]);
  });

  describe('a step that fails', () => {
    it('is tried again after a growing while, then parked with the reason, and the others go on', async () => {
      perform = (stream) =>
        stream === 'counter-1' ? Promise.reject(new Error('boom')) : Promise.resolve([{ type: 'Finish' }]);
      const { runner, parking } = await process();
      await wait(runner, 'read', 0);
      await until(clock, 'parked', () => parking.count === 1);
      expect(performed).toEqual([0, 500, 1_500, 3_500, 7_500].map((ms) => `counter-1 ${at(ms)}`));
      expect(await parkedOf('counter-1')).toMatchObject([
        { id: 'counter-1/read', kind: 'step', name: 'read', reason: 'Error: boom' },
      ]);
      await wait(runner, 'read', 0, 'counter-2');
      await pass(clock, 600_000);
      expect(performed.at(-1)).toMatch(/counter-2/);
      expect(performed).toHaveLength(6);
    });

    it('is taken anew on demand', async () => {
      let broken = true;
      perform = () => (broken ? Promise.reject(new Error('boom')) : Promise.resolve([{ type: 'Finish' }]));
      const { runner, parking, due } = await process();
      await wait(runner, 'read', 0);
      await until(clock, 'parked', () => parking.count === 1);
      broken = false;
      await due.retry('counter-1', 'counter-1/read');
      await pass(clock, 5_000);
      expect([performed.length, parking.count]).toEqual([6, 0]);
      expect(((await runner.load('counter-1')).state as Counter).due).toBeNull();
    });

    it('stays parked over a restart', async () => {
      perform = () => Promise.reject(new Error('boom'));
      const first = await process();
      await wait(first.runner, 'read', 0);
      await until(clock, 'parked', () => first.parking.count === 1);
      await first.stop();
      const { parking } = await process();
      await pass(clock, 60_000);
      expect([performed.length, parking.count]).toEqual([5, 1]);
    });

    it('is never parked for a passing refusal', async () => {
      perform = () => Promise.reject(new Refusal('TRANSIENT_STORE', 'later'));
      const { runner, parking } = await process();
      await wait(runner, 'read', 0);
      await pass(clock, 600_000);
      expect(performed.length).toBeGreaterThan(10);
      expect(parking.count).toBe(0);
    });

    it('that this build does not have is left to the build that has it', async () => {
      const newer = { ...counterSteps, gone: { ...counterSteps['read'], due: dueAs('gone') } as CounterStep };
      const first = await process(newer);
      await wait(first.runner, 'gone', 5_000);
      await calm();
      await first.stop();
      const older = await process();
      await pass(clock, 60_000);
      expect([performed.length, older.parking.count]).toEqual([0, 0]);
      await older.stop();
      await process(newer);
      await pass(clock, 60_000);
      expect(performed.length).toBe(1);
    });
  });

  describe('after a restart', () => {
    it('takes what became due meanwhile', async () => {
      const first = await process();
      await wait(first.runner, 'read', 5_000);
      await calm();
      await first.stop();
      await pass(clock, 60_000);
      expect(performed).toEqual([]);
      await process();
      await pass(clock, 10);
      expect(performed).toEqual([`counter-1 ${at(60_000)}`]);
    });

    it('with other timings takes it at the moment that holds now', async () => {
      const first = await process();
      await wait(first.runner, 'read', 5_000);
      await calm();
      await first.stop();
      await process(readWhen(({ due }) => due && { ...due, at: due.at + 60_000 }));
      await pass(clock, 64_000);
      expect(performed).toEqual([]);
      await pass(clock, 2_000);
      expect(performed).toEqual([`counter-1 ${at(65_000)}`]);
    });

    it('with a step of another name takes that one', async () => {
      const gone = { ...counterSteps['read'], due: dueAs('gone') } as CounterStep;
      const first = await process({ ...counterSteps, gone });
      await wait(first.runner, 'gone', 5_000);
      await calm();
      await first.stop();
      const { parking } = await process(readWhen(dueAs('gone')));
      await pass(clock, 60_000);
      expect([performed, parking.count]).toEqual([[`counter-1 ${at(5_000)}`], 0]);
    });
  });

  it('stops after what is under way', async () => {
    let ended = false;
    perform = async () => {
      await new Promise<void>((resolve) => clock.after(5_000, resolve));
      ended = true;
      return [{ type: 'Finish' }];
    };
    const { runner, due } = await process();
    await wait(runner, 'read', 0);
    await calm();
    expect(due.running).toBe(1);
    const stopping = due.stop();
    await pass(clock, 5_000);
    await stopping;
    expect([ended, due.running]).toEqual([true, 0]);
  });
});
