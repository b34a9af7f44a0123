import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import type { ReflectedPage } from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { MAX_POSITION, WholeNumber } from '../http/whole-number.js';
import type { Link } from '../document/links.js';
import { AsOfAnswer, asOfAnswer } from './as-of.js';

export const MAX_PAGE = 500;

/** Which part of a list: keyset paging over an order that does not change while rows come, change and go. */
export class ListPart {
  @WholeNumber(1, MAX_PAGE, 'Maximum number of items on the page.', 50)
  limit: number = 50;

  @ApiPropertyOptional({ description: '`next` of the previous page.', pattern: '^[A-Za-z0-9_-]+$' })
  @IsOptional()
  @TextField(1, 2_000)
  cursor?: string;
}

/** Part of a read model, as of a position at the earliest. */
export class PageQuery extends ListPart {
  @WholeNumber(
    0,
    MAX_POSITION,
    'Waits until the answer reflects this position, e.g. that of a command. Also as header `Seatbook-Position`.',
  )
  position?: number;
}

export interface Items<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly asOf: AsOfAnswer;
}

/** Documents an answer with `{items, next, asOf}`, as JSON page by page and as CSV in one. */
export const ApiItems = (
  item: Type<unknown>,
  more: Readonly<Record<string, Type<unknown>>> = {},
  around: Readonly<Record<string, object>> = {},
  links: Record<string, Link> = {},
): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(AsOfAnswer, item, ...Object.values(more)),
    ApiOkResponse({
      description: 'A page of the list.',
      ...(Object.keys(links).length === 0 ? {} : { links }),
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: [...Object.keys(around), 'items', 'next', 'asOf'],
            properties: {
              ...around,
              items: { type: 'array', items: { $ref: getSchemaPath(item) } },
              next: {
                type: ['string', 'null'],
                description: 'Pass it as `cursor` to get the next page; null on the last page.',
                example: null,
              } as object,
              asOf: { $ref: getSchemaPath(AsOfAnswer) },
              ...Object.fromEntries(
                Object.entries(more).map(([name, type]) => [name, { $ref: getSchemaPath(type) }]),
              ),
            },
          },
        },
        'text/csv': { schema: { type: 'string' } },
      },
    }),
  );

type NextPage<T> = (cursor: string) => Promise<Items<T>>;

/** How the pages after a page are read, for who wants the whole list. */
const following = new WeakMap<object, NextPage<unknown>>();

export const nextPageOf = (page: object): NextPage<unknown> | undefined => following.get(page);

/** The same list with more fields around it. */
export function around<T, P extends Items<T>>(page: Items<T>, answer: P): P {
  const next = following.get(page);
  if (next) following.set(answer, next);
  return answer;
}

/** A page of documents as its readers see it. */
export async function itemsOf<D, T>(
  part: ListPart,
  read: (part: ListPart) => Promise<ReflectedPage<D>>,
  answer: (row: D) => T,
): Promise<Items<T>> {
  const { rows, next, asOf } = await read(part);
  const page = { items: rows.map(answer), next, asOf: asOfAnswer(asOf) };
  following.set(page, (cursor) => itemsOf({ limit: MAX_PAGE, cursor }, read, answer));
  return page;
}
