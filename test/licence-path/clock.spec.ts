import { Health, listCauses } from '@seatbook/application';
import { START } from '@seatbook/kernel';
import { DEFAULT_TIMINGS } from '@seatbook/licensing';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { OWNER, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

/** More by `SEEDS=200`, from `FROM=1`; a seed that fails is repeated by its number alone. */
const SEEDS = Number(process.env['SEEDS'] ?? 6);
const FROM = Number(process.env['FROM'] ?? 1);
const APPS = ['900000001', '900000002'];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LENGTHS = [MINUTE, 7 * MINUTE, 95 * MINUTE, 5 * HOUR, 50 * HOUR, 21 * 24 * HOUR];
const ASSOCIATE = '/mdm/v2/assets/associate';
/** Longest interval between two reads of totals, and what it takes to notice that a clock went back. */
const TOTALS_WITHIN = DEFAULT_TIMINGS.totalsEveryMs + 2 * MINUTE;
const healthOf = (virtual: VirtualSeatbook): Health => new Health(virtual.worker.foundation, 60_000);

/** Moments, by the time that passes, at which the totals were read. */
const totalsRead = (virtual: VirtualSeatbook): number[] =>
  virtual.simulator.admin
    .requests(0, 100_000)
    .filter(({ path }) => path === '/mdm/v2/assets')
    .map(({ at }) => Number(new Date(at)));

describe('a clock that is set', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 500)));
  });
  afterEach(() => virtual.close());

  it.each([95 * MINUTE, 21 * 24 * HOUR])(
    'ahead by %i ms for some seconds: orders of that spell and all reads go on when it is right again',
    async (by) => {
      virtual.clock.set(by);
      virtual.simulator.admin.addErrorRule({ match: { path: ASSOCIATE }, times: 2, status: 503 });
      const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(20) });
      await virtual.advance(20 * MINUTE);
      virtual.clock.set(-by);
      const before = virtual.clock.elapsed();
      const other = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(20, 100) });
      expect((await virtual.finished(other.orderId, 2 * MINUTE)).final).toMatchObject({ assigned: 40 });
      expect((await virtual.finished(orderId, 15 * MINUTE)).final).toMatchObject({ assigned: 40 });
      await virtual.advance(40 * MINUTE);
      const since = totalsRead(virtual).filter((at) => at > before);
      expect(since.length).toBeGreaterThanOrEqual(2);
      expect((since[0] as number) - before).toBeLessThanOrEqual(TOTALS_WITHIN);
    },
  );

  it('ahead, and right again after a restart: nothing sleeps until that moment', async () => {
    virtual.clock.set(95 * MINUTE);
    virtual.simulator.admin.addErrorRule({ match: { path: ASSOCIATE }, times: 1, status: 503 });
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(20) });
    await virtual.advance(2_000);
    await virtual.kill();
    virtual.clock.set(-95 * MINUTE);
    await virtual.start();
    const before = virtual.clock.elapsed();
    expect((await virtual.finished(orderId, 5 * MINUTE)).final).toMatchObject({ assigned: 40 });
    await virtual.advance(20 * MINUTE);
    const [first = Infinity] = totalsRead(virtual).filter((at) => at > before);
    expect(first - before).toBeLessThanOrEqual(TOTALS_WITHIN);
  });

  it.each(['without a restart', 'with a restart'])(
    'ahead past the date of the token, and right again %s: the account works, and the date comes once more',
    async (how) => {
      const { expiresAt = 0 } = (await virtual.account()) ?? {};
      const by = expiresAt - virtual.clock.now() + HOUR;
      virtual.clock.set(by);
      await virtual.advance(MINUTE);
      expect(await virtual.account()).toMatchObject({ tokenState: 'expired', usable: false });
      const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(20) });
      await virtual.advance(MINUTE);
      virtual.clock.set(-by);
      if (how === 'with a restart') await virtual.restart();
      expect((await virtual.finished(orderId, 2 * MINUTE)).final).toMatchObject({ assigned: 40 });
      expect(await virtual.account()).toMatchObject({ tokenState: 'active', usable: true, heldSince: null });
      // What had stopped by it went on, and its causes lead back to who asked for it.
      const revised = (await virtual.events()).find(({ type }) => type === 'account.expiry-revised');
      const position = revised?.position ?? START;
      const { rows } = await virtual.until(listCauses(virtual.edge, { position, part: { limit: 1_000 } }));
      expect(rows.map(({ event }) => event.type)).toContain('account.token-expired');
      expect(rows.at(-1)?.event.metadata.principal).toBe(OWNER.principal);
      virtual.clock.set(by);
      await virtual.advance(MINUTE);
      expect(await virtual.account()).toMatchObject({ tokenState: 'expired', usable: false });
    },
  );

  it('back is told in health, until it is later than all that is recorded', async () => {
    const health = async (): Promise<string | null> => (await virtual.until(healthOf(virtual).look())).clock;
    expect(await health()).toBeNull();
    virtual.clock.set(-2 * HOUR);
    expect(await health()).toMatch(/^the clock went back: .* later than now$/);
    await virtual.restart();
    expect(await health()).toContain('the clock went back');
    virtual.clock.set(2 * HOUR);
    expect(await health()).toBeNull();
  });
});

