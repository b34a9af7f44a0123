import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { Refusal } from '@seatbook/kernel';
import type { AssetId } from '@seatbook/licensing';
import { ASSET_ID } from '../http/address-forms.js';
import { TextField } from '../http/text-field.js';

const STANDARD_QUALITY = 'STDQ';

const FORM = new RegExp(ASSET_ID);

/** An assetId of a query, which may be left out. What is none is refused by {@link assetIdOf}, with a code of its own. */
export const AssetIdField = (description: string): PropertyDecorator =>
  applyDecorators(TextField(1, 40), IsOptional(), ApiPropertyOptional({ description, pattern: ASSET_ID }));

/** An assetId: `900000001.STDQ`, or `900000001` for the usual quality. @throws Refusal INVALID_ASSET */
export function assetIdOf(text: string): AssetId {
  if (!FORM.test(text)) {
    throw new Refusal(
      'INVALID_ASSET',
      'an assetId is {adamId}.{pricingParam}, where .STDQ may be left out: 900000001.STDQ or 900000001',
      { assetId: text.slice(0, 40) },
    );
  }
  const [adamId = '', pricingParam = STANDARD_QUALITY] = text.split('.');
  return { adamId, pricingParam };
}
