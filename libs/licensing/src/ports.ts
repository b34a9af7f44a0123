import type { Clock, Instant, Milliseconds, StreamName } from '@seatbook/kernel';
import type { DeviceProfile } from './device-profile.js';
import type { HolderKey } from './holder.js';

/** How calls for one location are authorised, and by whom it should be managed. */
export interface AppleAccess {
  /** The location. A reply that names another one is a conflict. */
  readonly uId: string;
  /** The whole Base64 text of the content token. A secret. */
  readonly token: string;
  /** The location in whose pace the request is sent, where `uId` is empty because it is to be found out. */
  readonly pacedAs?: string;
  /** `mdmInfo.id` that every reply must carry; null as long as the location is not owned by us. */
  readonly mdmId: string | null;
}

/** Marker of the MDM that manages a location. */
export interface MdmInfo {
  readonly id: string;
  readonly name: string;
  readonly metadata: string;
}

/** Apple may ask us to wait for this long at the most; a longer wish is cut. */
export const MAX_RETRY_AFTER_MS: Milliseconds = 24 * 3_600_000;

/** Apple wants its terms accepted by an administrator: nothing is wrong with what was sent. */
export const TERMS_NOT_ACCEPTED = 9642;

export type TokenRefusal = 'expired' | 'revoked' | 'invalid' | 'read-only';

/** Every way in which a request to Apple does not succeed. */
export type AppleFailure =
  /** The token cannot be used for this: all work of the account is held. 9601, 9621, 9622, 9625, 9637, 9647, 9722. */
  | { readonly kind: 'token'; readonly state: TokenRefusal; readonly errorNumber: number }
  /** Another MDM manages the location by now. Where it was seen on the reply to a write, the write was done. */
  | { readonly kind: 'conflict'; readonly mdmInfo: MdmInfo | null }
  /**
   * It may succeed later. `doubtful`: no answer was read, so Apple may have done it. `retryAfterMs`: Apple's own
   * `Retry-After`, else null. 9603, 9644, 9646, 9729, any 5xx, HTML, truncated JSON, resets and time-outs.
   */
  | {
      readonly kind: 'transient';
      readonly errorNumber: number | null;
      readonly doubtful: boolean;
      readonly retryAfterMs: Milliseconds | null;
      /** Its turn to be sent never came. */
      readonly unasked?: true;
      /** Without a secret. */
      readonly reason: string;
    }
  /** The request as such was refused; what `errorInfo` named. Every other number, new ones included. */
  | {
      readonly kind: 'refused';
      readonly errorNumber: number;
      readonly reason: string;
      readonly assets: readonly AssetId[];
      readonly serialNumbers: readonly string[];
      readonly clientUserIds: readonly string[];
    };

/** What Apple refused to do for an account as a whole, and the token with which it was asked. */
export type AccountRefusal = Extract<AppleFailure, { kind: 'token' | 'conflict' }> & {
  readonly fingerprint: string;
};

export type AppleResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: AppleFailure };

/** Key of an asset within a location. */
export interface AssetId {
  readonly adamId: string;
  readonly pricingParam: string;
}

export interface ClientConfig {
  readonly uId: string;
  readonly locationName: string | null;
  readonly countryCode: string | null;
  /** `enterprisestore` or `volumestore`. */
  readonly defaultPlatform: string | null;
  readonly websiteUrl: string | null;
  readonly tokenExpiresAt: Instant | null;
  readonly mdmInfo: MdmInfo | null;
  readonly notificationUrl: string | null;
}

/** What one call may name that is about licences. */
export interface PairLimits {
  readonly maxAssets: number;
  readonly maxSerialNumbers: number;
  readonly maxClientUserIds: number;
}

/** Live limits of service/config. */
export interface AppleLimits extends PairLimits {
  /** Persons that are created, updated or retired by one call. */
  readonly maxUsers: number;
}

/** An asset as Apple reports it. */
export interface AppleAsset extends AssetId {
  readonly productType: string;
  readonly deviceAssignable: boolean;
  readonly revocable: boolean;
  readonly supportedPlatforms: readonly string[];
  /** Free apps since 2026: 2147483647 or listed as unlimited; it is no number then. */
  readonly unlimited: boolean;
  readonly total: number;
  readonly assigned: number;
  readonly available: number;
  readonly retired: number;
}

/** A walk through all pages. `moved`: the data set changed under it. `versionId`: that of the first page. */
export interface Walk<T> {
  readonly records: readonly T[];
  readonly versionId: string;
  readonly moved: boolean;
}

