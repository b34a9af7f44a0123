import { numberOf } from '@seatbook/kernel';
import type { OutcomeFound, PairOutcome } from '@seatbook/application';
import { idOfAsset } from '@seatbook/licensing';
import { Count, CountOrNull, OneOf, PartOrNull, Text, TextOrNull } from '../document/fields.js';
import { HolderAnswer, holderAnswer } from '../pairs/holder-answer.js';
import { HoldAnswer, holdAnswer } from './hold-answer.js';

export const pairOutcomes: readonly PairOutcome[] = [
  'waiting',
  'on-hold',
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
    'What this order achieved for the pair; kept even after the pair has ended. `on-hold`: begun, and held with all work of the account.',
  )
  outcome!: string;

  @TextOrNull(null, 'Why; for `already-held`, the order that holds the pair.')
  detail!: string | null;

  @CountOrNull(
    null,
    'Of `waiting`: its place in the waiting list of the asset, from 1 on, at the moment of the answer. Null where it waits for a return.',
  )
  place!: number | null;

  @PartOrNull(() => HoldAnswer, 'Of `on-hold`: since when, why, and what ends it.')
  hold!: HoldAnswer | null;

  @Count(1841, 'The event behind it: GET /history/{position}.')
  position!: number;
}

export function outcomeAnswer({ document, heldBy, place }: OutcomeFound): OutcomeAnswer {
  const { holder, outcome, detail, position, adamId, pricingParam } = document;
  return {
    assetId: idOfAsset({ adamId, pricingParam }),
    ...holderAnswer(holder),
    outcome: heldBy ? 'on-hold' : outcome,
    detail: outcome === 'already-held' && detail === '' ? 'adopted' : detail,
    place,
    hold: heldBy && holdAnswer(heldBy),
    position: numberOf(position),
  };
}
