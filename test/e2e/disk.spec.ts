import { join } from 'node:path';
import { jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { StoreUnavailable } from '@seatbook/runtime';
import { eventually } from '@seatbook/test-support/eventually';
import { BERLIN, StartedProduct, devices, type OrderBody } from './started-product.js';

jest.setTimeout(120_000);

const WRITES = new Set([
  'append',
  'probe',
  'commit',
  'takeOver',
  'saveSnapshot',
  'saveCheckpoint',
  'park',
  'unpark',
  'requestRetry',
  'acquire',
  'release',
  'put',
  'putIfAbsent',
  'delete',
]);

let seatbook: StartedProduct;
/** What the disk answers to a write, or to everything; null: all is well. */
let fault: { readonly code: string; readonly reads: boolean } | null = null;

beforeAll(async () => {
  seatbook = await StartedProduct.apart({ SEATBOOK_LEASES_BEAT_MS: '100' });
  const { stores } = seatbook;
  for (const port of [stores.events, stores.reads, stores.progress, stores.leases, stores.secrets])
    faultyAsTheDisk(port as unknown as Record<string, unknown>);
  await seatbook.importBerlin();
});
afterAll(() => seatbook.end());

function faultyAsTheDisk(port: Record<string, unknown>): void {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(port)).filter(
    (name) => name !== 'constructor',
  );
  for (const name of names) {
    const whole: unknown = port[name];
    if (typeof whole !== 'function' || name === 'subscribe' || name === 'onAppended' || name === 'ring')
      continue;
    port[name] = (...asked: unknown[]): unknown => {
      if (fault && (fault.reads || WRITES.has(name)))
        return Promise.reject(
          new StoreUnavailable(`events.db: the disk does not answer (${fault.code})`, fault.code),
        );
      return Reflect.apply(whole, port, asked) as unknown;
    };
  }
}

interface HealthBody {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly models: readonly { readonly halted: string | null }[];
  readonly parked: number;
}

const health = async (): Promise<HealthBody> =>
  (await seatbook.get('/health').expect(200)).body as HealthBody;
let ordered = 0;
const order = (count = 2) =>
  seatbook.post('/orders', {
    kind: 'AssignLicense',
    accountId: BERLIN,
    assetIds: ['900000001'],
    serialNumbers: devices(count, String.fromCharCode(65 + (ordered += 1))),
  });
const finished = ({ state }: OrderBody): boolean => state === 'finished';

describe.each([
  ['is full', 'SQLITE_FULL', false],
  ['has become read-only', 'SQLITE_READONLY', false],
  ['fails', 'SQLITE_IOERR_READ', true],
])('a disk that %s', (_what, code, reads) => {
  it('is waited out: health says why, nothing acknowledged is lost, and work goes on by itself', async () => {
    const { body: before } = (await order().expect(202)) as { body: OrderBody };
    fault = { code, reads };
    const logged = seatbook.logLines.length;
    const refused = await order();
    expect([refused.status, refused.body]).toEqual([
      503,
      expect.objectContaining({ code: 'TRANSIENT_STORE' }),
    ]);
    expect(refused.headers['retry-after']).toBeDefined();
    const unready = await eventually('health says why', async () => {
      const seen = await health();
      return seen.ready ? null : seen;
    });
    expect(unready.reasons.join('\n')).toContain(`(${code})`);
    expect(seatbook.logLines.slice(logged).some((line) => line.includes(code))).toBe(true);
    await seatbook.anonymous().get('/readyz').expect(503, { ready: false });

    fault = null;
    const recovered = await eventually(
      'it is ready again',
      async () => {
        const seen = await health();
        return seen.ready ? seen : null;
      },
      60_000,
    );
    expect(recovered.models.filter(({ halted }) => halted !== null)).toEqual([]);
    expect(recovered.parked).toBe(0);
    await seatbook.until(`/orders/${before.orderId}`, finished);
    const { body: after } = (await order().expect(202)) as { body: OrderBody };
    await seatbook.until(`/orders/${after.orderId}`, finished);
  });
});

it('a log that another program has locked is waited for', async () => {
  const other = new Database(join(seatbook.folder, 'events.db'));
  other.exec('BEGIN IMMEDIATE');
  const refused = await order();
  expect(refused.body).toMatchObject({ code: 'TRANSIENT_STORE' });
  await eventually('health says why', async () => {
    const { reasons } = await health();
    return reasons.some((reason) => reason.includes('SQLITE_BUSY'));
  });
  other.exec('ROLLBACK');
  other.close();
  await eventually('it is ready again', async () => (await health()).ready, 60_000);
  const { body } = (await order().expect(202)) as { body: OrderBody };
  await seatbook.until(`/orders/${body.orderId}`, finished);
});

it('a damaged event is named by its position, and the product is not ready', async () => {
  const { position } = (await order().expect(202)).body as OrderBody;
  await seatbook.quiet();
  const other = new Database(join(seatbook.folder, 'events.db'));
  other.prepare(`UPDATE events SET data = replace(data, '"', '_') WHERE position = ?`).run(position);
  other.close();
  const { status, body } = (await seatbook.get(`/history/${position}`)) as { status: number; body: unknown };
  expect([status, body]).toEqual([
    500,
    expect.objectContaining({
      code: 'CORRUPT_EVENT',
      facts: expect.objectContaining({ position }) as unknown,
    }),
  ]);
  const { reasons } = await eventually('health says why', async () => {
    const seen = await health();
    return seen.ready ? null : seen;
  });
  expect(reasons.join('\n')).toContain(`the event at position ${position} `);
  const line = seatbook.logLines.find((logged) => logged.includes('CorruptEvent'));
  expect(line).toContain(`position ${position} `);
});
