import { firstVersions, type Instant } from '@seatbook/kernel';
import type { Hold } from '../hold.js';
import type { ReportedFailure } from '../apple-call/call-events.js';
import type { Holders } from '../holder.js';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `appleEvent.${T}`;
  readonly data: D & { readonly uId: string };
};

/** Stands for success where an error number would stand. */
export const NO_ERROR = 0;

export type AppleEventEvent =
  /** A notification as it came. */
  | Event<
      'notification-received',
      {
        readonly notificationId: string;
        readonly notificationType: string;
        readonly operation: string;
        readonly result: string;
        readonly pairs: readonly (AssetId & Holders)[];
        /** Persons who have an Apple Account by now. */
        readonly associated: readonly string[];
        readonly errorNumber: number | null;
        readonly reason: string;
        readonly at: Instant;
        /** When Apple is asked, if nothing more has been heard by then. */
        readonly pollAt: Instant;
        /** When it is another tool's, unless a call of ours is known for it by then; null where that is decided. */
        readonly foreignAt: Instant | null;
      }
    >
  /** The call that caused it is known. */
  | Event<
      'bound',
      {
        readonly callId: string;
        readonly pairs: number;
        readonly subscribed: boolean;
        readonly at: Instant;
        /** When Apple is asked, if nothing more has been heard by then. */
        readonly pollAt: Instant;
      }
    >
  | Event<
      'polled',
      {
        readonly status: 'PENDING' | 'COMPLETE' | 'FAILED';
        readonly requested: number;
        readonly completed: number;
        readonly at: Instant;
        /** Apple is not asked again before. */
        readonly nextAt: Instant;
      }
    >
  | Event<'poll-failed', { readonly reason: string; readonly retryAt: Instant }>
  | Event<
      'held',
      Hold & {
        readonly fingerprint: string;
        readonly at: Instant;
      }
    >
  /** No call of ours has asked for it: another tool has. */
  | Event<'found-foreign', { readonly assets: readonly AssetId[] }>
  /** Apple does not finish it, or does not know it: the call makes its next attempt. */
  | Event<'stalled', { readonly callId: string; readonly reason: string }>
  | Event<
      'completed',
      {
        readonly callId: string;
        readonly by: 'notifications' | 'status';
        readonly failures: readonly ReportedFailure[];
        /** When Apple's last word about it came. */
        readonly heardAt: Instant;
      }
    >;

export const appleEventEventTypes = firstVersions<AppleEventEvent>({
  'appleEvent.notification-received': true,
  'appleEvent.bound': true,
  'appleEvent.polled': true,
  'appleEvent.poll-failed': true,
  'appleEvent.held': true,
  'appleEvent.found-foreign': true,
  'appleEvent.stalled': true,
  'appleEvent.completed': true,
});
