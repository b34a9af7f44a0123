import type { Command, Decider, Instant } from '@seatbook/kernel';
import { holdOf } from '../hold.js';
import type { ReportedFailure } from '../apple-call/call-events.js';
import { NOBODY, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import type { AppleFailure, AppleStatus, AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import { assetOfId, idOfAsset, isActivation } from '../asset-id.js';
import { NO_ERROR, type AppleEventEvent } from './apple-event-events.js';
import {
  evolveAppleEvent,
  hear,
  notificationsOf,
  nothingHeard,
  type AppleEvent,
  type Bound,
  type Heard,
} from './apple-event-state.js';

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
      readonly associated: readonly string[];
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
  /** No call of ours has come for it in time. */
  | Command<'FindForeign'>
  | (Command<'RecordPollFailure'> & { readonly failure: AppleFailure; readonly fingerprint: string });

export const appleEventDecider = (
  timings: Timings,
): Decider<AppleEventCommand, AppleEvent, AppleEventEvent> => ({
  initial: () => ({ phase: 'unbound', uId: '', foreignAt: null, heard: nothingHeard() }),
  evolve: evolveAppleEvent,

  decide(command, event, at) {
    switch (command.type) {
      case 'RecordNotification':
        return recordNotification(command, event, at, timings);
      case 'BindCall':
        return bindCall(command, event, at, timings);
      case 'RecordPoll':
        return recordPoll(command, event, at, timings);
      case 'FindForeign':
        return findForeign(event);
      case 'RecordPollFailure':
        return recordPollFailure(command, event, at, timings);
    }
  },
});

function recordNotification(
  command: AppleEventCommand & { type: 'RecordNotification' },
  state: AppleEvent,
  at: Instant,
  { quietMs, foreignAfterMs }: Timings,
): AppleEventEvent[] {
  const { uId, notificationId, notificationType, operation, result, pairs, associated, errorNumber, reason } =
    command;
  if (notificationsOf(state).has(notificationId)) return [];
  const said = {
    notificationId,
    notificationType,
    operation,
    result,
    pairs,
    associated,
    errorNumber,
    reason,
  };
  // What is known to be another tool's stays so; the first notification of the rest counts.
  const fresh = state.phase === 'unbound' && state.heard.lastAt === 0;
  const events: AppleEventEvent[] = [
    {
      type: 'appleEvent.notification-received',
      data: { uId, ...said, at, pollAt: at + quietMs, foreignAt: fresh ? at + foreignAfterMs : null },
    },
  ];
  if (state.phase !== 'bound') return events;
  return [...events, ...completedBy(state, heardAfter(state, command, at))];
}

/** What will have been heard after a notification, as far as `completedBy` needs it; `decide` changes nothing. */
function heardAfter(
  { heard, expected }: Bound,
  { pairs, errorNumber, reason }: AppleEventCommand & { type: 'RecordNotification' },
  lastAt: Instant,
): Heard {
  let fresh = 0;
  for (const group of pairs) {
    const named = heard.named.get(idOfAsset(group));
    for (const key of holderKeys(group)) if (!named?.has(key)) fresh += 1;
  }
  if (heard.namedCount + fresh < expected) return { ...heard, lastAt, namedCount: heard.namedCount + fresh };
  const named = new Map([...heard.named].map(([id, keys]) => [id, new Map(keys)]));
  const after: Heard = { ...heard, lastAt, named, reasons: new Map(heard.reasons) };
  hear(after, pairs, errorNumber, reason);
  return after;
}

function bindCall(
  command: AppleEventCommand & { type: 'BindCall' },
  state: AppleEvent,
  at: Instant,
  { quietMs, silenceMs }: Timings,
): AppleEventEvent[] {
  if (state.phase !== 'unbound') return [];
  const { uId, callId, pairs, subscribed } = command;
  // Where notifications come, Apple asks for patience until the first of them.
  const patient = subscribed && state.heard.lastAt === 0;
  const pollAt = at + (patient ? silenceMs : quietMs);
  const bound: AppleEventEvent = {
    type: 'appleEvent.bound',
    data: { uId, callId, pairs, subscribed, at, pollAt },
  };
  return [bound, ...completedBy({ uId, callId, expected: pairs }, state.heard)];
}

/** The event is complete when every pair has been named. */
function completedBy(
  { uId, callId, expected }: Pick<Bound, 'uId' | 'callId' | 'expected'>,
  { named, namedCount, reasons, lastAt: heardAt }: Heard,
): AppleEventEvent[] {
  if (expected === 0 || namedCount < expected) return [];
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
  return [{ type: 'appleEvent.completed', data: { uId, callId, by: 'notifications', failures, heardAt } }];
}

function recordPoll(
  command: AppleEventCommand & { type: 'RecordPoll' },
  state: AppleEvent,
  at: Instant,
  timings: Timings,
): AppleEventEvent[] {
  if (state.phase !== 'bound') return [];
  const { pollEveryMs } = timings;
  const { uId, callId } = state;
  const { status, requested, completed } = command.status;
  const polled: AppleEventEvent = {
    type: 'appleEvent.polled',
    data: { uId, status, requested, completed, at, nextAt: at + pollEveryMs },
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
    const ended = { uId, callId, by: 'status', failures, heardAt: at } as const;
    return [polled, { type: 'appleEvent.completed', data: ended }];
  }
  if (!isStalled(state, at, timings)) return [polled];
  return [
    polled,
    { type: 'appleEvent.stalled', data: { uId, callId, reason: 'pending for more than 10 minutes' } },
  ];
}

function findForeign(state: AppleEvent): AppleEventEvent[] {
  if (state.phase !== 'unbound' || state.foreignAt === null) return [];
  const assets = [...state.heard.named.keys()].map(assetOfId).filter((asset) => !isActivation(asset));
  return [{ type: 'appleEvent.found-foreign', data: { uId: state.uId, assets } }];
}

/** It was pending for too long. A clock that is earlier now than it was has been set back, and tells nothing else. */
const isStalled = ({ boundAt }: Bound, at: Instant, { stalledAfterMs }: Timings): boolean =>
  at - boundAt >= stalledAfterMs || at < boundAt;

function recordPollFailure(
  { failure, fingerprint }: AppleEventCommand & { type: 'RecordPollFailure' },
  state: AppleEvent,
  at: Instant,
  timings: Timings,
): AppleEventEvent[] {
  if (state.phase !== 'bound') return [];
  const { pollEveryMs, maxRetryMs } = timings;
  const { uId, callId, failedPolls } = state;
  const pause = Math.max(pollEveryMs, Math.min(maxRetryMs, pollEveryMs * 2 ** Math.min(failedPolls, 10)));
  switch (failure.kind) {
    case 'token':
    case 'conflict':
      return [{ type: 'appleEvent.held', data: { uId, fingerprint, ...holdOf(failure), at } }];
    case 'transient': {
      const { reason, retryAfterMs } = failure;
      return [
        {
          type: 'appleEvent.poll-failed',
          data: { uId, reason, retryAt: at + Math.max(pause, retryAfterMs ?? 0) },
        },
      ];
    }
    case 'refused': {
      const { errorNumber, reason } = failure;
      // What Apple will not tell of stays unknown: the next attempt is the way to learn it, and its number is limited.
      if (errorNumber === UNKNOWN_EVENT || isStalled(state, at, timings)) {
        const told = errorNumber === UNKNOWN_EVENT ? 'Apple does not know the event' : reason;
        return [{ type: 'appleEvent.stalled', data: { uId, callId, reason: told } }];
      }
      return [{ type: 'appleEvent.poll-failed', data: { uId, reason, retryAt: at + pause } }];
    }
  }
}
