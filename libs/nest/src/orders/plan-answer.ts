import type { Reflected } from '@seatbook/application';
import { NAMED_IN_PLAN, idOfAsset, type OrderPlan } from '@seatbook/licensing';
import { Count, OneOf, Part, Parts, Text, TextOrNull } from '../document/fields.js';
import { PLAN_BODIES } from './order-bodies.js';
import { HolderAnswer, holderAnswer } from '../pairs/holder-answer.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

/** What an order would do to the pairs of one asset. Each pair is in exactly one of the counts. */
export class PlannedAssetAnswer {
  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @Count(25, 'Get a licence at once, or give theirs back at once: what calls to Apple are made for.')
  sent!: number;

  @Count(0, 'Wait for a licence.')
  waiting!: number;

  @TextOrNull(
    null,
    'Why the first of them would wait: short, reserved (what is free is kept back), not-read-yet, returning, or promised (that of another holder, as soon as it has come back).',
  )
  waitingReason!: string | null;

  @Count(0, 'Held by another order or adopted; of a return, on its way back already.')
  alreadyHeld!: number;

  @Count(0, 'Of a return: nothing is held.')
  notHeld!: number;

  @Count(0, 'Of a return: a reservation or a place in the waiting list ends, without Apple.')
  ended!: number;

  @Count(0, 'Of a return: a call has the pair, and the return follows when that has ended.')
  pending!: number;

  @Count(0, 'Of a rollout: they have their licence, and installing begins at once.')
  starting!: number;

  @Count(0, 'Of a rollout: their licence is on its way, and installing begins when it has come.')
  coming!: number;

  @Count(0)
  refused!: number;

  @TextOrNull(null, 'Why they are refused.')
  refusal!: string | null;

  @Count(
    25,
    'Of an assignment: licences that it takes, also for those who wait or are refused for want of one.',
  )
  needed!: number;

  @Count(0, 'How many of them are not there.')
  short!: number;

  @Count(
    0,
    'Installations that begin, at once or when the licence has come: of a rollout, and of an assignment of a mandatory app.',
  )
  installations!: number;

  @Parts(
    () => HolderAnswer,
    `The first ${NAMED_IN_PLAN} of those who would wait, also for a licence that is on its way.`,
  )
  waitingHolders!: readonly HolderAnswer[];

  @Parts(() => HolderAnswer, `The first ${NAMED_IN_PLAN} of those who would be refused.`)
  refusedHolders!: readonly HolderAnswer[];
}

export class PlanAnswer {
  @OneOf(Object.keys(PLAN_BODIES), 'AssignLicense')
  kind!: string;

  @Text('7700000000000001')
  accountId!: string;

  @Parts(() => PlannedAssetAnswer)
  assets!: readonly PlannedAssetAnswer[];

  @Count(1, 'Calls to Apple for what is sent, if nothing else shares them.')
  calls!: number;

  @Count(1, "By Apple's limits no grouping takes fewer.")
  lowerBound!: number;

  @Count(1, 'How long the calls take at the rate that Apple allows a location, in seconds.')
  seconds!: number;

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const planAnswer = (
  kind: string,
  accountId: string,
  { assets, asOf, ...cost }: OrderPlan & { readonly asOf: Reflected },
): PlanAnswer => ({
  kind,
  accountId,
  assets: assets.map(({ adamId, pricingParam, leftOut, ...counts }) => ({
    assetId: idOfAsset({ adamId, pricingParam }),
    ...counts,
    waitingHolders: leftOut.waiting.map(holderAnswer),
    refusedHolders: leftOut.refused.map(holderAnswer),
  })),
  ...cost,
  asOf: asOfAnswer(asOf),
});
