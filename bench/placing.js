import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { Commands, SeatbookModule } from '@seatbook/nest';
import { check } from './figure.js';
import { inFolder } from './folder.js';
import { openPlainLog, rowsOf } from './plain-log.js';
import { OWNER, UID, adamIdOf, assetOf, importLocation, openProduct, serialOf } from './product.js';
import { timed } from './rounds.js';

/** @typedef {import('./plain-log.js').Row} Row */

export const ORDERS = 20_000;
export const CALLERS = 64;

/**
 * Orders of one pair, every one a stream of its own, over the CommandBus as fast as the callers can: each sends its next
 * when the last is durable. What is measured is the path of a command (bus, check, hash of the body, known account and
 * asset, decide, append); the background work stands still.
 * @returns {Promise<{ perSecond: number, rowsOfAnOrder: number, rows: Row[] }>} orders per second, and the rows that they wrote
 */
export function placeOrders() {
  return inFolder(async (folder) => {
    const product = await openProduct(folder);
    const { host, worker } = product;
    await host.start();
    await importLocation(product, [{ adamId: adamIdOf(1), name: 'App', total: ORDERS * 2 }]);
    await worker.stop();
    const context = await NestFactory.createApplicationContext(SeatbookModule.over(host), { logger: false });
    const bus = context.get(CommandBus);
    const { ms } = await timed(() =>
      Promise.all(Array.from({ length: CALLERS }, (_caller, index) => place(bus, index))),
    );
    await context.close();
    await product.close();
    const rows = rowsOf(join(folder, 'events.db'), 'order');
    const placed = rows.filter(([, , , , type]) => type === 'order.placed');
    const serials = new Set(placed.map(([, , , , , data]) => JSON.parse(data).serialNumbers[0]));
    check(serials.size === ORDERS, `${serials.size} of ${ORDERS} serial numbers in the log`);
    const rowsOfAnOrder = rows.length / ORDERS;
    check(Number.isInteger(rowsOfAnOrder), `${rows.length} rows of ${ORDERS} orders in the log`);
    return { perSecond: (ORDERS / ms) * 1_000, rowsOfAnOrder, rows };
  });
}

/**
 * The orders of one caller, one after the other.
 * @param {CommandBus} bus
 * @param {number} first
 */
async function place(bus, first) {
  for (let number = first; number < ORDERS; number += CALLERS) await bus.execute(orderOf(number));
}

/**
 * An order of one pair, as the HTTP edge hands it to the CommandBus.
 * @param {number} number
 */
export function orderOf(number) {
  const order = {
    uId: UID,
    assets: [assetOf(1)],
    serialNumbers: [serialOf(number)],
    ifShort: /** @type {const} */ ('wait'),
    platform: null,
  };
  return new Commands.AssignLicense(order, { ...OWNER, idempotencyKey: `bench-${number}` });
}

/**
 * Appends rows plainly, so many in each commit. Returns rows per second.
 * @param {readonly Row[]} rows
 * @param {{ batch: number, uniqueIds: boolean }} how
 */
export function appendPlainly(rows, { batch, uniqueIds }) {
  return inFolder(async (folder) => {
    const log = openPlainLog(join(folder, 'plain.db'), uniqueIds);
    const { ms } = await timed(() => log.append(rows, batch));
    check(log.count() === rows.length, 'rows in the plain log');
    log.close();
    return (rows.length / ms) * 1_000;
  });
}

/** @param {readonly Row[]} rows */
export function bytesPerRow(rows) {
  const bytes = rows.reduce(
    (sum, [, stream, , id, type, data, metadata]) =>
      sum + stream.length + id.length + type.length + data.length + metadata.length,
    0,
  );
  return Math.round(bytes / rows.length);
}
