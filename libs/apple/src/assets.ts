import type { AppleAsset } from '@seatbook/licensing';
import { integerOf, listOf, objectOf, textOf, textsOf } from './json-shape.js';
import type { ListShape } from './paged-list.js';
import { assetIdOf } from './reply.js';

/** Apple's `totalCount` of an unlimited asset. */
const unlimitedTotal = 2_147_483_647;

/** GET assets. Free apps may be listed among the others with a total that is no number, or on their own. */
export const assetList: ListShape<AppleAsset> = {
  endpoint: 'getAssets',
  member: 'assets',
  decode: (record) => assetOf(record, false),
  keyOf: (asset) => JSON.stringify([asset.adamId, asset.pricingParam]),
  extra: (body) => {
    const assets = (listOf(body['unlimitedAssets']) ?? []).map((record) => assetOf(record, true));
    return assets.every((asset) => asset !== null) ? assets : null;
  },
};

function assetOf(value: unknown, listedAsUnlimited: boolean): AppleAsset | null {
  const record = objectOf(value);
  const id = assetIdOf(record);
  if (!record || !id) return null;
  const count = (name: string): number => Math.max(0, integerOf(record[name]) ?? 0);
  const assigned = count('assignedCount');
  const unlimited = listedAsUnlimited || count('totalCount') === unlimitedTotal;
  // Apple's examples have total = assigned + available throughout.
  const total =
    integerOf(record['totalCount']) === null ? assigned + count('availableCount') : count('totalCount');
  return {
    ...id,
    productType: textOf(record['productType']) ?? 'App',
    deviceAssignable: record['deviceAssignable'] === true,
    revocable: record['revocable'] === true,
    supportedPlatforms: textsOf(record['supportedPlatforms']),
    unlimited,
    total: unlimited ? 0 : total,
    assigned,
    available: unlimited ? 0 : count('availableCount'),
    retired: count('retiredCount'),
  };
}
