import { Refusal } from '@seatbook/kernel';
import type { AssetId } from '@seatbook/licensing';

const STANDARD_QUALITY = 'STDQ';

/** `900000001`, or `900000001.STDQ` where the quality matters. */
export function assetIdOf(text: string): AssetId {
  const [adamId = '', pricingParam = STANDARD_QUALITY, ...more] = text.trim().split('.');
  if (more.length > 0 || !/^\d{1,20}$/.test(adamId) || !/^[A-Z]{1,10}$/.test(pricingParam)) {
    throw new Refusal(
      'INVALID_ASSET',
      'an asset is an adamId, or an adamId and a pricingParam: 900000001.STDQ',
      {
        asset: text.slice(0, 40),
      },
    );
  }
  return { adamId, pricingParam };
}

/** `{uId}.{adamId}` or `{uId}.{adamId}.{pricingParam}`, as filters name an asset of an account. */
export function assetKeyOf(text: string): string {
  const [uId = '', ...asset] = text.trim().split('.');
  if (uId === '' || asset.length === 0) {
    throw new Refusal('INVALID_ASSET', 'name the asset with its account: {uId}.{adamId}.{pricingParam}', {
      asset: text.slice(0, 80),
    });
  }
  const { adamId, pricingParam } = assetIdOf(asset.join('.'));
  return `${uId}.${adamId}.${pricingParam}`;
}
