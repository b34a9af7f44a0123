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

export const accountStream = (uId: string): string => `account-${uId}`;
export const assetStream = (uId: string, asset: AssetId): string => `asset-${assetKey(uId, asset)}`;
export const orderStream = (orderId: string): string => `order-${orderId}`;
export const callStream = (callId: string): string => `appleCall-${callId}`;
export const appleEventStream = (eventId: string): string => `appleEvent-${eventId}`;
export const notificationStream = (notificationId: string): string => `appleNotification-${notificationId}`;
export const reconciliationStream = (uId: string): string => `reconciliation-${uId}`;
