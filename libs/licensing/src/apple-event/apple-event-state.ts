import { inPhase, type Instant } from '@seatbook/kernel';
import { idOfAsset } from '../asset-id.js';
import { holderKeys, type HolderKey, type Holders } from '../holder.js';
import type { AssetId } from '../ports.js';
import { NO_ERROR, type AppleEventEvent } from './apple-event-events.js';

/** What notifications have said so far; changed in place, since one call can bring hundreds of them. */
export interface Heard {
  /** Moment of the last notification, 0 for none. */
  lastAt: Instant;
  /** What Apple says that the event does; '' until it says something. */
  operation: string;
  readonly notificationIds: Set<string>;
  /** Pairs named so far, by asset, each with the number of its error or `NO_ERROR`. */
  readonly named: Map<string, Map<HolderKey, number>>;
  /** Apple's text of an error number. */
  readonly reasons: Map<number, string>;
  namedCount: number;
}

/** The call that caused the event, and when Apple is asked how it stands. */
export interface Bound {
  readonly phase: 'bound';
  readonly uId: string;
  readonly callId: string;
  /** Pairs that the call asked for. */
  readonly expected: number;
  readonly boundAt: Instant;
  /** When notifications will have been quiet for long enough. */
  readonly quietAt: Instant;
  /** Not before: the last poll, or Apple's own word, says so. */
  readonly pollAfter: Instant;
  /** Polls in a row that failed. */
  readonly failedPolls: number;
  readonly heard: Heard;
}

/** Of no call that is known. When `foreignAt` has come, it is another tool's; null when that is noted, or nothing was heard. */
export interface Unbound {
  readonly phase: 'unbound';
  readonly uId: string;
  readonly foreignAt: Instant | null;
  readonly heard: Heard;
}

/** An event of Apple's. Notifications may come before its call is known, and after it is over. */
export type AppleEvent = Unbound | Bound | { readonly phase: 'over'; readonly notificationIds: Set<string> };

export const nothingHeard = (): Heard => ({
  lastAt: 0,
  operation: '',
  notificationIds: new Set(),
  named: new Map(),
  reasons: new Map(),
  namedCount: 0,
});

export const notificationsOf = (event: AppleEvent): ReadonlySet<string> =>
  event.phase === 'over' ? event.notificationIds : event.heard.notificationIds;

/** A pair that succeeds after it failed has succeeded; one that failed after it succeeded keeps its success. */
export function hear(
  heard: Heard,
  pairs: readonly (AssetId & Holders)[],
  errorNumber: number | null,
  reason: string,
): void {
  if (errorNumber !== null) heard.reasons.set(errorNumber, reason);
  for (const group of pairs) {
    const id = idOfAsset(group);
    const named = heard.named.get(id) ?? new Map<HolderKey, number>();
    heard.named.set(id, named);
    for (const key of holderKeys(group)) {
      const before = named.get(key);
      if (before === undefined) heard.namedCount += 1;
      if (before !== NO_ERROR) named.set(key, errorNumber ?? NO_ERROR);
    }
  }
}

export function evolveAppleEvent(state: AppleEvent, event: AppleEventEvent): AppleEvent {
  switch (event.type) {
    case 'appleEvent.notification-received': {
      const { notificationId, operation, pairs, errorNumber, reason, at, pollAt } = event.data;
      if (state.phase === 'over') {
        state.notificationIds.add(notificationId);
        return state;
      }
      state.heard.notificationIds.add(notificationId);
      state.heard.lastAt = at;
      state.heard.operation = operation;
      hear(state.heard, pairs, errorNumber, reason);
      if (state.phase === 'bound') return { ...state, quietAt: pollAt };
      const { uId, foreignAt } = event.data;
      return foreignAt === null ? state : { ...state, uId, foreignAt };
    }
    case 'appleEvent.found-foreign':
      return { ...inPhase(state, 'unbound'), foreignAt: null };
    case 'appleEvent.bound': {
      const { uId, callId, pairs: expected, at: boundAt, pollAt: quietAt } = event.data;
      const { heard } = inPhase(state, 'unbound');
      const never = { pollAfter: 0, failedPolls: 0 };
      return { phase: 'bound', uId, callId, expected, boundAt, quietAt, ...never, heard };
    }
    case 'appleEvent.polled':
      return { ...inPhase(state, 'bound'), quietAt: 0, pollAfter: event.data.nextAt, failedPolls: 0 };
    case 'appleEvent.poll-failed':
      return polledInVain(inPhase(state, 'bound'), event.data.retryAt);
    case 'appleEvent.held':
      return { ...inPhase(state, 'bound'), pollAfter: event.data.at };
    case 'appleEvent.stalled':
    case 'appleEvent.completed':
      return { phase: 'over', notificationIds: inPhase(state, 'bound').heard.notificationIds };
  }
}

/** Quiet was waited for; what is heard from now on is waited for again. */
const polledInVain = (event: Bound, retryAt: Instant): Bound => ({
  ...event,
  quietAt: 0,
  pollAfter: retryAt,
  failedPolls: event.failedPolls + 1,
});

/** Memory that an event takes, in bytes, roughly. */
export function weighAppleEvent(event: AppleEvent): number {
  const known = 1_000 + 150 * notificationsOf(event).size;
  if (event.phase === 'over') return known;
  return known + 200 * event.heard.namedCount + 300 * event.heard.reasons.size;
}
