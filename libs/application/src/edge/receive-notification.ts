import { timingSafeEqual } from 'node:crypto';
import { decodeNotification, type AppleNotification, meaningOf } from '@seatbook/apple/formats';
import { Refusal, sha256 } from '@seatbook/kernel';
import {
  ACTIVATION,
  appleEventStream,
  notificationStream,
  type AppleEventCommand,
  type AssetId,
  type HolderKey,
  holdersOf,
  type NotificationCommand,
  type NotificationEvent,
} from '@seatbook/licensing';
import type { CommandContext } from '@seatbook/runtime';
import type { SeatbookEdge } from './seatbook-edge.js';
import { sealedBodyName } from '../foundation/secret-names.js';

export interface ReceiveNotification {
  readonly uId: string;
  /** The secret that Apple shows. */
  readonly bearer: string;
  /** As it came. */
  readonly body: unknown;
}

/**
 * Stores a notification before it is acknowledged. The bearer secret of the account is compared in constant time, and
 * an account that does not exist takes as long as a wrong secret.
 */
export async function receiveNotification(
  seatbook: SeatbookEdge,
  { uId, bearer, body }: ReceiveNotification,
): Promise<void> {
  await authenticateNotification(seatbook, uId, bearer);
  const notification = decodeNotification(body);
  if (notification.uId !== null && notification.uId !== uId) {
    throw new Refusal('REJECTED_OTHER_LOCATION', 'this notification is of another location');
  }
  const { stream, command } = await commandOf(seatbook, uId, notification, body);
  const context: CommandContext = {
    commandId: `notification/${notification.notificationId}`,
    principal: 'apple',
    correlationId: stream,
    causationId: `notification/${notification.notificationId}`,
  };
  await seatbook.execute(stream, command, context, { likelyAbsent: true, continues: true });
}

/** @throws Refusal `UNAUTHENTICATED` when this is not the secret of the account */
export async function authenticateNotification(
  seatbook: SeatbookEdge,
  uId: string,
  bearer: string,
): Promise<void> {
  const known = await seatbook.notificationSecrets.of(uId);
  const expected = Buffer.from(sha256(known ?? 'no such account'));
  const given = Buffer.from(sha256(bearer));
  if (!timingSafeEqual(expected, given) || known === null) {
    throw new Refusal('UNAUTHENTICATED', 'this is not the bearer token of this account');
  }
}

async function commandOf(
  seatbook: SeatbookEdge,
  uId: string,
  notification: AppleNotification,
  body: unknown,
): Promise<{ stream: string; command: AppleEventCommand | NotificationCommand }> {
  const { notificationId } = notification;
  const { stores } = seatbook;
  const received = (event: NotificationEvent): NotificationCommand => ({
    type: 'ReceiveNotification',
    event,
  });
  const alone = notificationStream(notificationId);
  switch (notification.type) {
    case 'ASSET_MANAGEMENT': {
      const { eventId, assignments } = notification;
      const groups = new Map<string, { asset: AssetId; keys: HolderKey[] }>();
      for (const { adamId, pricingParam, serialNumber, clientUserId } of assignments) {
        const group = groups.get(`${adamId}.${pricingParam}`) ?? {
          asset: { adamId, pricingParam },
          keys: [],
        };
        groups.set(`${adamId}.${pricingParam}`, group);
        if (serialNumber !== null) group.keys.push(`d:${serialNumber}`);
        else if (clientUserId !== null) {
          const [userId = ''] = await stores.directory.userIdsOf(uId, [{ clientUserId }]);
          group.keys.push(`u:${userId}`);
        }
      }
      const pairs = [...groups.values()].map(({ asset, keys }) => ({ ...asset, ...holdersOf(keys) }));
      return {
        stream: appleEventStream(eventId),
        command: { ...partOf(uId, notification), pairs, associated: [] },
      };
    }
    case 'USER_MANAGEMENT': {
      const { eventId, users, succeeded } = notification;
      // Of whom it failed for, Apple says no more than the name.
      const seen = succeeded ? users : users.map(({ clientUserId }) => ({ clientUserId }));
      const userIds = users.length === 0 ? [] : await stores.directory.userIdsOf(uId, seen);
      const pairs = users.length === 0 ? [] : [{ ...ACTIVATION, serialNumbers: [], userIds }];
      const associated = userIds.filter((_userId, index) => users[index]?.status === 'Associated');
      const command = { ...partOf(uId, notification), pairs, associated: succeeded ? associated : [] };
      return { stream: appleEventStream(eventId), command };
    }
    case 'ASSET_COUNT': {
      const { asset, countDelta } = notification;
      const data = { uId, ...asset, countDelta };
      return { stream: alone, command: received({ type: 'notification.asset-count-received', data }) };
    }
    case 'USER_ASSOCIATED': {
      const userIds = await stores.directory.userIdsOf(uId, notification.users);
      return {
        stream: alone,
        command: received({ type: 'notification.users-associated-received', data: { uId, userIds } }),
      };
    }
    case 'TEST_NOTIFICATION':
      return { stream: alone, command: received({ type: 'notification.test-received', data: { uId } }) };
    case 'unknown': {
      const { notificationType } = notification;
      const sealedBody = sealedBodyName(notificationId);
      await stores.secrets.put(sealedBody, JSON.stringify(body));
      const data = { uId, notificationType, sealedBody };
      return { stream: alone, command: received({ type: 'notification.unknown-received', data }) };
    }
  }
}

/** What all notifications of one of Apple's events have. */
function partOf(uId: string, notification: Extract<AppleNotification, { eventId: string }>) {
  const { notificationId, type: notificationType, operation, succeeded } = notification;
  // A failure without a number is still one: Apple's own number for "internal error" has the pairs planned again.
  const errorNumber = succeeded ? null : (notification.errorNumber ?? 9603);
  return {
    type: 'RecordNotification' as const,
    uId,
    notificationId,
    notificationType,
    operation,
    result: succeeded ? 'SUCCESS' : 'FAILURE',
    errorNumber,
    // Apple sends the number alone.
    reason: errorNumber === null ? '' : meaningOf(errorNumber),
  };
}

export const notificationCommands = { ReceiveNotification: receiveNotification };
