import type { AssetName } from './apple-errors.js';
import { Asset, type Assignment, assetKey, type Target } from './asset.js';
import type { Identifiers } from './identifiers.js';
import { SlidingSecond } from './sliding-second.js';
import { UserRegistry } from './user.js';
import { Version } from './version.js';

export interface MdmInfo {
  readonly id: string;
  readonly name: string;
  readonly metadata: string;
}

export type DefaultPlatform = 'enterprisestore' | 'volumestore';

export interface LocationFacts {
  readonly uId: string;
  readonly name: string;
  /** ISO 3166 alpha-2. */
  readonly country: string;
  readonly platform: DefaultPlatform;
}

/** One Apple location (organisational unit) with all that it owns. */
export class Location {
  mdmInfo: MdmInfo | null = null;
  notificationUrl: string | null = null;
  notificationAuthToken: string | null = null;
  notificationTypes: readonly string[] = [];
  /** Domains whose Managed Apple Accounts belong to the organisation; null: every domain does. */
  managedDomains: readonly string[] | null = null;
  /** Requests of all its tokens that the rate limit let pass. */
  readonly admitted = new SlidingSecond();
  readonly assets = new Map<string, Asset>();
  readonly users: UserRegistry;
  readonly versions: { readonly assets: Version; readonly assignments: Version; readonly users: Version };
  /** The last filtered list of assignments, for the pages of one walk. */
  filtered: { query: string; versionId: string; usersVersionId: string; rows: readonly Assignment[] } | null =
    null;

  constructor(
    readonly facts: LocationFacts,
    ids: Identifiers,
  ) {
    this.versions = {
      assets: new Version(ids),
      assignments: new Version(ids),
      users: new Version(ids),
    };
    this.users = new UserRegistry(this.versions.users);
  }

  asset(name: AssetName): Asset | undefined {
    return this.assets.get(assetKey(name));
  }

  add(asset: Asset): void {
    this.assets.set(assetKey(asset.name), asset);
    this.versions.assets.bump();
  }

  /** To be called once before a group of assignments changes; returns their mark. Counts change with them. */
  changeAssignments(): number {
    this.versions.assets.bump();
    return this.versions.assignments.bump();
  }

  /** The assets of which the target holds a licence. */
  heldBy(target: Target): Asset[] {
    return [...this.assets.values()].filter((asset) => asset.isAssigned(target));
  }
}