/** Exactly one of both is set. */
export interface AppleAssignment extends AssetId {
  readonly serialNumber: string | null;
  readonly clientUserId: string | null;
}

/** Who holds an assignment, as Apple names a device or a person. */
export type AppleHolder = { readonly serialNumber: string } | { readonly clientUserId: string };

export interface AppleUser {
  readonly clientUserId: string;
  readonly email: string | null;
  readonly status: string;
  readonly idHash: string | null;
  /** While the person has not accepted; whoever has it can accept. */
  readonly inviteCode: string | null;
}

/** A person as Apple is told of one. */
export interface NewUser {
  readonly clientUserId: string;
  readonly email: string | null;
  /** Linked without an invitation. */
  readonly managedAppleId: string | null;
}

export interface AppleStatus {
  readonly status: 'PENDING' | 'COMPLETE' | 'FAILED';
  readonly requested: number;
  readonly completed: number;
  readonly failures: readonly AppleEventFailure[];
}

/** One error number and what failed with it. An empty dimension means: all of the request. */
export interface AppleEventFailure {
  readonly errorNumber: number;
  /** Apple's text, or what the number means. */
  readonly reason: string;
  readonly assets: readonly AssetId[];
  readonly serialNumbers: readonly string[];
  readonly clientUserIds: readonly string[];
}

export interface ManageAssets {
  readonly assets: readonly AssetId[];
  readonly serialNumbers: readonly string[];
  readonly clientUserIds: readonly string[];
}

/** What the store says of an app or book. */
export interface ContentMetadata {
  readonly adamId: string;
  readonly name: string;
  readonly bundleId: string | null;
  readonly iconUrl: string | null;
  readonly artistName: string | null;
  readonly deviceFamilies: readonly string[];
  readonly kind: string | null;
  /** Apple's external version id of what the store has, as devices tell theirs; null where it does not say. */
  readonly version: number | null;
}

/** Apple's Apps and Books API. Never throws for what Apple or the network does; paces itself; obeys `Retry-After`. */
export interface AppleApi {
  /** Limits as of the last five minutes, or Apple's documented ones while they cannot be read. */
  limits(): Promise<AppleLimits>;
  clientConfig(access: AppleAccess): Promise<AppleResult<ClientConfig>>;
  own(access: AppleAccess, mdmInfo: MdmInfo): Promise<AppleResult<ClientConfig>>;
  /** Puts another marker on a location that is ours no more, and has no notifications of it sent. */
  release(access: AppleAccess, marker: MdmInfo): Promise<AppleResult<ClientConfig>>;
  subscribe(access: AppleAccess, url: string, secret: string): Promise<AppleResult<ClientConfig>>;
  assets(access: AppleAccess): Promise<AppleResult<Walk<AppleAsset>>>;
  asset(access: AppleAccess, asset: AssetId): Promise<AppleResult<AppleAsset | null>>;
  /**
   * All assignments of an asset, or only those of one device. `about`: how many there probably are, so that the pages
   * are asked for at once that would otherwise wait until the first one has said how many there are.
   */
  assignments(
    access: AppleAccess,
    asset: AssetId,
    which?: { readonly serialNumber?: string; readonly about?: number },
  ): Promise<AppleResult<Walk<AppleAssignment>>>;
  /** Whether Apple holds one pair: the smallest read that there is. */
  holds(access: AppleAccess, asset: AssetId, holder: AppleHolder): Promise<AppleResult<boolean>>;
  /**
   * Assignments that were added since a version of the location's assignments, of one asset or (null) of all; removed
   * ones are not to be seen. `versionId`: the version at which the answer begins.
   */
  assignmentsSince(
    access: AppleAccess,
    asset: AssetId | null,
    versionId: string,
  ): Promise<AppleResult<Walk<AppleAssignment>>>;
  /**
   * All persons, retired ones included; with a version of the location's persons only those that have changed since.
   * `versionId`: the version at which the answer begins.
   */
  users(access: AppleAccess, since?: string): Promise<AppleResult<Walk<AppleUser>>>;
  associate(access: AppleAccess, request: ManageAssets): Promise<AppleResult<{ eventId: string }>>;
  disassociate(access: AppleAccess, request: ManageAssets): Promise<AppleResult<{ eventId: string }>>;
  createUsers(access: AppleAccess, users: readonly NewUser[]): Promise<AppleResult<{ eventId: string }>>;
  /** What is not known of a person stays as it is at Apple. */
  updateUsers(access: AppleAccess, users: readonly NewUser[]): Promise<AppleResult<{ eventId: string }>>;
  retireUsers(
    access: AppleAccess,
    clientUserIds: readonly string[],
  ): Promise<AppleResult<{ eventId: string }>>;
  status(access: AppleAccess, eventId: string): Promise<AppleResult<AppleStatus>>;
  /** In batches; what is not found is left out. */
  contentMetadata(
    access: AppleAccess,
    adamIds: readonly string[],
    storefront: { readonly countryCode: string; readonly platform: string },
  ): Promise<AppleResult<readonly ContentMetadata[]>>;
}

