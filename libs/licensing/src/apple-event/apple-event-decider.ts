import type { Command, Decider, Instant } from '@seatbook/kernel';
import { holdOf } from '../hold.js';
import type { ReportedFailure } from '../apple-call/call-events.js';
import { NOBODY, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import type { AppleFailure, AppleStatus, AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import { assetOfId, idOfAsset } from '../asset-id.js';
import type { AppleEventEvent } from './apple-event-events.js';

/** Apple's "unknown event". */
const UNKNOWN_EVENT = 9708;
/** Apple's "internal error". */
const INTERNAL_ERROR = 9603;

export type AppleEventCommand =
  | (Command<'RecordNotification'> & {
      readonly uId: string;
      readonly notificationId: string;
      readonly notificationType: string;
      readonly operation: string;
      readonly result: string;
      readonly pairs: readonly (AssetId & Holders)[];
      readonly errorNumber: number | null;
      readonly reason: string;
    })
  | (Command<'BindCall'> & {
      readonly uId: string;
      readonly callId: string;
      readonly pairs: number;
      readonly subscribed: boolean;
    })
  | (Command<'RecordPoll'> & { readonly status: AppleStatus; readonly failures: readonly ReportedFailure[] })
  | (Command<'RecordPollFailure'> & { readonly failure: AppleFailure; readonly fingerprint: string });

export interface AppleEvent {
  uId: string;
  callId: string | null;
  /** Pairs that the call asked for. */
  expected: number;
  subscribed: boolean;
  boundAt: Instant;
  /** Moment of the last notification, 0 for none. */
  heardAt: Instant;
  /** Not before: the last poll, or Apple's own word, says so. */
  pollAfter: Instant;
  readonly notificationIds: Set<string>;
  /** Pairs named so far, by asset; failures with their number and text. */
  readonly named: Map<string, Map<HolderKey, number>>;
  readonly reasons: Map<number, string>;
  namedCount: number;
  over: boolean;
}

/** Stands for success where an error number would stand. */
const NO_ERROR = 0;

export const appleEventDecider = (
  timings: Timings,
): Decider<AppleEventCommand, AppleEvent, AppleEventEvent> => ({
  initial: () => ({
    uId: '',
    callId: null,
    expected: 0,
    subscribed: false,
    boundAt: 0,
    heardAt: 0,
    pollAfter: 0,
    notificationIds: new Set(),
    named: new Map(),
    reasons: new Map(),
    namedCount: 0,
    over: false,
  }),

  decide(command, event, at) {
    switch (command.type) {
      case 'RecordNotification':
        return recordNotification(command, event, at);
      case 'BindCall':
        return bindCall(command, event, at);
      case 'RecordPoll':
        return recordPoll(command, event, at, timings);
      case 'RecordPollFailure':
        return recordPollFailure(command, event, at, timings);
    }
  },

  evolve(state, event) {
    state.uId = event.data.uId;
    switch (event.type) {
      case 'appleEvent.notification-received': {
        const { notificationId, pairs, errorNumber, reason, at } = event.data;
        state.notificationIds.add(notificationId);
        state.heardAt = at;
        name(state, pairs, errorNumber, reason);
        return state;
      }
      case 'appleEvent.bound': {
        const { callId, pairs, subscribed, at } = event.data;
        return Object.assign(state, { callId, expected: pairs, subscribed, boundAt: at });
      }
      case 'appleEvent.polled':
        state.pollAfter = event.data.at + timings.pollEveryMs;
        return state;
      case 'appleEvent.poll-failed':
        state.pollAfter = event.data.retryAt;
        return state;
      case 'appleEvent.held':
        state.pollAfter = event.data.at;
        return state;
      case 'appleEvent.stalled':
      case 'appleEvent.completed':
        state.over = true;
        state.named.clear();
        return state;
    }
  },
});

/** A pair that succeeds after it failed has succeeded; one that failed after it succeeded keeps its success. */
function name(
  state: AppleEvent,
  pairs: readonly (AssetId & Holders)[],
  errorNumber: number | null,
  reason: string,
): void {
  if (errorNumber !== null) state.reasons.set(errorNumber, reason);
  for (const group of pairs) {
    const id = idOfAsset(group);
    const named = state.named.get(id) ?? new Map<HolderKey, number>();
    state.named.set(id, named);
    for (const key of holderKeys(group)) {
      const before = named.get(key);
      if (before === undefined) state.namedCount += 1;
      if (before !== NO_ERROR) named.set(key, errorNumber ?? NO_ERROR);
    }
  }
}

function recordNotification(
  command: AppleEventCommand & { type: 'RecordNotification' },
  state: AppleEvent,
  at: Instant,
): AppleEventEvent[] {
  const { uId, notificationId, notificationType, operation, result, pairs, errorNumber, reason } = command;
  if (state.notificationIds.has(notificationId)) return [];
  const events: AppleEventEvent[] = [
    {
      type: 'appleEvent.notification-received',
      data: { uId, notificationId, notificationType, operation, result, pairs, errorNumber, reason, at },
    },
  ];
  if (state.over || state.callId === null) return events;
  const preview = previewOf(state, pairs, errorNumber, reason);
  return [...events, ...completedBy(preview)];
}

/** The state as this notification leaves it, for the decision whether all pairs are named; `decide` changes nothing. */
function previewOf(
  state: AppleEvent,
  pairs: readonly (AssetId & Holders)[],
  errorNumber: number | null,
  reason: string,
): AppleEvent {
  let fresh = 0;
  for (const group of pairs) {
    const named = state.named.get(idOfAsset(group));
    for (const key of holderKeys(group)) if (!named?.has(key)) fresh += 1;
  }
  if (state.namedCount + fresh < state.expected) return { ...state, namedCount: state.namedCount + fresh };
  const named = new Map([...state.named].map(([id, keys]) => [id, new Map(keys)]));
  const preview: AppleEvent = { ...state, named, reasons: new Map(state.reasons) };
  name(preview, pairs, errorNumber, reason);
  return preview;
}

function bindCall(
  command: AppleEventCommand & { type: 'BindCall' },
  state: AppleEvent,
  at: Instant,
): AppleEventEvent[] {
  if (state.callId !== null) return [];
  const { uId, callId, pairs, subscribed } = command;
  const bound: AppleEventEvent = { type: 'appleEvent.bound', data: { uId, callId, pairs, subscribed, at } };
  return [bound, ...completedBy({ ...state, uId, callId, expected: pairs })];
}

function completedBy({ uId, callId, expected, namedCount, named, reasons }: AppleEvent): AppleEventEvent[] {
  if (callId === null || expected === 0 || namedCount < expected) return [];
  const failures: ReportedFailure[] = [];
  for (const [id, keys] of named) {
    const byNumber = new Map<number, HolderKey[]>();
    for (const [key, errorNumber] of keys) {
      if (errorNumber !== NO_ERROR) byNumber.set(errorNumber, [...(byNumber.get(errorNumber) ?? []), key]);
    }
    for (const [errorNumber, failed] of byNumber) {
      const reason = reasons.get(errorNumber) ?? '';
      failures.push({ errorNumber, reason, assets: [assetOfId(id)], holders: holdersOf(failed) });
    }
  }
  return [{ type: 'appleEvent.completed', data: { uId, callId, by: 'notifications', failures } }];
}

function recordPoll(
  command: AppleEventCommand & { type: 'RecordPoll' },
  state: AppleEvent,
  at: Instant,
  { stalledAfterMs }: Timings,
): AppleEventEvent[] {
  const { uId, callId, over, boundAt } = state;
  if (callId === null || over) return [];
  const { status, requested, completed } = command.status;
  const polled: AppleEventEvent = {
    type: 'appleEvent.polled',
    data: { uId, status, requested, completed, at },
  };
  if (status !== 'PENDING') {
    // FAILED without a word of what failed: nobody knows, so the call reads what Apple holds.
    const wordless = status === 'FAILED' && command.failures.length === 0;
    const all: ReportedFailure = {
      errorNumber: INTERNAL_ERROR,
      reason: 'FAILED without a reason',
      assets: [],
      holders: NOBODY,
    };
    const failures = wordless ? [all] : command.failures;
    return [polled, { type: 'appleEvent.completed', data: { uId, callId, by: 'status', failures } }];
  }
  if (at - boundAt < stalledAfterMs) return [polled];
  return [
    polled,
    { type: 'appleEvent.stalled', data: { uId, callId, reason: 'pending for more than 10 minutes' } },
  ];
}

function recordPollFailure(
  { failure, fingerprint }: AppleEventCommand & { type: 'RecordPollFailure' },
  state: AppleEvent,
  at: Instant,
  { pollEveryMs, stalledAfterMs }: Timings,
): AppleEventEvent[] {
  const { uId, callId, over, boundAt } = state;
  if (callId === null || over) return [];
  switch (failure.kind) {
    case 'token':
    case 'conflict':
      return [{ type: 'appleEvent.held', data: { uId, fingerprint, ...holdOf(failure), at } }];
    case 'transient': {
      const { reason, retryAfterMs } = failure;
      return [
        {
          type: 'appleEvent.poll-failed',
          data: { uId, reason, retryAt: at + Math.max(pollEveryMs, retryAfterMs ?? 0) },
        },
      ];
    }
    case 'refused': {
      const { errorNumber, reason } = failure;
      // What Apple will not tell of stays unknown: the next attempt is the way to learn it, and its number is limited.
      if (errorNumber === UNKNOWN_EVENT || at - boundAt >= stalledAfterMs) {
        const told = errorNumber === UNKNOWN_EVENT ? 'Apple does not know the event' : reason;
        return [{ type: 'appleEvent.stalled', data: { uId, callId, reason: told } }];
      }
      return [{ type: 'appleEvent.poll-failed', data: { uId, reason, retryAt: at + pollEveryMs } }];
    }
  }
}
