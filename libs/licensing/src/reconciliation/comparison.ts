import { idOfAsset } from '../asset-id.js';
import type { AssetLedger } from '../streams.js';
import { assetStream } from '../streams.js';
import type { HolderKey } from '../holder.js';
import type {
  AppleAccess,
  AppleAsset,
  AppleResult,
  AssetId,
  LedgerCounts,
  LicensingPorts,
} from '../ports.js';
import type { Comparison, Difference } from './reconciliation-decider.js';
import { heldBy } from './holders-at-apple.js';

/** How many pairs Apple may count as assigned: what of ours is on its way may be there already, or be there still. */
const mayCount = ({
  assigned,
  reserved,
  returning,
}: Pick<LedgerCounts, 'assigned' | 'reserved' | 'returning'>) => ({
  least: assigned,
  most: assigned + reserved + returning,
});

/** The counts of one ledger as it is now. */
const countsNow = ({ pairs, reserved, used, baseline }: AssetLedger) => {
  let returning = 0;
  for (const { state } of pairs.values()) if (state === 'returning') returning += 1;
  return { baseline, reserved, returning, assigned: used - reserved - returning };
};

/**
 * Which assets differ from their ledgers, without a walk of any: Apple counts more or fewer pairs than there may be, or
 * its delta names one of which the ledger has nothing. Where neither is so and the ledger was right before, it is right:
 * all that was added is known, and as many are left as there should be.
 */
export async function compare(
  { uId, deltaFrom }: { readonly uId: string; readonly deltaFrom: string | null },
  assets: readonly AppleAsset[],
  before: readonly LedgerCounts[],
  access: AppleAccess,
  ports: LicensingPorts,
): Promise<AppleResult<Comparison>> {
  const quietSince = new Map(before.map((ledger) => [idOfAsset(ledger), ledger.quietSince]));
  const differing = new Map<string, Difference>();
  for (const asset of await countedOtherwise(uId, assets, before, ports))
    differing.set(idOfAsset(asset), 'counts');
  const delta = await added(deltaFrom, access, ports);
  if (!delta.ok) return delta;
  for (const [id, keys] of await heldBy(delta.value.records, uId, ports)) {
    if (differing.has(id)) continue;
    const asset = assets.find((one) => idOfAsset(one) === id);
    if (asset && (await isNamedAnew(uId, asset, keys, ports))) differing.set(id, 'delta');
  }
  const found = assets.flatMap(({ adamId, pricingParam }) => {
    const asset = { adamId, pricingParam };
    const by = differing.get(idOfAsset(asset));
    return by ? [{ asset, by, quietSince: quietSince.get(idOfAsset(asset)) ?? null }] : [];
  });
  return { ok: true, value: { differing: found, deltaFrom: delta.value.versionId } };
}

async function countedOtherwise(
  uId: string,
  assets: readonly AppleAsset[],
  before: readonly LedgerCounts[],
  ports: LicensingPorts,
): Promise<readonly AppleAsset[]> {
  const counted = new Map(before.map((ledger) => [idOfAsset(ledger), ledger]));
  const differing: AppleAsset[] = [];
  for (const asset of assets) {
    const then = counted.get(idOfAsset(asset)) ?? NOTHING;
    const { least, most } = mayCount(then);
    if (asset.assigned >= least && asset.assigned <= most) continue;
    // Views may be behind, and calls of ours have ended while the list was read.
    const now = await ports.look(assetStream(uId, asset), countsNow);
    const range = mayCount(now);
    const within =
      asset.assigned >= Math.min(least, range.least) && asset.assigned <= Math.max(most, range.most);
    if (now.baseline && !within) differing.push(asset);
  }
  return differing;
}

const NOTHING = { reserved: 0, assigned: 0, returning: 0 };

/** What was added at the location since a version. One that Apple does not know proves nothing: a full walk will. */
async function added(deltaFrom: string | null, access: AppleAccess, { apple }: LicensingPorts) {
  const nothing = { ok: true, value: { records: [], versionId: null } } as const;
  if (deltaFrom === null) return nothing;
  const delta = await apple.assignmentsSince(access, null, deltaFrom);
  if (!delta.ok) return delta.failure.kind === 'refused' ? nothing : delta;
  return { ok: true, value: { records: delta.value.records, versionId: delta.value.versionId } } as const;
}

/** The ledger has nothing of one of these pairs. */
const isNamedAnew = (
  uId: string,
  asset: AssetId,
  keys: readonly HolderKey[],
  { look }: LicensingPorts,
): Promise<boolean> =>
  look(assetStream(uId, asset), ({ pairs, baseline }) => {
    const known = (key: HolderKey): boolean => {
      const state = pairs.get(key)?.state;
      return state !== undefined && state !== 'failed' && state !== 'waiting';
    };
    return baseline && !keys.every(known);
  });
