import { randomUUID } from 'node:crypto';
import { createAppleApi } from '@seatbook/apple';
import { systemClock } from '@seatbook/kernel';
import { accountsModel } from '@seatbook/licensing';
import { createSimulator, seededRandom } from '@seatbook/simulator';
import { openSqliteStores } from '@seatbook/store-sqlite';
import { Seatbook, importToken } from '@seatbook/system';
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

/**
 * The product on its embedded stores (events.db with synchronous=FULL), with a simulated Apple in the same process.
 * `start` lets the background work run; without it only commands do.
 * @param {string} folder
 * @param {{ views?: (stores: import('@seatbook/store-sqlite').SqliteStores) => import('@seatbook/runtime').Views }} [options]
 */
export async function openProduct(folder, { views } = {}) {
  const random = seededRandom(1);
  const stores = await openSqliteStores({
    folder,
    key: Buffer.alloc(32, 7),
    clock: systemClock,
    ids: { next: randomUUID },
  });
  const simulator = createSimulator({
    clock: systemClock,
    random,
    baseUrl: APPLE,
    deliver: async () => ({ status: 200 }),
    faults: { rateLimit: { perSecond: 100_000, scope: 'token', retryAfter: null } },
  });
  const apple = createAppleApi({
    clock: systemClock,
    random,
    settings: { baseUrl: `${APPLE}/mdm/v2`, contentMetadataUrl: `${APPLE}/WebObjects/MZStorePlatform.woa/wa/lookup` },
    async transport({ method, url, headers, body = '' }) {
      const { pathname, search } = new URL(url);
      return simulator.handle({ method, path: `${pathname}${search}`, headers: { ...headers }, body });
    },
  });
  const seatbook = new Seatbook({
    stores,
    apple,
    clock: systemClock,
    ids: { next: randomUUID },
    random,
    settings: { mdmInfo: { id: 'seatbook-bench', name: 'Seatbook', metadata: '' }, publicUrl: null },
    newSecret: randomUUID,
    ...(views ? { views: views(stores) } : {}),
  });
  return {
    stores,
    simulator,
    seatbook,
    async close() {
      simulator.stop();
      await apple.close();
      await stores.close();
    },
  };
}

/**
 * Imports a location and waits until it is read and shown. The product has to be started.
 * @param {Awaited<ReturnType<typeof openProduct>>} product
 * @param {readonly { adamId: string, name: string, total: number }[]} assets
 */
export async function importLocation({ simulator, seatbook, stores }, assets) {
  const { token } = simulator.admin.createLocation({ uId: UID, name: 'Bench', country: 'DE' });
  simulator.admin.addAssets(UID, assets);
  const settings = /** @type {const} */ ({ name: 'Bench', platform: 'iOS', assignmentType: 'device' });
  await importToken(seatbook, { file: token, settings, takeOver: false }, OWNER);
  for (;;) {
    const account = await stores.reads.get(accountsModel, UID);
    const halted = seatbook.views.status().find((model) => model.halted !== null);
    check(!halted, `the read model ${halted?.name} halted: ${halted?.halted}`);
    if (account?.firstReadAt != null && (await seatbook.idle())) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
