import { firstVersions } from '@seatbook/kernel';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `notification.${T}`;
  readonly data: D & { readonly uId: string };
};

/** Notifications without an eventId, one stream each. */
export type NotificationEvent =
  | Event<'asset-count-received', AssetId & { readonly countDelta: number }>
  | Event<'test-received', object>
  /** Persons accepted their invitations. */
  | Event<'users-associated-received', { readonly userIds: readonly string[] }>
  /** A type that this build does not know: kept, its body sealed, since nobody can say what it holds. */
  | Event<'unknown-received', { readonly notificationType: string; readonly sealedBody: string }>;

export const notificationEventTypes = firstVersions<NotificationEvent>({
  'notification.asset-count-received': true,
  'notification.test-received': true,
  'notification.users-associated-received': true,
  'notification.unknown-received': true,
});
