import {
  START,
  effectiveAt,
  idOf,
  readModel,
  type Change,
  type Instant,
  type Position,
  type Recorded,
} from '@seatbook/kernel';
import { holderCount } from '../holder.js';
import { assetKey, assetOf } from '../asset-id.js';
import type { AssetId } from '../ports.js';
import type { ReconciliationEvent } from '../reconciliation/reconciliation-events.js';
import type { AssetEvent } from './asset-events.js';
import { movesOf } from './movements.js';

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
  /** Apple's external version id of what the store has. */
  version: number | null;
  /** Since when the store tells nothing of it; null where it does, and until it has been asked. */
  untoldSince: Instant | null;
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
  /** Since when Apple counts other pairs as assigned than the ledger; null where it does not, or that is explained. */
  differsSince: Instant | null;
  /** Licences that Apple counts as taken by holders of whom nothing is known here. */
  takenElsewhere: number;
  reserved: number;
  assigned: number;
  returning: number;
  /** Since when none of its pairs has been reserved or returning; null while some are. */
  quietSince: Instant | null;
  waiting: number;
  failed: number;
  /** Licences kept back for orders that name the reserve, as far as there are any. */
  reserve: number;
  /** Apple refused for lack of licences though we saw one free. */
  short: boolean;
  baseline: boolean;
  /** Its account is given up or removed: nothing is given away. */
  closed: boolean;
  /** The last event that changed it: when it was recorded, and when what it tells of happened. */
  at: Instant;
  effectiveAt: Instant;
  position: Position;
}

/** Licences in use: all pairs but waiting, failed and gone. */
export const usedOf = ({ reserved, assigned, returning }: AssetDocument): number =>
  reserved + assigned + returning;

/**
 * Licences that can be given away now, as the ledger gives them: none while Apple says that there are too few, though
 * by the totals that were read there should be some. Null for an unlimited asset, and until it is known what Apple held.
 */
export function availableOf(asset: AssetDocument): number | null {
  if (asset.owned === null || !asset.baseline) return null;
  return asset.short || asset.closed ? 0 : Math.max(0, asset.owned - usedOf(asset) - asset.takenElsewhere);
}

/** Licences that are there of those kept back: fewer than wished for where they are short. */
export const inReserveOf = (asset: AssetDocument): number | null => {
  const available = availableOf(asset);
  return available === null ? null : Math.min(available, asset.reserve);
};

/** Licences that an order can have that does not name the reserve. */
export const unreservedOf = (asset: AssetDocument): number | null => {
  const available = availableOf(asset);
  return available === null ? null : Math.max(0, available - asset.reserve);
};

/** Licences in use beyond those owned. */
export const excessOf = (asset: AssetDocument): number =>
  asset.owned === null ? 0 : Math.max(0, usedOf(asset) - asset.owned);

type AssetChange = Change<AssetDocument>;

/** What an event changes of the asset whose stream it is in, beside the pairs that it moves. */
const counted =
  <E extends AssetEvent>(fold: (asset: AssetDocument, data: E['data']) => void) =>
  (event: Recorded & E): readonly AssetChange[] => {
    const key = idOf(event.stream);
    const evolve: AssetChange['evolve'] = (before) => {
      const asset = before ?? emptyDocument(key);
      changedBy(event, asset);
      fold(asset, event.data);
      for (const [count, from, to] of movesOf(event)) {
        if (from !== null) asset[from] -= count;
        if (to !== null) asset[to] += count;
      }
      const { reserved, returning, quietSince } = asset;
      asset.quietSince = reserved + returning > 0 ? null : (quietSince ?? event.metadata.recordedAt);
      return asset;
    };
    return [{ key, evolve }];
  };

function changedBy(
  { position, metadata }: Pick<Recorded, 'position' | 'metadata'>,
  asset: AssetDocument,
): void {
  asset.at = metadata.recordedAt;
  asset.effectiveAt = effectiveAt(metadata);
  asset.position = position;
}

/** Pairs of other holders than ours turn out to be known. */
function nowKnown(asset: AssetDocument, pairs: number): void {
  asset.takenElsewhere = Math.max(0, asset.takenElsewhere - pairs);
}

/** An event that does no more than move pairs. */
const moving = counted(() => undefined);

/** What a reconciliation says of an asset that is known. */
const told = (
  event: Pick<Recorded, 'position' | 'metadata'>,
  uId: string,
  asset: AssetId,
  tell: (asset: AssetDocument) => void,
): AssetChange => ({
  key: assetKey(uId, asset),
  evolve(before) {
    if (!before) return null;
    changedBy(event, before);
    tell(before);
    return before;
  },
});

