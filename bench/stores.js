import { randomUUID } from 'node:crypto';
import { modelsApart } from '@seatbook/application';
import { systemClock } from '@seatbook/kernel';
import { loadOrCreateKey, openSqliteStores } from '@seatbook/store-sqlite';

/**
 * The embedded stores of a folder, with the key that lies in it.
 * @param {string} folder
 */
export const openStores = (folder) =>
  openSqliteStores({
    folder,
    key: loadOrCreateKey({ folder }),
    clock: systemClock,
    ids: { next: randomUUID },
    apart: modelsApart,
  });
