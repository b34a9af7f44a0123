import { importToken } from '@seatbook/application';
import type { Milliseconds } from '@seatbook/kernel';
import { OWNER, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const LOCATIONS = Array.from({ length: 10 }, (_location, number) => `77000000000001${10 + number}`);
const [STRUCK = '', ...OTHERS] = LOCATIONS;
const APP = '900000001';
const MINUTE: Milliseconds = 60_000;
const STORM: Milliseconds = 10 * MINUTE;
const RETRY_AFTER_S = 45;
const DEVICES = 30;
const ROUNDS = 4;

/** Ten locations order at the same time, again and again, for as long as the storm lasts. */
async function live(virtual: VirtualSeatbook, storm: boolean) {
  const { admin } = virtual.simulator;
  admin.setFaults({ limits: { maxSerialNumbers: 10 } });
  for (const uId of LOCATIONS) {
    const { token } = admin.createLocation({ uId, name: `School ${uId}`, country: 'DE' });
    admin.addAssets(uId, [asset(APP, 1_000)]);
    const settings = { name: uId, platform: 'iOS', assignmentType: 'device' } as const;
    await virtual.until(importToken(virtual.edge, { file: token, settings, takeOver: false }, OWNER));
  }
  await virtual.advance(MINUTE);
  const [ruleId] = storm
    ? [
        admin.addErrorRule({
          match: { path: '/', uId: STRUCK },
          times: 'forever',
          status: 503,
          retryAfter: RETRY_AFTER_S,
        }),
      ]
    : [];
  const began = virtual.clock.elapsed();
  const placed: { uId: string; orderId: string; at: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const uId of LOCATIONS) {
      const serialNumbers = serials(DEVICES, round * DEVICES);
      const { orderId } = await virtual.place({ uId, assets: [stdq(APP)], serialNumbers });
      placed.push({ uId, orderId, at: virtual.clock.now() });
    }
    await virtual.advance(STORM / ROUNDS);
  }
  const ended = virtual.clock.elapsed();
  if (ruleId !== undefined) admin.clearErrorRules(ruleId);
  const took: { uId: string; ms: Milliseconds }[] = [];
  for (const { uId, orderId, at } of placed) {
    const { finishedAt } = await virtual.finished(orderId);
    took.push({ uId, ms: (finishedAt ?? NaN) - at });
  }
  const paceOf = (some: readonly string[]): number => {
    const ours = took.filter(({ uId }) => some.includes(uId));
    return (ours.length * DEVICES) / ours.reduce((sum, { ms }) => sum + ms, 0);
  };
  return { began, ended, paceOf };
}

describe('a storm of 503 at one of ten locations', () => {
  it('keeps its own requests out of each Retry-After, slows none of the others, and everything ends once', async () => {
    const calm = await VirtualSeatbook.open();
    const expected = await live(calm, false);
    await calm.close();

    const virtual = await VirtualSeatbook.open();
    try {
      const { began, ended, paceOf } = await live(virtual, true);
      const { admin } = virtual.simulator;
      expect(paceOf(OTHERS)).toBeGreaterThanOrEqual(0.95 * expected.paceOf(OTHERS));
      expect(paceOf([STRUCK])).toBeLessThan(expected.paceOf([STRUCK]) / 2);

      const refused = admin.requests(0, 100_000).filter(({ status }) => status === 503);
      expect(refused.every(({ at }) => at >= began && at < ended)).toBe(true);
      expect(refused.length).toBeGreaterThan(5);
      // Up to five of one second were on their way when the first was refused.
      const starts = refused.map(({ at }) => at);
      const windows = starts.filter((at, index) => index === 0 || at - (starts[index - 1] ?? 0) > 1_000);
      for (const [index, at] of windows.entries())
        if (index > 0) expect(at - (windows[index - 1] ?? 0)).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000);

      for (const uId of LOCATIONS)
        expect(admin.assignments(uId).assets[`${APP}/STDQ`]).toHaveLength(ROUNDS * DEVICES);
      const assigned = (await virtual.events())
        .filter(({ type }) => type === 'asset.licenses-assigned')
        .flatMap(({ stream, data }) =>
          (data as { serialNumbers: string[] }).serialNumbers.map((serial) => `${stream} ${serial}`),
        );
      expect(assigned).toHaveLength(LOCATIONS.length * ROUNDS * DEVICES);
      expect(new Set(assigned).size).toBe(assigned.length);
    } finally {
      await virtual.close();
    }
  }, 120_000);
});
