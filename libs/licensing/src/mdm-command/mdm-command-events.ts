import { firstVersions, type Instant } from '@seatbook/kernel';
import type { RecordedSettings } from '../app-settings.js';
import type { AssetId } from '../ports.js';

type Event<T extends string, D> = {
  readonly type: `mdmCommand.${T}`;
  readonly data: D & { readonly uId: string };
};

/** A device that gets the command, and the order that wants its app there. `userId`: by the licence of a person; else by its own. */
export interface CommandedDevice {
  readonly serialNumber: string;
  readonly orderId: string;
  readonly userId?: string;
}

/** Devices that get an app together with the VPN that it uses. */
export interface VpnRecipients {
  readonly uuid: string;
  readonly enrolmentIds: readonly string[];
}

/** One command for up to 50 devices: `mdmCommand-{uuid}`. Answers go to the devices' own streams. */
export type MdmCommandEvent =
  /** `lots`: what it was planned from. Devices that cannot take it are left out when it is sent. */
  | Event<
      'planned',
      AssetId & {
        readonly attempt: number;
        readonly devices: readonly CommandedDevice[];
        readonly lots: readonly string[];
        /** The version that the store has: it goes to devices that have an older one. */
        readonly update?: number;
        /** It removes the app. */
        readonly removal?: true;
        readonly claimBy: Instant;
      }
    >
  /** It is sent to these enrolments; what is sent again is the same. */
  | Event<
      'started',
      {
        readonly attempt: number;
        readonly serialNumbers: readonly string[];
        /** Parallel to `serialNumbers`. */
        readonly enrolmentIds: readonly string[];
        /** Apple has no licence for them any more. */
        readonly unlicensed: readonly string[];
        /** Not enrolled. */
        readonly unreachable: readonly string[];
        /** Of a removal: they have, or are to have, the licence again. */
        readonly kept?: readonly string[];
        /** Of a removal: what devices call the app; absent where nobody knows. */
        readonly bundleId?: string;
        /** In force when it was sent first: it is installed by them. */
        readonly settings: RecordedSettings;
        /** Those of them that can use the VPN of the settings, and its VPNUUID; absent for none. */
        readonly vpn?: VpnRecipients;
        readonly doubtfulAt: Instant;
      }
    >
  /** The MDM server has it, but for the devices that it refused. */
  | Event<'queued', { readonly refused: readonly string[] }>
  | Event<'attempt-failed', { readonly attempt: number; readonly reason: string; readonly retryAt: Instant }>
  /** The MDM server never took it. */
  | Event<'given-up', { readonly reason: string; readonly serialNumbers: readonly string[] }>;

export const mdmCommandEventTypes = firstVersions<MdmCommandEvent>({
  'mdmCommand.planned': true,
  'mdmCommand.started': true,
  'mdmCommand.queued': true,
  'mdmCommand.attempt-failed': true,
  'mdmCommand.given-up': true,
});
