import { Refusal } from '@seatbook/kernel';
import type { AppleAssignment, AppleUser, AssetId } from '@seatbook/licensing';
import { assignmentOf } from './assignments.js';
import { integerOf, type JsonObject, listOf, objectOf, textOf } from './json-shape.js';
import { assetIdOf } from './reply.js';
import { userOf } from './users.js';

interface Envelope {
  /** Unique: the same one comes again when its receipt was not acknowledged. */
  readonly notificationId: string;
}

/** Part of the outcome of one of Apple's events. Apple's rule: an event may yield several, successes and failures. */
interface EventPart extends Envelope {
  readonly uId: string;
  /** Apple's event. */
  readonly eventId: string;
  readonly succeeded: boolean;
  /** Why it failed; null if it succeeded or Apple does not say. */
  readonly errorNumber: number | null;
}

/** What Apple sends notifications about. */
export type AppleNotification =
  | (Envelope & { readonly type: 'TEST_NOTIFICATION'; readonly uId: string | null })
  | (EventPart & {
      readonly type: 'ASSET_MANAGEMENT';
      readonly operation: 'ASSOCIATE' | 'DISASSOCIATE' | 'REVOKE';
      readonly assignments: readonly AppleAssignment[];
    })
  | (Envelope & {
      readonly type: 'ASSET_COUNT';
      readonly uId: string;
      readonly asset: AssetId;
      /** Of the total: positive for a purchase or a transfer in, negative for a refund or a transfer out. */
      readonly countDelta: number;
    })
  | (EventPart & {
      readonly type: 'USER_MANAGEMENT';
      readonly operation: 'CREATE' | 'UPDATE' | 'RETIRE';
      readonly users: readonly AppleUser[];
    })
  | (Envelope & {
      readonly type: 'USER_ASSOCIATED';
      readonly uId: string;
      readonly users: readonly AppleUser[];
    })
  /** A type that we do not know, or a known one whose body we cannot parse: recorded, with no further effect. */
  | (Envelope & {
      readonly type: 'unknown';
      readonly uId: string | null;
      readonly notificationType: string;
      readonly notification: unknown;
    });

/**
 * Parses the JSON that Apple posts to the notification URL. What it says is a hint, never the only truth: Apple signs
 * nothing and guarantees no delivery. Throws the Refusal `INVALID_NOTIFICATION` if it is not a notification.
 */
export function decodeNotification(body: unknown): AppleNotification {
  const envelope = objectOf(body);
  const notificationId = nameOf(envelope?.['notificationId']);
  const notificationType = nameOf(envelope?.['notificationType']);
  if (!envelope || notificationId === null || notificationType === null)
    throw new Refusal(
      'INVALID_NOTIFICATION',
      'This is not a notification from Apple: notificationId or notificationType is missing.',
    );
  const uId = nameOf(envelope['uId']);
  if (notificationType === 'TEST_NOTIFICATION') return { type: notificationType, notificationId, uId };
  const content = objectOf(envelope['notification']) ?? {};
  const known = uId === null ? null : knownOf(notificationType, { notificationId, uId }, content);
  return (
    known ?? {
      type: 'unknown',
      notificationId,
      uId,
      notificationType,
      notification: envelope['notification'],
    }
  );
}

function knownOf(
  type: string,
  envelope: { readonly notificationId: string; readonly uId: string },
  content: JsonObject,
): AppleNotification | null {
  switch (type) {
    case 'ASSET_MANAGEMENT': {
      const operation = content['type'];
      const part = eventPartOf(content);
      const assignments = allOf(content['assignments'], assignmentOf);
      if (operation !== 'ASSOCIATE' && operation !== 'DISASSOCIATE' && operation !== 'REVOKE') return null;
      return part && assignments && { type, ...envelope, ...part, operation, assignments };
    }
    case 'ASSET_COUNT': {
      const asset = assetIdOf(content);
      const countDelta = integerOf(content['countDelta']);
      return asset && countDelta !== null ? { type, ...envelope, asset, countDelta } : null;
    }
    case 'USER_MANAGEMENT': {
      const operation = content['type'];
      const part = eventPartOf(content);
      const users = allOf(content['users'], userOf);
      if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'RETIRE') return null;
      return part && users && { type, ...envelope, ...part, operation, users };
    }
    case 'USER_ASSOCIATED': {
      const users = allOf(content['associatedUsers'], userOf);
      return users && { type, ...envelope, users };
    }
    default:
      return null;
  }
}

function eventPartOf(content: JsonObject): Omit<EventPart, keyof Envelope | 'uId'> | null {
  const eventId = nameOf(content['eventId']);
  const result = content['result'];
  if (eventId === null || (result !== 'SUCCESS' && result !== 'FAILURE')) return null;
  return {
    eventId,
    succeeded: result === 'SUCCESS',
    errorNumber: result === 'SUCCESS' ? null : integerOf(objectOf(content['error'])?.['errorNumber']),
  };
}

/** All items of a list; null if one of them cannot be parsed or there is no list. */
function allOf<T>(value: unknown, decode: (item: unknown) => T | null): readonly T[] | null {
  const items = listOf(value)?.map(decode);
  return items?.every((item) => item !== null) ? items : null;
}

// They are part of stream names, so they must not be longer than those may be.
function nameOf(value: unknown): string | null {
  const text = textOf(value);
  return text !== null && text.length <= 200 ? text : null;
}
