import { numberOf } from '@seatbook/kernel';
import { ApiProperty } from '@nestjs/swagger';
import { idOfAsset, type OutcomeDocument } from '@seatbook/licensing';
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
  @ApiProperty({ description: '`{adamId}.{pricingParam}`' })
  assetId!: string;

  @ApiProperty({
    enum: pairOutcomes,
    description: 'What this order achieved for the pair; kept even after the pair has ended.',
  })
  outcome!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why; for `already-held`, the order that holds the pair.',
  })
  detail!: string | null;

  @ApiProperty({ description: 'The event behind it: GET /history/{position}.' })
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