/** What is asked of devices. All that a command says is in it: the server queues it as it is. */
export type DeviceRequest =
  | {
      readonly requestType: 'InstallApplication';
      readonly adamId: string;
      /** 1 removes the app when the device leaves, 4 keeps its data out of backups, 5 both. */
      readonly managementFlags: 0 | 1 | 4 | 5;
      /** Takes over what the user has installed; account-driven enrolments refuse that. */
      readonly takeOver: boolean;
      /** The VPN that the app uses; null for none. Not on macOS and tvOS. */
      readonly vpnUuid: string | null;
    }
  /** What has become of these apps; of all managed ones where none is named. */
  | { readonly requestType: 'ManagedApplicationList'; readonly bundleIds: readonly string[] }
  /** Removes the app with its data. It does not free the licence. */
  | { readonly requestType: 'RemoveApplication'; readonly bundleId: string }
  /** Replaces the profile that the device has from us. `digest`: of its content. */
  | {
      readonly requestType: 'InstallProfile';
      readonly digest: string;
      readonly profile: DeviceProfile;
      /** The sealed payloads that are in it, by the ids of their profiles. Secrets. */
      readonly sealed: Readonly<Record<string, string>>;
    }
  /** Removes it. */
  | { readonly requestType: 'RemoveProfile' }
  | { readonly requestType: 'DeviceInformation'; readonly queries: readonly string[] };

/** An app as a device tells of it. `status` is Apple's word, e.g. `Managed`; `version` Apple's external version id. */
export interface ManagedApp {
  readonly bundleId: string;
  readonly status: string;
  readonly version: number | null;
}

export interface DeviceFacts {
  readonly platform: 'iOS' | 'macOS' | 'tvOS' | 'watchOS' | 'visionOS' | null;
  readonly osVersion: string | null;
  /** Null: it did not say. */
  readonly supervised: boolean | null;
}

/** What a device answered to one command. Nothing of a person and no secret is in it. */
export interface DeviceAnswer {
  readonly status: 'Acknowledged' | 'Error' | 'CommandFormatError' | 'NotNow';
  readonly bundleId: string | null;
  /** Where the app stands, in Apple's words. */
  readonly state: string | null;
  /** Apple's `RejectionReason`. */
  readonly rejection: string | null;
  readonly errors: readonly { readonly code: number; readonly domain: string }[];
  /** The answer to a ManagedApplicationList; else null. */
  readonly apps: readonly ManagedApp[] | null;
  /** The answer to a DeviceInformation; else null. */
  readonly facts: DeviceFacts | null;
}

/** One enrolment that a server told of by itself, and what it said, without a secret. */
export interface EnrolmentFault {
  readonly enrolmentId: string;
  readonly reason: string;
}

/** What became of a request to the MDM server. */
export type MdmResult =
  /**
   * The command is queued, but for those that are refused. It may have been queued by an earlier attempt. That an
   * enrolment is not refused does not prove that its device will ever get it.
   */
  | {
      readonly ok: true;
      readonly refused: readonly EnrolmentFault[];
      /** Queued; it waits until the device asks by itself or is pushed again. */
      readonly unpushed: readonly EnrolmentFault[];
    }
  | {
      readonly ok: false;
      /** `transient`: it may succeed later, and may have been done. `refused`: the same request never will succeed. */
      readonly kind: 'transient' | 'refused';
      readonly reason: string;
    };

/** So many devices are told of another setting at once. */
export const MAX_TOLD = 20_000;

/** As many enrolments as one request to the MDM server names. */
export const MAX_ENROLMENTS = 50;

/** The MDM server. Never throws for what the server or the network does; tries once: the steps retry. */
export interface MdmApi {
  /**
   * Queues one command for up to 50 enrolments and pushes them. The id makes it safe to send again: a server that has
   * it says so, which counts as queued.
   */
  enqueue(uuid: string, command: DeviceRequest, enrolmentIds: readonly string[]): Promise<MdmResult>;
  /** Asks up to 50 devices to come and get what is queued. */
  push(enrolmentIds: readonly string[]): Promise<MdmResult>;
}

