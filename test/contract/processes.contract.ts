import assert from 'node:assert/strict';
import {
  EventRegistry,
  asPosition,
  firstVersions,
  messageTo,
  reaction,
  readModel,
  type Document,
  type Envelope,
  type Position,
  type ReadModel,
  type Steps,
} from '@seatbook/kernel';
import {
  DueRunner,
  EventLog,
  Processor,
  Reactor,
  dueModel,
  type Gates,
  type LeaseKeeper,
  type Leases,
  type ReadStore,
  type Stores,
  type Tenure,
} from '@seatbook/runtime';
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
import { pass, until } from '@seatbook/test-support/let-happen';
import { Machine } from '@seatbook/test-support/machine';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { Unanswered } from '@seatbook/test-support/unanswered';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { runContract, type Cases, type Fixture } from './contract.js';
import { METADATA, newEvent, newStream } from './new-events.js';
import { same } from './same.js';
import { seeded } from './seeded.js';

/** Stores that several processes have open at once. */
export interface ProcessesFixture extends Fixture {
  /** The stores as one more process has them. They are closed with the fixture. */
  open(): Promise<Stores>;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WITHIN_MS = HOUR_MS / 2;
const ANSWERED_WITHIN_MS = 60_000;

/** Processes on shared stores, under one virtual clock. */
class Deployment {
  readonly clock = new VirtualClock();
  readonly #pending = new Unanswered();
  #answeredAt = performance.now();
  readonly #ends: (() => Promise<void>)[] = [];

  constructor(private readonly fixture: ProcessesFixture) {}

  /** The stores of one more process, which is going to ask for due work. */
  async process(): Promise<Stores> {
    const stores = this.#pending.ofAll(await this.fixture.open());
    await stores.reads.prepare([dueModel]);
    return stores;
  }

  /** What is to be stopped in the end, the last first. */
  stops(runner: { stop(): Promise<void> }): void {
    this.#ends.push(() => runner.stop());
  }

  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    return until(this.clock, what, holds, WITHIN_MS, () => this.#isQuiet());
  }

