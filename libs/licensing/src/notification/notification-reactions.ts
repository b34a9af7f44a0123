import type { Reaction } from '@seatbook/kernel';
import type { ReconciliationCommand } from '../reconciliation/reconciliation-decider.js';
import { reconciliationStream } from '../streams.js';
import type { NotificationEvent } from './notification-events.js';

/**
 * A purchase, refund or transfer: the totals are read. Apple's delta is not added up, because a read under way may
 * hold it already, and notifications come doubled and in any order.
 */
const readTotals: Reaction<Extract<NotificationEvent, { type: 'notification.asset-count-received' }>> = {
  name: 'notification.read-totals',
  handles: ['notification.asset-count-received'],
  react({ data: { uId } }) {
    const command: ReconciliationCommand = { type: 'RequestTotals', reason: 'ASSET_COUNT', delayMs: 0 };
    return [{ stream: reconciliationStream(uId), command }];
  },
};

export const notificationReactions: readonly Reaction[] = [readTotals];
