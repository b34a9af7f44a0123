import type { AppleAsset, AssetId, Holders, OrderTerms } from '@seatbook/licensing';
import { NOW } from './decider-spec.js';

export const LOCATION = '7700000000000001';
export const PAGES: AssetId = { adamId: '361309726', pricingParam: 'STDQ' };
export const KEYNOTE: AssetId = { adamId: '361285480', pricingParam: 'STDQ' };

/** Devices by serial number. */
export const devices = (...serialNumbers: readonly string[]): Holders => ({ serialNumbers, userIds: [] });

export const persons = (...userIds: readonly string[]): Holders => ({ serialNumbers: [], userIds });

/** As many devices as asked for, with serial numbers of twelve characters. */
export const manyDevices = (count: number, from = 0): Holders =>
  devices(
    ...Array.from({ length: count }, (_device, index) => `C02${String(from + index).padStart(9, '0')}`),
  );

export const appleAsset = (more: Partial<AppleAsset> = {}): AppleAsset => ({
  ...PAGES,
  productType: 'App',
  deviceAssignable: true,
  revocable: true,
  supportedPlatforms: ['iOS', 'macOS'],
  unlimited: false,
  total: 10,
  assigned: 0,
  available: 10,
  retired: 0,
  ...more,
});

export const terms = (more: Partial<OrderTerms> = {}): OrderTerms => ({
  kind: 'AssignLicense',
  uId: LOCATION,
  assets: [PAGES],
  ifShort: 'wait',
  fromReserve: false,
  platform: null,
  holders: 2,
  ...more,
});

export const READ_AT = NOW - 1_000;
