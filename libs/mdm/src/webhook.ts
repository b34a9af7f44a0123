import { createHmac, timingSafeEqual } from 'node:crypto';
import { Refusal } from '@seatbook/kernel';
import type { DeviceAnswer, DeviceFacts, ManagedApp } from '@seatbook/licensing';
import { dictionaryOf, listOf, numberOf, textOf, truthOf } from './dictionary.js';
import { parsedPlist, PlistError, type PlistDictionary } from './plist.js';

/** Header with the signature of a webhook's body. */
export const SIGNATURE_HEADER = 'x-hmac-signature';

/** Whether NanoMDM signed exactly these bytes: Base64 of HMAC-SHA256. Compared in constant time. */
export function isSigned(body: Uint8Array, signature: string, key: string): boolean {
  const expected = createHmac('sha256', key).update(body).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** What NanoMDM tells of one device. Nothing of a device's secrets is in it: they are left behind here. */
export type MdmMessage =
  /** A device enrols, for the first time or again. All that was queued for it is lost. */
  | {
      readonly kind: 'authenticate';
      readonly enrolmentId: string;
      /** Null where the enrolment hides it. */
      readonly serialNumber: string | null;
      readonly facts: DeviceFacts;
      /** Personal data: goes nowhere but into the directory. */
      readonly deviceName: string | null;
    }
  /** From now on it can be pushed. `tally`: 1 for a new enrolment. */
  | { readonly kind: 'token-update'; readonly enrolmentId: string; readonly tally: number | null }
  | { readonly kind: 'check-out'; readonly enrolmentId: string }
  | {
      readonly kind: 'answer';
      readonly enrolmentId: string;
      readonly commandUuid: string;
      readonly answer: DeviceAnswer;
      readonly deviceName: string | null;
    }
  /** Nothing that concerns us: a device without a command, a user's channel, a topic of later versions. */
  | { readonly kind: 'nothing' };

const NOTHING: MdmMessage = { kind: 'nothing' };

/** Channels of devices. Those of users on a Mac or a shared iPad have commands of their own. */
const DEVICE_CHANNELS: ReadonlySet<unknown> = new Set(['Device', 'User Enrollment (Device)']);

/**
 * What a webhook of NanoMDM says.
 * @throws Refusal INVALID_MDM_MESSAGE for what NanoMDM would not send; it quotes nothing of the body
 */
export function decodeWebhook(body: Uint8Array): MdmMessage {
  const message = objectOf(parsedJson(body));
  const topic = message?.['topic'];
  if (!message || typeof topic !== 'string') throw invalid('a webhook has a topic');
  const event = objectOf(message[topic === 'mdm.Connect' ? 'acknowledge_event' : 'checkin_event']);
  const ids = objectOf(event?.['ids']);
  switch (topic) {
    case 'mdm.Authenticate':
    case 'mdm.TokenUpdate':
    case 'mdm.CheckOut':
    case 'mdm.Connect':
      break;
    default:
      return NOTHING;
  }
  if (!event) throw invalid('a webhook has an event');
  const enrolmentId = idOf(ids?.['id'] ?? event['udid'] ?? event['enrollment_id']);
  if (ids && !DEVICE_CHANNELS.has(ids['type'] ?? 'Device')) return NOTHING;
  if (topic === 'mdm.CheckOut') return { kind: 'check-out', enrolmentId };
  if (topic === 'mdm.TokenUpdate') {
    const tally = event['token_update_tally'];
    return { kind: 'token-update', enrolmentId, tally: typeof tally === 'number' ? tally : null };
  }
  if (topic === 'mdm.Authenticate') return authenticate(enrolmentId, payloadOf(event));
  return answerOf(enrolmentId, event);
}

function authenticate(enrolmentId: string, payload: PlistDictionary): MdmMessage {
  return {
    kind: 'authenticate',
    enrolmentId,
    serialNumber: serialOf(textOf(payload['SerialNumber'], 64)),
    facts: factsOf(payload),
    deviceName: textOf(payload['DeviceName']),
  };
}

/** Apple's serial numbers are letters and digits; virtual machines have others, of printable characters. */
const serialOf = (text: string | null): string | null =>
  text !== null && /^[\x21-\x7e]+$/.test(text) ? text : null;

function answerOf(enrolmentId: string, event: JsonObject): MdmMessage {
  const { status, command_uuid: commandUuid } = event;
  if (status === 'Idle' || typeof commandUuid !== 'string' || commandUuid === '') return NOTHING;
  if (commandUuid.length > 127) throw invalid('the id of a command has at most 127 characters');
  switch (status) {
    case 'Acknowledged':
    case 'Error':
    case 'CommandFormatError':
    case 'NotNow':
      break;
    default:
      throw invalid('an answer has a status');
  }
  const payload = payloadOf(event);
  const responses = dictionaryOf(payload['QueryResponses']);
  const answer: DeviceAnswer = {
    status,
    bundleId: textOf(payload['Identifier']),
    state: textOf(payload['State'], 64),
    rejection: textOf(payload['RejectionReason'], 64),
    errors: listOf(payload['ErrorChain']).flatMap((item) => {
      const error = dictionaryOf(item);
      const code = numberOf(error?.['ErrorCode']);
      return code === null ? [] : [{ code, domain: textOf(error?.['ErrorDomain'], 100) ?? '' }];
    }),
    apps: appsOf(dictionaryOf(payload['ManagedApplicationList'])),
    facts: responses && factsOf(responses),
  };
  const deviceName = textOf(responses?.['DeviceName']);
  return { kind: 'answer', enrolmentId, commandUuid, answer, deviceName };
}

function appsOf(list: PlistDictionary | null): readonly ManagedApp[] | null {
  if (!list) return null;
  return Object.entries(list).flatMap(([bundleId, item]) => {
    const app = dictionaryOf(item);
    const status = textOf(app?.['Status'], 64);
    if (status === null) return [];
    return [{ bundleId, status, version: numberOf(app?.['ExternalVersionIdentifier']) }];
  });
}

const factsOf = (payload: PlistDictionary): DeviceFacts => ({
  platform: platformOf(textOf(payload['ProductName'], 64) ?? textOf(payload['Model'], 64)),
  osVersion: textOf(payload['OSVersion'], 32),
  supervised: truthOf(payload['IsSupervised']),
});

/** The platform by the product's name, such as `iPhone15,2`. */
function platformOf(product: string | null): DeviceFacts['platform'] {
  if (product === null) return null;
  if (/^(?:iPhone|iPad|iPod)/.test(product)) return 'iOS';
  if (/^AppleTV/.test(product)) return 'tvOS';
  if (/^Watch/.test(product)) return 'watchOS';
  if (/^RealityDevice/.test(product)) return 'visionOS';
  return /Mac/.test(product) ? 'macOS' : null;
}

function payloadOf(event: JsonObject): PlistDictionary {
  const raw = event['raw_payload'];
  if (typeof raw !== 'string') throw invalid('an event has its raw payload');
  try {
    const payload = dictionaryOf(parsedPlist(Buffer.from(raw, 'base64').toString('utf8')));
    if (payload) return payload;
  } catch (error) {
    if (!(error instanceof PlistError)) throw error;
  }
  throw invalid('the raw payload is a property list');
}

type JsonObject = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

function parsedJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8')) as unknown;
  } catch {
    throw invalid('a webhook is JSON');
  }
}

function idOf(value: unknown): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9._:-]{1,128}$/.test(value))
    throw invalid('an enrolment has an id of letters, digits, dots, colons, underscores and dashes');
  return value;
}

const invalid = (message: string): Refusal => new Refusal('INVALID_MDM_MESSAGE', message);
