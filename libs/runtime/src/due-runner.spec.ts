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
import { keptLeases } from '@seatbook/test-support/kept-leases';
import { calm, pass, until } from '@seatbook/test-support/let-happen';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { CommandRunner } from './command-runner.js';
import { dueModel } from './due.js';
import { EventLog } from './event-log.js';
import type { ParkedWork, Progress } from './progress.js';
import { DUE_RUNNER_LIMITS, DueRunner, type DueRunnerLimits, type DueRunnerOptions } from './due-runner.js';
import { StoreUnavailable } from './errors.js';
import type { Gates } from './gates.js';
import { Processor } from './processor.js';
import type { ReadStore } from './read-store.js';

class SpecGates implements Gates {
  readonly shut = new Set<string>();
  /** All that there are. */
  readonly gates = ['account', 'other'];
  readonly #listeners = new Set<(gate: string) => void>();
  isOpen(gate: string): boolean {
    return !this.shut.has(gate);
  }
  onOpened(listener: (gate: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  open(): string[] {
    return this.gates.filter((gate) => this.isOpen(gate));
  }
  reopen(gate: string): void {
    this.shut.delete(gate);
    for (const listener of this.#listeners) listener(gate);
  }
}

type CounterStep = Step<Counter, object, CounterCommand>;

/** Leases that are held for so long, whoever else wants them. */
const leasesWith = (left: () => number): DueRunnerOptions<object>['leases'] => ({
  want: () => undefined,
  leftOf: left,
  isLeaving: () => false,
  whileNeeded: () => undefined,
  onGained: () => () => undefined,
});

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
  let lines: { message: string }[];

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

  interface ProcessOptions {
    steps?: typeof counterSteps;
    limits?: Partial<DueRunnerLimits>;
    progress?: Progress;
    query?: ReadStore['query'];
    leases?: DueRunnerOptions<object>['leases'];
    /** The longest that a stream waits for a step. */
    waits?: Readonly<Record<string, number>>;
  }

  /** One process: runner, due model, leases and due runner on the shared stores. */
  const process = async ({ steps = counterSteps, ...more }: ProcessOptions = {}) => {
    const { events, reads, progress } = temporary.stores;
    const kind = { ...counterKind(steps), ...(more.waits ? { waits: more.waits } : {}) };
    const runner = counterRunner({ events, reads, clock, kinds: [kind] });
    const built = new Processor({
      events: new EventLog(events, counterRegistry()),
      reads,
      models: [dueModel],
      clock,
      log: () => undefined,
    });
    const leases = keptLeases(temporary.stores.leases, clock);
    const due = new DueRunner<object>({
      reads: more.query ? { query: more.query, checkpoint: (model) => reads.checkpoint(model) } : reads,
      progress: more.progress ?? progress,
      runner,
      leases: more.leases ?? leases,
      leaseOf: (gate) => `work/${gate}`,
      gates,
      ports: {},
      clock,
      ids: seededIds(1, (runs += 1)),
      log: (message, facts) => lines.push({ message, ...facts }),
      limits: more.limits,
    });
    built.onAdvance(() => due.wake());
    await built.start();
    due.start();
    await calm();
    const stop = async (): Promise<void> => {
      await due.stop();
      await leases.stop();
      await built.stop();
    };
    ends.push(stop);
    return { runner, due, leases, stop };
  };
  const countParked = (): Promise<number> => temporary.stores.progress.countParked();
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
    lines = [];
    perform = () => Promise.resolve([{ type: 'Finish' }]);
    mayStart = () => true;
  });
  afterEach(async () => {
    // What is under way may need time to end.
    const left = new Set(ends.splice(0).map((end) => end()));
    for (const end of left) void end.then(() => left.delete(end));
    await until(clock, 'ended', () => left.size === 0);
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

  it('begins before it performs: of two workers that both think they may, only one does', async () => {
    const always = leasesWith(() => 60_000);
    const one = await process({ leases: always });
    await process({ leases: always });
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
    gates.reopen('account');
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
    expect([most, performed.length]).toEqual([DUE_RUNNER_LIMITS.concurrency, 100]);
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
    expect([most, performed.length]).toEqual([DUE_RUNNER_LIMITS.concurrencyPerGate, 40]);
  });

  it('lets what has no gate, and further gates, not wait for busy ones', async () => {
    gates.gates.push('busy-1', 'busy-2', 'busy-3', 'busy-4', 'quiet');
    perform = async (stream) => {
      // Behind a busy gate everything takes thirty seconds.
      if (stream.includes('busy')) await new Promise<void>((resolve) => clock.after(30_000, resolve));
      return [{ type: 'Finish' }];
    };
    const { runner } = await process();
    for (let gate = 1; gate <= 4; gate += 1)
      await Promise.all(
        Array.from({ length: 100 }, (_stream, index) =>
          wait(runner, 'read', 0, `counter-busy${gate}-${index}`, `busy-${gate}`),
        ),
      );
    await wait(runner, 'read', 1, 'counter-free');
    await wait(runner, 'read', 1, 'counter-quiet', 'quiet');
    await pass(clock, 1_000);
    expect(performed.filter((done) => !done.includes('busy')).sort()).toEqual([
      `counter-free ${at(1)}`,
      `counter-quiet ${at(1)}`,
    ]);
  });

  it('lets gates take turns where there are not places for all', async () => {
    gates.gates.push('a', 'b', 'c', 'd');
    const finished = { a: 0, b: 0, c: 0, d: 0 };
    perform = async (stream) => {
      await new Promise<void>((resolve) => clock.after(1_000, resolve));
      finished[stream.charAt('counter-'.length) as keyof typeof finished] += 1;
      return [{ type: 'Finish' }];
    };
    const { runner } = await process({ limits: { gatedConcurrency: 4, concurrencyPerGate: 4 } });
    for (const gate of Object.keys(finished))
      await Promise.all(
        Array.from({ length: 20 }, (_stream, index) =>
          wait(runner, 'read', 0, `counter-${gate}${index}`, gate),
        ),
      );
    await pass(clock, 12_000);
    for (const done of Object.values(finished)) expect(done).toBeGreaterThanOrEqual(8);
  });

  it('does not read what is behind a shut gate', async () => {
    gates.shut.add('account');
    const { reads } = temporary.stores;
    let looks = 0;
    let rows = 0;
    const query: ReadStore['query'] = async (...asked) => {
      const page = await reads.query(...asked);
      looks += 1;
      rows += page.rows.length;
      return page;
    };
    const { runner } = await process({ query });
    await Promise.all(
      Array.from({ length: 300 }, (_stream, index) => wait(runner, 'read', 0, `counter-${index}`, 'account')),
    );
    // Whatever else is stamped makes it look.
    for (let index = 0; index < 20; index += 1) {
      await runner.execute(
        'counter-other',
        { type: 'Add', n: 1 } as CounterCommand,
        contextOf(`other-${index}`),
      );
      await pass(clock, 1_000);
    }
    expect([looks > 10, rows]).toEqual([true, 0]);
    gates.reopen('account');
    await pass(clock, 2_000);
    expect(performed).toHaveLength(300);
  });

  describe('with leases', () => {
    it('works on the partitions whose lease it holds, and on all of them when the other worker is gone', async () => {
      const first = await process();
      const second = await process();
      await wait(first.runner, 'read', 0);
      await pass(clock, 10);
      expect(performed).toHaveLength(1);
      await second.stop();
      await wait(first.runner, 'read', 10);
      await pass(clock, 10);
      expect(performed).toHaveLength(2);
      const third = await process();
      await first.stop();
      await wait(third.runner, 'read', 20);
      await pass(clock, 10_000);
      expect(performed).toHaveLength(3);
    });

    it('begins nothing, and performs nothing, when the lease runs out before the work would be done', async () => {
      let left = 60_000;
      const leases = leasesWith(() => left);
      const { runner } = await process({ leases });
      left = DUE_RUNNER_LIMITS.gateLeaseLeftMs;
      await wait(runner, 'send', 0, 'counter-1', 'account');
      await pass(clock, 60_000);
      expect((await runner.load('counter-1')).revision).toBe(0);
      // It runs out while the beginning is written.
      mayStart = () => {
        setImmediate(() => (left = 0));
        return true;
      };
      left = 60_000;
      await pass(clock, 5_000);
      expect((await runner.load('counter-1')).state).toMatchObject({ attempt: 1 });
      expect(performed).toEqual([]);
      mayStart = () => true;
      left = 60_000;
      await pass(clock, 120_000);
      expect(performed).toEqual([expect.stringMatching(/attempt 2$/)]);
    });
  });

  describe('a step that fails', () => {
    it('is tried again after a growing while, then parked with the reason, and the others go on', async () => {
      perform = (stream) =>
        stream === 'counter-1' ? Promise.reject(new Error('boom')) : Promise.resolve([{ type: 'Finish' }]);
      const { runner } = await process();
      await wait(runner, 'read', 0);
      await until(clock, 'parked', async () => (await countParked()) === 1);
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
      const { runner } = await process();
      await wait(runner, 'read', 0);
      await until(clock, 'parked', async () => (await countParked()) === 1);
      broken = false;
      expect(await temporary.stores.progress.requestRetry('counter-1/read')).toBe(true);
      await pass(clock, 5_000);
      expect([performed.length, await countParked()]).toEqual([6, 0]);
      expect(((await runner.load('counter-1')).state as Counter).due).toBeNull();
    });

    it('is tried again after a pause where it cannot be parked, and harms nothing else', async () => {
      perform = (stream) =>
        stream === 'counter-1' ? Promise.reject(new Error('boom')) : Promise.resolve([{ type: 'Finish' }]);
      let full = true;
      const { progress } = temporary.stores;
      const { runner, due } = await process({
        progress: new Proxy(progress, {
          get(target, name) {
            if (name === 'park' && full) return () => Promise.reject(new Error('SQLITE_FULL'));
            const member: unknown = Reflect.get(target, name);
            return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
          },
        }),
      });
      await wait(runner, 'read', 0);
      await pass(clock, 20_000);
      expect(lines.filter(({ message }) => message.includes('could not be parked'))).not.toEqual([]);
      await wait(runner, 'read', 20_000, 'counter-2');
      await pass(clock, 10);
      expect(performed.at(-1)).toMatch(/counter-2/);
      const tries = performed.length;
      await pass(clock, 10_000);
      expect(performed.length - tries).toBeLessThan(3);
      full = false;
      await until(clock, 'parked', async () => (await countParked()) === 1);
      expect(due.failure).toBeNull();
    });

    it('waits as long as it was to wait where the clock that noted it was ahead, also after a restart', async () => {
      clock.set(3_600_000);
      start = clock.now();
      const { runner, stop } = await process();
      await wait(runner, 'read', 300_000);
      clock.set(-3_600_000);
      await pass(clock, 200_000);
      expect(performed).toEqual([]);
      await pass(clock, 200_000);
      expect(performed).toHaveLength(1);

      clock.set(3_600_000);
      start = clock.now();
      await wait(runner, 'read', 300_000, 'counter-2');
      await stop();
      clock.set(-3_600_000);
      await process();
      await pass(clock, 299_000);
      expect(performed).toHaveLength(1);
      await pass(clock, 62_000);
      expect(performed).toHaveLength(2);
    });

    it('waits no longer where the clock comes past the moment at which one that was ahead had noted it', async () => {
      clock.set(120_000);
      start = clock.now();
      const { runner } = await process();
      await wait(runner, 'read', 300_000);
      clock.set(-120_000);
      await pass(clock, 299_000);
      expect(performed).toEqual([]);
      await pass(clock, 32_000);
      expect(performed).toHaveLength(1);
    });

    it('waits no longer than its step waits today, where a clock that was ahead has noted it when that was longer', async () => {
      clock.set(3_600_000);
      start = clock.now();
      const before = await process();
      await wait(before.runner, 'read', 7_200_000);
      await before.stop();
      clock.set(-3_600_000);
      await process({ waits: { read: 600_000 } });
      await pass(clock, 599_000);
      expect(performed).toEqual([]);
      await pass(clock, 32_000);
      expect(performed).toHaveLength(1);
    });

    it.each([
      ['in one process', false],
      ['over a restart', true],
    ])(
      'is taken as soon as something happens to its stream once the clock is right again, %s',
      async (_how, restarted) => {
        clock.set(36_000_000);
        start = clock.now();
        const before = await process({ waits: { read: 86_400_000 } });
        await wait(before.runner, 'read', 300_000);
        clock.set(-36_000_000);
        if (restarted) await before.stop();
        const { runner } = restarted ? await process({ waits: { read: 86_400_000 } }) : before;
        await pass(clock, 10_000);
        expect(performed).toEqual([]);
        const add = { type: 'Add', n: 1 } as CounterCommand;
        await runner.execute('counter-1', add, contextOf(`add-${(commands += 1)}`));
        await pass(clock, 1_000);
        expect(performed).toHaveLength(1);
      },
    );

    it('is taken where it waits for longer than its step ever waits: a clock that was ahead has noted the moment', async () => {
      const before = await process();
      await wait(before.runner, 'read', 3_600_000);
      await pass(clock, 60_000);
      await before.stop();
      expect(performed).toEqual([]);
      const { runner } = await process({ waits: { read: 600_000 } });
      await wait(runner, 'read', 3_600_000, 'counter-2');
      await wait(runner, 'read', 600_000, 'counter-3');
      await pass(clock, 32_000);
      expect(performed.map((line) => line.split(' ')[0]).sort()).toEqual(['counter-1', 'counter-2']);
    });

    it('becomes due where the clock is set forward', async () => {
      const { runner } = await process();
      await wait(runner, 'read', 3_600_000);
      await pass(clock, 5_000);
      clock.set(3_600_000);
      await pass(clock, 31_000);
      expect(performed).toHaveLength(1);
    });

    it('becomes due where a clock that was behind twice is put right', async () => {
      const { runner } = await process();
      clock.set(-3_600_000);
      await wait(runner, 'read', 120_000);
      clock.set(-300_000);
      await pass(clock, 60_000);
      clock.set(3_900_000);
      await pass(clock, 91_000);
      expect(performed).toHaveLength(1);
    });

    it('is tried again after the same while, whatever the clock is set to', async () => {
      let broken = true;
      perform = () => (broken ? Promise.reject(new Error('boom')) : Promise.resolve([{ type: 'Finish' }]));
      const { runner } = await process();
      await wait(runner, 'read', -4_000_000);
      await pass(clock, 10);
      broken = false;
      clock.set(-3_600_000);
      await pass(clock, 1_000);
      expect(performed).toHaveLength(2);
    });

    it('holds up no other step of its stream once it is parked', async () => {
      const broken = { due: () => ({ at: 0 }), perform: () => Promise.reject(new Error('broken')) };
      const { runner } = await process({ steps: { broken, ...counterSteps } });
      await wait(runner, 'read', 60_000);
      await until(clock, 'parked', async () => (await countParked()) === 1);
      await wait(runner, 'read', 120_000);
      await pass(clock, 119_999 - (clock.now() - start));
      expect(performed).toEqual([]);
      await pass(clock, 60_000);
      expect(performed).toHaveLength(1);
      expect(await countParked()).toBe(1);
    });

    it('stays parked over a restart', async () => {
      perform = () => Promise.reject(new Error('boom'));
      const first = await process();
      await wait(first.runner, 'read', 0);
      await until(clock, 'parked', async () => (await countParked()) === 1);
      await first.stop();
      await process();
      await pass(clock, 60_000);
      expect([performed.length, await countParked()]).toEqual([5, 1]);
    });

    it.each([
      ['a passing refusal', new Refusal('TRANSIENT_STORE', 'later')],
      ['a store that fails', new StoreUnavailable('database or disk is full', 'SQLITE_FULL')],
    ])('is never parked for %s', async (_why, failure) => {
      perform = () => Promise.reject(failure);
      const { runner } = await process();
      await wait(runner, 'read', 0);
      await pass(clock, 600_000);
      expect(performed.length).toBeGreaterThan(10);
      expect(await countParked()).toBe(0);
    });

    it('that this build does not have is left to the build that has it', async () => {
      const newer = { ...counterSteps, gone: { ...counterSteps['read'], due: dueAs('gone') } as CounterStep };
      const first = await process({ steps: newer });
      await wait(first.runner, 'gone', 5_000);
      await calm();
      await first.stop();
      const older = await process();
      await pass(clock, 60_000);
      expect([performed.length, await countParked()]).toEqual([0, 0]);
      await older.stop();
      await process({ steps: newer });
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
      await process({ steps: readWhen(({ due }) => due && { ...due, at: due.at + 60_000 }) });
      await pass(clock, 64_000);
      expect(performed).toEqual([]);
      await pass(clock, 2_000);
      expect(performed).toEqual([`counter-1 ${at(65_000)}`]);
    });

    it('with a step of another name takes that one', async () => {
      const gone = { ...counterSteps['read'], due: dueAs('gone') } as CounterStep;
      const first = await process({ steps: { ...counterSteps, gone } });
      await wait(first.runner, 'gone', 5_000);
      await calm();
      await first.stop();
      await process({ steps: readWhen(dueAs('gone')) });
      await pass(clock, 60_000);
      expect([performed, await countParked()]).toEqual([[`counter-1 ${at(5_000)}`], 0]);
    });
  });

  it('says that due work cannot be read, and goes on when it can', async () => {
    const { reads } = temporary.stores;
    let down = false;
    let looks = 0;
    const query: ReadStore['query'] = (...asked) => {
      looks += 1;
      return down ? Promise.reject(new Error('no network')) : reads.query(...asked);
    };
    const { runner, due } = await process({ query });
    await wait(runner, 'read', 5_000);
    await pass(clock, 1_000);
    down = true;
    looks = 0;
    await pass(clock, 60_000);
    expect([due.failure, looks < 20]).toEqual(['Error: no network', true]);
    down = false;
    await pass(clock, 60_000);
    expect([due.failure, performed.length]).toEqual([null, 1]);
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
