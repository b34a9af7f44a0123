import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Processes, type Json } from '@seatbook/test-support/processes';
import { UID, importLocation, serials } from '@seatbook/test-support/process-location';

const APP = '900000001';
/** Orders that are placed while the disk stops to take anything. */
const ORDERS = 40;

interface OrderBody extends Json {
  readonly orderId: string;
  readonly state: string;
  readonly code?: string;
}

interface HealthBody extends Json {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly models: readonly { readonly halted: string | null }[];
  readonly parked: number;
}

const LOG_TOOL = join(process.cwd(), 'apps/standalone/dist/log-tool.js');

describe('a disk that takes nothing more', () => {
  const processes = new Processes({ SEATBOOK_LEASES_BEAT_MS: '500' });
  beforeAll(async () => {
    await processes.start();
    await importLocation(processes, [APP], 1_000);
  });
  afterAll(() => processes.close());

  const health = async (): Promise<HealthBody> => (await processes.api<HealthBody>('GET', '/health')).body;

  /** Places the order of one device; the key makes it the same order however often it is sent. */
  const place = (number: number): ReturnType<typeof processes.api<OrderBody>> =>
    processes.api<OrderBody>(
      'POST',
      '/orders',
      { kind: 'AssignLicense', accountId: UID, assetIds: [APP], serialNumbers: serials(1, number) },
      { 'idempotency-key': `order ${number}` },
    );

  const finished = (orderId: string): Promise<true> =>
    processes.eventually(`${orderId} is finished`, async () => {
      const { status, body } = await processes.api<OrderBody>('GET', `/orders/${orderId}`);
      return status === 200 && body.state === 'finished' ? true : null;
    });

  const sizeOf = (name: string): number => statSync(join(processes.data, name)).size;

  it.each([
    // What is there may be written over, and nothing may grow.
    ['is full', () => Math.max(sizeOf('events.db'), sizeOf('events.db-wal')), 0],
    ['can only be read', () => 0, 1],
  ])(
    'because it %s: health says why, nothing acknowledged is lost, and it recovers by itself',
    async (_what, limit, turn) => {
      const first = turn * 1_000;
      const before = await place(first);
      expect(before.status).toBe(202);
      await finished(before.body.orderId);

      const placed = Array.from({ length: ORDERS }, (_order, number) => place(first + 1 + number));
      processes.limitFileSize(limit());
      const answers = await Promise.all(placed);
      for (let number = ORDERS; answers.at(-1)?.status !== 503; number += 1)
        answers.push(await place(first + 1 + number));
      for (const { status, body } of answers)
        if (status !== 202) expect([status, body.code]).toEqual([503, 'TRANSIENT_STORE']);

      const seen = await processes.eventually('health says why', async () => {
        const now = await health();
        return now.ready ? null : now;
      });
      expect(seen.reasons.join('\n')).toMatch(/events\.db: .* \(SQLITE_(FULL|IOERR_\w+|READONLY\w*)\)/);
      expect(await processes.isReady()).toBe(false);
      // What was written before can be read.
      expect((await processes.api('GET', `/orders/${before.body.orderId}`)).status).toBe(200);

      processes.limitFileSize(null);
      const recovered = await processes.eventually('it is ready again', async () => {
        const now = await health();
        return now.ready ? now : null;
      });
      expect(recovered.models.filter(({ halted }) => halted !== null)).toEqual([]);
      expect(recovered.parked).toBe(0);

      // A power cut right behind it: what was acknowledged is in the log, and what was not is placed once.
      await processes.kill();
      await processes.startProduct();
      const orders = new Map<number, string>();
      for (const [index, { status, body }] of answers.entries()) {
        const again = await place(first + 1 + index);
        expect([200, 202]).toContain(again.status);
        if (status === 202) expect(again.body.orderId).toBe(body.orderId);
        orders.set(index, again.body.orderId);
      }
      expect(new Set(orders.values()).size).toBe(answers.length);
      for (const orderId of orders.values()) await finished(orderId);
      const verified = execFileSync(process.execPath, [LOG_TOOL, 'verify'], {
        env: { ...process.env, SEATBOOK_DATA: processes.data },
        encoding: 'utf8',
      });
      expect(verified).toContain('is sound');
    },
    300_000,
  );
});
