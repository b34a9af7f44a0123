import { Refusal, type Position } from '@seatbook/kernel';
import {
  assetKey,
  availableOf,
  assetStream,
  excessOf,
  idOfAsset,
  inReserveOf,
  queryModels,
  unreservedOf,
  usedOf,
  type AssetDocument,
  type AssetId,
} from '@seatbook/licensing';
import type { Receipt } from '@seatbook/runtime';
import { mustBeImported, mustExist } from './accounts.js';
import { assetAsOf, positionOf, type Moment } from './as-of.js';
import type { Caller } from './principal.js';
import type { PageOf, Reflected, RowsOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext } from './taken-key.js';

/** Licences of one asset, or of several together. */
export interface LicenceCounts {
  /** Null for an unlimited asset, and before the first read. */
  readonly owned: number | null;
  readonly used: number;
  readonly reserved: number;
  readonly assigned: number;
  readonly returning: number;
  readonly waiting: number;
  readonly failed: number;
  readonly available: number | null;
  /** Licences kept back for orders that name the reserve, and how many of them are there. */
  readonly reserve: number;
  readonly inReserve: number | null;
  /** Available without those of the reserve. */
  readonly unreserved: number | null;
  readonly excess: number;
}

/** Sums over limited assets. */
export interface AssetTotals extends LicenceCounts {
  readonly assets: number;
  readonly unlimitedAssets: number;
}

export interface AssetFilter {
  /** Only assets of this account. */
  readonly accountId?: string | undefined;
  /** A part of the name, in whatever case. */
  readonly name?: string | undefined;
  readonly short?: boolean | undefined;
  readonly platform?: string | undefined;
}

export type WantedAssets = AssetFilter & WantedPage;

export interface WantedAsset {
  readonly uId: string;
  readonly asset: AssetId;
  /** As it was then, from the log. */
  readonly at?: Moment | undefined;
  readonly position?: Position | undefined;
}

/** Assets by name. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listAssets(
  seatbook: SeatbookEdge,
  { part, position, ...filter }: WantedAssets,
): PageOf<'assets'> {
  const { accountId } = filter;
  if (accountId !== undefined) await mustExist(seatbook, accountId);
  return seatbook.reader.page(queryModels.assets, rowsOf(accountId), { part, position }, sieveOf(filter));
}

/** Sums over all assets that the filter names. @throws Refusal NOT_FOUND_ACCOUNT */
export async function sumAssets(seatbook: SeatbookEdge, filter: AssetFilter): Promise<AssetTotals> {
  const { accountId } = filter;
  if (accountId !== undefined) await mustExist(seatbook, accountId);
  return totalsOf(seatbook.reader.all(queryModels.assets, rowsOf(accountId)), sieveOf(filter));
}

const rowsOf = (accountId: string | undefined): RowsOf<typeof queryModels.assets> =>
  accountId === undefined ? { index: 'by-name', equals: [] } : { index: 'by-account', equals: [accountId] };

type AssetSieve = (asset: AssetDocument) => boolean;

function sieveOf({ name, short, platform }: AssetFilter): AssetSieve | undefined {
  if (name === undefined && short === undefined && platform === undefined) return undefined;
  const part = name?.toLowerCase();
  return (asset) =>
    (part === undefined || (asset.name ?? '').toLowerCase().includes(part)) &&
    (short === undefined || asset.short === short) &&
    (platform === undefined || asset.supportedPlatforms.includes(platform));
}

/** @throws Refusal NOT_FOUND_ASSET where it is not among what the location has, or has not been read yet */
export async function getAsset(
  seatbook: SeatbookEdge,
  { uId, asset, at, position }: WantedAsset,
): Promise<{ asset: AssetDocument; asOf: Reflected }> {
  if (at !== undefined) {
    const asOf = await positionOf(seatbook, at);
    const then = await assetAsOf(seatbook, uId, asset, asOf.position);
    if (!then) throw noSuchAsset(asset);
    return { asset: then.document, asOf };
  }
  const key = assetKey(uId, asset);
  const { document, asOf } = await seatbook.reader.get(queryModels.assets, key, position);
  if (!document) throw noSuchAsset(asset);
  return { asset: document, asOf };
}

export const noSuchAsset = (asset: AssetId): Refusal =>
  new Refusal('NOT_FOUND_ASSET', 'this account has no such asset', { assetId: idOfAsset(asset) });

export const countsOf = (asset: AssetDocument): LicenceCounts => ({
  owned: asset.owned,
  used: usedOf(asset),
  reserved: asset.reserved,
  assigned: asset.assigned,
  returning: asset.returning,
  waiting: asset.waiting,
  failed: asset.failed,
  available: availableOf(asset),
  reserve: asset.reserve,
  inReserve: inReserveOf(asset),
  unreserved: unreservedOf(asset),
  excess: excessOf(asset),
});

async function totalsOf(
  assets: AsyncIterable<AssetDocument>,
  keeps: AssetSieve = () => true,
): Promise<AssetTotals> {
  const sum = {
    owned: 0,
    used: 0,
    reserved: 0,
    assigned: 0,
    returning: 0,
    waiting: 0,
    failed: 0,
    available: 0,
    reserve: 0,
    inReserve: 0,
    unreserved: 0,
    excess: 0,
  };
  let limited = 0;
  let unlimitedAssets = 0;
  for await (const asset of assets) {
    if (!keeps(asset)) continue;
    if (asset.unlimited) {
      unlimitedAssets += 1;
      continue;
    }
    limited += 1;
    const counts = countsOf(asset);
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name] ?? 0;
  }
  return { ...sum, assets: limited, unlimitedAssets };
}

/**
 * Keeps so many licences of an asset back for orders that name the reserve; 0 for none. What was reserved or assigned
 * stays: the reserve fills as licences become free.
 * @throws Refusal NOT_FOUND_ACCOUNT, NOT_FOUND_ASSET
 */
export async function setReserve(
  seatbook: SeatbookEdge,
  { uId, asset, licences }: { readonly uId: string; readonly asset: AssetId; readonly licences: number },
  caller: Caller,
): Promise<Receipt> {
  await mustBeImported(seatbook, uId);
  const body = { reserveOf: assetKey(uId, asset), licences };
  const context = await takenContext(seatbook, caller, 'SetReserve', body);
  return seatbook.execute(assetStream(uId, asset), { type: 'SetReserve', licences }, context);
}

export const assetCommands = { SetReserve: setReserve };

export const assetQueries = { ListAssets: listAssets, SumAssets: sumAssets, GetAsset: getAsset };
