import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import type { Subject } from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { assetKeyOf } from '../assets/asset-address.js';
import { holderKeyOf } from '../pairs/pair-answer.js';

/** What timeline and history can be asked about. */
export interface SubjectFilter {
  readonly account?: string;
  readonly asset?: string;
  readonly holder?: string;
  readonly order?: string;
}

const DESCRIPTIONS = {
  account: 'uId of an account.',
  asset: '`{uId}.{adamId}.{pricingParam}`',
  holder: 'Serial number of a device, or `u:` and the userId of a person.',
  order: 'An orderId.',
} as const;

/** One of the four filters. */
export const SubjectField =
  (kind: keyof SubjectFilter): PropertyDecorator =>
  (target, key) => {
    ApiPropertyOptional({ type: String, description: DESCRIPTIONS[kind] })(target, key);
    IsOptional()(target, key);
    TextField(1, 200)(target, key);
  };

export function subjectsOfFilter({ account, asset, holder, order }: SubjectFilter): Subject[] {
  const subjects: Subject[] = [];
  // The narrowest first: its index is the one that is read.
  if (order !== undefined) subjects.push({ kind: 'order', id: order });
  if (holder !== undefined) subjects.push({ kind: 'holder', id: holderKeyOf(holder) });
  if (asset !== undefined) subjects.push({ kind: 'asset', id: assetKeyOf(asset) });
  if (account !== undefined) subjects.push({ kind: 'account', id: account });
  return subjects;
}
