import { idOf, type Reaction } from '@seatbook/kernel';
import type { AssetCommand } from '../asset/asset-decider.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { holderCount } from '../holder.js';
import { assetOf, assetStream, callStream } from '../streams.js';
import type { CallCommand } from './call-decider.js';
import type { CallEvent } from './call-events.js';

/** A planned call claims its pairs in each of its ledgers. */
const claimPairs: Reaction<Extract<CallEvent, { type: 'call.planned' }>> = {
  name: 'call.claim-pairs',
  handles: ['call.planned'],
  react({ stream, data: { uId, action, assets, serialNumbers, userIds } }) {
    const command: AssetCommand = {
      type: 'ClaimPairs',
      callId: idOf(stream),
      action,
      holders: { serialNumbers, userIds },
    };
    return assets.map((asset) => ({ stream: assetStream(uId, asset), command }));
  },
};

const takeClaim: Reaction<Extract<AssetEvent, { type: 'asset.licenses-claimed' }>> = {
  name: 'call.take-claim',
  handles: ['asset.licenses-claimed'],
  react({ stream, data: { callId, missed } }) {
    const { adamId, pricingParam } = assetOf(idOf(stream));
    const command: CallCommand = { type: 'RecordClaim', asset: { adamId, pricingParam }, missed };
    return [{ stream: callStream(callId), command }];
  },
};

/** Who leaves the call gives its claimed pairs back. */
const releaseLeaving: Reaction<Extract<CallEvent, { type: 'call.ready' | 'call.dropped' }>> = {
  name: 'call.release-leaving',
  handles: ['call.ready', 'call.dropped'],
  react({ stream, data: { uId, action, assets, leaving } }) {
    if (holderCount(leaving) === 0) return [];
    const command: AssetCommand = { type: 'ReleaseClaims', callId: idOf(stream), action, holders: leaving };
    return assets.map((asset) => ({ stream: assetStream(uId, asset), command }));
  },
};

const settleLedgers: Reaction<Extract<CallEvent, { type: 'call.settled' }>> = {
  name: 'call.settle-ledgers',
  handles: ['call.settled'],
  react({ stream, data: { uId, action, assets, failures } }) {
    return assets.map((asset) => {
      const own = failures.filter(
        ({ adamId, pricingParam }) => adamId === asset.adamId && pricingParam === asset.pricingParam,
      );
      const command: AssetCommand = { type: 'SettleCall', callId: idOf(stream), action, failures: own };
      return { stream: assetStream(uId, asset), command };
    });
  },
};

export const callReactions: readonly Reaction[] = [claimPairs, takeClaim, releaseLeaving, settleLedgers];
