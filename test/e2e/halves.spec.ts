import { jest } from '@jest/globals';
import { eventually } from '@seatbook/test-support/eventually';
import { parkedStep } from '@seatbook/test-support/parked-step';
import {
  BERLIN,
  StartedProduct,
  devices,
  type AccountBody,
  type ItemsBody,
  type OrderBody,
} from './started-product.js';

jest.setTimeout(60_000);

/** What decides how soon the edge sees that nobody works. */
const QUICK = { SEATBOOK_LEASES_BEAT_MS: '100', SEATBOOK_HEALTH_PATIENCE_MS: '2000' };

let seatbook: StartedProduct;
beforeAll(async () => {
  seatbook = await StartedProduct.apart(QUICK);
});
afterAll(() => seatbook.end());

interface HealthBody {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly partitions: readonly { readonly partition: string; readonly worker: string | null }[];
  readonly troubles: readonly object[];
}

const health = async (): Promise<HealthBody> =>
  (await seatbook.get('/health').expect(200)).body as HealthBody;
const workers = ({ partitions }: HealthBody): (string | null)[] => [
  ...new Set(partitions.map(({ worker }) => worker)),
];

describe('an edge and a worker on one store', () => {
  it('the edge has neither a worker nor a client of Apple', () => {
    expect(seatbook.product.host.worker).toBeNull();
    expect(seatbook.worker.edge).toBeNull();
  });

  it('a location is imported: the worker asks Apple, and the edge answers', async () => {
    await seatbook.importBerlin();
    const { body } = (await seatbook.get(`/accounts/${BERLIN}`).expect(200)) as { body: AccountBody };
    expect(body).toMatchObject({ usable: true, notifications: { mode: 'push' } });
  });

  it('an order is placed at the edge, done by the worker and waited for at the edge', async () => {
    const order = {
      kind: 'AssignLicense',
      accountId: BERLIN,
      assetIds: ['900000001'],
      serialNumbers: devices(3),
    };
    const asked = seatbook.post('/orders', order).set('prefer', 'wait=30');
    const { body } = (await asked) as { body: OrderBody };
    expect(body).toMatchObject({ state: 'finished', progress: { assigned: 3 } });
    const pairs = (await seatbook.get(`/orders/${body.orderId}/pairs?position=${body.position}`).expect(200))
      .body as ItemsBody<{ outcome: string }>;
    expect(pairs.items.map(({ outcome }) => outcome)).toEqual(['assigned', 'assigned', 'assigned']);
  });

  it('parked work is retried by the worker when it is wanted at the edge', async () => {
    const { progress } = seatbook.worker.stores;
    const stream = 'order-parked';
    await progress.park([parkedStep(stream)]);
    expect((await seatbook.get('/work').expect(200)).body).toMatchObject({ count: 1, items: [{ stream }] });
    await seatbook.post('/work/retry', { stream }).expect(200, { retried: 1, failure: null });
    expect((await seatbook.get('/work').expect(200)).body).toMatchObject({ count: 0 });
  });

  it('the edge says who works, and that it is ready', async () => {
    await seatbook.anonymous().get('/readyz').expect(200, { ready: true });
    const seen = await health();
    expect(seen).toMatchObject({ ready: true, reasons: [], troubles: [] });
    expect(workers(seen)).toEqual([expect.any(String)]);
  });

  it('the edge is not ready while no worker runs, takes orders all the same, and is ready with the next worker', async () => {
    const [before] = workers(await health());
    await seatbook.worker.stop();
    await eventually('the edge is not ready', async () => {
      return (await seatbook.anonymous().get('/readyz')).status === 503;
    });
    const { reasons } = await health();
    expect(reasons.join('\n')).toMatch(/no worker has been heard of for \d+ s that works on models\/due@/);
    expect(workers(await health())).toEqual([null]);

    const order = {
      kind: 'AssignLicense',
      accountId: BERLIN,
      assetIds: ['900000001'],
      serialNumbers: devices(2, 'B'),
    };
    const { body } = (await seatbook.post('/orders', order).expect(202)) as {
      body: OrderBody;
    };
    await seatbook.startWorker(QUICK);
    await seatbook.until(`/orders/${body.orderId}`, ({ state }: OrderBody) => state === 'finished');
    await eventually('the edge is ready', async () => {
      return (await seatbook.anonymous().get('/readyz')).status === 200;
    });
    const [after] = workers(await health());
    expect(after).not.toBe(before);
  });
});
