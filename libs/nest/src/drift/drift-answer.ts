import { isoTime } from '@seatbook/kernel';
import { idOfAsset, type DriftDecision, type DriftDocument, type DriftKind } from '@seatbook/licensing';
import { Links, OneOf, Text, TextOrNull, Time, TimeOrNull } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { HolderAnswer, holderAnswer } from '../pairs/holder-answer.js';

export const driftStates: readonly DriftDecision[] = ['asked', 'restoring', 'accepted'];

export const driftKinds: readonly DriftKind[] = ['added', 'taken'];

export class DriftAnswer extends HolderAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @OneOf(
    driftKinds,
    'taken',
    '`added`: Apple holds a pair that was not in the ledger. `taken`: Apple no longer holds one that was.',
  )
  kind!: string;

  @OneOf(
    driftStates,
    'asked',
    '`asked`: it waits for a decision. `restoring`: an order undoes it. `accepted`: it stays. The ledger follows Apple in any case.',
  )
  state!: string;

  @OneOf(['absent', 'failed', 'assigned'], 'assigned', 'State of the pair in the ledger before.')
  before!: string;

  @OneOf(['absent', 'assigned'], 'absent', 'State of the pair at Apple, and in the ledger since.')
  after!: string;

  @Time('It happened after this moment …')
  from!: string;

  @Time('… and before this one.')
  to!: string;

  @OneOf(
    ['another-tool', 'console', 'own-late-effect', 'unknown'],
    'console',
    'Who probably did it: another tool, a person in the console of Apple, or a late effect of a call of this product.',
  )
  source!: string;

  @OneOf(
    ['foreign-event', 'unanswered-call', 'failed-before', 'not-announced', 'not-subscribed'],
    'not-announced',
    'What that rests on: an event that Apple announced and that no call has caused; a call that went unanswered; a failure that Apple had reported; the absence of notifications; or nothing, because Apple sends none.',
  )
  evidence!: string;

  @TextOrNull(null, "Apple's event or the call that the evidence is.")
  reference!: string | null;

  @OneOf(
    ['OSCILLATES', 'NOT_REVOCABLE', ''],
    '',
    'Why a person is asked although the policy says restore: the pair was restored twice within a day, or the asset cannot be revoked. Otherwise empty.',
  )
  overruled!: string;

  @TextOrNull('60501a66-da6b-8e0d-99da-ff88c72147da', 'What a taken pair was held for.')
  orderId!: string | null;

  @TextOrNull(null, 'The order that undoes it.')
  restoredBy!: string | null;

  @TextOrNull(null, 'Who decided; null if the policy did, or nobody has.')
  decidedBy!: string | null;

  @TimeOrNull('When it was decided.', null)
  decidedAt!: string | null;

  @Links({ asset: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ' })
  links!: { asset: string };
}

export const driftAnswer = (drift: DriftDocument): DriftAnswer => ({
  accountId: drift.uId,
  assetId: idOfAsset(drift),
  ...holderAnswer(drift.spelledAs),
  kind: drift.kind,
  state: drift.state,
  before: drift.before,
  after: drift.kind === 'taken' ? 'absent' : 'assigned',
  from: isoTime(drift.from) ?? '',
  to: isoTime(drift.to) ?? '',
  source: drift.source,
  evidence: drift.evidence,
  reference: drift.reference,
  overruled: drift.overruled ?? '',
  orderId: drift.orderId,
  restoredBy: drift.restoredBy,
  decidedBy: drift.decidedBy,
  decidedAt: isoTime(drift.decidedAt),
  links: { asset: `${API}/accounts/${drift.uId}/assets/${idOfAsset(drift)}` },
});
