import { ERROR_CODES, type ErrorCode } from '@seatbook/kernel';
import { licensingEventTypes, licensingStreams, DEFAULT_TIMINGS } from '@seatbook/licensing';
import { createSimulator } from '@seatbook/simulator';
import { storeCalls, struckCalls } from './weather.js';

/** How often each thing happened, by its kind and name. */
export class Coverage {
  readonly counts = new Map<string, number>();

  add(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  addAll(other: Coverage): void {
    for (const [what, times] of other.counts) this.add(what, times);
  }

  /** Of another process. */
  static of(counts: Iterable<readonly [what: string, times: number]>): Coverage {
    const coverage = new Coverage();
    for (const [what, times] of counts) coverage.add(what, times);
    return coverage;
  }

  /** What must occur in a run and did not. */
  missing(required: readonly string[]): string[] {
    return required.filter((what) => !this.counts.has(what));
  }

  /** A paragraph per kind: each name with its count. */
  text(): string {
    const kinds = new Map<string, string[]>();
    for (const [what, times] of [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [kind = '', ...name] = what.split(': ');
      kinds.set(kind, [...(kinds.get(kind) ?? []), `${name.join(': ')} ${times}`]);
    }
    return [...kinds].map(([kind, names]) => `${kind}: ${names.join(', ')}`).join('\n');
  }
}

/** Switches of the simulator that change nothing that the product could see, with the reason. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  'notifications.concurrency': 'notifications are delivered without delay',
  'limits.maxClientUserIds': 'no order names so many persons',
  'limits.maxRevokeClientUserIds': 'the product revokes nothing',
  'limits.maxRevokeSerialNumbers': 'the product revokes nothing',
  'limits.maxUsers': 'no activation names so many persons',
  'limits.maxNotificationLength': 'the product sends one address, far below any limit',
  'limits.maxMdmIdLength': 'the product sends one mdmInfo, far below any limit',
  'limits.maxMdmNameLength': 'the product sends one mdmInfo, far below any limit',
  'limits.maxMdmMetadataLength': 'the product sends one mdmInfo, far below any limit',
  unknownUser: 'nobody is retired unseen',
  retireFreesLicenses: 'whoever is retired holds nothing that can be returned',
  allowHttpCallbacks: 'the address is always HTTPS',
};

/** Names of all switches that have an effect: `pageSize`, `notifications.drop`, … */
function knobs(): string[] {
  const untouched = createSimulator({
    clock: { now: () => 0, after: () => () => undefined },
    random: () => 0,
    deliver: async () => ({ status: 200 }),
    baseUrl: 'https://apple.test',
  });
  const names = Object.entries(untouched.admin.faults()).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null && !('min' in value)
      ? Object.keys(value).map((inner) => `${name}.${inner}`)
      : [name],
  );
  return names.filter((name) => !(name in WITHOUT_EFFECT));
}

/** Codes that no client is answered with here, with the reason. */
const NEVER_ANSWERED: Readonly<Partial<Record<ErrorCode, string>>> = {
  ...because('it is said by the HTTP edge alone', [
    'INVALID_REQUEST',
    'INVALID_BODY',
    'INVALID_BODY_TOO_DEEP',
    'INVALID_BODY_TOO_LARGE',
    'INVALID_MEDIA_TYPE',
    'INVALID_TABLE',
    'INVALID_ROW',
    'INVALID_METHOD',
    'INVALID_ADDRESS',
    'INVALID_ADDRESS_TOO_LONG',
    'INVALID_HEADERS_TOO_LARGE',
    'INVALID_REQUEST_TIMEOUT',
    'INVALID_IDEMPOTENCY_KEY',
    'INVALID_CURSOR',
    'INVALID_AT',
    'INVALID_PERIOD',
    'INVALID_TIME',
    'INVALID_SUBJECT',
    'FORBIDDEN_ADDRESS',
    'NOT_FOUND_ROUTE',
    'NOT_FOUND_CODE',
    'THROTTLED',
    'TRANSIENT_STARTING',
    'TRANSIENT_STOPPING',
    'BUG_UNEXPECTED',
  ]),
  ...because('no file is damaged, and no event comes from a newer build', [
    'CORRUPT_EVENT',
    'TRANSIENT_NEWER_BUILD',
  ]),
  ...because('it takes a second worker, or an edge without any', [
    'CONFLICT_VERSION',
    'TRANSIENT_RETRY_PENDING',
  ]),
  ...because('the MDM server signs what it sends, and orders may name any device', [
    'INVALID_MDM_MESSAGE',
    'REJECTED_NO_MDM',
    'REJECTED_UNKNOWN_DEVICE',
  ]),
  REJECTED_GROUP_FULL: 'no group has so many members',
  TRANSIENT_BEHIND: 'while views cannot be written for long, nothing is written that they could be behind',
  TRANSIENT_TOKEN_GONE: 'a sealed token is deleted only when the import that it is for has ended',
};

function because(reason: string, codes: readonly ErrorCode[]): Partial<Record<ErrorCode, string>> {
  return Object.fromEntries(codes.map((code) => [code, reason]));
}

/** What happens in few of the worlds that have devices, or never: few settings of apps change, and a server refuses no command. */
const RARE: ReadonlySet<string> = new Set([
  'appSettings.payload-replaced',
  'appSettings.updates-asked',
  'device.facts-wanted',
  'installation.device-left',
  'installation.list-failed',
  'installation.profile-failed',
  'installation.profile-lost',
  'installation.profile-overtaken',
  'installation.profile-put-off',
  'installation.put-off',
  'installation.removal-failed',
  'mdmCommand.given-up',
  'profile forget',
  'profile.deleted',
  'profile.payload-forgotten',
]);

const mayBeMissing = (name: string): boolean => RARE.has(name);

/** What a run of 300 seeds must have seen at least once, beside all that can be done. */
export function required(): string[] {
  const steps = Object.values(licensingStreams(DEFAULT_TIMINGS)).flatMap(({ category, steps: named }) =>
    Object.keys(named).flatMap((step) =>
      mayBeMissing(`${category} ${step}`) ? [] : `step: ${category} ${step}`,
    ),
  );
  return [
    ...licensingEventTypes.flatMap(({ type }) => (mayBeMissing(type) ? [] : `event: ${type}`)),
    ...Object.keys(ERROR_CODES).flatMap((code) => (code in NEVER_ANSWERED ? [] : `refusal: ${code}`)),
    ...steps,
    ...knobs().map((knob) => `knob: ${knob}`),
    'store fault: the disk is full',
    'store fault: the disk cannot be read',
    'store fault: the views cannot be written',
    'snapshot: kept',
    'snapshot: of another version',
    'snapshot: of another log',
    'snapshot: damaged',
    ...struckCalls.flatMap((call) => [`crash: before ${call}`, `crash: after ${call}`]),
    ...storeCalls.flatMap((call) => [`store fault: ${call} fails`, `store fault: ${call} answer lost`]),
    'others at work: found, told and decided',
    'asked by: another worker',
    'epoch: a later one moves a checkpoint',
    'clock: forward',
    'clock: back',
    'last order: notified',
    'last order: polled',
  ];
}
