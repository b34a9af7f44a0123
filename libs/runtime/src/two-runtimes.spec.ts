import { messageTo, reaction, type Steps } from '@seatbook/kernel';
import {
  contextOf,
  counterKind,
  counterRegistry,
  counterRunner,
  dueAs,
  type Counter,
  type CounterCommand,
  type CounterEvent,
} from '@seatbook/test-support/counter-domain';
import { keptLeases } from '@seatbook/test-support/kept-leases';
import { calm, pass, until } from '@seatbook/test-support/let-happen';
import { seededIds, seededRandom } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { CommandRunner } from './command-runner.js';
import { dueModel, stepLeaseOf } from './due.js';
import { DueRunner } from './due-runner.js';
import { StoreUnavailable } from './errors.js';
import { EventLog } from './event-log.js';
import type { Gates } from './gates.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { Processor } from './processor.js';
import type { Progress } from './progress.js';
import { Reactor } from './reactor.js';

/** Each number said by a source is added once to its target. */
const mirror = reaction<CounterEvent>('mirror', {
  'counter.added': ({ stream, data }) =>
    stream.startsWith('counter-source')
      ? [messageTo<CounterCommand>(stream.replace('source', 'target'), { type: 'Add', n: data.n })]
      : [],
});

const openGate: Gates = { isOpen: () => true, open: () => ['account'], onOpened: () => () => undefined };

/** Names of leases by the partition that they cover. */
const leaseOf = (gate: string): string => `work/${gate}`;
const leaseOfStream = (stream: string): string =>
  stream.startsWith('counter-gated') ? leaseOf('account') : stepLeaseOf(stream);

