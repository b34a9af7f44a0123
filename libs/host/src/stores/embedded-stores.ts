import type { BuilderStores, OpenedStores } from '@seatbook/runtime';
import { modelsApart } from '@seatbook/application';
import { loadOrCreateKey, openSqliteBuilder, openSqliteStores } from '@seatbook/store-sqlite';
import type { Configuration } from '../settings/configuration.js';
import type { StoresContext, ViewsDamaged } from './stores-context.js';

type DataSettings = Configuration['data'];

/** The files in the data folder, for this process alone. */
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
    apart: modelsApart,
    viewsDamaged,
  });
}

/** Opens them once more, for a thread that builds the read models of a file. */
export const openEmbeddedBuilder = (
  { folder }: Pick<DataSettings, 'folder'>,
  file: string,
  viewsDamaged: ViewsDamaged,
): BuilderStores => openSqliteBuilder({ folder, file, viewsDamaged });

export { backupLog, verifyLog } from '@seatbook/store-sqlite';