/** Keeps content tokens and notification secrets sealed. */
export interface Vault {
  /** A token that an account has. */
  token(fingerprint: string): Promise<string>;
  /** Keeps a token under its fingerprint, from where accounts have it. */
  keepToken(fingerprint: string, token: string): Promise<void>;
  forgetToken(fingerprint: string): Promise<void>;
  /** All secrets of an account that is no more. */
  forgetAccount(uId: string, fingerprint: string): Promise<void>;
  /** The token that an import brought; null when it has been forgotten. */
  importedToken(importId: string, fingerprint: string): Promise<string | null>;
  forgetImportedToken(importId: string, fingerprint: string): Promise<void>;
  /** What a profile has while it has this fingerprint; null when it has been forgotten. A secret. */
  profilePayload(profileId: string, fingerprint: string): Promise<string | null>;
  /** All payloads that a profile has had. */
  forgetProfile(profileId: string): Promise<void>;
  /** The bearer secret of an account's notifications; made when it is asked for first, and the same for all who ask. */
  notificationSecret(uId: string): Promise<string>;
}

/** Maps foreign clientUserIds to our random userIds, and back. */
export interface Persons {
  userIdsOf(
    uId: string,
    seen: readonly {
      clientUserId: string;
      email?: string | null;
      idHash?: string | null;
      inviteCode?: string | null;
    }[],
  ): Promise<readonly string[]>;
  /** What a location calls persons, in the order given: our userId, unless another tool has registered the person. */
  clientUserIdsOf(uId: string, userIds: readonly string[]): Promise<readonly string[]>;
  /** What Apple is told of persons at a location, in the order given. */
  detailsOf(uId: string, userIds: readonly string[]): Promise<readonly NewUser[]>;
}

/** What a function makes of the state of another stream as of now. It must neither change the state nor keep any of it. */
export type LookAtStream = <S, T>(stream: StreamName<never, S>, at: (state: S) => T) => Promise<T>;

/** Folded state of another stream, as of now. */
export type ReadStream = <S>(stream: StreamName<never, S>) => Promise<S>;

/** How many pairs of an asset the ledger has, by state, and whether it knows all that Apple held at first. */
export interface LedgerCounts extends AssetId {
  readonly baseline: boolean;
  readonly reserved: number;
  readonly assigned: number;
  readonly returning: number;
  /** Since when none has been reserved or returning; null: some are. */
  readonly quietSince: Instant | null;
}

/** Devices that have an older version of an app than the store. */
export interface OutdatedApp extends AssetId {
  /** That of the store. */
  readonly version: number;
  readonly serialNumbers: readonly string[];
}

/** All that steps may use. */
/** A device that can be reached. */
export interface EnrolledDevice {
  readonly device: string;
  readonly platform: string | null;
}

export interface LicensingPorts {
  readonly apple: AppleApi;
  /** Null where no MDM server is configured: then nothing is installed. */
  readonly mdm: MdmApi | null;
  readonly vault: Vault;
  readonly persons: Persons;
  readonly read: ReadStream;
  readonly look: LookAtStream;
  /** Counts of all ledgers of a location, as views have them: they may be a moment old. */
  readonly ledgers: (uId: string) => Promise<readonly LedgerCounts[]>;
  /** What a device or a person holds or waits for by account, as of all that is in the log now; null while views are behind it. */
  readonly heldBy: (
    holder: HolderKey,
  ) => Promise<readonly { readonly uId: string; readonly assets: readonly AssetId[] }[] | null>;
  /**
   * Devices that have an older version of an app than the store and were not asked to take that yet, of one app or (null)
   * of all apps of an account, as views have them: they may be a moment old.
   */
  readonly outdated: (uId: string, adamId: string | null) => Promise<readonly OutdatedApp[]>;
  /**
   * Devices that have an app or may get it, of one app or (null) of all apps of an account: up to 20,000 that come after
   * `after` in their order, as of all that is in the log now; null while views are behind it.
   */
  readonly devicesWith: (
    uId: string,
    adamId: string | null,
    after: string,
  ) => Promise<readonly string[] | null>;
  /** Enrolled devices of a person, as of all that is in the log now; null while views are behind it. */
  readonly devicesOf: (userId: string) => Promise<readonly EnrolledDevice[] | null>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: LicensingSettings;
}

/** Addresses that are configuration. */
export interface LicensingSettings {
  /** How we mark a location as ours. */
  readonly mdmInfo: MdmInfo;
  /** Where Apple reaches us, without a path; null: notifications cannot come and the product polls. */
  readonly publicUrl: string | null;
}
