import { isoTime } from '@seatbook/kernel';
import { idOfAsset, type PairDocument, type PairState } from '@seatbook/licensing';
import { CountOrNull, Flag, OneOf, Text, TextOrNull, Time } from '../document/fields.js';
import type { Items } from '../reading/page.js';
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
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @OneOf(pairStates, 'assigned', '`claimed`: reserved, and in a call to Apple.')
  state!: string;

  @TextOrNull(
    '60501a66-da6b-8e0d-99da-ff88c72147da',
    'The order behind this state; null for an adopted pair.',
  )
  orderId!: string | null;

  @Flag(false, 'Apple already held it when the account was imported.')
  adopted!: boolean;

  @TextOrNull(null)
  callId!: string | null;

  @CountOrNull(null, "Apple's error number of the last failure.")
  errorNumber!: number | null;

  @TextOrNull(null, 'Why it waits, or why it failed.')
  reason!: string | null;

  @Time('In this state since, as it was recorded.')
  since!: string;

  @Time("In this state since, as it happened: at Apple's end where it changed there.")
  effectiveSince!: string;
}

/** What a device or a person holds and waits for. */
export type HolderPairs = HolderAnswer & Items<PairAnswer>;

export const pairAnswer = (pair: PairDocument): PairAnswer => ({
  accountId: pair.uId,
  assetId: idOfAsset(pair),
  ...holderAnswer(pair.spelledAs),
  state: pair.state,
  orderId: pair.orderId,
  adopted: pair.adopted,
  callId: pair.callId,
  errorNumber: pair.errorNumber,
  reason: pair.reason,
  since: isoTime(pair.since) ?? '',
  effectiveSince: isoTime(pair.effectiveSince) ?? '',
});
