import { calm, pass } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { LeaseKeeper } from './lease-keeper.js';
import type { Leases } from './leases.js';
import type { Trouble } from './trouble.js';
import { MAX_PACES, readStatus, type Pace } from './worker-status.js';

const LENGTH = 15_000;
const BEAT = 5_000;
const NAME = 'reactor';

describe('keeping leases', () => {
  let clock: VirtualClock;
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  const keepers: LeaseKeeper[] = [];

  beforeEach(async () => {
    clock = new VirtualClock();
    temporary = await openTemporaryStores(clock);
  });
  afterEach(async () => {
    for (const keeper of keepers.splice(0)) await keeper.stop();
    await temporary.close();
  });

  /** A process that wants the lease, with a clock of its own where one is given. */
  const process = async (holder: string, own: { clock?: VirtualClock; leases?: Leases } = {}) => {
    const keeper = new LeaseKeeper({
      leases: own.leases ?? temporary.stores.leases,
      holder,
      clock: own.clock ?? clock,
      log: () => undefined,
      limits: { beatMs: BEAT },
    });
    keepers.push(keeper);
    keeper.want(NAME, LENGTH);
    keeper.start();
    await calm();
    return keeper;
  };
  /** Leases that can be cut off from their process. */
  const breakable = () => {
    const state = { broken: false };
    const leases = new Proxy(temporary.stores.leases, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown =>
          state.broken ? Promise.reject(new Error('no network')) : Reflect.apply(member, target, args);
      },
    });
    return { state, leases };
  };

  it('takes a free lease at once and keeps it, with the same epoch', async () => {
    const keeper = await process('first');
    const epoch = keeper.epochOf(NAME);
    expect(epoch).toBeGreaterThan(0);
    await pass(clock, 600_000);
    expect([keeper.epochOf(NAME), keeper.leftOf(NAME)]).toEqual([epoch, LENGTH]);
  });

  it('holds what it did not ask for at no time', async () => {
    const keeper = await process('first');
    expect([keeper.epochOf('other'), keeper.leftOf('other')]).toEqual([null, 0]);
  });

  it('takes over from a process that is gone, after the length of the lease, in a later epoch', async () => {
    const cut = breakable();
    const first = await process('first', { leases: cut.leases });
    const before = first.epochOf(NAME) ?? 0;
    const second = await process('second');
    await pass(clock, 60_000);
    expect(second.epochOf(NAME)).toBeNull();
    cut.state.broken = true;
    const broke = clock.elapsed();
    let overlap = false;
    while (second.epochOf(NAME) === null) {
      await pass(clock, 500);
      overlap ||= first.epochOf(NAME) !== null && second.epochOf(NAME) !== null;
    }
    expect(second.epochOf(NAME)).toBeGreaterThan(before);
    expect(overlap).toBe(false);
    expect(clock.elapsed() - broke).toBeGreaterThanOrEqual(LENGTH - BEAT);
    expect(clock.elapsed() - broke).toBeLessThanOrEqual(LENGTH + 3 * BEAT);
  });

  it('counts from before its renewal was sent, so it has stopped before another one begins', async () => {
    const slow = { delayMs: 0 };
    const { leases } = temporary.stores;
    const first = await process('first', {
      leases: {
        all: () => leases.all(),
        read: (names) => leases.read(names),
        acquire: (...args) => leases.acquire(...args),
        release: (...args) => leases.release(...args),
        async beat(...args) {
          const answer = await leases.beat(...args);
          await new Promise<void>((resolve) => clock.after(slow.delayMs, resolve));
          return answer;
        },
      },
    });
    slow.delayMs = 9_000;
    await pass(clock, BEAT + 9_000);
    // The renewal was sent 9 seconds ago.
    expect(first.leftOf(NAME)).toBe(LENGTH - 9_000);
    slow.delayMs = 60_000;
    const second = await process('second');
    for (let step = 0; step < 120; step += 1) {
      await pass(clock, 500);
      expect(first.epochOf(NAME) !== null && second.epochOf(NAME) !== null).toBe(false);
    }
    expect(second.epochOf(NAME)).not.toBeNull();
    slow.delayMs = 0;
    await pass(clock, 60_000);
  });

  it.each([
    ['is set forward', 3_600_000],
    ['is set back', -3_600_000],
  ])('neither takes a lease early nor keeps one too long when a clock %s', async (_what, by) => {
    const first = await process('first');
    const second = await process('second');
    await pass(clock, 20_000);
    clock.set(by);
    await pass(clock, 60_000);
    // It takes its own time by the larger of two clocks: after a jump it may stop for a beat, never go on for longer.
    expect([first.epochOf(NAME) === null, second.epochOf(NAME) === null].filter(Boolean)).toHaveLength(1);
    await pass(clock, 60_000);
    expect([first.epochOf(NAME), second.epochOf(NAME)].filter((epoch) => epoch !== null)).toHaveLength(1);
  });

  it('hands over at once when it stops', async () => {
    const first = await process('first');
    const second = await process('second');
    await pass(clock, BEAT);
    await first.stop();
    expect(first.epochOf(NAME)).toBeNull();
    await pass(clock, BEAT);
    expect(second.epochOf(NAME)).not.toBeNull();
  });

  it('gives a lease away to whoever wants it, and takes it again when nobody does', async () => {
    const first = await process('first');
    const second = await process('second');
    await first.giveAway(NAME);
    await pass(clock, BEAT);
    expect([first.epochOf(NAME), second.epochOf(NAME) !== null]).toEqual([null, true]);
    await pass(clock, 120_000);
    await second.stop();
    await pass(clock, BEAT);
    const epoch = first.epochOf(NAME);
    await first.giveAway(NAME);
    await pass(clock, LENGTH - 1);
    expect(first.epochOf(NAME)).toBeNull();
    await pass(clock, BEAT + 1);
    expect(first.epochOf(NAME)).toBeGreaterThan(epoch ?? Infinity);
  });

  it('gains a lease again that a clock set ahead has ended, also where that clock is put right at once', async () => {
    const keeper = await process('first');
    const before = keeper.epochOf(NAME) ?? 0;
    const gained: string[] = [];
    keeper.onGained((name) => gained.push(name));
    clock.set(600 * 60_000);
    expect(keeper.epochOf(NAME)).toBeNull();
    clock.set(-600 * 60_000);
    expect(keeper.epochOf(NAME)).toBeNull();
    await pass(clock, 2 * BEAT);
    expect(gained).toEqual([NAME]);
    expect(keeper.epochOf(NAME)).toBeGreaterThan(before);
  });

  it('says when a lease was gained, and when it cannot reach the store', async () => {
    const cut = breakable();
    cut.state.broken = true;
    const keeper = await process('first', { leases: cut.leases });
    const gained: string[] = [];
    keeper.onGained((name) => gained.push(name));
    expect(keeper.health.failure).toBe('Error: no network');
    cut.state.broken = false;
    await pass(clock, BEAT);
    expect([gained, keeper.health.failure]).toEqual([[NAME], null]);
  });

  it('tells all who read a lease what keeps its holder from work, until it works again', async () => {
    const keeper = await process('first');
    let troubles: readonly Trouble[] = [];
    keeper.tell(() => ({ troubles, paces: [] }));
    const told = async (): Promise<readonly Trouble[]> => {
      await pass(clock, BEAT);
      return readStatus((await temporary.stores.leases.read([NAME])).get(NAME)?.status ?? null).troubles;
    };
    expect(await told()).toEqual([]);
    troubles = [
      { runner: 'reactor', reason: 'no network', halted: false },
      { runner: 'builder of pairs', reason: 'a bug', halted: true },
    ];
    expect(await told()).toEqual(troubles);
    troubles = [];
    expect(await told()).toEqual([]);
  });

  it('tells with its place, and with no other lease, what its requests wait for: the longest waits of many', async () => {
    const keeper = await process('first');
    const pace = (oldestWaitMs: number): Pace => ({
      of: `location ${oldestWaitMs}`,
      queuedWrites: 1,
      queuedReads: 2,
      writesInFlight: 0,
      readsInFlight: 3,
      oldestWaitMs,
      heldUntil: oldestWaitMs === 7 ? 1_000 : null,
    });
    const paces = Array.from({ length: MAX_PACES + 1 }, (_pace, index) => pace(index));
    keeper.tell(() => ({ troubles: [], paces }));
    await pass(clock, BEAT);
    await pass(clock, BEAT);
    const all = await temporary.stores.leases.all();
    const told = [...all].flatMap(([name, { status }]) =>
      readStatus(status).paces.length === 0 ? [] : [{ name, paces: readStatus(status).paces }],
    );
    expect(told).toEqual([
      { name: expect.stringMatching(/^workers\//) as string, paces: paces.slice(1).reverse() },
    ]);
  });

  it('tells its own trouble with the leases that it still has', async () => {
    const { leases } = temporary.stores;
    const unfree: Leases = {
      all: () => leases.all(),
      read: (names) => leases.read(names),
      beat: (...args) => leases.beat(...args),
      release: () => Promise.reject(new Error('the disk is full')),
      acquire: (...args) => leases.acquire(...args),
    };
    const keeper = await process('first', { leases: unfree });
    keeper.want('work/a', LENGTH);
    await pass(clock, BEAT);
    await keeper.giveAway('work/a');
    const { status } = (await temporary.stores.leases.read([NAME])).get(NAME) ?? { status: null };
    expect(readStatus(status).troubles).toEqual([]);
    await pass(clock, BEAT);
    const told = (await temporary.stores.leases.read([NAME])).get(NAME)?.status ?? null;
    expect(readStatus(told).troubles).toEqual([
      { runner: 'lease keeper', reason: 'Error: the disk is full', halted: false },
    ]);
  });

  it('shows what another build tells in another form as it is', () => {
    const others = ['no network', 'null', '[{"runner":"reactor"}]', '{"troubles":[],"paces":[{"of":"a"}]}'];
    for (const other of others)
      expect(readStatus(other)).toEqual({
        troubles: [{ runner: 'worker', reason: other, halted: false }],
        paces: [],
      });
  });

  it('takes its lease back at once where only the answer was lost', async () => {
    const { leases } = temporary.stores;
    let lost = 0;
    const keeper = await process('first', {
      leases: {
        all: () => leases.all(),
        read: (names) => leases.read(names),
        beat: (...args) => leases.beat(...args),
        release: (...args) => leases.release(...args),
        async acquire(...args) {
          const epoch = await leases.acquire(...args);
          if ((lost += 1) === 1) throw new Error('the connection broke');
          return epoch;
        },
      },
    });
    expect(keeper.epochOf(NAME)).toBeNull();
    await pass(clock, BEAT);
    expect(keeper.epochOf(NAME)).not.toBeNull();
  });
});
