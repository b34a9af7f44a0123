import { isNotOurs, isSettled } from '../drift.js';
import { idOfAsset } from '../asset-id.js';
import type { HolderKey } from '../holder.js';
import type { AppleAccess, AppleResult, AssetId, LicensingPorts } from '../ports.js';
import { canonicalHolder } from '../serial-number.js';
import { assetStream, type AssetLedger } from '../streams.js';
import { walkAsset, type AssetWalk } from './asset-walk.js';
import { asAppleNames, heldBy } from './holders-at-apple.js';

/** A walk, and in which pairs Apple and the ledger differ although nobody of ours has touched them meanwhile. */
export interface Judgement {
  readonly walked: AssetWalk;
  readonly added: readonly HolderKey[];
  readonly taken: readonly HolderKey[];
  /** Pairs in which they differ and that are not judged: work of ours was about them. */
  readonly leftOut: number;
}

/** Up to this many pairs are read one by one to confirm what a walk saw of them; for more, the asset is walked again. */
const MAX_LOOK_UPS = 100;

/** What of a ledger can be judged: pairs that Apple should hold, and those that it may hold because of us. */
interface Look {
  readonly settled: ReadonlySet<HolderKey>;
  readonly ours: ReadonlySet<HolderKey>;
  /** Those of ours that work is about, and whether Apple holds them before it. */
  readonly atWork: ReadonlyMap<HolderKey, boolean>;
}

const lookAt = ({ pairs }: AssetLedger): Look => {
  const settled = new Set<HolderKey>();
  const ours = new Set<HolderKey>();
  const atWork = new Map<HolderKey, boolean>();
  for (const [key, pair] of pairs) {
    if (isNotOurs(pair)) continue;
    ours.add(key);
    if (isSettled(pair)) settled.add(key);
    else atWork.set(key, pair.state !== 'reserved');
  }
  return { settled, ours, atWork };
};

/**
 * Walks an asset and compares it with its ledger. A pair is judged only if it was in the ledger in the same way before
 * the walk and after all that confirms it: what we did to it meanwhile is nobody else's. What differs is read again, pair
 * by pair where that is less.
 */
export async function judge(
  asset: AssetId,
  about: number,
  access: AppleAccess,
  ports: LicensingPorts,
): Promise<AppleResult<Judgement>> {
  const { uId } = access;
  const ledger = assetStream(uId, asset);
  const before = await ports.look(ledger, lookAt);
  const walk = await walkAsset(access, asset, about, ports.apple);
  if (!walk.ok) return walk;
  const held = await holders(walk.value, asset, uId, ports);
  const during = await ports.look(ledger, lookAt);
  const differing = differences(held, [before, during]);
  const { added, taken } = differing;
  const leftOut = new Set([before, during].flatMap(({ atWork }) => changedAtWork(atWork, held)));
  if (added.length + taken.length === 0)
    return { ok: true, value: { walked: walk.value, ...differing, leftOut: leftOut.size } };
  const confirmed = await confirm(differing, held.size, asset, access, ports);
  if (!confirmed.ok) return confirmed;
  const after = await ports.look(ledger, lookAt);
  const walked = { ...walk.value, unstable: walk.value.unstable || confirmed.value.unstable };
  const judged = {
    added: confirmed.value.added.filter((key) => !after.ours.has(key)),
    taken: confirmed.value.taken.filter((key) => after.settled.has(key)),
  };
  const touched =
    confirmed.value.added.length + confirmed.value.taken.length - judged.added.length - judged.taken.length;
  return { ok: true, value: { walked, ...judged, leftOut: leftOut.size + touched } };
}

/** Pairs that work of ours is about and that Apple has already changed: the work did that, or somebody else. */
const changedAtWork = (atWork: Look['atWork'], held: ReadonlySet<HolderKey>): readonly HolderKey[] =>
  [...atWork].flatMap(([key, heldBefore]) => (held.has(key) === heldBefore ? [] : [key]));

const holders = async (
  { records }: AssetWalk,
  asset: AssetId,
  uId: string,
  ports: LicensingPorts,
): Promise<ReadonlySet<HolderKey>> =>
  new Set((await heldBy(records, uId, ports)).get(idOfAsset(asset)) ?? []);

type Differences = Pick<Judgement, 'added' | 'taken'>;

function differences(held: ReadonlySet<HolderKey>, [before, after]: readonly [Look, Look]): Differences {
  const added = [...held].filter((key) => !before.ours.has(key) && !after.ours.has(key));
  const taken = [...before.settled].filter((key) => after.settled.has(key) && !held.has(key));
  if (added.length === 0 || taken.length === 0) return { added, taken };
  // Apple may spell the serial number of a device in another way than we gave it: that is the same device.
  const spelled = new Set(added.map(canonicalHolder));
  const missing = new Set(taken.map(canonicalHolder));
  return {
    added: added.filter((key) => !missing.has(canonicalHolder(key))),
    taken: taken.filter((key) => !spelled.has(canonicalHolder(key))),
  };
}

/** What is so still when it is read once more. */
async function confirm(
  { added, taken }: Differences,
  about: number,
  asset: AssetId,
  access: AppleAccess,
  ports: LicensingPorts,
): Promise<AppleResult<Differences & { readonly unstable: boolean }>> {
  if (added.length + taken.length > MAX_LOOK_UPS) {
    const again = await walkAsset(access, asset, about, ports.apple);
    if (!again.ok) return again;
    const held = await holders(again.value, asset, access.uId, ports);
    const { unstable } = again.value;
    // Where a row may be missed again, nothing is said of those that are not seen.
    const missing = unstable ? [] : taken.filter((key) => !held.has(key));
    return { ok: true, value: { added: added.filter((key) => held.has(key)), taken: missing, unstable } };
  }
  const keys = [...added, ...taken];
  const answers = await Promise.all(
    keys.map(async (key) => ports.apple.holds(access, asset, await asAppleNames(key, access.uId, ports))),
  );
  const held = new Set<HolderKey>();
  for (const [index, answer] of answers.entries()) {
    if (!answer.ok) return answer;
    if (answer.value) held.add(keys[index] ?? '');
  }
  return {
    ok: true,
    value: {
      added: added.filter((key) => held.has(key)),
      taken: taken.filter((key) => !held.has(key)),
      unstable: false,
    },
  };
}
