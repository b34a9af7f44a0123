import type { Command, Decider } from '@seatbook/kernel';
import type { NotificationEvent } from './notification-events.js';

export type NotificationCommand = Command<'ReceiveNotification'> & { readonly event: NotificationEvent };

/** A notification is received once; whatever comes again changes nothing. */
export const notificationDecider: Decider<NotificationCommand, { received: boolean }, NotificationEvent> = {
  initial: () => ({ received: false }),
  decide: ({ event }, { received }) => (received ? [] : [event]),
  evolve: () => ({ received: true }),
};
