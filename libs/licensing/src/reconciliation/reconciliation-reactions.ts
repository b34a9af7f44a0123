import { idOf, type CommandMessage, type Reaction } from '@seatbook/kernel';
import type { AccountEvent } from '../account/account-events.js';
import type { AssetCommand } from '../asset/asset-decider.js';
import type { AssetEvent } from '../asset/asset-events.js';
import type { Timings } from '../timings.js';
import { assetOf, assetStream, reconciliationStream } from '../streams.js';
import type { ReconciliationCommand } from './reconciliation-decider.js';
import type { ReconciliationEvent } from './reconciliation-events.js';

type Read<T extends ReconciliationEvent['type']> = Extract<ReconciliationEvent, { type: T }>;

/** A new account is read whole. */
const startFirstRead: Reaction<Extract<AccountEvent, { type: 'account.imported' }>> = {
  name: 'reconciliation.start-first-read',
  handles: ['account.imported'],
  react({ data: { uId } }) {
    const command: ReconciliationCommand = { type: 'StartFirstRead', uId };
    return [{ stream: reconciliationStream(uId), command }];
  },
};

const recordAssets: Reaction<Read<'reconciliation.assets-read'>> = {
  name: 'reconciliation.record-assets',
  handles: ['reconciliation.assets-read'],
  react({ data: { uId, assets, readAt } }) {
    return assets.map((asset): CommandMessage => {
      const nothingAssigned = asset.assigned === 0;
      const command: AssetCommand = { type: 'RecordAsset', asset, readAt, nothingAssigned };
      return { stream: assetStream(uId, asset), command };
    });
  },
};

const adopt: Reaction<Read<'reconciliation.assignments-read'>> = {
  name: 'reconciliation.adopt',
  handles: ['reconciliation.assignments-read'],
  react({ data }) {
    const { serialNumbers, userIds } = data;
    const command: AssetCommand = { type: 'AdoptAssignments', holders: { serialNumbers, userIds } };
    return [{ stream: assetStream(data.uId, data), command }];
  },
};

const completeBaseline: Reaction<Read<'reconciliation.walk-completed'>> = {
  name: 'reconciliation.complete-baseline',
  handles: ['reconciliation.walk-completed'],
  react({ data }) {
    const command: AssetCommand = { type: 'CompleteBaseline', count: data.count, unstable: data.unstable };
    return [{ stream: assetStream(data.uId, data), command }];
  },
};

const describeAssets: Reaction<Read<'reconciliation.metadata-read'>> = {
  name: 'reconciliation.describe-assets',
  handles: ['reconciliation.metadata-read'],
  react({ data: { uId, found } }) {
    return found.flatMap(({ pricingParams, ...metadata }) =>
      pricingParams.map((pricingParam): CommandMessage => {
        const command: AssetCommand = { type: 'DescribeAsset', metadata };
        return { stream: assetStream(uId, { adamId: metadata.adamId, pricingParam }), command };
      }),
    );
  },
};

/** "Not enough licences" although we saw one free: the totals are read again, after Apple had time to settle. */
const recheckShort = (timings: Timings): Reaction<Extract<AssetEvent, { type: 'asset.found-short' }>> => ({
  name: 'reconciliation.recheck-short',
  handles: ['asset.found-short'],
  react({ stream }) {
    const { uId, adamId, pricingParam } = assetOf(idOf(stream));
    const command: ReconciliationCommand = {
      type: 'RequestTotals',
      reason: 'found short',
      delayMs: timings.totalsWhenShortMs,
      anew: { adamId, pricingParam },
    };
    return [{ stream: reconciliationStream(uId), command }];
  },
});

export const reconciliationReactions = (timings: Timings): readonly Reaction[] => [
  startFirstRead,
  recordAssets,
  adopt,
  completeBaseline,
  describeAssets,
  recheckShort(timings),
];
