import type { Clock, Ids } from '@seatbook/kernel';
import type { BuilderStores, OpenedStores } from '@seatbook/runtime';
import { loadOrCreateKey, openSqliteBuilder, openSqliteStores } from '@seatbook/store-sqlite';
import type { Configuration } from '../settings/configuration.js';

type DataSettings = Configuration['data'];

/** Both files in the data folder, for this process alone. */
export function openEmbeddedStores(
  { folder, keyFile, key }: DataSettings,
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
): Promise<OpenedStores> {
  const sealingKey = loadOrCreateKey({ folder, file: keyFile ?? undefined, env: key ?? undefined });
  return openSqliteStores({ folder, key: sealingKey, clock, ids, name: 'seatbook standalone' });
}

export const openEmbeddedBuilder = ({ folder }: Pick<DataSettings, 'folder'>): BuilderStores =>
  openSqliteBuilder({ folder });

export { backupLog, verifyLog } from '@seatbook/store-sqlite';
