import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Processes, type Answer, type Json } from '@seatbook/test-support/processes';
import { UID, importLocation, serials } from '@seatbook/test-support/process-location';

const APP = '900000001';
const OWNED = 500;

interface OrderBody extends Json {
  readonly orderId: string;
  readonly state: string;
}

interface AssetBody extends Json {
  readonly licences: Readonly<Record<string, number>>;
}

describe('views.db that is damaged', () => {
  const processes = new Processes({ SEATBOOK_LOG_LEVEL: 'info' });
  let ordered = 0;
  let history: readonly Json[];

  beforeAll(async () => {
    await processes.start();
    await importLocation(processes, [APP], OWNED);
    for (let order = 0; order < 5; order += 1) await assign();
    history = await processes.lines('/history');
  });
  afterAll(() => processes.close());

  /** Assigns licences to 20 more devices. */
  async function assign(): Promise<void> {
    const order = { kind: 'AssignLicense', accountId: UID, assetIds: [APP] };
    const serialNumbers = serials(20, ordered);
    const { status, body } = await processes.api<OrderBody>('POST', '/orders', { ...order, serialNumbers });
    expect(status).toBe(202);
    ordered += serialNumbers.length;
    await processes.eventually('the order is finished', async () => {
      const { state } = (await processes.api<OrderBody>('GET', `/orders/${body.orderId}`)).body;
      return state === 'finished';
    });
  }

  /** Overwrites the file from here to its end, in place. */
  function damage(from: number): void {
    const file = join(processes.data, 'views.db');
    const handle = openSync(file, 'r+');
    const rubbish = randomFillSync(Buffer.alloc(statSync(file).size - from));
    writeSync(handle, rubbish, 0, rubbish.length, from);
    closeSync(handle);
  }

  /** Null where nobody answers. */
  const asked = (path: string): Promise<Answer | null> => processes.api('GET', path).catch(() => null);

  /** All is as it was, and as the log has it: counts, pairs and history. */
  async function expectAllThere(): Promise<void> {
    await processes.eventually('it counts as before', async () => {
      const { status, body } = await processes.api<AssetBody>('GET', `/accounts/${UID}/assets/${APP}`);
      return status === 200 && body.licences['assigned'] === ordered && body.licences['owned'] === OWNED;
    });
    const { body } = await processes.api<{ items: readonly Json[] }>('GET', `/devices/${serials(1)[0]}`);
    expect(JSON.stringify(body)).toContain(APP);
    expect((await processes.lines('/history')).slice(0, history.length)).toEqual(history);
  }

  const rebuilt = (): number =>
    processes.logged.split('deleted it, the views are rebuilt from the log').length - 1;

  it('while it is in use is named and rebuilt from the log by itself, and no answer is wrong meanwhile', async () => {
    // Until a stop, all of it is in the write-ahead log.
    await processes.stopProduct();
    await processes.startProduct();
    const { pid } = processes;
    damage(0);
    // Whatever is written next makes the readers read the file again; it may be stopping already.
    await processes.api('POST', `/accounts/${UID}/syncs`).catch(() => null);
    const answers: Answer[] = [];
    await processes.eventually('the views are rebuilt', async () => {
      for (const path of ['/accounts', `/accounts/${UID}/assets/${APP}`, `/orders`]) {
        const answer = await asked(path);
        if (answer) answers.push(answer);
      }
      return rebuilt() === 1 && (await processes.isReady().catch(() => false));
    });
    expect(processes.logged).toContain('the views are damaged');
    for (const { status } of answers) expect([200, 503]).toContain(status);
    expect(processes.pid).toBe(pid);
    await expectAllThere();
    await assign();
  }, 180_000);

  it.each([
    ['wholly', 0],
    ['but for its first pages', 40_960],
  ])(
    'at start, %s, is named and rebuilt from the log by itself',
    async (_what, from) => {
      const before = rebuilt();
      expect(await processes.stopProduct()).toBe(0);
      damage(from);
      await processes.startProduct();
      await processes.eventually('the views are rebuilt', async () => {
        await asked(`/accounts/${UID}/pairs`);
        await asked(`/timeline?serialNumber=${serials(1)[0]}`);
        await asked(`/accounts/${UID}/assets/${APP}/pairs`);
        return rebuilt() > before && (await processes.isReady().catch(() => false));
      });
      await expectAllThere();
      await assign();
    },
    180_000,
  );
});
