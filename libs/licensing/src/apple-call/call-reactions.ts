import { idOf, messageTo, reaction, type Reaction } from '@seatbook/kernel';
import type { AccountEvent } from '../account/account-events.js';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import { ACTIVATION, assetOf } from '../asset-id.js';
import type { ActivationEvent } from '../activation/activation-events.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { callStream } from '../streams.js';

/** A ledger has answered which pairs of the call it claimed. */
const takeClaim = reaction<ActivationEvent | AssetEvent>('call.take-claim', {
  'activation.claimed': ({ data: { callId, missed } }) => [
    messageTo(callStream(callId), {
      type: 'RecordClaim',
      asset: ACTIVATION,
      missed: { serialNumbers: [], userIds: missed },
    }),
  ],
  'asset.licenses-claimed': ({ stream, data: { callId, missed } }) => {
    const { adamId, pricingParam } = assetOf(idOf(stream));
    const asset = { adamId, pricingParam };
    return [messageTo(callStream(callId), { type: 'RecordClaim', asset, missed })];
  },
});

/** Apple is done with the event of the call. */
const takeOutcome = reaction<AppleEventEvent>('call.take-outcome', {
  'appleEvent.completed': ({ stream, data: { callId, failures, heardAt } }) => [
    messageTo(callStream(callId), { type: 'RecordOutcome', appleEventId: idOf(stream), failures }, heardAt),
  ],
});

const nextAttempt = reaction<AppleEventEvent>('call.next-attempt', {
  'appleEvent.stalled': ({ stream, data: { callId, reason } }) => [
    messageTo(callStream(callId), { type: 'RetryAttempt', appleEventId: idOf(stream), reason }),
  ],
});

/** Nobody will hear of the calls of an account that was removed. */
const abandon = reaction<AccountEvent>('call.abandon', {
  'account.work-ending': ({ data: { callIds } }) =>
    callIds.map((callId) =>
      messageTo(callStream(callId), { type: 'AbandonCall', reason: 'the account was removed' }),
    ),
});

export const callReactions: readonly Reaction[] = [takeClaim, takeOutcome, nextAttempt, abandon];
