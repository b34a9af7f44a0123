import { deciderSpec } from '@seatbook/test-support/decider-spec';
import { EventLog } from '@seatbook/test-support/event-log';
import { LOCATION, PAGES } from '@seatbook/test-support/licensing-builders';
import { reconciliationReactions } from '../reconciliation/reconciliation-reactions.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { notificationDecider } from './notification-decider.js';
import type { NotificationEvent } from './notification-events.js';

const given = deciderSpec(notificationDecider);
const events: NotificationEvent[] = [
  { type: 'notification.asset-count-received', data: { uId: LOCATION, ...PAGES, countDelta: 5 } },
  { type: 'notification.test-received', data: { uId: LOCATION } },
  { type: 'notification.users-associated-received', data: { uId: LOCATION, userIds: ['p'] } },
  {
    type: 'notification.unknown-received',
    data: { uId: LOCATION, notificationType: 'NEWS', sealedBody: 'body/n1' },
  },
];

describe('a notification without an event of Apple’s', () => {
  it.each(events)('is received once: $type', (event) => {
    given().when({ type: 'ReceiveNotification', event }).then(event);
    given().when({ type: 'ReceiveNotification', event }).thenOnce();
  });

  it('of a purchase has the totals read, and adds nothing up', () => {
    const [envelope] = new EventLog().append('appleNotification-n1', events.slice(0, 1));
    const reactions = reconciliationReactions(DEFAULT_TIMINGS);
    expect(reactions.flatMap((reaction) => (envelope ? reaction.react(envelope) : []))).toEqual([
      {
        stream: `reconciliation-${LOCATION}`,
        command: { type: 'RequestTotals', reason: 'ASSET_COUNT', delayMs: 0 },
      },
    ]);
  });
});
