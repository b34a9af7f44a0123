import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import type { Position } from '@seatbook/kernel';
import {
  accountsModel,
  assetsModel,
  unknownAccount,
  type AccountDocument,
  type AssetDocument,
} from '@seatbook/licensing';
import { Seatbook } from '@seatbook/application';
import { pageOf, type Items, type PageQuery } from '../reading/page.js';
import { Reader } from '../reading/reader.js';
import { accountAnswer, type AccountAnswer, type AccountWithPosition } from './account-answer.js';

export class ListAccounts extends Query<Items<AccountAnswer>> {
  constructor(
    readonly page: PageQuery,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(ListAccounts)
export class ListAccountsHandler implements IQueryHandler<ListAccounts> {
  constructor(
    @Inject(Reader) private readonly reader: Reader,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  async execute({ page, position }: ListAccounts): Promise<Items<AccountAnswer>> {
    const query = { index: 'by-name', equals: [], ...pageOf(page) };
    const { rows, next, asOf } = await this.reader.query<AccountDocument>(accountsModel, query, position);
    const now = this.seatbook.options.clock.now();
    return { items: rows.map((account) => accountAnswer(account, now, null)), next, asOf };
  }
}

export class GetAccount extends Query<AccountWithPosition> {
  constructor(
    readonly uId: string,
    readonly position: Position | undefined,
  ) {
    super();
  }
}

@QueryHandler(GetAccount)
export class GetAccountHandler implements IQueryHandler<GetAccount> {
  constructor(
    @Inject(Reader) private readonly reader: Reader,
    @Inject(Seatbook) private readonly seatbook: Seatbook,
  ) {}

  async execute({ uId, position }: GetAccount): Promise<AccountWithPosition> {
    const { document, asOf } = await this.reader.get<AccountDocument>(accountsModel, uId, position);
    if (!document) throw unknownAccount();
    const assetsRead = document.firstReadAt === null ? await this.#assetsRead(uId) : null;
    return { ...accountAnswer(document, this.seatbook.options.clock.now(), assetsRead), asOf };
  }

  /** Only asked for while the first read goes on. */
  async #assetsRead(uId: string): Promise<number> {
    let count = 0;
    let cursor: string | undefined;
    do {
      const page = await this.seatbook.options.stores.reads.query<AssetDocument>(assetsModel, {
        index: 'by-account',
        equals: [uId],
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      count += page.rows.filter(({ baseline }) => baseline).length;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return count;
  }
}
