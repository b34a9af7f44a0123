import { Rig, serials } from './testing/rig.js';

/** Processor time, which a busy machine does not stretch. */
const processorMs = (): number => process.cpuUsage().user / 1_000;

describe('scale', () => {
  it('walks 200,000 assignments in page order without slowing down', async () => {
    const rig = new Rig();
    for (let index = 0; index < 20; index += 1) {
      const adamId = String(910000000 + index);
      rig.admin.addAssets(rig.uId, [{ adamId, total: 10_000 }]);
      rig.admin.seedAssignments(rig.uId, { adamId, count: 10_000 });
    }
    const startedAt = processorMs();
    const pages = await rig.walk('/assignments');
    const tookMs = processorMs() - startedAt;
    expect(pages).toHaveLength(400);
    expect(pages.reduce((sum, { size = 0 }) => sum + size, 0)).toBe(200_000);
    expect(tookMs).toBeLessThan(5_000);
  });

  it('runs an event of 25,000 tasks without blocking for long, and sends 250 notifications', async () => {
    const rig = new Rig();
    const adamIds = Array.from({ length: 25 }, (_, index) => String(910000000 + index));
    rig.admin.addAssets(
      rig.uId,
      adamIds.map((adamId) => ({ adamId, total: 1000 })),
    );
    await rig.subscribe();
    rig.admin.setFaults({ eventDelayMs: 'never' });
    const body = { assets: adamIds.map((adamId) => ({ adamId })), serialNumbers: serials(1000) };
    const { body: accepted } = await rig.post('/assets/associate', body);
    const startedAt = processorMs();
    // Done in one go, which a clock never does.
    await rig.admin.completeEvents();
    const tookMs = processorMs() - startedAt;
    await rig.clock.advance(0);
    expect((await rig.get(`/status?eventId=${accepted.eventId}`)).body).toMatchObject({
      eventStatus: 'COMPLETE',
      numRequested: 25_000,
      numCompleted: 25_000,
    });
    expect(rig.received).toHaveLength(250);
    expect(tookMs).toBeLessThan(1_000);
  });
});
