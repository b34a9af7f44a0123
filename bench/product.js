import 'reflect-metadata';
import { SeatbookHost, createLog, readConfiguration } from '@seatbook/host';
import { systemClock } from '@seatbook/kernel';
import { queryModels } from '@seatbook/licensing';
import { createSimulator, seededRandom } from '@seatbook/simulator';
import { importToken } from '@seatbook/application';
import { check } from './figure.js';

export const UID = '7700000000000001';
export const OWNER = { principal: 'owner', reason: 'bench' };
const APPLE = 'https://apple.invalid';

/** @param {number} number */
export const adamIdOf = (number) => String(900_000_000 + number);

/** @param {number} number */
export const assetOf = (number) => ({ adamId: adamIdOf(number), pricingParam: 'STDQ' });

/** @param {number} number */
export const serialOf = (number) => `S${String(number).padStart(9, '0')}`;

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The product as standalone composes it (events.db with synchronous=FULL, read models in a thread of their own), with
 * a simulated Apple in place of HTTP.
 * @param {string} folder
 */
export async function openProduct(folder) {
  const simulator = createSimulator({
    clock: systemClock,
    random: seededRandom(1),
    baseUrl: APPLE,
    deliver: async () => ({ status: 200 }),
    faults: { rateLimit: { perSecond: 100_000, scope: 'token', retryAfter: null } },
  });
  const options = {
    configuration: readConfiguration({
      SEATBOOK_DATA: folder,
      SEATBOOK_OWNER_KEY: 'bench-owner-key-0123456789-0123456789',
      SEATBOOK_APPLE_BASE_URL: `${APPLE}/mdm/v2`,
    }),
    log: createLog('silent'),
    views: 'worker',
    /** @type {import('@seatbook/apple').Transport} */
    async transport({ method, url, headers, body = '' }) {
      const { pathname, search } = new URL(url);
      return simulator.handle({ method, path: `${pathname}${search}`, headers: { ...headers }, body });
    },
  };
  const host = await SeatbookHost.open(/** @type {import('@seatbook/host').HostOptions} */ (options), 'both');
  const { edge, worker, stores } = host;
  return {
    host,
    simulator,
    edge,
    worker,
    stores,
    async close() {
      await host.stop();
      simulator.stop();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openProduct>>} Product */

/**
 * Imports a location and waits until it is read and shown. The product has to be started.
 * @param {Product} product
 * @param {readonly { adamId: string, name: string, total: number }[]} assets
 */
export async function importLocation({ simulator, edge, worker, stores }, assets) {
  const { token } = simulator.admin.createLocation({ uId: UID, name: 'Bench', country: 'DE' });
  simulator.admin.addAssets(UID, assets);
  const settings = /** @type {const} */ ({ name: 'Bench', platform: 'iOS', assignmentType: 'device' });
  await importToken(edge, { file: token, settings, takeOver: false }, OWNER);
  for (;;) {
    const halted = worker.views.status().find((model) => model.halted !== null);
    check(!halted, `the read model ${halted?.name} halted: ${halted?.halted}`);
    const account = /** @type {import('@seatbook/licensing').AccountDocument | null} */ (
      await stores.reads.get(queryModels.accounts, UID)
    );
    if (account?.firstReadAt != null && (await worker.idle())) return;
    await pause(20);
  }
}