/** Whether the store tells of an asset changes it; that it says the same again does not. */
const toldByStore = (
  event: Pick<Recorded, 'position' | 'metadata'>,
  uId: string,
  asset: AssetId,
  untoldSince: Instant | null,
): AssetChange => ({
  key: assetKey(uId, asset),
  evolve(before) {
    if (!before || (before.untoldSince === null) === (untoldSince === null)) return before;
    changedBy(event, before);
    return Object.assign(before, { untoldSince });
  },
});

export const assetsModel = readModel<AssetDocument, AssetEvent | ReconciliationEvent>()({
  name: 'assets',
  version: 11,
  on: {
    'asset.closed': counted((asset) => void (asset.closed = true)),
    'asset.opened': counted((asset) => void (asset.closed = false)),
    'asset.reserve-set': counted((asset, { licences }) => void (asset.reserve = licences)),
    'asset.discovered': counted((asset, traits) => void Object.assign(asset, traits)),
    'asset.traits-changed': counted((asset, traits) => void Object.assign(asset, traits)),
    'asset.totals-read': counted((asset, { unlimited, total, assigned, retired, takenElsewhere, readAt }) => {
      const read = { unlimited, owned: unlimited ? null : total, appleAssigned: assigned, retired };
      Object.assign(asset, { ...read, takenElsewhere, totalsReadAt: readAt });
    }),
    'reconciliation.walks-queued': ({ data: { uId, assets, why, at }, ...event }) =>
      why === 'counts'
        ? assets.map((named) => told(event, uId, named, (asset) => void (asset.differsSince ??= at)))
        : [],
    'reconciliation.walk-completed': ({ data, ...event }) =>
      data.unstable ? [] : [told(event, data.uId, data, (asset) => void (asset.differsSince = null))],
    'reconciliation.metadata-read'({ data: { uId, found, untold = [], at }, ...event }) {
      const named = found.flatMap(({ adamId, pricingParams }) =>
        pricingParams.map((pricingParam) => ({ adamId, pricingParam })),
      );
      return [
        ...named.map((asset) => toldByStore(event, uId, asset, null)),
        ...untold.map((asset) => toldByStore(event, uId, asset, at)),
      ];
    },
    'asset.described': counted((asset, { name, bundleId, iconUrl, artistName, version }) => {
      // Its first name is its place in lists, which a new name does not change.
      const sortName = asset.name === null ? name.toLowerCase() : asset.sortName;
      Object.assign(asset, { name, sortName, bundleId, iconUrl, artistName, version });
    }),
    'asset.assignments-adopted': counted((asset, data) => nowKnown(asset, holderCount(data))),
    'asset.adoption-corrected': moving,
    'asset.drift-found': counted((asset, data) => {
      if (data.kind === 'added') nowKnown(asset, holderCount(data));
    }),
    'asset.baseline-completed': counted((asset) => void (asset.baseline = true)),
    'asset.licenses-reserved': moving,
    'asset.licenses-served': moving,
    'asset.reservations-withdrawn': moving,
    'asset.found-short': counted((asset) => void (asset.short = true)),
    'asset.shortage-cleared': counted((asset) => void (asset.short = false)),
    'asset.licenses-assigned': counted((asset, data) => {
      if (data.callId === null) nowKnown(asset, holderCount(data));
    }),
    'asset.found-held': moving,
    'asset.licenses-failed': moving,
    'asset.licenses-returning': moving,
    'asset.returns-started': moving,
    'asset.licenses-returned': moving,
    'asset.waiting-listed': moving,
    'asset.waiting-refused': (event) => {
      const [change] = moving(event);
      // An asset that Apple does not list is none, once nobody waits for it.
      const evolve: AssetChange['evolve'] = (before) => {
        const asset = change?.evolve(before) ?? null;
        return asset && asset.productType === null && asset.waiting === 0 ? null : asset;
      };
      return change ? [{ key: change.key, evolve }] : [];
    },
    'asset.reservations-ended': moving,
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
    version: null,
    untoldSince: null,
    productType: null,
    deviceAssignable: null,
    revocable: null,
    supportedPlatforms: [],
    unlimited: false,
    owned: null,
    appleAssigned: null,
    retired: null,
    totalsReadAt: null,
    differsSince: null,
    takenElsewhere: 0,
    reserved: 0,
    assigned: 0,
    returning: 0,
    quietSince: null,
    waiting: 0,
    failed: 0,
    reserve: 0,
    short: false,
    baseline: false,
    closed: false,
    at: 0,
    effectiveAt: 0,
    position: START,
  };
}
