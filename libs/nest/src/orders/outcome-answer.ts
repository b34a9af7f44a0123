import { ApiProperty } from '@nestjs/swagger';
import type { OutcomeDocument } from '@seatbook/licensing';
import { HolderAnswer, holderAnswer } from '../pairs/pair-answer.js';

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

export class OutcomeAnswer {
  @ApiProperty()
  adamId!: string;

  @ApiProperty()
  pricingParam!: string;

  @ApiProperty({ type: HolderAnswer })
  holder!: HolderAnswer;

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

  @ApiProperty({ description: 'The event behind it: GET /events/{position}.' })
  position!: number;
}

export const outcomeAnswer = ({
  adamId,
  pricingParam,
  holder,
  outcome,
  detail,
  position,
}: OutcomeDocument): OutcomeAnswer => ({
  adamId,
  pricingParam,
  holder: holderAnswer(holder),
  outcome,
  detail: outcome === 'already-held' && detail === '' ? 'adopted' : detail,
  position,
});
