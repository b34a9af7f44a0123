import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import type { ExpectedAsset } from '@seatbook/application';
import { MAX_PAIRS, PLANNED_COUNTS, type PlannedCount } from '@seatbook/licensing';
import { assetIdOf } from '../assets/asset-id.js';
import { ASSET_ID } from '../http/address-forms.js';
import { MayBeLeftOut } from '../http/text-field.js';

/** One asset of a plan: what the order is to do to its pairs. */
export type ExpectedCounts = { readonly assetId: string } & { readonly [C in PlannedCount]?: number };

const MAX_EXPECTED = 10_000;
const COUNT = { type: 'integer', minimum: 0, maximum: MAX_PAIRS } as const;
const assetId = new RegExp(ASSET_ID);

const isCount = (value: unknown): boolean =>
  value === undefined || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_PAIRS);

function isExpected(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const asset = value as Readonly<Record<string, unknown>>;
  return (
    typeof asset['assetId'] === 'string' &&
    assetId.test(asset['assetId']) &&
    PLANNED_COUNTS.every((count) => isCount(asset[count]))
  );
}

/** What a plan said, asset by asset, as the order rests on it. Other fields of a plan may be there and say nothing. */
export const Expect = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'array',
      maxItems: MAX_EXPECTED,
      items: {
        type: 'object',
        required: ['assetId'],
        properties: {
          assetId: { type: 'string', pattern: ASSET_ID },
          ...Object.fromEntries(PLANNED_COUNTS.map((count) => [count, COUNT])),
        },
      },
      description:
        'The `assets` of a plan, or some of their counts: where the order would do something else when it is placed, it is refused with both.',
      example: [{ assetId: '900000001.STDQ', sent: 1 }],
    }),
    MayBeLeftOut(),
    ValidateBy({
      name: 'expect',
      validator: {
        validate: (value) => Array.isArray(value) && value.length <= MAX_EXPECTED && value.every(isExpected),
        defaultMessage: () =>
          `expect must be a list of at most ${MAX_EXPECTED} assets, each with its assetId and counts: ${PLANNED_COUNTS.join(', ')}`,
      },
    }),
  );

export const expectedOf = (
  expect: readonly ExpectedCounts[] | undefined,
): readonly ExpectedAsset[] | undefined =>
  expect?.map((asset) => ({
    ...assetIdOf(asset.assetId),
    ...Object.fromEntries(PLANNED_COUNTS.map((count) => [count, asset[count]])),
  }));
