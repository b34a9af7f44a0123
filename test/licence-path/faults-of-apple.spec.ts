import { UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = ['900000001', '900000002'];
const ASSOCIATE = { path: '/mdm/v2/assets/associate' };

/** 200 pairs are ordered; whatever Apple does, they are assigned once on both sides in the end. */
async function expectAllAssigned(virtual: VirtualSeatbook): Promise<void> {
  const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(100) });
  expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 200 });
  await virtual.advance(60_000);
  for (const adamId of APPS) {
    expect(virtual.atApple(adamId)).toEqual(serials(100));
    expect(await virtual.pairs(adamId)).toEqual({ assigned: serials(100) });
  }
  expect(await virtual.stores.progress.countParked()).toBe(0);
}

describe('faults of Apple', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 500)));
  });
  afterEach(() => virtual.close());

  it.each([
    ['a reset before the request is applied', { resetBefore: true }],
    ['a reset after it was applied', { resetAfter: true }],
    ['a connection that never answers, without effect', { dead: 'before' as const }],
    ['a connection that never answers, with effect', { dead: 'after' as const }],
    ['an HTML page', { html: true, status: 502 }],
    ['an HTML page with status 200', { html: true, status: 200 }],
    ['truncated JSON', { truncated: true }],
    ['9603, internal error', { errorNumber: 9603 }],
    ['9646, too many requests', { errorNumber: 9646 }],
    ['9729 with Retry-After in seconds', { errorNumber: 9729, retryAfter: 120 }],
    ['503 with Retry-After as a date', { status: 503, retryAfter: { dateInSeconds: 90 } }],
    ['9603 in a body with status 200', { errorNumber: 9603, as200: true }],
    ['an answer that is slower than the time-out', { delayMs: 45_000 }],
  ])('%s is survived three times over', async (_what, fault) => {
    virtual.simulator.admin.addErrorRule({ match: ASSOCIATE, times: 3, ...fault });
    await expectAllAssigned(virtual);
  });

  it('a Retry-After is waited for', async () => {
    virtual.simulator.admin.addErrorRule({ match: ASSOCIATE, times: 1, errorNumber: 9729, retryAfter: 300 });
    await expectAllAssigned(virtual);
    const sent = virtual.simulator.admin.requests().filter(({ path }) => path.startsWith(ASSOCIATE.path));
    const [first, second] = sent.map(({ at }) => Number(new Date(at)));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(300_000);
  });

  it('pairs that fail for a reason of their own fail alone', async () => {
    virtual.simulator.admin.failPairs([
      { adamId: APPS[0], serialNumber: serials(1, 7)[0], errorNumber: 9602 },
      { adamId: APPS[1], serialPrefix: 'S00000009', errorNumber: 9602 },
    ]);
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(100) });
    const { final } = await virtual.finished(orderId);
    expect(final.assigned + final.failed).toBe(200);
    expect(final.failed).toBeGreaterThanOrEqual(1);
    const pairs = await virtual.pairs(APPS[0] as string);
    expect(pairs.failed).toEqual(serials(1, 7));
    expect(pairs.assigned).toEqual(virtual.atApple(APPS[0] as string));
  });

  it('maintenance (9644) of single pairs is tried again and passes', async () => {
    virtual.simulator.admin.failPairs([
      { adamId: APPS[0], serialNumber: serials(1, 7)[0], errorNumber: 9644, times: 3 },
    ]);
    await expectAllAssigned(virtual);
  });

  it('a pair that never passes fails in the end and holds up no other', async () => {
    virtual.simulator.admin.failPairs([
      { adamId: APPS[0], serialNumber: serials(1, 7)[0], errorNumber: 9603 },
    ]);
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(100) });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 199, failed: 1 });
  });

  it.each(['asset', 'target', 'both', 'none'] as const)(
    'a poison pair that makes Apple refuse the whole request, naming %s, is isolated',
    async (syncRefuse) => {
      virtual.simulator.admin.failPairs([
        {
          operation: 'ASSOCIATE',
          adamId: APPS[0],
          serialNumber: serials(1, 7)[0],
          errorNumber: 9602,
          syncRefuse,
        },
      ]);
      const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(100) });
      const { final } = await virtual.finished(orderId);
      expect(final.assigned + final.failed).toBe(200);
      // What Apple names fails as named; where it names nothing, the pair is found by halving.
      expect(final.failed).toBe({ asset: 100, target: 2, both: 1, none: 1 }[syncRefuse]);
      for (const adamId of APPS)
        expect((await virtual.pairs(adamId)).assigned ?? []).toEqual(virtual.atApple(adamId));
    },
  );

  it('limits that shrink between plan and call are met by smaller calls', async () => {
    const { orderId } = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(100) });
    virtual.simulator.admin.setFaults({ limits: { maxSerialNumbers: 30, maxAssets: 1 } });
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 200 });
    expect(virtual.atApple(APPS[0] as string)).toEqual(serials(100));
  });

  it('the request limit of 15 a second is never exceeded, however many calls are ready', async () => {
    virtual.simulator.admin.setFaults({ limits: { maxSerialNumbers: 1, maxAssets: 1 } });
    await virtual.advance(6 * 60_000);
    virtual.simulator.admin.resetStats();
    await expectAllAssigned(virtual);
    const stats = virtual.simulator.admin.stats();
    expect(stats.associateReceived).toBe(200);
    expect(stats.rateLimitViolations).toBe(0);
  });

  it('a failed disassociation leaves the pair assigned and says so', async () => {
    await expectAllAssigned(virtual);
    virtual.simulator.admin.failPairs([
      { operation: 'DISASSOCIATE', adamId: APPS[0], serialNumber: serials(1)[0], errorNumber: 9602 },
    ]);
    const { orderId } = await virtual.place({
      kind: 'ReturnLicense',
      assets: APPS.map(stdq),
      serialNumbers: serials(10),
    });
    expect((await virtual.finished(orderId)).final).toMatchObject({ returned: 19, failed: 1 });
    expect((await virtual.pairs(APPS[0] as string)).assigned).toEqual(virtual.atApple(APPS[0] as string));
  });

  it('an event that Apple forgot is sent again', async () => {
    virtual.simulator.admin.setFaults({ notifications: { drop: 1 } });
    virtual.simulator.admin.addErrorRule({ match: { path: '/mdm/v2/status' }, times: 1, errorNumber: 9708 });
    await expectAllAssigned(virtual);
  });

  it('9709 after a doubtful attempt is not taken at its word', async () => {
    const { admin } = virtual.simulator;
    admin.refund(UID, { adamId: APPS[0] as string, count: 400 });
    await virtual.advance(10_000);
    admin.addErrorRule({ match: ASSOCIATE, times: 1, resetAfter: true });
    await expectAllAssigned(virtual);
  });
});
