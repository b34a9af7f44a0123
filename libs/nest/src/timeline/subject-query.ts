import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { Refusal } from '@seatbook/kernel';
import { assetKey } from '@seatbook/licensing';
import type { Subject } from '@seatbook/application';
import { TextField } from '../http/text-field.js';
import { assetIdOf } from '../assets/asset-id.js';
import { deviceKey, personKey } from '../pairs/holder-answer.js';

/** What timeline and history can be asked about. */
export interface SubjectFilter {
  readonly accountId?: string;
  readonly assetId?: string;
  readonly serialNumber?: string;
  readonly userId?: string;
  readonly orderId?: string;
}

const DESCRIPTIONS = {
  accountId: 'An account.',
  assetId: 'An asset of the account that `accountId` names.',
  serialNumber: 'A device.',
  userId: 'A person.',
  orderId: 'An order.',
} as const;

/** One of the filters. */
export const SubjectField =
  (kind: keyof SubjectFilter): PropertyDecorator =>
  (target, key) => {
    ApiPropertyOptional({ type: String, description: DESCRIPTIONS[kind] })(target, key);
    IsOptional()(target, key);
    TextField(1, 200)(target, key);
  };

/**
 * The subjects that are asked about, the narrowest first: its index is the one that is read. An account that names
 * where an asset is to be found is no subject of its own.
 * @throws Refusal INVALID_SUBJECT, INVALID_ASSET
 */
export function subjectsOfFilter(filter: SubjectFilter): Subject[] {
  const { accountId, assetId, serialNumber, userId, orderId } = filter;
  const subjects: Subject[] = [];
  if (orderId !== undefined) subjects.push({ kind: 'order', id: orderId });
  if (serialNumber !== undefined) subjects.push({ kind: 'holder', id: deviceKey(serialNumber) });
  if (userId !== undefined) subjects.push({ kind: 'holder', id: personKey(userId) });
  if (assetId !== undefined) {
    if (accountId === undefined)
      throw new Refusal('INVALID_SUBJECT', 'name the account of the asset as well: accountId');
    subjects.push({ kind: 'asset', id: assetKey(accountId, assetIdOf(assetId)) });
  } else if (accountId !== undefined) {
    subjects.push({ kind: 'account', id: accountId });
  }
  return subjects;
}
