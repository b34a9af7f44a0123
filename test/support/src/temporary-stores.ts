import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@seatbook/kernel';
import { openSqliteStores, type SqliteStores } from '@seatbook/store-sqlite';
import { watched } from './let-happen.js';
import { seededIds } from './seeded-random.js';

/** Real stores in a folder of their own, which is removed when they are closed. */
export async function openTemporaryStores(
  clock: Clock,
): Promise<{ stores: SqliteStores; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-unit-'));
  const stores = await openSqliteStores({ folder, key: Buffer.alloc(32, 7), clock, ids: seededIds(1) });
  return {
    stores: {
      ...stores,
      events: watched(stores.events),
      reads: watched(stores.reads),
      progress: watched(stores.progress),
      leases: watched(stores.leases),
      secrets: watched(stores.secrets),
      directory: watched(stores.directory),
    },
    async close() {
      await stores.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
