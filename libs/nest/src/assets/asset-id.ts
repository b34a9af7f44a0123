import { Refusal } from '@seatbook/kernel';
import type { AssetId } from '@seatbook/licensing';

const STANDARD_QUALITY = 'STDQ';

/** An assetId: `900000001.STDQ`, or `900000001` for the usual quality. @throws Refusal INVALID_ASSET */
export function assetIdOf(text: string): AssetId {
  const [adamId = '', pricingParam = STANDARD_QUALITY, ...more] = text.trim().split('.');
  if (more.length > 0 || !/^\d{1,20}$/.test(adamId) || !/^[A-Z]{1,10}$/.test(pricingParam)) {
    throw new Refusal(
      'INVALID_ASSET',
      'an assetId is {adamId}.{pricingParam}, where .STDQ may be left out: 900000001.STDQ or 900000001',
      { assetId: text.slice(0, 40) },
    );
  }
  return { adamId, pricingParam };
}