describe('two runtimes on one store', () => {
  const seed = 20_261;
  let clock: VirtualClock;
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let processes: Process[];
  /** Steps that were performed, by stream. */
  let performed: string[];
  /** The reactor's checkpoints, in the order in which they were saved. */
  let saved: { process: number; epoch: number }[];

  /** One process: a reactor and a due runner, whose connection to the store may break. */
  class Process {
    cutOff = false;
    readonly leases: LeaseKeeper;
    readonly runner: CommandRunner;
    readonly reactor: Reactor;
    readonly due: DueRunner<object>;

    constructor(readonly number: number) {
      const { events: store, reads, progress, leases } = temporary.stores;
      const events = new EventLog(this.#connected(store), counterRegistry());
      this.leases = keptLeases(this.#connected(leases), clock);
      const kinds = [counterKind(this.#steps())];
      const shared = { leases: this.leases, clock, log: () => undefined };
      this.runner = counterRunner({
        events: this.#connected(store),
        reads: this.#connected(reads),
        clock,
        kinds,
      });
      this.reactor = new Reactor({
        ...shared,
        events,
        progress: this.#noted(this.#connected(progress)),
        runner: this.runner,
        reactions: [mirror],
      });
      this.due = new DueRunner<object>({
        ...shared,
        reads: this.#connected(reads),
        progress: this.#connected(progress),
        runner: this.runner,
        leaseOf,
        gates: openGate,
        ports: {},
        ids: seededIds(seed, number),
      });
      this.reactor.start();
      this.due.start();
    }

    #steps(): Steps<Counter, object, CounterCommand> {
      const perform = async (_state: Counter, _ports: object, stream: string): Promise<CounterCommand[]> => {
        const lease = leaseOfStream(stream);
        const holders = processes.filter(({ leases }) => leases.epochOf(lease) !== null);
        performed.push(`${stream} ${holders.map(({ number }) => number).join()} ${this.number}`);
        await new Promise<void>((resolve) => clock.after(300, resolve));
        return [{ type: 'Finish' }];
      };
      const begin = async (): Promise<CounterCommand> => ({
        type: 'Start',
        doubtfulAt: clock.now() + 60_000,
      });
      return { read: { due: dueAs('read'), perform }, send: { due: dueAs('send'), begin, perform } };
    }

    /** A port that fails while the process is cut off. */
    #connected<T extends object>(port: T): T {
      return new Proxy(port, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...args: unknown[]): unknown => {
            if (name === 'subscribe')
              return this.#pages(Reflect.apply(member, target, args) as AsyncIterable<unknown>);
            if (name === 'onAppended') return Reflect.apply(member, target, args);
            return this.cutOff ? Promise.reject(this.#broken()) : Reflect.apply(member, target, args);
          };
        },
      });
    }

    async *#pages(subscription: AsyncIterable<unknown>): AsyncGenerator<unknown> {
      for await (const page of subscription) {
        if (this.cutOff) throw this.#broken();
        yield page;
      }
    }

    #broken(): StoreUnavailable {
      return new StoreUnavailable('the connection broke', 'ECONNRESET');
    }

    #noted(progress: Progress): Progress {
      return new Proxy(progress, {
        get: (target, name) => {
          const member = Reflect.get(target, name) as (...args: unknown[]) => unknown;
          if (name !== 'saveCheckpoint') return member.bind(target);
          return async (...[checkpoint, move]: Parameters<Progress['saveCheckpoint']>): Promise<void> => {
            await target.saveCheckpoint(checkpoint, move);
            saved.push({ process: this.number, epoch: move.epoch });
          };
        },
      });
    }

    async stop(): Promise<void> {
      this.cutOff = false;
      await Promise.all([this.reactor.stop(), this.due.stop()]);
      await this.leases.stop();
    }
  }

  let built: Processor;
  let said = 0;
  /** A client, whose connection is well: it says a number, and lets a stream wait for a step. */
  const say = async (client: CommandRunner): Promise<void> => {
    said += 1;
    await client.execute(
      `counter-source${said % 7}`,
      { type: 'Add', n: said } as CounterCommand,
      contextOf(`say-${said}`),
    );
    const step = said % 2 === 0 ? 'read' : 'send';
    const gate = said % 3 === 0 ? { gate: 'account' } : {};
    const stream = `counter-${said % 3 === 0 ? 'gated' : 'free'}${said}`;
    await client.execute(
      stream,
      { type: 'Wait', step, at: clock.now() + 500, ...gate } as CounterCommand,
      contextOf(`wait-${said}`),
    );
  };

  beforeEach(async () => {
    clock = new VirtualClock();
    temporary = await openTemporaryStores(clock);
    const { events, reads } = temporary.stores;
    built = new Processor({
      events: new EventLog(events, counterRegistry()),
      reads,
      models: [dueModel],
      clock,
      log: () => undefined,
    });
    await built.start();
    performed = [];
    saved = [];
    processes = [];
    said = 0;
    for (const number of [1, 2]) {
      processes.push(new Process(number));
      await calm();
    }
    built.onAdvance(() => processes.forEach(({ due }) => due.wake()));
  });
  afterEach(async () => {
    const stopping = Promise.all(processes.map((process) => process.stop()));
    let stopped = false;
    void stopping.then(() => (stopped = true));
    await until(clock, 'stopped', () => stopped);
    await built.stop();
    await temporary.close();
  });

  const newClient = (): CommandRunner => {
    const { events, reads } = temporary.stores;
    const perform = () => Promise.resolve([]);
    const steps = { read: { due: dueAs('read'), perform }, send: { due: dueAs('send'), perform } };
    return counterRunner({ events, reads, clock, kinds: [counterKind(steps)] });
  };

  const allDone = async (client: CommandRunner): Promise<void> => {
    await until(clock, `all reacted to (seed ${seed})`, async () => {
      const head = await temporary.stores.events.head();
      return (await temporary.stores.progress.checkpoint('reactor')) === head;
    });
    await until(clock, `nothing is due (seed ${seed})`, async () => {
      const { events, reads } = temporary.stores;
      const { rows } = await reads.query(dueModel, { index: 'by-queue', equals: [], limit: 1 });
      return rows.length === 0 && (await reads.checkpoint(dueModel)) === (await events.head());
    });
    const sums = await Promise.all(
      Array.from({ length: 7 }, async (_target, index) => {
        const [source, target] = await Promise.all(
          ['source', 'target'].map(
            async (kind) => (await client.load(`counter-${kind}${index}`)).state as Counter,
          ),
        );
        return [source?.sum, target?.sum, target?.events === source?.events];
      }),
    );
    for (const [source, target, sameNumber] of sums) expect([target, sameNumber]).toEqual([source, true]);
  };

  it('pass leases to and fro: each event is reacted to once, and work is done by the one holder alone', async () => {
    const client = newClient();
    const random = seededRandom(seed);
    for (let round = 0; round < 40; round += 1) {
      for (let count = 0; count < 3; count += 1) await say(client);
      // Whoever reacts at present is cut off, long enough to lose its leases or not; one of them is always connected.
      const holder = processes.find(({ leases }) => leases.epochOf('reactor') !== null);
      for (const process of processes) process.cutOff = process === holder && random() < 0.5;
      await pass(clock, 1_000 + Math.floor(random() * 60_000));
    }
    for (const process of processes) process.cutOff = false;
    await allDone(client);
    for (const done of performed) {
      const [, holders, by] = done.split(' ');
      expect([seed, done, holders]).toEqual([seed, done, by]);
    }
    expect(new Set(performed.map((done) => done.split(' ')[0])).size).toBe(said);
    // Both have worked, in turn, and no earlier epoch after a later one.
    expect(new Set(saved.map(({ process }) => process)).size).toBe(2);
    expect(new Set(saved.map(({ epoch }) => epoch)).size).toBeGreaterThan(5);
    const epochs = saved.map(({ epoch }) => epoch);
    expect(epochs).toEqual([...epochs].sort((one, other) => one - other));
  });

  it('hand over at once when they stop, and go on where the other was', async () => {
    const client = newClient();
    for (let round = 0; round < 6; round += 1) {
      for (let count = 0; count < 5; count += 1) await say(client);
      await pass(clock, 400);
      const leaving = processes.shift() as Process;
      let stopped = false;
      const stopping = leaving.stop().then(() => (stopped = true));
      await until(clock, 'stopped', () => stopped);
      await stopping;
      await pass(clock, 6_000);
      processes.push(new Process(round + 3));
      await calm();
    }
    await allDone(client);
    expect(new Set(saved.map(({ process }) => process)).size).toBeGreaterThan(5);
    // What was begun and not answered is done again; nothing else is.
    expect(performed.length).toBe(said);
  });

  it('have one holder for each partition', async () => {
    await pass(clock, 30_000);
    const names = [
      'reactor',
      leaseOf('account'),
      ...Array.from({ length: 16 }, (_partition, n) => `steps/${n}`),
    ];
    for (const name of names)
      expect(processes.filter(({ leases }) => leases.epochOf(name) !== null)).toHaveLength(1);
  });
});
