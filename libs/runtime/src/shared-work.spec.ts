import { pass } from '@seatbook/test-support/let-happen';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { SHARED_LEASES, type SharedLeases } from '@seatbook/test-support/shared-leases';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { LeaseKeeper } from './lease-keeper.js';
import type { Leases } from './leases.js';

const BUILDER_MS = 15_000;
const ACCOUNT_MS = 60_000;
const BEAT = 5_000;
const numbered = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_name, number) => `${kind}/${number}`);
const MODELS = numbered('models', 20);
const STEPS = numbered('steps', 16);
const ACCOUNTS = numbered('apple', 7);
const SINGLE = ['reactor', 'step-revision'];
const KINDS = [MODELS, STEPS, ACCOUNTS, SINGLE];
const ALL = KINDS.flat();
const SEED = 20_262;

describe.each(Object.entries(SHARED_LEASES))(
  'workers that share their work by leases in %s',
  (_name, open) => {
    let clock: VirtualClock;
    let shared: SharedLeases;
    let workers: Worker[];
    const random = seededRandom(SEED);

    /** One process. When it is killed no call of it reaches the store any more. */
    class Worker {
      readonly keeper: LeaseKeeper;
      dead = false;

      constructor(readonly name: string) {
        this.keeper = new LeaseKeeper({
          leases: this.#connected(),
          holder: name,
          clock,
          log: () => undefined,
          limits: { beatMs: BEAT },
        });
        for (const lease of ALL) this.keeper.want(lease, ACCOUNTS.includes(lease) ? ACCOUNT_MS : BUILDER_MS);
        this.keeper.start();
      }

      #connected(): Leases {
        return new Proxy(shared.leases, {
          get: (target, name) => {
            const member = Reflect.get(target, name) as (...asked: unknown[]) => unknown;
            return (...asked: unknown[]): unknown =>
              this.dead ? Promise.reject(new Error('it is dead')) : Reflect.apply(member, target, asked);
          },
        });
      }

      holds(names: readonly string[]): string[] {
        return this.dead ? [] : names.filter((name) => this.keeper.epochOf(name) !== null);
      }

      kill(): void {
        this.dead = true;
      }
    }

    const start = (): Worker => {
      const worker = new Worker(`worker ${workers.length + 1}`);
      workers.push(worker);
      return worker;
    };
    const living = (): Worker[] => workers.filter(({ dead }) => !dead);
    const counts = (names: readonly string[]): number[] =>
      living().map((worker) => worker.holds(names).length);

    /** Lets time pass. At no moment may two workers hold one lease, the dead included as far as they could know. */
    const run = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 500) {
        await pass(clock, 500);
        for (const name of ALL) {
          const holders = workers.filter(({ keeper }) => keeper.epochOf(name) !== null);
          if (holders.length > 1)
            throw new Error(`${name} is held by ${holders.map((one) => one.name).join()}`);
        }
      }
    };
    const expectShared = (): void => {
      for (const names of KINDS) {
        const has = counts(names);
        expect(has.reduce((sum, count) => sum + count, 0)).toBe(names.length);
        expect([names[0], has, Math.max(...has) - Math.min(...has) <= 1]).toEqual([names[0], has, true]);
      }
    };
    /** Milliseconds until all of the leases have a living holder. */
    const heldAgain = async (names: readonly string[], within: number): Promise<number> => {
      const from = clock.elapsed();
      const unheld = (): string[] => {
        const held = new Set(living().flatMap((worker) => worker.holds(names)));
        return names.filter((name) => !held.has(name));
      };
      while (unheld().length > 0) {
        if (clock.elapsed() - from > within)
          throw new Error(`not held after ${within} ms: ${unheld().join()}`);
        await run(500);
      }
      return clock.elapsed() - from;
    };

    beforeEach(async () => {
      clock = new VirtualClock();
      shared = await open(clock);
      workers = [];
    });
    afterEach(async () => {
      await Promise.all(living().map(({ keeper }) => keeper.stop()));
      for (const { keeper, dead } of workers) if (dead) await keeper.stop();
      await shared.close();
    });

    it('have even parts of each kind of work, whoever comes and goes', async () => {
      start();
      await run(BEAT);
      expect(counts(ALL)).toEqual([ALL.length]);
      start();
      start();
      await run(30_000);
      expectShared();
      start();
      await run(30_000);
      expectShared();
      const leaving = workers[1] as Worker;
      leaving.dead = true;
      await run(ACCOUNT_MS + 30_000);
      expect(living()).toHaveLength(3);
      expectShared();
      // What is even stays where it is.
      const before = living().map((worker) => worker.holds(ALL).join());
      await run(120_000);
      expect(living().map((worker) => worker.holds(ALL).join())).toEqual(before);
    });

    it('go on with the read models and reactions of one that is killed within 20 s, and with its accounts within 75 s', async () => {
      for (let count = 0; count < 3; count += 1) start();
      await run(30_000);
      for (let round = 0; round < 6; round += 1) {
        // At any moment between two beats.
        await pass(clock, Math.floor(random() * BEAT));
        (living()[Math.floor(random() * 3)] as Worker).kill();
        expect(await heldAgain([...MODELS, ...STEPS, ...SINGLE], 20_000)).toBeLessThanOrEqual(20_000);
        const others = await heldAgain(ACCOUNTS, 75_000);
        expect([SEED, others]).toEqual([SEED, expect.any(Number)]);
        start();
        await run(30_000);
        expectShared();
      }
    });

    it('have the work of one that stops in order at once', async () => {
      for (let count = 0; count < 3; count += 1) start();
      await run(30_000);
      const [first] = workers as [Worker];
      await first.keeper.stop();
      workers.shift();
      expect(await heldAgain(ALL, BEAT)).toBeLessThanOrEqual(BEAT);
      await run(30_000);
      expectShared();
    });

    it('hand over what is being worked on only when that has ended', async () => {
      const first = start();
      const busy = new Set(ACCOUNTS);
      first.keeper.whileNeeded((name) => busy.has(name));
      await run(BEAT);
      start();
      await run(30_000);
      expect(counts(MODELS)).toEqual([10, 10]);
      expect(counts(ACCOUNTS)).toEqual([7, 0]);
      // Nothing new is begun for those that another one shall have.
      const leaving = ACCOUNTS.filter((name) => first.keeper.isLeaving(name));
      expect(leaving).toHaveLength(3);
      busy.delete(leaving[0] as string);
      await run(10_000);
      expect(counts(ACCOUNTS)).toEqual([6, 1]);
      busy.clear();
      await run(10_000);
      expectShared();
    });

    it('keep what is offered and not taken, and offer it ever more seldom', async () => {
      const first = start();
      await run(BEAT);
      // It is there, and takes nothing: its build knows none of this work.
      const other = new LeaseKeeper({ leases: shared.leases, holder: 'other', clock, log: () => undefined });
      other.want('other/work', BUILDER_MS);
      other.start();
      await run(BEAT);
      const offered: number[] = [];
      for (let minutes = 0; minutes < 20; minutes += 0.5) {
        const had = first.holds(MODELS).length;
        await run(30_000);
        if (had === MODELS.length && first.holds(MODELS).length < had) offered.push(minutes);
        // Whatever is offered is back soon.
        if (first.holds(MODELS).length < MODELS.length) await run(20_000);
        expect(first.holds(MODELS)).toHaveLength(MODELS.length);
      }
      expect(offered.length).toBeLessThanOrEqual(5);
      await other.stop();
    });
  },
);
