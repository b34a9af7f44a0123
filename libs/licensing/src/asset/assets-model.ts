import { START, idOf, readModel, type Instant, type Position } from '@seatbook/kernel';
import { holderCount } from '../holder.js';
import { assetOf } from '../asset-id.js';
import type { AssetEvent } from './asset-events.js';

/** Counts of one asset. What is not known yet is null. */
export interface AssetDocument {
  uId: string;
  adamId: string;
  pricingParam: string;
  name: string | null;
  /** For ordering by name, whatever the case. */
  sortName: string;
  bundleId: string | null;
  iconUrl: string | null;
  artistName: string | null;
  productType: string | null;
  deviceAssignable: boolean | null;
  revocable: boolean | null;
  supportedPlatforms: readonly string[];
  unlimited: boolean;
  /** Licences owned, as Apple reports; null for an unlimited asset. */
  owned: number | null;
  appleAssigned: number | null;
  retired: number | null;
  totalsReadAt: Instant | null;
  reserved: number;
  assigned: number;
  returning: number;
  waiting: number;
  failed: number;
  /** Apple refused for lack of licences though we saw one free. */
  short: boolean;
  baseline: boolean;
  position: Position;
}

/** Licences in use: all pairs but waiting, failed and gone. */
export const usedOf = ({ reserved, assigned, returning }: AssetDocument): number =>
  reserved + assigned + returning;

/** Licences that can be given away; null for an unlimited asset, or where totals are not known. */
export const availableOf = (asset: AssetDocument): number | null =>
  asset.owned === null ? null : Math.max(0, asset.owned - usedOf(asset));

/** Licences in use beyond those owned. */
export const excessOf = (asset: AssetDocument): number =>
  asset.owned === null ? 0 : Math.max(0, usedOf(asset) - asset.owned);

export const assetsModel = readModel<AssetDocument, AssetEvent>()({
  name: 'assets',
  version: 1,
  handles: [
    'asset.discovered',
    'asset.traits-changed',
    'asset.totals-read',
    'asset.described',
    'asset.assignments-adopted',
    'asset.baseline-completed',
    'asset.licenses-reserved',
    'asset.licenses-served',
    'asset.reservations-withdrawn',
    'asset.licenses-assigned',
    'asset.licenses-failed',
    'asset.found-short',
    'asset.shortage-cleared',
    'asset.licenses-returning',
    'asset.returns-started',
    'asset.licenses-returned',
    'asset.waiting-listed',
    'asset.reservations-ended',
  ],
  keysOf: ({ stream }) => [idOf(stream)],
  evolve(before, envelope, key) {
    const asset = before ?? emptyDocument(key);
    asset.position = envelope.position;
    count(asset, envelope);
    return asset;
  },
  indexes: [
    { name: 'by-account', fields: ['uId', 'sortName'] },
    { name: 'by-name', fields: ['sortName'] },
  ],
});

function emptyDocument(key: string): AssetDocument {
  const address = assetOf(key);
  return {
    ...address,
    name: null,
    sortName: `\uffff${address.adamId}`,
    bundleId: null,
    iconUrl: null,
    artistName: null,
    productType: null,
    deviceAssignable: null,
    revocable: null,
    supportedPlatforms: [],
    unlimited: false,
    owned: null,
    appleAssigned: null,
    retired: null,
    totalsReadAt: null,
    reserved: 0,
    assigned: 0,
    returning: 0,
    waiting: 0,
    failed: 0,
    short: false,
    baseline: false,
    position: START,
  };
}

function count(asset: AssetDocument, event: AssetEvent): void {
  switch (event.type) {
    case 'asset.discovered':
    case 'asset.traits-changed':
      Object.assign(asset, event.data);
      return;
    case 'asset.totals-read': {
      const { unlimited, total, assigned, retired, readAt } = event.data;
      const owned = unlimited ? null : total;
      Object.assign(asset, { unlimited, owned, appleAssigned: assigned, retired, totalsReadAt: readAt });
      return;
    }
    case 'asset.described': {
      const { name, bundleId, iconUrl, artistName } = event.data;
      Object.assign(asset, { name, sortName: name.toLowerCase(), bundleId, iconUrl, artistName });
      return;
    }
    case 'asset.assignments-adopted':
      asset.assigned += holderCount(event.data);
      asset.failed -= event.data.failedBefore;
      return;
    case 'asset.baseline-completed':
      asset.baseline = true;
      return;
    case 'asset.licenses-reserved':
      asset.reserved += holderCount(event.data.reserved);
      asset.waiting += holderCount(event.data.waiting);
      asset.failed -= event.data.failedBefore;
      return;
    case 'asset.licenses-served':
      asset.waiting -= holderCount(event.data);
      asset.reserved += holderCount(event.data);
      return;
    case 'asset.reservations-withdrawn':
    case 'asset.found-short':
      asset.reserved -= holderCount(event.data);
      asset.waiting += holderCount(event.data);
      if (event.type === 'asset.found-short') asset.short = true;
      return;
    case 'asset.shortage-cleared':
      asset.short = false;
      return;
    case 'asset.licenses-assigned':
      asset[event.data.was] -= holderCount(event.data);
      asset.assigned += holderCount(event.data);
      return;
    case 'asset.licenses-failed': {
      const failed = holderCount(event.data);
      const associated = event.data.action === 'associate';
      asset[associated ? 'reserved' : 'returning'] -= failed;
      asset[associated ? 'failed' : 'assigned'] += failed;
      return;
    }
    case 'asset.licenses-returning':
      asset.assigned -= holderCount(event.data.returning);
      asset.returning += holderCount(event.data.returning);
      return;
    case 'asset.returns-started':
      asset.assigned -= holderCount(event.data);
      asset.returning += holderCount(event.data);
      return;
    case 'asset.licenses-returned':
      asset.returning -= holderCount(event.data);
      return;
    case 'asset.waiting-listed':
      asset.waiting += holderCount(event.data);
      return;
    case 'asset.reservations-ended':
      if (event.data.was === 'reserved' || event.data.was === 'waiting') {
        asset[event.data.was] -= holderCount(event.data);
      }
      return;
    default:
      return;
  }
}
