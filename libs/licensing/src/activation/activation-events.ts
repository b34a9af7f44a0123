import { firstVersions, type Instant } from '@seatbook/kernel';
import type { PersonAction } from '../call-action.js';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `activation.${T}`;
  readonly data: D & { readonly uId: string };
};

/** Persons of an event, at most 1,000. */
interface Persons {
  readonly userIds: readonly string[];
}

/** Where the persons of an event were open work before it. */
interface FromLots extends Persons {
  readonly fromLots: readonly number[];
}

export type ActivationEvent =
  /** They are to be created at Apple. */
  | Event<'ordered', Persons & { readonly lot: number }>
  /** They were not sent to Apple yet, and will not be. */
  | Event<'withdrawn', FromLots>
  /** They are to be retired at Apple; what they hold goes back first. */
  | Event<
      'leaving',
      Persons & {
        readonly at: Instant;
        /** The apps that are on their devices by these licences go with them. */
        readonly removeApps?: true;
      }
    >
  /** What leaving persons hold of an asset goes back by this order. */
  | Event<'return-asked', AssetId & Persons & { readonly orderId: string }>
  /** Some of what they hold is still on its way back; it is looked at again at `lookAt`. */
  | Event<'return-awaited', Persons & { readonly lookAt: Instant }>
  /** They hold nothing any more that can be returned. */
  | Event<'retirement-opened', Persons & { readonly lot: number }>
  /** What Apple is told of them has changed: it is told at Apple. */
  | Event<'update-opened', Persons & { readonly lot: number }>
  /** The same of persons who are in a call, or whose account is gone: it is told when that is over. */
  | Event<'update-noted', Persons>
  /** They were not sent to Apple yet, and need not be, unless the account comes back. */
  | Event<'update-withdrawn', FromLots>
  | Event<
      'claimed',
      FromLots & {
        readonly callId: string;
        readonly action: PersonAction;
        /** Who is not to be created, updated or retired, or is in another call. */
        readonly missed: readonly string[];
      }
    >
  /** They are in no call any more, and open work again. */
  | Event<
      'claims-released',
      Persons & {
        readonly callId: string;
        readonly action: PersonAction;
        readonly lot: number;
        readonly limit: number;
        readonly notBefore: Instant;
      }
    >
  /** Apple knows them; who has no Managed Apple Account is invited. */
  | Event<'created', Persons & { readonly callId: string }>
  /** Apple knows what has changed of them. */
  | Event<'updated', Persons & { readonly callId: string }>
  /** They have accepted, or their Managed Apple Account was linked. */
  | Event<'associated', Persons>
  | Event<'retired', Persons & { readonly callId: string }>
  /** Apple knows them no more, and no call of ours has retired them: another tool has, or somebody in Apple's console. */
  | Event<'found-retired', Persons>
  /** Apple has refused it for each of these persons. */
  | Event<
      'failed',
      Persons & {
        readonly callId: string;
        readonly action: PersonAction;
        readonly errorNumber: number;
        readonly reason: string;
      }
    >
  /** The account is given up or removed: nobody is created or retired any more. Who was to be is withdrawn. */
  | Event<'closed', object>
  /** It is not any more. */
  | Event<'opened', object>
  /** What has become of persons at Apple was read, or could not be: who has accepted, and whom others have retired. */
  | Event<
      'acceptance-read',
      {
        readonly reason: string | null;
        readonly readAt: Instant;
        readonly nextAt: Instant;
        /** The version of the location's persons from which on the next delta is read; null: all are read. */
        readonly deltaFrom?: string | null;
      }
    >;

export const activationEventTypes = firstVersions<ActivationEvent>({
  'activation.ordered': true,
  'activation.withdrawn': true,
  'activation.leaving': true,
  'activation.return-asked': true,
  'activation.return-awaited': true,
  'activation.retirement-opened': true,
  'activation.update-opened': true,
  'activation.update-noted': true,
  'activation.update-withdrawn': true,
  'activation.claimed': true,
  'activation.claims-released': true,
  'activation.created': true,
  'activation.updated': true,
  'activation.associated': true,
  'activation.retired': true,
  'activation.found-retired': true,
  'activation.failed': true,
  'activation.closed': true,
  'activation.opened': true,
  'activation.acceptance-read': true,
});
