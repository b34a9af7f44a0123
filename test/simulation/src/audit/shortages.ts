import { START, type Envelope, type Position } from '@seatbook/kernel';
import { assetStream, orderStream, type AssetEvent, type ReconciliationEvent } from '@seatbook/licensing';
import type { Causes } from './causes.js';
import { ordersOf } from './order-refs.js';

/** What follows where there are fewer licences than the ledger thought. */
export function auditShortages(log: readonly Envelope[], causes: Causes): string[] {
  const wanted = lastWishes(log);
  const readAt = new Map<string, Position>();
  const wrong: string[] = [];
  for (const envelope of log) {
    const event = envelope as Envelope & (AssetEvent | ReconciliationEvent);
    const { stream, type, position } = event;
    const where = `${stream}, ${type} at ${position}`;
    if (event.type === 'reconciliation.assets-read')
      for (const asset of event.data.assets) readAt.set(assetStream(event.data.uId, asset), position);
    // One wish is enough for all that is doubted before the totals are read.
    if (event.type === 'asset.found-short' || event.type === 'asset.totals-doubted') {
      if ((wanted.get(stream) ?? START) <= (readAt.get(stream) ?? START))
        wrong.push(`${where}: nobody reads the totals again`);
    }
    if (event.type !== 'asset.found-short' && event.type !== 'asset.reservations-withdrawn') continue;
    for (const orderId of ordersOf(event.data)) {
      const order = { stream: orderStream(orderId), type: 'order.cancellation-asked' };
      if (causes.cancelledBefore(orderId, position) && !causes.followed(envelope, order))
        wrong.push(`${where}: the order ${orderId} was cancelled and waits again`);
    }
  }
  return wrong;
}

/** When the totals of each ledger were last wanted because it doubted them. */
function lastWishes(log: readonly Envelope[]): ReadonlyMap<string, Position> {
  const wanted = new Map<string, Position>();
  for (const event of log as readonly (Envelope & ReconciliationEvent)[])
    if (event.type === 'reconciliation.totals-requested' && event.data.anew !== null)
      wanted.set(assetStream(event.data.uId, event.data.anew), event.position);
  return wanted;
}
