import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = ['900000001', '900000002'];

interface Story {
  readonly adds: string[];
  readonly appends: number;
}

/** Assigns 30 pairs and returns 10 of them, dying at the given append. Clients retry with the same key. */
async function live(dieAt: VirtualSeatbook['dieAt'], loseViews = false): Promise<Story> {
  const virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 20)));
  const first = virtual.appends;
  virtual.dieAt = dieAt && { ...dieAt, append: first + dieAt.append };
  const retried = async <T>(what: () => Promise<T>): Promise<T> => {
    for (;;) {
      const answer = await Promise.race([what(), died(virtual)]);
      if (answer !== DIED) return answer;
      await again(virtual, loseViews);
    }
  };
  const assigned = await retried(() =>
    virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(15) }, 'assign'),
  );
  await finishing(virtual, assigned.orderId, loseViews);
  const returned = await retried(() =>
    virtual.place({ kind: 'ReturnLicense', assets: APPS.map(stdq), serialNumbers: serials(5) }, 'return'),
  );
  await finishing(virtual, returned.orderId, loseViews);
  if (virtual.dead) await again(virtual, loseViews);
  await virtual.advance(120_000);
  const story: Story = { adds: [], appends: virtual.appends - first };
  for (const adamId of APPS) {
    expect(virtual.atApple(adamId)).toEqual(serials(10, 5));
    expect(await virtual.pairs(adamId)).toEqual({ assigned: serials(10, 5) });
    expect(await virtual.assetDocument(adamId)).toMatchObject({
      assigned: 10,
      reserved: 0,
      returning: 0,
      waiting: 0,
    });
  }
  expect((await virtual.order(assigned.orderId))?.final).toMatchObject({ assigned: 30 });
  expect((await virtual.order(returned.orderId))?.final).toMatchObject({ returned: 10 });
  expect(await virtual.stores.progress.countParked()).toBe(0);
  // At most the calls that were in flight at the crash are repeated.
  expect(virtual.simulator.admin.stats().associateReceived).toBeLessThanOrEqual(2);
  const ids = (await virtual.events()).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  await virtual.close();
  return story;
}

const DIED = Symbol('died');

async function died(virtual: VirtualSeatbook): Promise<typeof DIED> {
  while (!virtual.dead) await new Promise<void>((resolve) => setImmediate(resolve));
  return DIED;
}

async function again(virtual: VirtualSeatbook, loseViews: boolean): Promise<void> {
  virtual.dieAt = null;
  await virtual.kill();
  if (loseViews) virtual.backEnd.loseViews();
  await virtual.start();
}

async function finishing(virtual: VirtualSeatbook, orderId: string, loseViews: boolean): Promise<void> {
  await virtual.advanceUntil(
    `order ${orderId} finished, or the process dead`,
    async () => virtual.dead || (await virtual.order(orderId))?.state === 'finished',
  );
  if (!virtual.dead) return;
  await again(virtual, loseViews);
  await virtual.finished(orderId);
}

describe('a process that dies', () => {
  // Every append is tried one way: the odd ones before, the even ones after.
  const STRIDE = 2;

  it.each([
    ['before', 1],
    ['after', STRIDE],
  ] as const)(
    '%s any of its appends carries on to the same end',
    async (when, first) => {
      const { appends } = await live(null);
      expect(appends).toBeGreaterThan(20);
      for (let append = first; append <= appends; append += STRIDE) await live({ append, when });
    },
    240_000,
  );

  it('at any append, and loses its views as well, comes to the same end', async () => {
    for (let append = 1; append <= 45; append += 4) await live({ append, when: 'after' }, true);
  });
});

describe('an order whose listing broke off', () => {
  const holders = serials(3_500);

  it.each([1, 2, 3, 4])('at append %i is completed by a retry with the same key', async (append) => {
    const virtual = await VirtualSeatbook.imported([asset(APPS[0] as string, 5_000)]);
    virtual.dieAt = { append: virtual.appends + append, when: 'after' };
    const placing = virtual.place({ assets: [stdq(APPS[0] as string)], serialNumbers: holders }, 'long');
    await Promise.race([placing, died(virtual)]);
    await again(virtual, false);
    const { orderId } = await virtual.place(
      { assets: [stdq(APPS[0] as string)], serialNumbers: holders },
      'long',
    );
    expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 3_500 });
    expect(virtual.atApple(APPS[0] as string)).toEqual(holders);
    const placed = (await virtual.events()).filter(({ type }) => type === 'order.placed');
    expect(placed).toHaveLength(1);
    await virtual.close();
  });

  it('is abandoned after ten minutes without a retry', async () => {
    const virtual = await VirtualSeatbook.imported([asset(APPS[0] as string, 5_000)]);
    virtual.dieAt = { append: virtual.appends + 2, when: 'after' };
    await Promise.race([
      virtual.place({ assets: [stdq(APPS[0] as string)], serialNumbers: holders }, 'long'),
      died(virtual),
    ]);
    await again(virtual, false);
    await virtual.advance(9 * 60_000);
    const types = async (): Promise<string[]> => (await virtual.events()).map(({ type }) => type);
    expect(await types()).not.toContain('order.abandoned');
    await virtual.advance(2 * 60_000);
    expect(await types()).toContain('order.abandoned');
    await expect(
      virtual.place({ assets: [stdq(APPS[0] as string)], serialNumbers: holders }, 'long'),
    ).rejects.toMatchObject({ code: 'REJECTED_ORDER_ABANDONED' });
    await virtual.close();
  });
});
