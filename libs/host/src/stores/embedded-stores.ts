import type { BuilderStores, OpenedStores } from '@seatbook/runtime';
import { loadOrCreateKey, openSqliteBuilder, openSqliteStores } from '@seatbook/store-sqlite';
import type { Configuration } from '../settings/configuration.js';
import type { StoresContext, ViewsDamaged } from './stores-context.js';

type DataSettings = Configuration['data'];

/** Both files in the data folder, for this process alone. */
export function openEmbeddedStores(
  { folder, keyFile, key }: DataSettings,
  { clock, ids, viewsDamaged }: StoresContext,
): Promise<OpenedStores> {
  const sealingKey = loadOrCreateKey({ folder, file: keyFile ?? undefined, env: key ?? undefined });
  return openSqliteStores({
    folder,
    key: sealingKey,
    clock,
    ids,
    name: 'seatbook standalone',
    viewsDamaged,
  });
}

export const openEmbeddedBuilder = (
  { folder }: Pick<DataSettings, 'folder'>,
  viewsDamaged: ViewsDamaged,
): BuilderStores => openSqliteBuilder({ folder, viewsDamaged });

export { backupLog, verifyLog } from '@seatbook/store-sqlite';
