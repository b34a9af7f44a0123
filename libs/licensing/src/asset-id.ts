import type { AssetId } from './ports.js';

/** The asset as streams, keys and addresses name it: `{uId}.{adamId}.{pricingParam}`. */
export const assetKey = (uId: string, { adamId, pricingParam }: AssetId): string =>
  `${uId}.${adamId}.${pricingParam}`;

/** The asset within its location: `{adamId}.{pricingParam}`. */
export const idOfAsset = ({ adamId, pricingParam }: AssetId): string => `${adamId}.${pricingParam}`;

export function assetOfId(id: string): AssetId {
  const [adamId = '', pricingParam = ''] = id.split('.');
  return { adamId, pricingParam };
}

export interface AssetAddress extends AssetId {
  readonly uId: string;
}

export function assetOf(key: string): AssetAddress {
  const [uId = '', adamId = '', pricingParam = ''] = key.split('.');
  return { uId, adamId, pricingParam };
}
