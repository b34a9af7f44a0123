import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Position } from '@seatbook/kernel';
import {
  assetKey,
  pairsModel,
  type AssetId,
  type HolderKey,
  type PairDocument,
  type PairState,
} from '@seatbook/licensing';
import { InvalidCursor } from '@seatbook/runtime';
import { Seatbook, assetAsOf, holderAsOf } from '@seatbook/application';
import { noSuchAsset } from '../assets/asset-queries.js';
import { asOfMoment, momentOf } from '../reading/moment.js';
import { pageOf, type Items, type PageQuery } from '../reading/page.js';
import { Reader } from '../reading/reader.js';
import { holderAnswer, pairAnswer, type HolderPairs, type PairAnswer } from './pair-answer.js';

export class ListPairs extends Query<Items<PairAnswer>> {
  constructor(
    readonly account: string,
    readonly state: PairState | undefined,
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(ListPairs)
export class ListPairsHandler implements IQueryHandler<ListPairs> {
  constructor(@Inject(Reader) private readonly reader: Reader) {}

  async execute({ account, state, page, position }: ListPairs): Promise<Items<PairAnswer>> {
    const equals = state === undefined ? [account] : [account, state];
    const query = { index: 'by-state', equals, ...pageOf(page) };
    const { rows, next, asOf } = await this.reader.query<PairDocument>(pairsModel, query, position);
    return { items: rows.map(pairAnswer), next, asOf };
  }
}

export class ListAssetPairs extends Query<Items<PairAnswer>> {
  constructor(
    readonly uId: string,
    readonly asset: AssetId,
    readonly state: PairState | undefined,
    readonly at: string | undefined,
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(ListAssetPairs)
export class ListAssetPairsHandler implements IQueryHandler<ListAssetPairs> {
  constructor(
    @Inject(Reader) private readonly reader: Reader,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  async execute(query: ListAssetPairs): Promise<Items<PairAnswer>> {
    const { uId, asset, state, at, page, position } = query;
    if (at !== undefined) return this.#then(query, at);
    const key = assetKey(uId, asset);
    const equals = state === undefined ? [key] : [key, state];
    const index = { index: 'by-asset', equals, ...pageOf(page) };
    const { rows, next, asOf } = await this.reader.query<PairDocument>(pairsModel, index, position);
    return { items: rows.map(pairAnswer), next, asOf };
  }

  async #then({ uId, asset, state, page }: ListAssetPairs, at: string): Promise<Items<PairAnswer>> {
    const moment = await momentOf(this.seatbook, at);
    const then = await assetAsOf(this.seatbook, uId, asset, moment);
    if (!then) throw noSuchAsset(asset);
    const pairs = then.pairs.filter((pair) => state === undefined || pair.state === state);
    return { ...pageByHolder(pairs, page), asOf: await asOfMoment(this.seatbook, moment) };
  }
}

export class GetHolder extends Query<HolderPairs> {
  constructor(
    readonly holder: HolderKey,
    readonly account: string | undefined,
    readonly at: string | undefined,
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(GetHolder)
export class GetHolderHandler implements IQueryHandler<GetHolder> {
  constructor(
    @Inject(Reader) private readonly reader: Reader,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  async execute({ holder, account, at, page, position }: GetHolder): Promise<HolderPairs> {
    const who = holderAnswer(holder);
    if (at !== undefined) {
      const moment = await momentOf(this.seatbook, at);
      const then = await holderAsOf(this.seatbook, holder, moment);
      const pairs = then.filter(({ uId }) => account === undefined || uId === account);
      return { holder: who, ...pageByAsset(pairs, page), asOf: await asOfMoment(this.seatbook, moment) };
    }
    const equals = account === undefined ? [holder] : [holder, account];
    const query = { index: 'by-holder', equals, ...pageOf(page) };
    const { rows, next, asOf } = await this.reader.query<PairDocument>(pairsModel, query, position);
    return { holder: who, items: rows.map(pairAnswer), next, asOf };
  }
}

type Part = Pick<Items<PairAnswer>, 'items' | 'next'>;

const pageByHolder = (pairs: readonly PairDocument[], page: PageQuery): Part =>
  pageOfList(pairs, ({ holder }) => holder, page);

const pageByAsset = (pairs: readonly PairDocument[], page: PageQuery): Part =>
  pageOfList(pairs, ({ asset }) => asset, page);

/** A page of what was folded from the log, by a key that is unique in it. */
function pageOfList(
  pairs: readonly PairDocument[],
  keyOf: (pair: PairDocument) => string,
  page: PageQuery,
): Part {
  const after = page.cursor === undefined ? '' : decoded(page.cursor);
  const sorted = pairs
    .filter((pair) => keyOf(pair) > after)
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  const rows = sorted.slice(0, page.limit);
  const last = rows.at(-1);
  const more = sorted.length > rows.length && last !== undefined;
  return { items: rows.map(pairAnswer), next: more ? encoded(keyOf(last)) : null };
}

const MARK = 'then:';

const encoded = (key: string): string => Buffer.from(`${MARK}${key}`).toString('base64url');

function decoded(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!text.startsWith(MARK)) throw new InvalidCursor();
  return text.slice(MARK.length);
}
