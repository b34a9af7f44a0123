import { idOf, messageTo, reaction, type Reaction } from '@seatbook/kernel';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import { assetOf } from '../asset-id.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { callStream } from '../streams.js';

/** A ledger has answered which pairs of the call it claimed. */
const takeClaim = reaction<AssetEvent>('call.take-claim', {
  'asset.licenses-claimed': ({ stream, data: { callId, missed } }) => {
    const { adamId, pricingParam } = assetOf(idOf(stream));
    const asset = { adamId, pricingParam };
    return [messageTo(callStream(callId), { type: 'RecordClaim', asset, missed })];
  },
});

/** Apple is done with the event of the call. */
const takeOutcome = reaction<AppleEventEvent>('call.take-outcome', {
  'appleEvent.completed': ({ stream, data: { callId, failures } }) => [
    messageTo(callStream(callId), { type: 'RecordOutcome', appleEventId: idOf(stream), failures }),
  ],
});

const nextAttempt = reaction<AppleEventEvent>('call.next-attempt', {
  'appleEvent.stalled': ({ stream, data: { callId, reason } }) => [
    messageTo(callStream(callId), { type: 'RetryAttempt', appleEventId: idOf(stream), reason }),
  ],
});

export const callReactions: readonly Reaction[] = [takeClaim, takeOutcome, nextAttempt];
