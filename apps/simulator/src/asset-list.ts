import { type Asset, unlimitedTotal } from './asset.js';
import { walkPage } from './page-walk.js';
import { rowsOf } from './page.js';
import { booleanParameter, wholeParameter } from './query-parameters.js';
import type { Answer, Visit } from './world.js';

/** GET assets. */
export function listAssets(visit: Visit): Answer {
  const { location, query, world } = visit;
  const unlimited = booleanParameter(query, 'unlimited');
  const matching = [...location.assets.values()].filter(filterOf(query));
  const limited = unlimited === undefined ? matching : matching.filter((asset) => !asset.unlimited);
  const { items, members } = walkPage(visit, location.versions.assets, () => rowsOf(limited));
  return {
    assets: items.map((asset) => assetBody(asset, world.faults.unlimitedAvailable)),
    ...(unlimited === true
      ? { unlimitedAssets: matching.filter((asset) => asset.unlimited).map(unlimitedBody) }
      : {}),
    ...members,
  };
}

function filterOf(query: URLSearchParams): (asset: Asset) => boolean {
  const adamId = query.get('adamId');
  const pricingParam = query.get('pricingParam');
  const productType = query.get('productType');
  const revocable = booleanParameter(query, 'revocable');
  const deviceAssignable = booleanParameter(query, 'deviceAssignable');
  const minAvailable = wholeParameter(query, 'minAvailableCount') ?? Number.NEGATIVE_INFINITY;
  const maxAvailable = wholeParameter(query, 'maxAvailableCount') ?? Number.POSITIVE_INFINITY;
  const minAssigned = wholeParameter(query, 'minAssignedCount') ?? Number.NEGATIVE_INFINITY;
  const maxAssigned = wholeParameter(query, 'maxAssignedCount') ?? Number.POSITIVE_INFINITY;
  return (asset) =>
    (adamId === null || asset.facts.adamId === adamId) &&
    (pricingParam === null || asset.facts.pricingParam === pricingParam) &&
    (productType === null || asset.facts.productType === productType) &&
    (revocable === undefined || asset.facts.revocable === revocable) &&
    (deviceAssignable === undefined || asset.facts.deviceAssignable === deviceAssignable) &&
    asset.available >= minAvailable &&
    asset.available <= maxAvailable &&
    asset.assigned >= minAssigned &&
    asset.assigned <= maxAssigned;
}

function assetBody(asset: Asset, unlimitedAvailable: 'max-minus-assigned' | 'max'): Answer {
  const available = asset.unlimited && unlimitedAvailable === 'max' ? unlimitedTotal : asset.available;
  return {
    ...asset.facts,
    assignedCount: asset.assigned,
    availableCount: available,
    retiredCount: asset.retired,
    totalCount: asset.unlimited ? unlimitedTotal : asset.total,
  };
}

function unlimitedBody(asset: Asset): Answer {
  return { ...asset.facts, assignedCount: asset.assigned };
}
