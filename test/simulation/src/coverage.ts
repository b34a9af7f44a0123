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
  eventDelayPerTaskMs: 'a request that takes longer would be overtaken by one that came later',
  'notifications.concurrency': 'notifications are delivered without delay',
  'limits.maxClientUserIds': 'no order names persons yet',
  'limits.maxRevokeClientUserIds': 'the product revokes nothing',
  'limits.maxRevokeSerialNumbers': 'the product revokes nothing',
  'limits.maxUsers': 'the product writes no users yet',
  'limits.maxNotificationLength': 'the product sends one address, far below any limit',
  'limits.maxMdmIdLength': 'the product sends one mdmInfo, far below any limit',
  'limits.maxMdmNameLength': 'the product sends one mdmInfo, far below any limit',
  'limits.maxMdmMetadataLength': 'the product sends one mdmInfo, far below any limit',
  unknownUser: 'the product writes no users yet',
  retireFreesLicenses: 'the product retires no users yet',
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

/** Types of events that no history can have, with the reason. */
const NEVER_WRITTEN: Readonly<Record<string, string>> = {
  'asset.traits-changed': 'the assets of the simulator keep their traits',
};

/** Codes that a client of the two halves can be answered with; those of HTTP are the edge's own. */
const REFUSALS = [
  'CONFLICT_IDEMPOTENCY_KEY',
  'INVALID_ASSET',
  'INVALID_NOTIFICATION',
  'INVALID_ORDER_EMPTY',
  'INVALID_ORDER_SIZE',
  'INVALID_POSITION',
  'INVALID_SERIAL_NUMBER',
  'NOT_FOUND_ACCOUNT',
  'NOT_FOUND_ORDER',
  'NOT_FOUND_PARKED',
  'REJECTED_ACCOUNT_EXISTS',
  'REJECTED_NOTHING_HELD',
  'REJECTED_NOT_CONFLICTED',
  'REJECTED_ORDER_ABANDONED',
  'REJECTED_OTHER_LOCATION',
  'REJECTED_OWNED_BY_OTHER_MDM',
  'REJECTED_TOKEN_EXPIRED',
  'REJECTED_TOKEN_OTHER_LOCATION',
  'REJECTED_TOKEN_REVOKED',
  'REJECTED_UNKNOWN_ASSET',
  'TRANSIENT_APPLE',
  'TRANSIENT_STORE',
  'UNAUTHENTICATED',
];

/** What any run of some dozen seeds must have seen at least once. */
export function requiredSoon(): string[] {
  const steps = Object.values(licensingStreams(DEFAULT_TIMINGS)).flatMap(({ category, steps: named }) =>
    Object.keys(named).map((step) => `step: ${category} ${step}`),
  );
  return [
    ...licensingEventTypes.filter(({ type }) => !(type in NEVER_WRITTEN)).map(({ type }) => `event: ${type}`),
    ...REFUSALS.map((code) => `refusal: ${code}`),
    ...steps,
    ...knobs().map((knob) => `knob: ${knob}`),
    'store fault: the disk is full',
    'store fault: the disk cannot be read',
  ];
}

/** What a run of some hundred seeds must have seen: also each call struck in each way. */
export function required(): string[] {
  return [
    ...requiredSoon(),
    ...struckCalls.flatMap((call) => [`crash: before ${call}`, `crash: after ${call}`]),
    ...storeCalls.flatMap((call) => [`store fault: ${call} fails`, `store fault: ${call} answer lost`]),
  ];
}
