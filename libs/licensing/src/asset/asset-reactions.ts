import {
  effectiveAt,
  idOf,
  messageTo,
  reaction,
  type Envelope,
  type EventOf,
  type Reaction,
} from '@seatbook/kernel';
import type { AccountEvent } from '../account/account-events.js';
import { isOfPersons } from '../call-action.js';
import type { CallEvent } from '../apple-call/call-events.js';
import { MAX_HOLDERS, holderCount, holderKeys, type HolderKey } from '../holder.js';
import type { OrderEvent, OrderKind } from '../order/order-events.js';
import type { ReconciliationEvent } from '../reconciliation/reconciliation-events.js';
import { assetStream } from '../streams.js';
import type { AssetCommand } from './asset-decider.js';
import type { AssetEvent } from './asset-events.js';

/** Of orders that reassign nothing. */
const NO_GIVER: HolderKey = 'd:';

/** Each question of an order goes to the ledger of its asset. */
const askLedger = reaction<OrderEvent>('asset.ask-ledger', {
  'order.reservation-asked': ({ stream, data }) => {
    const {
      uId,
      kind,
      part,
      serialNumbers,
      userIds,
      ifShort,
      fromReserve,
      platform,
      install,
      removeApp,
      giver = NO_GIVER,
    } = data;
    const question = { orderId: idOf(stream), part, holders: { serialNumbers, userIds } };
    const asked: Readonly<Record<OrderKind, AssetCommand>> = {
      AssignLicense: { type: 'ReserveLicenses', ...question, ifShort, fromReserve, platform, install },
      ReturnLicense: { type: 'ReturnLicenses', ...question, removeApp },
      RolloutApp: { type: 'AskInstallations', ...question },
      ReassignLicense: {
        type: 'ReassignLicense',
        ...{ orderId: question.orderId, part, fromReserve, giver },
        receiver: holderKeys(question.holders).find((key) => key !== giver) ?? giver,
      },
    };
    return [messageTo(assetStream(uId, data), asked[kind])];
  },
});

/** Pairs of an order that was cancelled wait no longer. */
const endWaiting = reaction<OrderEvent>('asset.end-waiting', {
  'order.cancellation-asked': ({ stream, data: { uId, assets } }) =>
    assets.map((asset) => messageTo(assetStream(uId, asset), { type: 'EndWaiting', orderId: idOf(stream) })),
});

/** A ledger ends a limited number at once; a full event says that there may be more. */
const endMoreWaiting = reaction<AssetEvent>('asset.end-more-waiting', {
  'asset.reservations-ended': ({ stream, data }) => {
    const cancelled = data.was !== 'reserved' && 'orderId' in data && data.orderId === data.by;
    if (!cancelled || holderCount(data) < MAX_HOLDERS) return [];
    return [messageTo<AssetCommand>(stream, { type: 'EndWaiting', orderId: data.by })];
  },
});

const serve = ({ stream }: Envelope) => [messageTo<AssetCommand>(stream, { type: 'ServeWaiting' })];

/** Whenever a licence may have become free, the waiting list is served in its order; the excess is withdrawn in further passes. */
const serveWaiting = reaction<AssetEvent>('asset.serve-waiting', {
  'asset.totals-read': serve,
  'asset.baseline-completed': serve,
  'asset.opened': serve,
  'asset.reserve-set': serve,
  'asset.shortage-cleared': serve,
  'asset.licenses-failed': serve,
  'asset.licenses-returned': serve,
  'asset.adoption-corrected': serve,
  'asset.drift-found': serve,
  'asset.reservations-ended': serve,
  'asset.reservations-withdrawn': serve,
  'asset.licenses-served': serve,
});

/** A planned call claims its pairs in each of its ledgers. */
const claimPairs = reaction<CallEvent>('asset.claim-pairs', {
  'call.planned': ({ stream, data: { uId, action, assets, serialNumbers, userIds } }) =>
    isOfPersons(action)
      ? []
      : assets.map((asset) =>
          messageTo(assetStream(uId, asset), {
            type: 'ClaimPairs',
            callId: idOf(stream),
            action,
            holders: { serialNumbers, userIds },
          }),
        ),
});

function release({ stream, data }: Envelope<EventOf<CallEvent, 'call.ready' | 'call.dropped'>>) {
  const { uId, action, assets, leaving } = data;
  if (isOfPersons(action) || holderCount(leaving) === 0) return [];
  return assets.map((asset) =>
    messageTo(assetStream(uId, asset), {
      type: 'ReleaseClaims',
      callId: idOf(stream),
      action,
      holders: leaving,
    }),
  );
}

/** The claimed pairs of a holder who leaves the call are released. */
const releaseLeaving = reaction<CallEvent>('asset.release-leaving', {
  'call.ready': release,
  'call.dropped': release,
});

