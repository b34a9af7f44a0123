import { firstVersions } from '@seatbook/kernel';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = { readonly type: `personApps.${T}`; readonly data: D };

/** What an app of a person waits for before a command can go to a device: Apple's word that the person has accepted, or a device. */
export type PersonWait = 'person' | 'device';

/** What one look has changed of one app. */
export interface AppPlaced extends AssetId {
  readonly orderId: string;
  /** Null where it is to be on devices, and of one that is not wanted any more. */
  readonly waitsFor: PersonWait | null;
  /** Devices that are to get it by this look. */
  readonly start: readonly string[];
  /** Devices on which it is not wanted any more: what is not installed there yet is cancelled. */
  readonly stop: readonly string[];
  /** Its licence is gone: the devices that it was for. Absent as long as it is held. */
  readonly over?: readonly string[];
  /** Its licence is gone, and the app goes with it. Absent where it stays. */
  readonly remove?: { readonly orderId: string; readonly devices: readonly string[] };
}

/** An app that is to go from the devices of the person, and the order that it is a matter of. */
export interface UnwantedApp extends AssetId {
  readonly orderId: string;
}

/** What is to be on the devices of one person, by licences of the person: `personApps-{userId}`. */
export type PersonAppsEvent =
  /** The person has the licence, and the app was rolled out to the person. */
  | Event<'wanted', AssetId & { readonly uId: string; readonly orderId: string }>
  /** Apps are removed from the person's devices as soon as their licences are gone. */
  | Event<'unwanted', { readonly uId: string; readonly apps: readonly UnwantedApp[] }>
  /**
   * Its licences, what Apple says of the person, or the person's devices have changed: it is looked at. `device`: it can be
   * reached anew, and what was under way there is lost.
   */
  | Event<'doubted', { readonly uId: string | null; readonly device?: string }>
  /** Apps of one account for which something has changed; null: for none. `more`: others follow. */
  | Event<
      'looked',
      { readonly uId: string | null; readonly apps: readonly AppPlaced[]; readonly more: boolean }
    >;

export const personAppsEventTypes = firstVersions<PersonAppsEvent>({
  'personApps.wanted': true,
  'personApps.unwanted': true,
  'personApps.doubted': true,
  'personApps.looked': true,
});
