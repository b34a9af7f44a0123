import { type AssetName, type ErrorInfo, messageOf } from './apple-errors.js';
import { assetKey } from './asset.js';
import type { NamedTarget } from './pair-rules.js';

/** One entry of `failures` in a status answer. */
export interface FailureBody {
  errorNumber: number;
  errorMessage: string;
  errorInfo: ErrorInfo;
}

interface Group {
  readonly errorNumber: number;
  readonly assets: Map<string, AssetName>;
  readonly serialNumbers: Set<string>;
  readonly clientUserIds: Set<string>;
  count: number;
}

/**
 * The failed tasks of one event. Apple groups by error number and names assets and targets in separate lists, so
 * the exact pairs are lost unless the failures form a full rectangle; grouping by asset keeps them.
 */
export class EventFailures {
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly grouping: 'number' | 'asset',
    /** How many assets the request named; 0 for requests about users. */
    private readonly requestedAssets: number,
  ) {}

  add(errorNumber: number, asset: AssetName | null, target: NamedTarget): void {
    const key =
      this.grouping === 'asset' && asset !== null ? `${errorNumber} ${assetKey(asset)}` : String(errorNumber);
    let group = this.groups.get(key);
    if (group === undefined) {
      group = {
        errorNumber,
        assets: new Map(),
        serialNumbers: new Set(),
        clientUserIds: new Set(),
        count: 0,
      };
      this.groups.set(key, group);
    }
    if (asset !== null) group.assets.set(assetKey(asset), asset);
    if (target.serialNumber !== null) group.serialNumbers.add(target.serialNumber);
    if (target.clientUserId !== null) group.clientUserIds.add(target.clientUserId);
    group.count += 1;
  }

  /** The `failures` of a status answer; undefined if nothing failed. */
  body(): FailureBody[] | undefined {
    if (this.groups.size === 0) return undefined;
    return [...this.groups.values()].map((group) => {
      const targets = group.serialNumbers.size + group.clientUserIds.size;
      const everyAsset =
        group.assets.size > 1 &&
        group.assets.size === this.requestedAssets &&
        group.count === group.assets.size * targets;
      return {
        errorNumber: group.errorNumber,
        errorMessage: messageOf(group.errorNumber),
        errorInfo: {
          // A target that failed for every asset of the request is named alone.
          ...(group.assets.size === 0 || everyAsset ? {} : { assets: [...group.assets.values()] }),
          ...(group.clientUserIds.size === 0 ? {} : { clientUserIds: [...group.clientUserIds] }),
          ...(group.serialNumbers.size === 0 ? {} : { serialNumbers: [...group.serialNumbers] }),
        },
      };
    });
  }
}
