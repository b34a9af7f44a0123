import { join } from 'node:path';
import { placeOrder } from '@seatbook/system';
import { check } from './figure.js';
import { inFolder } from './folder.js';
import { openPlainLog, rowsOf } from './plain-log.js';
import { OWNER, UID, adamIdOf, assetOf, importLocation, openProduct, serialOf } from './product.js';
import { timed } from './rounds.js';

export const ORDERS = 20_000;
export const CALLERS = 64;

/**
 * Places orders of one pair each, every one a stream of its own, as fast as the callers can: each sends its next when
 * the last is durable. What is measured is the command path (check, hash of the body, known account and asset,
 * decide, append); the background work stands still.
 * @returns {Promise<{ perSecond: number, rows: import('./plain-log.js').Row[] }>}
 */
export function placeOrders() {
  return inFolder(async (folder) => {
    const product = await openProduct(folder);
    const { seatbook, stores } = product;
    await seatbook.start();
    await importLocation(product, [{ adamId: adamIdOf(1), name: 'App', total: ORDERS * 2 }]);
    await seatbook.stop();
    const before = await stores.events.head();
    const assets = [assetOf(1)];
    let next = 0;
    const caller = async () => {
      while (next < ORDERS) {
        const number = (next += 1);
        const order = /** @type {const} */ ({ kind: 'assign', uId: UID, ifShort: 'wait', platform: null });
        await placeOrder(
          seatbook,
          { ...order, assets, serialNumbers: [serialOf(number)] },
          { ...OWNER, idempotencyKey: `bench-${number}` },
        );
      }
    };
    const { ms } = await timed(() => Promise.all(Array.from({ length: CALLERS }, caller)));
    const head = await stores.events.head();
    await product.close();
    const rows = rowsOf(join(folder, 'events.db'), 'order.placed');
    check(head - before === ORDERS && rows.length === ORDERS, `${rows.length} of ${ORDERS} orders in the log`);
    const serials = new Set(rows.map(([, , , , , data]) => JSON.parse(data).serialNumbers[0]));
    check(serials.size === ORDERS, `${serials.size} of ${ORDERS} serial numbers in the log`);
    return { perSecond: (ORDERS / ms) * 1_000, rows };
  });
}

/**
 * Appends rows plainly, so many in each commit.
 * @param {readonly import('./plain-log.js').Row[]} rows
 * @param {number} batch
 */
export function appendPlainly(rows, batch) {
  return inFolder(async (folder) => {
    const log = openPlainLog(join(folder, 'plain.db'));
    const { ms } = await timed(() => log.append(rows, batch));
    check(log.count() === rows.length, 'rows in the plain log');
    log.close();
    return (rows.length / ms) * 1_000;
  });
}

/** @param {readonly import('./plain-log.js').Row[]} rows */
export function bytesPerRow(rows) {
  const bytes = rows.reduce(
    (sum, [, stream, , id, type, data, metadata]) => sum + stream.length + id.length + type.length + data.length + metadata.length,
    0,
  );
  return Math.round(bytes / rows.length);
}
