import { idOf, messageTo, reaction, type Envelope, type Reaction } from '@seatbook/kernel';
import type { AccountEvent } from '../account/account-events.js';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import { assetOf, isActivation } from '../asset-id.js';
import type { AssetEvent } from '../asset/asset-events.js';
import type { NotificationEvent } from '../notification/notification-events.js';
import { reconciliationStream } from '../streams.js';
import type { Timings } from '../timings.js';

/** A new account is read whole. */
const startFirstRead = reaction<AccountEvent>('reconciliation.start-first-read', {
  'account.imported': ({ data: { uId } }) => [
    messageTo(reconciliationStream(uId), { type: 'StartFirstRead', uId }),
  ],
});

/**
 * A purchase, refund or transfer: the totals are read. Apple's delta is not added up, because a read under way may
 * hold it already, and notifications come twice and in any order.
 */
const readTotals = reaction<NotificationEvent>('reconciliation.read-totals', {
  'notification.asset-count-received': ({ data: { uId } }) => [
    messageTo(reconciliationStream(uId), { type: 'RequestTotals', reason: 'ASSET_COUNT', delayMs: 0 }),
  ],
});

/** Nobody knows yet whose event that is. Who holds its assets is read when it is known to be none of ours. */
const noteAnnouncedEvent = reaction<AppleEventEvent>('reconciliation.note-announced-event', {
  'appleEvent.notification-received': ({ stream, data: { uId, foreignAt, pairs } }) => {
    if (foreignAt === null || pairs.every(isActivation)) return [];
    return [messageTo(reconciliationStream(uId), { type: 'NoteAnnouncedEvent', appleEventId: idOf(stream) })];
  },
});

/** Another tool has changed something: who holds these assets is read. */
const noteForeignEvent = reaction<AppleEventEvent>('reconciliation.note-foreign-event', {
  'appleEvent.found-foreign': ({ stream, data: { uId, assets } }) => [
    messageTo(reconciliationStream(uId), { type: 'NoteForeignEvent', appleEventId: idOf(stream), assets }),
  ],
});

/** A ledger of which nothing is known yet may never be: the list of assets tells. */
const awaitAsset = reaction<AssetEvent>('reconciliation.await-asset', {
  'asset.licenses-reserved': ({ stream, data }) => {
    if (data.waitingReason !== 'not-read-yet') return [];
    const { uId, ...asset } = assetOf(idOf(stream));
    return [messageTo(reconciliationStream(uId), { type: 'AwaitAsset', asset })];
  },
});

/** Apple contradicts the ledger, or may: the totals are read again, after Apple had time to settle. */
const recheckShort = ({ totalsWhenShortMs: delayMs }: Timings): Reaction => {
  const request =
    (reason: string) =>
    ({ stream }: Envelope) => {
      const { uId, adamId, pricingParam } = assetOf(idOf(stream));
      const anew = { adamId, pricingParam };
      return [messageTo(reconciliationStream(uId), { type: 'RequestTotals', reason, delayMs, anew })];
    };
  return reaction<AssetEvent>('reconciliation.recheck-short', {
    'asset.found-short': request('found short'),
    'asset.totals-doubted': request('some wait although a licence may be free'),
  });
};

export const reconciliationReactions = (timings: Timings): readonly Reaction[] => [
  startFirstRead,
  readTotals,
  noteAnnouncedEvent,
  noteForeignEvent,
  awaitAsset,
  recheckShort(timings),
];
