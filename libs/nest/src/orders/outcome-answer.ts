import { numberOf } from '@seatbook/kernel';
import { idOfAsset, type OutcomeDocument } from '@seatbook/licensing';
import { Count, OneOf, Text, TextOrNull } from '../document/fields.js';
import { HolderAnswer, holderAnswer } from '../pairs/holder-answer.js';

export const pairOutcomes: readonly OutcomeDocument['outcome'][] = [
  'waiting',
  'reserved',
  'returning',
  'assigned',
  'returned',
  'already-held',
  'not-held',
  'refused',
  'failed',
  'cancelled',
];

export class OutcomeAnswer extends HolderAnswer {
  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @OneOf(
    pairOutcomes,
    'assigned',
    'What this order achieved for the pair; kept even after the pair has ended.',
  )
  outcome!: string;

  @TextOrNull(null, 'Why; for `already-held`, the order that holds the pair.')
  detail!: string | null;

  @Count(1841, 'The event behind it: GET /history/{position}.')
  position!: number;
}

export const outcomeAnswer = ({
  holder,
  outcome,
  detail,
  position,
  ...asset
}: OutcomeDocument): OutcomeAnswer => ({
  assetId: idOfAsset(asset),
  ...holderAnswer(holder),
  outcome,
  detail: outcome === 'already-held' && detail === '' ? 'adopted' : detail,
  position: numberOf(position),
});
