import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { Refusal, type Position } from '@seatbook/kernel';
import { assetKey, assetsModel, type AssetDocument, type AssetId } from '@seatbook/licensing';
import { Seatbook, assetAsOf } from '@seatbook/application';
import { asOfMoment, momentOf } from '../reading/moment.js';
import { pageOf, type Items, type PageQuery } from '../reading/page.js';
import { Reader } from '../reading/reader.js';
import {
  assetAnswer,
  countsOf,
  type AssetAnswer,
  type AssetWithPosition,
  type TotalsAnswer,
} from './asset-answer.js';

export interface AssetList extends Items<AssetAnswer> {
  readonly totals?: TotalsAnswer;
}

export class ListAssets extends Query<AssetList> {
  constructor(
    readonly account: string | undefined,
    readonly withTotals: boolean,
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(ListAssets)
export class ListAssetsHandler implements IQueryHandler<ListAssets> {
  constructor(
    @Inject(Reader) private readonly reader: Reader,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  async execute({ account, withTotals, page, position }: ListAssets): Promise<AssetList> {
    const index = indexOf(account);
    const {
      rows,
      next,
      asOf: reflected,
    } = await this.reader.query<AssetDocument>(assetsModel, { ...index, ...pageOf(page) }, position);
    const list: AssetList = { items: rows.map(assetAnswer), next, asOf: reflected };
    return withTotals ? { ...list, totals: await this.#totals(account) } : list;
  }

  async #totals(account: string | undefined): Promise<TotalsAnswer> {
    const sum = {
      owned: 0,
      used: 0,
      reserved: 0,
      assigned: 0,
      returning: 0,
      waiting: 0,
      failed: 0,
      available: 0,
      excess: 0,
    };
    let assets = 0;
    let unlimitedAssets = 0;
    let cursor: string | undefined;
    do {
      const query = { ...indexOf(account), limit: 500, ...(cursor === undefined ? {} : { cursor }) };
      const page = await this.seatbook.options.stores.reads.query<AssetDocument>(assetsModel, query);
      for (const asset of page.rows) {
        if (asset.unlimited) {
          unlimitedAssets += 1;
          continue;
        }
        assets += 1;
        const counts = countsOf(asset);
        for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name] ?? 0;
      }
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return { ...sum, assets, unlimitedAssets };
  }
}

const indexOf = (account: string | undefined): { index: string; equals: string[] } =>
  account === undefined ? { index: 'by-name', equals: [] } : { index: 'by-account', equals: [account] };

/** It is not among what the location has, or has not been read yet. */
export const noSuchAsset = (asset: AssetId): Refusal =>
  new Refusal('NOT_FOUND_ASSET', 'this account has no such asset', { ...asset });

export class GetAsset extends Query<AssetWithPosition> {
  constructor(
    readonly uId: string,
    readonly asset: AssetId,
    /** A position or a time: as it was then, from the log. */
    readonly at: string | undefined,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(GetAsset)
export class GetAssetHandler implements IQueryHandler<GetAsset> {
  constructor(
    @Inject(Reader) private readonly reader: Reader,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  async execute({ uId, asset, at, position }: GetAsset): Promise<AssetWithPosition> {
    if (at !== undefined) return this.#then(uId, asset, at);
    const { document, asOf: reflected } = await this.reader.get<AssetDocument>(
      assetsModel,
      assetKey(uId, asset),
      position,
    );
    if (!document) throw noSuchAsset(asset);
    return { ...assetAnswer(document), asOf: reflected };
  }

  async #then(uId: string, asset: AssetId, at: string): Promise<AssetWithPosition> {
    const moment = await momentOf(this.seatbook, at);
    const then = await assetAsOf(this.seatbook, uId, asset, moment);
    if (!then) throw noSuchAsset(asset);
    return { ...assetAnswer(then.document), asOf: await asOfMoment(this.seatbook, moment) };
  }
}
