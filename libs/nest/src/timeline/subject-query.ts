import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { Refusal } from '@seatbook/kernel';
import { assetKey, type Subject } from '@seatbook/licensing';
import { TextField } from '../http/text-field.js';
import { AssetIdField, assetIdOf } from '../assets/asset-id.js';
import { deviceKey, personKey } from '../pairs/holder-answer.js';

const SubjectField = (description: string): PropertyDecorator =>
  applyDecorators(ApiPropertyOptional({ type: String, description }), IsOptional(), TextField(1, 200));

/** An account, an asset, or a holder: what has counts and pairs. */
export class HoldingSubjectQuery {
  @SubjectField('An account.')
  accountId?: string;

  @AssetIdField('An asset of the account that `accountId` names.')
  assetId?: string;

  @SubjectField('A device.')
  serialNumber?: string;

  @SubjectField('A person.')
  userId?: string;
}

/** What timeline and history can be asked about. */
export class SubjectQuery extends HoldingSubjectQuery {
  @SubjectField('An order.')
  orderId?: string;
}

/**
 * The subjects that are asked about, the narrowest first: its index is the one that is read. An account that names
 * where an asset is to be found is no subject of its own.
 * @throws Refusal INVALID_SUBJECT, INVALID_ASSET
 */
export function subjectsOfFilter(filter: SubjectQuery): Subject[] {
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
