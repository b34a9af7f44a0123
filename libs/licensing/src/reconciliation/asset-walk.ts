import type {
  AppleAccess,
  AppleApi,
  AppleAssignment,
  AppleHolder,
  AppleResult,
  AssetId,
  Walk,
} from '../ports.js';

/** The assignments of one asset, read whole. */
export interface AssetWalk {
  readonly records: readonly AppleAssignment[];
  /** Version of the location's assignments when the last walk began. */
  readonly versionId: string;
  readonly walks: number;
  /** It is not proved that they stood still while they were read: some may be missing, and some gone. */
  readonly unstable: boolean;
}

/** A walk under which the data moved is made anew, this often in all. */
const MAX_WALKS = 3;
/** Rows in which the last two walks differ are looked up one by one, as many as this. */
const MAX_LOOK_UPS = 100;

/**
 * Reads the assignments of an asset until they stood still: the location's version did, or it is proved that this asset
 * did while others moved. Equal counts prove nothing, since one removal shifts the pages: a row that is gone and a row
 * that was missed cancel out. But where nothing was added from before the first count until after the second one, and
 * the counts are equal, nothing was removed between them either.
 */
export async function walkAsset(
  access: AppleAccess,
  asset: AssetId,
  about: number,
  apple: AppleApi,
): Promise<AppleResult<AssetWalk>> {
  const first = await apple.assignments(access, asset, { about });
  if (!first.ok) return first;
  if (!first.value.moved) return still(first.value, 1);
  let last = first.value;
  for (let walks = 2; ; walks += 1) {
    const start = await apple.assignmentsSince(access, asset, last.versionId);
    if (!start.ok && start.failure.kind !== 'refused') return start;
    const before = await apple.asset(access, asset);
    if (!before.ok) return before;
    const walk = await apple.assignments(access, asset, { about: last.records.length });
    if (!walk.ok) return walk;
    if (!walk.value.moved) return still(walk.value, walks);
    const after = await apple.asset(access, asset);
    if (!after.ok) return after;
    const counts = new Set([before.value?.assigned, after.value?.assigned, walk.value.records.length]);
    if (start.ok && counts.size === 1) {
      const added = await apple.assignmentsSince(access, asset, start.value.versionId);
      if (!added.ok && added.failure.kind !== 'refused') return added;
      if (added.ok && !added.value.moved && added.value.records.length === 0) return still(walk.value, walks);
    }
    if (walks === MAX_WALKS) return confirmed([last, walk.value], access, asset, apple);
    last = walk.value;
  }
}

const still = ({ records, versionId }: Walk<AppleAssignment>, walks: number): AppleResult<AssetWalk> => ({
  ok: true,
  value: { records, versionId, walks, unstable: false },
});

const holderOf = ({ serialNumber, clientUserId }: AppleAssignment): AppleHolder =>
  serialNumber === null ? { clientUserId: clientUserId ?? '' } : { serialNumber };

const keyOf = ({ serialNumber, clientUserId }: AppleAssignment): string =>
  JSON.stringify([serialNumber, clientUserId]);

/** What both of the last two walks have, and of the rest what Apple says when asked for it alone. */
async function confirmed(
  [earlier, last]: readonly [Walk<AppleAssignment>, Walk<AppleAssignment>],
  access: AppleAccess,
  asset: AssetId,
  apple: AppleApi,
): Promise<AppleResult<AssetWalk>> {
  const one = new Map(earlier.records.map((record) => [keyOf(record), record]));
  const other = new Map(last.records.map((record) => [keyOf(record), record]));
  const records = new Map(other);
  const differing = [...new Map([...one, ...other])].filter(([key]) => one.has(key) !== other.has(key));
  for (const [key, record] of differing.slice(0, MAX_LOOK_UPS)) {
    const held = await apple.holds(access, asset, holderOf(record));
    if (!held.ok) return held;
    if (held.value) records.set(key, record);
    else records.delete(key);
  }
  const { versionId } = last;
  return { ok: true, value: { records: [...records.values()], versionId, walks: MAX_WALKS, unstable: true } };
}