/** What became of a call goes to each of its ledgers. */
const settleLedgers = reaction<CallEvent>('asset.settle-ledgers', {
  'call.settled': ({ stream, metadata, data: { uId, action, assets, failures, attempts } }) => {
    if (isOfPersons(action)) return [];
    return assets.map((asset) =>
      messageTo(
        assetStream(uId, asset),
        {
          type: 'SettleCall',
          callId: idOf(stream),
          action,
          attempts,
          failures: failures.filter(
            ({ adamId, pricingParam }) => adamId === asset.adamId && pricingParam === asset.pricingParam,
          ),
        },
        effectiveAt(metadata),
      ),
    );
  },
});

const recordAssets = reaction<ReconciliationEvent>('asset.record-assets', {
  'reconciliation.assets-read': ({ data: { uId, assets, readAt, since } }) =>
    assets.map((asset) =>
      messageTo(
        assetStream(uId, asset),
        { type: 'RecordAsset', asset, readAt, since, nothingAssigned: asset.assigned === 0 },
        readAt,
      ),
    ),
});

const adoptAssignments = reaction<ReconciliationEvent>('asset.adopt-assignments', {
  'reconciliation.assignments-read': ({ metadata, data }) => {
    const { uId, serialNumbers, userIds } = data;
    const holders = { serialNumbers, userIds };
    return [messageTo(assetStream(uId, data), { type: 'AdoptAssignments', holders }, effectiveAt(metadata))];
  },
});

const correctAdoption = reaction<ReconciliationEvent>('asset.correct-adoption', {
  'reconciliation.adoptions-missing': ({ metadata, data }) => {
    const { uId, serialNumbers, userIds } = data;
    const holders = { serialNumbers, userIds };
    return [messageTo(assetStream(uId, data), { type: 'CorrectAdoption', holders }, effectiveAt(metadata))];
  },
});

/** What others did goes to the ledger, which looks once more whether nobody of ours has touched the pairs. */
const recordDrift = reaction<ReconciliationEvent>('asset.record-drift', {
  'reconciliation.drift-seen': ({
    data: { uId, adamId, pricingParam, serialNumbers, userIds, ...found },
  }) => [
    messageTo(
      assetStream(uId, { adamId, pricingParam }),
      { type: 'RecordDrift', found: { ...found, holders: { serialNumbers, userIds } } },
      found.to,
    ),
  ],
});

const completeBaseline = reaction<ReconciliationEvent>('asset.complete-baseline', {
  'reconciliation.walk-completed': ({ data }) => {
    const { uId, count, unstable } = data;
    return [messageTo(assetStream(uId, data), { type: 'CompleteBaseline', count, unstable })];
  },
});

const describeAssets = reaction<ReconciliationEvent>('asset.describe-assets', {
  'reconciliation.metadata-read': ({ data: { uId, found } }) =>
    found.flatMap(({ pricingParams, ...metadata }) =>
      pricingParams.map((pricingParam) =>
        messageTo(assetStream(uId, { adamId: metadata.adamId, pricingParam }), {
          type: 'DescribeAsset',
          metadata,
        }),
      ),
    ),
});

/** What waits for assets that Apple does not list, or for licences that are not there, is refused: all of it. */
const refuseWaiting = reaction<ReconciliationEvent | AssetEvent>('asset.refuse-waiting', {
  'reconciliation.assets-unlisted': ({ data: { uId, assets } }) =>
    assets.map((asset) => messageTo(assetStream(uId, asset), { type: 'RefuseUnlisted' })),
  'asset.waiting-refused': ({ stream, data }) => {
    if (holderCount(data) < MAX_HOLDERS) return [];
    const type = data.refusal === 'SHORT' ? 'RefuseShort' : 'RefuseUnlisted';
    return [messageTo<AssetCommand>(stream, { type })];
  },
});

/** Ledgers of an account that ends give nothing away any more, and end what no call has. */
const closeLedgers = reaction<AccountEvent>('asset.close-ledgers', {
  'account.work-ending': ({ data: { uId, ledgers, abandoned } }) =>
    ledgers.map((asset) => messageTo(assetStream(uId, asset), { type: 'CloseLedger', abandoned })),
});

const openLedgers = reaction<AccountEvent>('asset.open-ledgers', {
  'account.ledgers-opened': ({ data: { uId, ledgers } }) =>
    ledgers.map((asset) => messageTo(assetStream(uId, asset), { type: 'OpenLedger' })),
});

export const assetReactions: readonly Reaction[] = [
  askLedger,
  endWaiting,
  endMoreWaiting,
  serveWaiting,
  claimPairs,
  releaseLeaving,
  settleLedgers,
  recordAssets,
  adoptAssignments,
  correctAdoption,
  recordDrift,
  completeBaseline,
  describeAssets,
  refuseWaiting,
  closeLedgers,
  openLedgers,
];