describe('a clock that jumps', () => {
  it.each(Array.from({ length: SEEDS }, (_seed, index) => FROM + index))(
    'forward and back at random moments, restarts included: nothing sleeps, nothing is done twice (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const of = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
      const virtual = await VirtualSeatbook.open({ seed });
      const { admin } = virtual.simulator;
      virtual.createLocation(APPS.map((adamId) => asset(adamId, 10_000)));
      await virtual.import();
      await virtual.advance(5_000);
      let fresh = 0;
      const orders: { orderId: string; pairs: number }[] = [];
      for (let jump = 0; jump < 12; jump += 1) {
        const fault = of([null, null, { status: 503 }, { resetAfter: true }, { errorNumber: 9_603 }]);
        if (fault)
          admin.addErrorRule({ match: { path: ASSOCIATE }, times: 1 + Math.floor(random() * 3), ...fault });
        const count = 1 + Math.floor(random() * 30);
        const { orderId } = await virtual.place({
          assets: APPS.map(stdq),
          serialNumbers: serials(count, (fresh += 100)),
        });
        orders.push({ orderId, pairs: 2 * count });
        await virtual.advance(Math.floor(random() * of([1_000, 20_000, 5 * MINUTE])));
        virtual.clock.set(of(LENGTHS) * of([1, -1]));
        await virtual.advance(Math.floor(random() * of([10, 1_000, 20_000])));
        if (random() < 0.3) {
          await virtual.kill();
          if (random() < 0.5) virtual.clock.set(of(LENGTHS) * of([1, -1]));
          await virtual.start();
        }
      }
      admin.clearErrorRules();
      const calm = virtual.clock.elapsed();
      // The longest pause before a retry, and what it takes to see that the clock went back.
      for (const { orderId, pairs } of orders)
        expect((await virtual.finished(orderId, 25 * MINUTE)).final).toMatchObject({ assigned: pairs });
      await virtual.advance(HOUR);

      const reads = [calm, ...totalsRead(virtual).filter((at) => at > calm)];
      const pauses = reads.slice(1).map((at, index) => at - (reads[index] as number));
      expect(pauses.length).toBeGreaterThanOrEqual(3);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(TOTALS_WITHIN);
      const types = (await virtual.events()).map(({ type }) => type);
      const sent = admin.requests(0, 100_000).filter(({ path }) => path.startsWith(ASSOCIATE)).length;
      expect(sent).toBeLessThanOrEqual(types.filter((type) => type === 'call.started').length);
      for (const adamId of APPS)
        expect((await virtual.pairs(adamId))['assigned']).toEqual(virtual.atApple(adamId));
      expect(await virtual.stores.progress.countParked()).toBe(0);
      await virtual.close();
    },
    120_000,
  );
});
