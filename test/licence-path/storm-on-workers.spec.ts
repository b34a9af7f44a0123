import { randomInt } from 'node:crypto';
import { importToken, type SeatbookWorker } from '@seatbook/application';
import type { Milliseconds } from '@seatbook/kernel';
import { EmbeddedBackEnd } from '@seatbook/test-support/back-end';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { ServerBackEnd } from '@seatbook/test-support/server-back-end';
import { OWNER, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const LOCATIONS = ['7700000000000001', '7700000000000002', '7700000000000003'];
const [STRUCK = '', ...OTHERS] = LOCATIONS;
const APP = '900000001';
const MINUTE: Milliseconds = 60_000;
/** Apple's, for each location. */
const RATE = 15;
/** One call each, so that a location is busy for more than a second at that rate. */
const DEVICES = 20;

/** `STORES=servers` takes a minute, so by hand: otherwise both workers share the stores of a laptop. */
const ON_SERVERS = process.env['STORES'] === 'servers';

describe('three locations on two workers that nothing but the stores connects', () => {
  let virtual: VirtualSeatbook;
  let ordered = 0;

  const order = async (uId: string) => {
    const serialNumbers = serials(DEVICES, (ordered += DEVICES));
    return virtual.until(virtual.place({ uId, assets: [stdq(APP)], serialNumbers }));
  };
  /** Which worker works for a location. */
  const holders = async (): Promise<readonly (string | null | undefined)[]> => {
    const leases = await virtual.until(virtual.stores.leases.all());
    return LOCATIONS.map((uId) => leases.get(`apple/${uId}`)?.holder);
  };
  const assignedAt = (uId: string): number =>
    virtual.simulator.admin.assignments(uId).assets[`${APP}/STDQ`]?.length ?? 0;

  beforeEach(async () => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    console.log(`seed ${seed}`);
    const backEnd = ON_SERVERS ? await ServerBackEnd.start(seededRandom(seed)) : new EmbeddedBackEnd();
    virtual = await VirtualSeatbook.open({ backEnd, workers: 2, seed });
    const { admin } = virtual.simulator;
    for (const uId of LOCATIONS) {
      const { token } = admin.createLocation({ uId, name: `School ${uId}`, country: 'DE' });
      admin.addAssets(uId, [asset(APP, 10_000)]);
      const settings = { name: uId, platform: 'iOS', assignmentType: 'device' } as const;
      await virtual.until(importToken(virtual.edge, { file: token, settings, takeOver: false }, OWNER));
    }
    admin.setFaults({ limits: { maxSerialNumbers: 1 } });
    await virtual.advance(3 * MINUTE);
  });
  afterEach(() => virtual.close());

  it('a storm at one leaves the others alone, and the rate of each holds, also while its work changes hands', async () => {
    const { admin } = virtual.simulator;
    const before = await holders();
    expect(new Set(before).size).toBe(2);
    expect(before).not.toContain(null);

    const rule = admin.addErrorRule({ match: { path: '/', uId: STRUCK }, times: 'forever', status: 503 });
    const struck = await order(STRUCK);
    const began = virtual.clock.now();
    const calm = await Promise.all(OTHERS.map((uId) => order(uId)));
    for (const { orderId } of calm) {
      const { finishedAt } = await virtual.finished(orderId);
      // Little more than a second at its rate; from one process to the next things here go at the pace of patient polls.
      expect((finishedAt ?? Infinity) - began).toBeLessThan(MINUTE);
    }
    expect(assignedAt(STRUCK)).toBe(0);

    // In the middle of what it does, all work of one worker goes to the other.
    const holds = (worker: SeatbookWorker, uId: string): boolean =>
      worker.leases.epochOf(`apple/${uId}`) !== null;
    const [leaving] = virtual.workers.flatMap((worker) =>
      OTHERS.filter((uId) => holds(worker, uId)).map((uId) => ({ worker, uId })),
    );
    if (!leaving) throw new Error('nobody works for those that the storm leaves alone');
    const busy = await order(leaving.uId);
    await virtual.advanceUntil('it is at it', () => assignedAt(leaving.uId) > DEVICES + 2);
    await virtual.until(leaving.worker.stop());
    expect(assignedAt(leaving.uId)).toBeLessThan(2 * DEVICES);
    admin.clearErrorRules(rule);
    for (const { orderId } of [struck, busy]) await virtual.finished(orderId);
    expect(new Set(await holders()).size).toBe(1);

    for (const uId of LOCATIONS) expect(assignedAt(uId)).toBe(uId === leaving.uId ? 2 * DEVICES : DEVICES);
    const { rateLimitViolations, maxRequestsInAnySecondByLocation: most } = admin.stats();
    expect(rateLimitViolations).toBe(0);
    for (const uId of LOCATIONS) expect(most[uId]).toBeLessThanOrEqual(RATE);
    // It was worked at the limit: else nothing is shown.
    for (const uId of OTHERS) expect(most[uId]).toBeGreaterThan(RATE / 2);
  }, 300_000);
});
