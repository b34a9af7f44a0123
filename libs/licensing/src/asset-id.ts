import type { AssetId } from './ports.js';

/** The asset as streams, keys and addresses name it: `{uId}.{adamId}.{pricingParam}`. */
export const assetKey = (uId: string, { adamId, pricingParam }: AssetId): string =>
  `${uId}.${adamId}.${pricingParam}`;

/** The asset within its location: `{adamId}.{pricingParam}`. */
export const idOfAsset = ({ adamId, pricingParam }: AssetId): string => `${adamId}.${pricingParam}`;

/**
 * In place of an asset, in calls that create persons or retire them: what is claimed, named and settled there is whether
 * Apple knows the person at the location. No asset has such an id.
 */
export const ACTIVATION: AssetId = { adamId: 'activation', pricingParam: '' };

export const isActivation = ({ adamId }: AssetId): boolean => adamId === ACTIVATION.adamId;

export function assetOfId(id: string): AssetId {
  const [adamId = '', pricingParam = ''] = id.split('.');
  return { adamId, pricingParam };
}

export interface AssetAddress extends AssetId {
  readonly uId: string;
}

/** The parts of an asset's key. */
export function assetOf(key: string): AssetAddress {
  // Not by split, which takes five times as long: a rebuild does this several times for each event.
  const first = key.indexOf('.');
  const second = key.indexOf('.', first + 1);
  return {
    uId: key.slice(0, first),
    adamId: key.slice(first + 1, second),
    pricingParam: key.slice(second + 1),
  };
}
