import { firstVersions, type Instant } from '@seatbook/kernel';
import type { AssetId, DeviceFacts } from '../ports.js';

type Event<T extends string, D> = { readonly type: `device.${T}`; readonly data: D };

/** Who owns a device. */
export type Ownership = 'organisation' | 'personal';

/** What an administrator says of a device. */
export interface RegisteredFacts {
  readonly platform: DeviceFacts['platform'];
  readonly ownership: Ownership;
  /** The person who has it, where that is known. */
  readonly userId: string | null;
}

/** Of a device that a person has: whose apps are on it. */
interface OfPerson {
  readonly userId?: string;
}

/** Why a device is no longer managed. */
export type DeviceLeft = 'checked-out' | 'wiped' | 'retired';

export type DeviceEvent =
  /** `formerUserId`: who had it before, where that was somebody else. */
  | Event<'registered', RegisteredFacts & { readonly formerUserId?: string }>
  /** It enrols; all that was queued for it is lost. It can be reached from `device.ready` on. */
  | Event<'enrolled', DeviceFacts & { readonly enrolmentId: string }>
  /**
   * Commands reach it from now on. `again`: it had been enrolled before, and what was under way is lost. `early`: word of
   * it has overtaken that of the enrolment.
   */
  | Event<
      'ready',
      OfPerson & { readonly enrolmentId: string; readonly again: boolean; readonly early: boolean }
    >
  /** A person wants to know what it says of itself. */
  | Event<'facts-wanted', Record<string, never>>
  /** It is asked what it is; the answer carries this id. It is asked again at `retryAt`, unless `last`. */
  | Event<'facts-asked', { readonly uuid: string; readonly retryAt: Instant; readonly last: boolean }>
  /** What it says of itself: another thing than before, or the answer to our question. */
  | Event<'described', OfPerson & DeviceFacts & { readonly uuid: string | null }>
  /** Its licences go back at `returnAt`, unless it enrols again before; null: they stay. */
  | Event<'left', OfPerson & { readonly how: DeviceLeft; readonly returnAt: Instant | null }>
  /** Its licences go back by orders: one for each account. */
  | Event<
      'returns-asked',
      { readonly returns: readonly { readonly uId: string; readonly assets: readonly AssetId[] }[] }
    >;

export const deviceEventTypes = firstVersions<DeviceEvent>({
  'device.registered': true,
  'device.enrolled': true,
  'device.ready': true,
  'device.facts-wanted': true,
  'device.facts-asked': true,
  'device.described': true,
  'device.left': true,
  'device.returns-asked': true,
});
