import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiOkResponse,
  ApiProperty,
  ApiPropertyOptional,
  getSchemaPath,
} from '@nestjs/swagger';
import { Type as Convert } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { TextField } from '../http/text-field.js';
import type { ReflectedPage } from '@seatbook/application';
import { AsOfAnswer, asOfAnswer } from './as-of.js';

export const MAX_PAGE = 500;

/** Which part of a list: keyset paging, stable while rows come and go. */
export class ListPart {
  @ApiPropertyOptional({ description: 'Maximum number of items on the page.', minimum: 1, maximum: MAX_PAGE })
  @IsOptional()
  @Convert(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  limit: number = 50;

  @ApiPropertyOptional({ description: '`next` of the previous page.' })
  @IsOptional()
  @TextField(1, 2_000)
  cursor?: string;
}

/** Part of a read model, as of a position at the earliest. */
export class PageQuery extends ListPart {
  @ApiPropertyOptional({
    description:
      'Waits until the answer reflects this position, e.g. that of a command. Also as header `Seatbook-Position`.',
  })
  @IsOptional()
  @Convert(() => Number)
  @IsInt()
  @Min(0)
  position?: number;
}

export interface Items<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly asOf: AsOfAnswer;
}

class PageAnswer {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Pass it as `cursor` to get the next page; null on the last page.',
  })
  next!: string | null;

  @ApiProperty({ type: AsOfAnswer })
  asOf!: AsOfAnswer;
}

/** Documents an answer with `{items, next, asOf}`. */
export const ApiItems = (item: Type<unknown>): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(PageAnswer, item),
    ApiOkResponse({
      schema: {
        allOf: [
          { $ref: getSchemaPath(PageAnswer) },
          {
            type: 'object',
            required: ['items'],
            properties: { items: { type: 'array', items: { $ref: getSchemaPath(item) } } },
          },
        ],
      },
    }),
  );

/** A page of documents as its readers see it. */
export const itemsOf = <D, T>({ rows, next, asOf }: ReflectedPage<D>, answer: (row: D) => T): Items<T> => ({
  items: rows.map(answer),
  next,
  asOf: asOfAnswer(asOf),
});
