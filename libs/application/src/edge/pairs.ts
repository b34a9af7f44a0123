import {
  assetKey,
  queryModels,
  type AssetId,
  type HolderKey,
  type PairDocument,
  type PairState,
} from '@seatbook/licensing';
import { mustExist } from './accounts.js';
import { assetAsOf, holderAsOf, positionOf, type Moment } from './as-of.js';
import { noSuchAsset } from './assets.js';
import { pageOfList } from './page-of-list.js';
import type { Reader, PageOf, RowsOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

export interface WantedPairs extends WantedPage {
  readonly accountId: string;
  readonly state?: PairState | undefined;
}

export interface WantedAssetPairs extends WantedPage {
  readonly uId: string;
  readonly asset: AssetId;
  readonly state?: PairState | undefined;
  /** As they were then, from the log. */
  readonly at?: Moment | undefined;
}

export interface WantedHolder extends WantedPage {
  readonly holder: HolderKey;
  /** Only pairs of this account. */
  readonly accountId?: string | undefined;
  /** As they were then, from the log. */
  readonly at?: Moment | undefined;
}

/** Pairs of an account, by state. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listPairs(
  seatbook: SeatbookEdge,
  { accountId, state, ...page }: WantedPairs,
): PageOf<'pairs'> {
  await mustExist(seatbook, accountId);
  return seatbook.reader.page(queryModels.pairs, { ...rowsIn(state), range: assetsOf(accountId) }, page);
}

/** All assets of an account: they begin with it. */
const assetsOf = (accountId: string) => ({ from: `${accountId}.`, to: `${accountId}.\uffff` });

/** Pairs in a state or in any, in an order that no change of state changes: by asset and holder. */
const rowsIn = (state: PairState | undefined): RowsOf<typeof queryModels.pairs> =>
  state === undefined ? { index: 'by-asset', equals: [] } : { index: 'by-state', equals: [state] };

/** Who holds an asset, or waits for it. @throws Refusal NOT_FOUND_ASSET where it is not known, or was not at that moment */
export async function listAssetPairs(
  seatbook: SeatbookEdge,
  { uId, asset, state, at, ...page }: WantedAssetPairs,
): PageOf<'pairs'> {
  if (at !== undefined) {
    const asOf = await positionOf(seatbook, at);
    const then = await assetAsOf(seatbook, uId, asset, asOf.position);
    if (!then) throw noSuchAsset(asset);
    const pairs = then.pairs.filter((pair) => state === undefined || pair.state === state);
    return { ...pageOfList(pairs, ({ holder }) => holder, page.part), asOf };
  }
  const key = assetKey(uId, asset);
  const { document } = await seatbook.reader.get(queryModels.assets, key, page.position);
  if (!document) throw noSuchAsset(asset);
  const { index, equals } = rowsIn(state);
  return seatbook.reader.page(queryModels.pairs, { index, equals: [...equals, key] }, page);
}

/** What a holder has and waits for. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listHolderPairs(
  seatbook: SeatbookEdge,
  { holder, accountId, at, ...page }: WantedHolder,
): PageOf<'pairs'> {
  if (accountId !== undefined) await mustExist(seatbook, accountId);
  if (at !== undefined) {
    const asOf = await positionOf(seatbook, at);
    const then = await holderAsOf(seatbook, holder, asOf.position);
    const pairs = then.filter(({ uId }) => accountId === undefined || uId === accountId);
    return { ...pageOfList(pairs, (pair) => pair.asset, page.part), asOf };
  }
  return seatbook.reader.page(queryModels.pairs, rowsOfHolder(holder, accountId), page);
}

const rowsOfHolder = (
  holder: HolderKey,
  accountId: string | undefined,
): RowsOf<typeof queryModels.pairs> => ({
  index: 'by-holder',
  equals: [holder],
  ...(accountId !== undefined && { range: assetsOf(accountId) }),
});

/** All pairs of a holder in one account. */
export const pairsOfHolder = (reader: Reader, holder: HolderKey, uId: string): AsyncGenerator<PairDocument> =>
  reader.all(queryModels.pairs, rowsOfHolder(holder, uId));

export const pairQueries = {
  ListPairs: listPairs,
  ListAssetPairs: listAssetPairs,
  ListHolderPairs: listHolderPairs,
};
