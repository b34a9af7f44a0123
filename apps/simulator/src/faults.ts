import {
  anyText,
  atLeast,
  either,
  flag,
  object,
  oneOf,
  optional,
  probability,
  type Shape,
  whole,
} from './shape.js';

/** A time drawn evenly from `min` to `max`, in ms. */
export interface Span {
  min: number;
  max: number;
}

/** A `Retry-After` header: seconds, its literal text, or an HTTP date so many seconds from now. */
export type RetryAfter = number | string | { dateInSeconds: number };

/** The limits of service/config; each is enforced. */
export interface Limits {
  maxAssets: number;
  maxClientUserIds: number;
  maxSerialNumbers: number;
  maxRevokeClientUserIds: number;
  maxRevokeSerialNumbers: number;
  maxUsers: number;
  maxNotificationLength: number;
  maxMdmIdLength: number;
  maxMdmNameLength: number;
  maxMdmMetadataLength: number;
}

/** Every switch of the simulator that stays as it is set. The README's table explains each. */
export interface Faults {
  latencyMs: Span;
  eventDelayMs: Span | 'never';
  eventDelayPerTaskMs: number;
  notifications: {
    drop: number;
    duplicate: number;
    shuffleMs: number;
    delayMs: number;
    spacingMs: number;
    early: boolean;
    testNotification: boolean;
    chunkSize: number;
    concurrency: number;
  };
  rateLimit: { perSecond: number; scope: 'token' | 'location'; retryAfter: RetryAfter | null };
  maxParallelPages: number;
  pageSize: number;
  limits: Limits;
  moveVersionDuringWalk: { times: number };
  assignmentDelta: 'added' | 'nothing' | 'forgotten';
  shortage: 'first-wins' | 'whole-asset';
  rejectReassociate: boolean;
  rejectDisassociateAbsent: boolean;
  unknownUser: 'async' | 'sync';
  unknownAsset: 'async' | 'sync';
  statusGrouping: 'number' | 'asset';
  readOnlyToken: 'no-writes' | 'three-gets';
  refundRetires: boolean;
  retireFreesLicenses: boolean;
  unlimitedAvailable: 'max-minus-assigned' | 'max';
  errorsAs200: boolean;
  allowHttpCallbacks: boolean;
  lookup: { artwork: 'array' | 'object'; id: 'string' | 'number' };
}

/** A change to some of the switches; what it leaves out stays. */
export type FaultsPatch = {
  [K in keyof Faults]?: Faults[K] extends Span | 'never'
    ? Faults[K]
    : Faults[K] extends string | number | boolean
      ? Faults[K]
      : Partial<Faults[K]>;
};

/** The switches of a simulator that behaves: Apple's documented figures, no faults. */
export function defaultFaults(): Faults {
  return {
    latencyMs: { min: 0, max: 0 },
    eventDelayMs: { min: 200, max: 2000 },
    eventDelayPerTaskMs: 0,
    notifications: {
      drop: 0,
      duplicate: 0,
      shuffleMs: 0,
      delayMs: 0,
      spacingMs: 0,
      early: false,
      testNotification: true,
      chunkSize: 100,
      concurrency: 8,
    },
    rateLimit: { perSecond: 15, scope: 'token', retryAfter: null },
    maxParallelPages: 5,
    pageSize: 500,
    limits: {
      maxAssets: 25,
      maxClientUserIds: 1000,
      maxSerialNumbers: 1000,
      maxRevokeClientUserIds: 100,
      maxRevokeSerialNumbers: 100,
      maxUsers: 100,
      maxNotificationLength: 512,
      maxMdmIdLength: 100,
      maxMdmNameLength: 100,
      maxMdmMetadataLength: 255,
    },
    moveVersionDuringWalk: { times: 0 },
    assignmentDelta: 'added',
    shortage: 'first-wins',
    rejectReassociate: false,
    rejectDisassociateAbsent: false,
    unknownUser: 'async',
    unknownAsset: 'async',
    statusGrouping: 'number',
    readOnlyToken: 'no-writes',
    refundRetires: true,
    retireFreesLicenses: true,
    unlimitedAvailable: 'max-minus-assigned',
    errorsAs200: false,
    allowHttpCallbacks: false,
    lookup: { artwork: 'array', id: 'string' },
  };
}

