import type { Reaction } from '@seatbook/kernel';
import type { AssetCommand } from './asset-decider.js';
import type { AssetEvent } from './asset-events.js';

type FreeingEvent = Extract<
  AssetEvent,
  {
    type:
      | 'asset.totals-read'
      | 'asset.baseline-completed'
      | 'asset.shortage-cleared'
      | 'asset.licenses-failed'
      | 'asset.licenses-returned'
      | 'asset.reservations-ended'
      | 'asset.reservations-withdrawn'
      | 'asset.licenses-served';
  }
>;

/** Whenever a licence may have become free, the waiting list is served in its order; what is too much goes on to end. */
const serveWaiting: Reaction<FreeingEvent> = {
  name: 'asset.serve-waiting',
  handles: [
    'asset.totals-read',
    'asset.baseline-completed',
    'asset.shortage-cleared',
    'asset.licenses-failed',
    'asset.licenses-returned',
    'asset.reservations-ended',
    'asset.reservations-withdrawn',
    'asset.licenses-served',
  ],
  react({ stream }) {
    const command: AssetCommand = { type: 'ServeWaiting' };
    return [{ stream, command }];
  },
};

export const assetReactions: readonly Reaction[] = [serveWaiting];
