import { ApiProperty } from '@nestjs/swagger';
import { isoTime } from '@seatbook/kernel';
import type { HolderKey, PairDocument, PairState } from '@seatbook/licensing';
import { AsOfAnswer } from '../reading/as-of.js';

export const pairStates: readonly PairState[] = [
  'waiting',
  'reserved',
  'claimed',
  'assigned',
  'returning',
  'failed',
];

export class HolderAnswer {
  @ApiProperty({ enum: ['device', 'person'] })
  kind!: 'device' | 'person';

  @ApiProperty({ description: 'Serial number of the device, or our userId of the person.' })
  id!: string;
}

export class PairAnswer {
  @ApiProperty()
  account!: string;

  @ApiProperty()
  adamId!: string;

  @ApiProperty()
  pricingParam!: string;

  @ApiProperty({ type: HolderAnswer })
  holder!: HolderAnswer;

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

export class HolderPairs {
  @ApiProperty({ type: HolderAnswer })
  holder!: HolderAnswer;

  @ApiProperty({ type: [PairAnswer] })
  items!: readonly PairAnswer[];

  @ApiProperty({ type: String, nullable: true })
  next!: string | null;

  @ApiProperty({ type: AsOfAnswer })
  asOf!: AsOfAnswer;
}

export const holderAnswer = (holder: HolderKey): HolderAnswer => ({
  kind: holder.startsWith('d:') ? 'device' : 'person',
  id: holder.slice(2),
});

/** A serial number, or `u:` and a userId. */
export function holderKeyOf(text: string): HolderKey {
  const trimmed = text.trim();
  if (trimmed.startsWith('u:')) return trimmed;
  return `d:${trimmed.replace(/^d:/, '').toUpperCase()}`;
}

export const pairAnswer = (pair: PairDocument): PairAnswer => ({
  account: pair.uId,
  adamId: pair.adamId,
  pricingParam: pair.pricingParam,
  holder: holderAnswer(pair.holder),
  state: pair.state,
  orderId: pair.orderId,
  adopted: pair.adopted,
  callId: pair.callId,
  errorNumber: pair.errorNumber,
  reason: pair.reason,
  since: isoTime(pair.since) ?? '',
});
