import { ApiProperty } from '@nestjs/swagger';
import { isoTime } from '@seatbook/kernel';
import { holderAtApple, idOfAsset, type PairDocument, type PairState } from '@seatbook/licensing';
import { AsOfAnswer } from '../reading/as-of.js';
import { HolderAnswer, holderAnswer } from './holder-answer.js';

export const pairStates: readonly PairState[] = [
  'waiting',
  'reserved',
  'claimed',
  'assigned',
  'returning',
  'failed',
];

export class PairAnswer extends HolderAnswer {
  @ApiProperty()
  accountId!: string;

  @ApiProperty({ description: '`{adamId}.{pricingParam}`' })
  assetId!: string;

  @ApiProperty({ enum: pairStates, description: '`claimed`: reserved, and in a call to Apple.' })
  state!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The order behind this state; null for an adopted pair.',
  })
  orderId!: string | null;

  @ApiProperty({ description: 'Apple already held it when the account was imported.' })
  adopted!: boolean;

  @ApiProperty({ type: String, nullable: true })
  callId!: string | null;

  @ApiProperty({ type: Number, nullable: true })
  errorNumber!: number | null;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ description: 'In this state since.' })
  since!: string;
}

/** What a device or a person holds and waits for. */
export class HolderPairs extends HolderAnswer {
  @ApiProperty({ type: [PairAnswer] })
  items!: readonly PairAnswer[];

  @ApiProperty({ type: String, nullable: true })
  next!: string | null;

  @ApiProperty({ type: AsOfAnswer })
  asOf!: AsOfAnswer;
}

export const pairAnswer = (pair: PairDocument): PairAnswer => ({
  accountId: pair.uId,
  assetId: idOfAsset(pair),
  ...holderAnswer(holderAtApple(pair)),
  state: pair.state,
  orderId: pair.orderId,
  adopted: pair.adopted,
  callId: pair.callId,
  errorNumber: pair.errorNumber,
  reason: pair.reason,
  since: isoTime(pair.since) ?? '',
});