const spanShape: Shape<Span> = object({ min: atLeast(0), max: atLeast(0) });

export const retryAfterShape: Shape<RetryAfter> = either(
  either(atLeast(0), anyText),
  object({ dateInSeconds: atLeast(0) }),
);

/** `null` is a value of its own here, unlike in `optional`. */
const retryAfterOrNull: Shape<RetryAfter | null | undefined> = (value, at) =>
  value === null ? null : optional(retryAfterShape)(value, at);

const count = optional(whole(1));
const milliseconds = optional(atLeast(0));

/** Reads a patch of the switches from JSON. */
export const faultsPatchShape: Shape<FaultsPatch> = object({
  latencyMs: optional(spanShape),
  eventDelayMs: optional(either(spanShape, oneOf('never'))),
  eventDelayPerTaskMs: milliseconds,
  notifications: optional(
    object({
      drop: optional(probability),
      duplicate: optional(probability),
      shuffleMs: milliseconds,
      delayMs: milliseconds,
      spacingMs: milliseconds,
      early: optional(flag),
      testNotification: optional(flag),
      chunkSize: count,
      concurrency: count,
    }),
  ),
  rateLimit: optional(
    object({
      perSecond: count,
      scope: optional(oneOf('token', 'location')),
      retryAfter: retryAfterOrNull,
    }),
  ),
  maxParallelPages: count,
  pageSize: count,
  limits: optional(
    object({
      maxAssets: count,
      maxClientUserIds: count,
      maxSerialNumbers: count,
      maxRevokeClientUserIds: count,
      maxRevokeSerialNumbers: count,
      maxUsers: count,
      maxNotificationLength: count,
      maxMdmIdLength: count,
      maxMdmNameLength: count,
      maxMdmMetadataLength: count,
    }),
  ),
  moveVersionDuringWalk: optional(object({ times: whole(0) })),
  assignmentDelta: optional(oneOf('added', 'nothing', 'forgotten')),
  shortage: optional(oneOf('first-wins', 'whole-asset')),
  rejectReassociate: optional(flag),
  rejectDisassociateAbsent: optional(flag),
  unknownUser: optional(oneOf('async', 'sync')),
  unknownAsset: optional(oneOf('async', 'sync')),
  statusGrouping: optional(oneOf('number', 'asset')),
  readOnlyToken: optional(oneOf('no-writes', 'three-gets')),
  refundRetires: optional(flag),
  retireFreesLicenses: optional(flag),
  unlimitedAvailable: optional(oneOf('max-minus-assigned', 'max')),
  errorsAs200: optional(flag),
  allowHttpCallbacks: optional(flag),
  lookup: optional(
    object({ artwork: optional(oneOf('array', 'object')), id: optional(oneOf('string', 'number')) }),
  ),
});

/** Changes `faults` in place. */
export function patchFaults(faults: Faults, patch: FaultsPatch): void {
  const target = faults as unknown as Record<string, unknown>;
  for (const [key, value] of Object.entries(patch) as [string, unknown][]) {
    if (value === undefined) continue;
    const present = target[key];
    target[key] = typeof value === 'object' && typeof present === 'object' ? { ...present, ...value } : value;
  }
}

/** Draws a time from a span. */
export function drawFrom(span: Span, random: () => number): number {
  return span.max > span.min ? span.min + random() * (span.max - span.min) : span.min;
}

/** The text of a `Retry-After` header. `now` is in epoch ms. */
export function retryAfterText(retryAfter: RetryAfter, now: number): string {
  if (typeof retryAfter === 'object') return new Date(now + retryAfter.dateInSeconds * 1000).toUTCString();
  return String(retryAfter);
}
