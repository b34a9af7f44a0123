import type { Command, Decider } from '@seatbook/kernel';
import type { NotificationEvent } from './notification-events.js';

export type NotificationCommand = Command<'ReceiveNotification'> & { readonly event: NotificationEvent };

export interface ReceivedNotification {
  readonly received: boolean;
}

/** A notification is received once; what comes again changes nothing. */
export const notificationDecider: Decider<NotificationCommand, ReceivedNotification, NotificationEvent> = {
  initial: () => ({ received: false }),
  decide: ({ event }, { received }) => (received ? [] : [event]),
  evolve: () => ({ received: true }),
};