  pass(ms: number): Promise<void> {
    return pass(this.clock, ms, () => this.#isQuiet());
  }

  /** @throws when something has had no answer for long, by the machine's clock */
  #isQuiet(): boolean {
    if (this.#pending.none) this.#answeredAt = performance.now();
    else if (performance.now() - this.#answeredAt > ANSWERED_WITHIN_MS)
      throw new Error('the stores do not answer, or do not deliver what was appended');
    return this.#pending.none;
  }

  /** Ends that may need time. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) {
      let over = false;
      const ending = end().finally(() => (over = true));
      await this.until('it has stopped', () => over);
      await ending;
    }
  }
}

/** A case that runs processes, which are stopped when it is over. */
const deployed =
  (run: (deployment: Deployment) => Promise<void>) =>
  async (fixture: ProcessesFixture): Promise<void> => {
    const deployment = new Deployment(fixture);
    try {
      await run(deployment);
    } finally {
      await deployment.end();
    }
  };

/** What became of a command: done, or the code of its refusal. */
const outcomeOf = async (sent: Promise<unknown>): Promise<string> => {
  try {
    await sent;
    return 'done';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

/** Everybody who asks for a lease has it: what fences must do without. */
const LEASES_FOR_ALL: Leases = {
  all: async () => new Map(),
  read: async () => new Map(),
  acquire: async () => 1,
  beat: async (_holder, held) => held.map(({ name }) => name),
  release: async () => undefined,
};

const GATE = 'account';
const openGate: Gates = { isOpen: () => true, open: () => [GATE], onOpened: () => () => undefined };
const leaseOf = (gate: string): string => `work/${gate}`;

/** What a step may ask while it is performed: whether it may still go on. */
interface WorkPorts {
  readonly mayAsk: () => boolean;
}

interface WorkerOptions {
  readonly stores: Stores;
  readonly leases: LeaseKeeper;
  readonly steps: Steps<Counter, WorkPorts, CounterCommand>;
  readonly clock?: Machine;
  readonly number: number;
}

/** A worker of one process: it takes due work of counters. */
function worker(deployment: Deployment, options: WorkerOptions): DueRunner<WorkPorts> {
  const { stores, leases, steps, clock = deployment.clock, number } = options;
  const kinds = [counterKind<WorkPorts>(steps)];
  const ids = seededIds(7, number);
  const runner = counterRunner({ events: stores.events, reads: stores.reads, clock, kinds, ids });
  const due = new DueRunner<WorkPorts>({
    reads: stores.reads,
    progress: stores.progress,
    runner,
    leases,
    leaseOf,
    gates: openGate,
    ports: { mayAsk: () => leases.leftOf(leaseOf(GATE)) > 0 },
    clock,
    ids: seededIds(8, number),
    log: () => undefined,
    limits: { pollMs: 5_000 },
  });
  due.start();
  deployment.stops(due);
  return due;
}

/** Who makes streams wait for a step, and performs none. */
const clientOf = ({ events, reads }: Stores, clock: VirtualClock) =>
  counterRunner({
    events,
    reads,
    clock,
    kinds: [counterKind({ send: { due: dueAs('send'), perform: async () => [] } })],
  });

/** Builds due work, whoever takes it. */
async function builtDue(deployment: Deployment, { events, reads }: Stores): Promise<void> {
  const built = new Processor({
    events: new EventLog(events, counterRegistry()),
    reads,
    models: [dueModel],
    clock: deployment.clock,
    log: () => undefined,
  });
  await built.start();
  deployment.stops(built);
}

type Moved = {
  readonly type: 'contract.moved';
  readonly data: { readonly keys: readonly string[]; readonly n: number };
};

/** What was added up, and by how many events: one that is counted twice, or not at all, shows. 0 deletes. */
const thingsModel = (version: number) =>
  readModel<{ sum: number; events: number }, Moved>()({
    name: 'contract-things',
    version,
    on: {
      'contract.moved': ({ data: { keys, n } }: Envelope<Moved>) =>
        keys.map((key) => ({
          key,
          evolve: (before) =>
            n === 0 ? null : { sum: (before?.sum ?? 0) + n, events: (before?.events ?? 0) + 1 },
        })),
    },
    indexes: [],
  }) as ReadModel<Document>;

const heldIn = (epoch: number): Tenure => ({
  epoch: () => epoch,
  onGained: () => () => undefined,
  giveAway: async () => undefined,
});

/** What a newer build has that the older one does not know. */
type NewerEvent = { readonly type: 'counter.invented'; readonly data: { readonly n: number } };

const newerRegistry = (): EventRegistry =>
  new EventRegistry(
    firstVersions<CounterEvent | NewerEvent>({
      'counter.added': true,
      'counter.waits': true,
      'counter.started': true,
      'counter.done': true,
      'counter.invented': true,
    }),
  );

const TARGET = 'counter-target';
const toTarget = (n: number) => [messageTo<CounterCommand>(TARGET, { type: 'Add', n })];
const olderReaction = reaction<CounterEvent>('mirror', {
  'counter.added': ({ stream, data }) => (stream === TARGET ? [] : toTarget(data.n)),
});
const newerReaction = reaction<CounterEvent | NewerEvent>('mirror', {
  'counter.added': ({ stream, data }) => (stream === TARGET ? [] : toTarget(data.n)),
  'counter.invented': ({ data }) => toTarget(data.n),
});

export const processesCases: Cases<ProcessesFixture> = {
  'a key that comes with another body to a second process, later or at once, is taken once and refused once':
    deployed(async (deployment) => {
      const { clock } = deployment;
      const runners = [];
      for (let number = 0; number < 2; number += 1) {
        const { events, reads } = await deployment.process();
        runners.push(counterRunner({ events, reads, clock }));
      }
      const [here, there] = runners as [(typeof runners)[number], (typeof runners)[number]];
      const asked = (runner: typeof here, stream: string, body: number) =>
        runner.execute(
          stream,
          { type: 'Add', n: body } as CounterCommand,
          contextOf('the key', { bodyHash: `body ${body}` }),
        );
      const sumOf = async (stream: string) => ((await there.load(stream)).state as Counter).sum;

      const later = `counter-${newStream()}`;
      same(await outcomeOf(asked(here, later, 1)), 'done');
      same(await outcomeOf(asked(there, later, 2)), 'CONFLICT_IDEMPOTENCY_KEY');
      same((await asked(there, later, 1)).repeated, true);
      same(await sumOf(later), 1);
      for (let round = 0; round < 10; round += 1) {
        const atOnce = `counter-${newStream()}`;
        // It is in the cache of both, so that neither looks before it decides.
        await Promise.all([here.load(atOnce), there.load(atOnce)]);
        const outcomes = await Promise.all([
          outcomeOf(asked(here, atOnce, 1)),
          outcomeOf(asked(there, atOnce, 2)),
        ]);
        same([...outcomes].sort(), ['CONFLICT_IDEMPOTENCY_KEY', 'done']);
        same(await sumOf(atOnce), outcomes[0] === 'done' ? 1 : 2);
      }
    }),

  'of two workers that begin one step at one revision exactly one performs it': deployed(
    async (deployment) => {
      const { clock } = deployment;
      const first = await deployment.process();
      await builtDue(deployment, first);
      const begun = new Map<string, (() => void)[]>();
      const performed: string[] = [];
      const steps = (number: number): Steps<Counter, WorkPorts, CounterCommand> => ({
        send: {
          due: dueAs('send'),
          // Both have read the revision before either of them writes.
          async begin(_state, _ports, stream) {
            const waiting = begun.get(stream) ?? [];
            begun.set(stream, waiting);
            await new Promise<void>((resolve) => {
              waiting.push(resolve);
              if (waiting.length >= 2) for (const go of waiting) go();
            });
            return { type: 'Start', doubtfulAt: clock.now() + MINUTE_MS };
          },
          async perform(_state, _ports, stream) {
            performed.push(`${stream} by ${number}`);
            return [{ type: 'Finish' }];
          },
        },
      });
      for (const [number, stores] of [first, await deployment.process()].entries()) {
        const leases = keptLeases(LEASES_FOR_ALL, clock);
        deployment.stops(leases);
        worker(deployment, { stores, leases, steps: steps(number), number });
      }
      const streams = Array.from({ length: 12 }, () => `counter-${newStream()}`);
      const client = clientOf(first, clock);
      for (const stream of streams) {
        const waits = { type: 'Wait', step: 'send', at: clock.now() + 1_000 } as CounterCommand;
        await client.execute(stream, waits, contextOf(`wait ${stream}`));
      }
      await deployment.until('all is done', async () => {
        for (const stream of streams)
          if ((await first.events.readStream(stream, 0, 10)).length < 3) return false;
        return true;
      });
      await deployment.pass(2 * MINUTE_MS);
      same(performed.map((line) => line.split(' ')[0]).sort(), [...streams].sort());
      for (const stream of streams) {
        same(begun.get(stream)?.length, 2);
        const types = (await first.events.readStream(stream, 0, 10)).map(({ type }) => type);
        same(types, ['counter.waits', 'counter.started', 'counter.done']);
      }
    },
  ),

  'a builder that was paused between its read and its write leaves what a rebuild gives, its successor going on meanwhile':
    (fixture) =>
      seeded(async (chance) => {
        await deployed(async (deployment) => {
          const registry = new EventRegistry(firstVersions<Moved>({ 'contract.moved': true }));
          const keys = Array.from({ length: 8 }, (_, index) => `thing ${index}`);
          const [older, successor] = [await deployment.process(), await deployment.process()];
          const append = async (count: number): Promise<Position> => {
            let position = asPosition(0);
            for (let number = 0; number < count; number += 1) {
              const touched = keys.filter(() => chance.below(3) === 0);
              const event = newEvent({ keys: touched, n: chance.below(4) });
              const moved = { ...event, type: 'contract.moved' };
              ({ position } = await older.events.append(newStream(), [moved], 'absent'));
            }
            return position;
          };
          const processor = (
            model: ReadModel<Document>,
            { events }: Stores,
            reads: ReadStore,
            epoch: number,
          ) => {
            const made = new Processor({
              events: new EventLog(events, registry),
              reads,
              models: [model],
              clock: deployment.clock,
              log: () => undefined,
              limits: { retryDelayMs: 1, batchEvents: 1 + chance.below(12), batchKeys: 1 + chance.below(12) },
              tenureOf: () => heldIn(epoch),
            });
            deployment.stops(made);
            return made;
          };
          const model = thingsModel(1);
          let paused: Promise<void> | null = null;
          let met = false;
          const hesitant = new Proxy(older.reads, {
            get(target, name) {
              const member: unknown = Reflect.get(target, name);
              if (name !== 'commit')
                return typeof member === 'function'
                  ? (...asked: unknown[]): unknown => Reflect.apply(member, target, asked)
                  : member;
              return async (...asked: Parameters<ReadStore['commit']>) => {
                if (paused) {
                  met = true;
                  await paused;
                }
                return target.commit(...asked);
              };
            },
          });
          let head = await append(20);
          const first = processor(model, older, hesitant, 1);
          await first.start();
          await deployment.until('the first is there', () => first.position(model.name) >= head);

          let goOn = (): void => undefined;
          paused = new Promise((resolve) => (goOn = resolve));
          await append(10);
          await deployment.until('it is about to write', () => met);
          const second = processor(model, successor, successor.reads, 2);
          await second.start();
          head = await append(20);
          await deployment.until('the successor is there', () => second.position(model.name) >= head);
          goOn();
          head = await append(10);
          await deployment.until('it has gone on', () => second.position(model.name) >= head);
          await deployment.pass(1_000);

          const fresh = thingsModel(2);
          const rebuilt = processor(fresh, successor, successor.reads, 1);
          await rebuilt.start();
          await deployment.until('it is rebuilt', () => rebuilt.position(fresh.name) >= head);
          const documentsOf = async (built: ReadModel<Document>): Promise<unknown> => {
            const found = await successor.reads.getMany(built, keys);
            return keys.map((key) => [key, found.get(key)?.document ?? null]);
          };
          same(await documentsOf(model), await documentsOf(fresh));
          same(await successor.reads.checkpoint(model), await successor.reads.checkpoint(fresh));
        })(fixture);
      }),

  'nothing is asked of Apple under a lost lease, with clocks an hour apart either way and machines that are suspended':
    (fixture) =>
      seeded(async (chance) => {
        await deployed(async (deployment) => {
          const plain = await deployment.process();
          await builtDue(deployment, plain);
          const machines: { machine: Machine; leases: LeaseKeeper }[] = [];
          const asked: { stream: string; epoch: number }[] = [];
          const wrong: string[] = [];
          const stepsOn = (number: number, stores: Stores): Steps<Counter, WorkPorts, CounterCommand> => ({
            send: {
              due: dueAs('send'),
              begin: async () => ({
                type: 'Start',
                doubtfulAt: (machines[number]?.machine.now() ?? 0) + MINUTE_MS,
              }),
              async perform(_state, { mayAsk }, stream) {
                // What the call is made of is read first, and its turn comes a little later.
                await stores.secrets.get('token');
                await new Promise<void>((resolve) => machines[number]?.machine.after(500, resolve));
                if (!mayAsk()) return [];
                const epoch = machines[number]?.leases.epochOf(leaseOf(GATE)) ?? -1;
                const others = machines.filter(
                  ({ machine, leases }, index) =>
                    index !== number && !machine.asleep && leases.epochOf(leaseOf(GATE)) !== null,
                );
                if (others.length > 0 || epoch < (asked.at(-1)?.epoch ?? 0))
                  wrong.push(`${stream} is asked for in epoch ${epoch} beside ${others.length}`);
                asked.push({ stream, epoch });
                return [{ type: 'Finish' }];
              },
            },
          });
          for (const [number, off] of [HOUR_MS, -HOUR_MS, 0].entries()) {
            const machine = new Machine(deployment.clock, off);
            const stores = machine.stores(await deployment.process());
            const leases = keptLeases(stores.leases, machine, `machine ${number}`);
            machines.push({ machine, leases });
            deployment.stops(leases);
            worker(deployment, { stores, leases, steps: stepsOn(number, stores), clock: machine, number });
          }
          const client = clientOf(plain, deployment.clock);
          const streams: string[] = [];
          for (let round = 0; round < 6; round += 1) {
            for (let count = 0; count < 3; count += 1) {
              const stream = `counter-${newStream()}`;
              streams.push(stream);
              const at = deployment.clock.now() + chance.below(20_000) - HOUR_MS;
              const waits = { type: 'Wait', step: 'send', at, gate: GATE } as CounterCommand;
              await client.execute(stream, waits, contextOf(`wait ${stream}`));
            }
            await deployment.pass(chance.below(5_000));
            // In the middle of whatever it does: every other time for long enough to lose its lease, else perhaps.
            const holder = machines.find(({ leases }) => leases.epochOf(leaseOf(GATE)) !== null);
            const longEnough = round % 2 === 0;
            if (longEnough || chance.below(3) > 0) holder?.machine.suspend();
            await deployment.pass((longEnough ? 100_000 : 0) + chance.below(100_000));
            for (const { machine } of machines) machine.resume();
            await deployment.pass(chance.below(5_000));
          }
          await deployment.until('all is done', async () => {
            const done = new Set(asked.map(({ stream }) => stream));
            return streams.every((stream) => done.has(stream));
          });
          same(wrong, []);
          assert.ok(new Set(asked.map(({ epoch }) => epoch)).size > 2, 'the lease changed hands');
        })(fixture);
      }),

  'an older reactor stops before a type that it does not know, and the newer one reacts to it': deployed(
    async (deployment) => {
      const { clock } = deployment;
      const older = await deployment.process();
      const newer = await deployment.process();
      const reactorOf = (
        stores: Stores,
        registry: EventRegistry,
        react: typeof olderReaction,
        name: string,
      ) => {
        const leases = keptLeases(stores.leases, clock, name);
        const reactor = new Reactor({
          events: new EventLog(stores.events, registry),
          progress: stores.progress,
          runner: counterRunner({ events: stores.events, reads: stores.reads, clock }),
          leases,
          reactions: [react],
          clock,
          log: () => undefined,
        });
        deployment.stops(leases);
        deployment.stops(reactor);
        reactor.start();
        return reactor;
      };
      const say = async (type: string, n: number): Promise<Position> => {
        const commandId = `said ${n}`;
        const event = { ...newEvent({ n }, { ...METADATA, commandId }), type };
        return (await older.events.append(`counter-${newStream()}`, [event], 'absent')).position;
      };
      const added = async (): Promise<unknown[]> =>
        (await newer.events.readStream(TARGET, 0, 100)).map(({ data }) => (data as { n: number }).n);

      await say('counter.added', 1);
      const before = await say('counter.added', 2);
      const old = reactorOf(older, counterRegistry(), olderReaction, 'older');
      await deployment.until('it has reacted to what it knows', async () => (await added()).length === 2);
      await say('counter.invented', 3);
      await say('counter.added', 4);
      await deployment.until('it says why it stops', () => old.failure !== null);
      assert.match(old.failure ?? '', /run a newer Seatbook/);
      await deployment.pass(5 * MINUTE_MS);
      same(await added(), [1, 2]);
      const stopped = await older.progress.checkpoint('reactor');
      // What it did itself is behind what was said before, and may be passed.
      const following = await older.events.readStream(TARGET, 0, 10);
      assert.ok(stopped >= before && stopped <= (following.at(-1)?.position ?? before));

      reactorOf(newer, newerRegistry(), newerReaction, 'newer');
      await deployment.until('the newer one has reacted', async () => (await added()).length === 4);
      same(await added(), [1, 2, 3, 4]);
      await say('counter.invented', 5);
      await deployment.until(
        'whoever has the lease, it is reacted to',
        async () => (await added()).length === 5,
      );
      await deployment.pass(MINUTE_MS);
      same(await added(), [1, 2, 3, 4, 5]);
      const head = await newer.events.head();
      await deployment.until(
        'the checkpoint is at the end',
        async () => (await newer.progress.checkpoint('reactor')) >= head,
      );
    },
  ),
};

/** Runs the contract of stores that several processes share. */
export const processesContract = (name: string, open: () => Promise<ProcessesFixture>): void =>
  runContract(`${name} keeps the contract of several processes`, processesCases, open);
