import { idOf, readModel, type Change, type Envelope, type Position } from '@seatbook/kernel';
import { DAY_MS, type UsedInDay } from './forecast.js';
import type { AssetEvent } from './asset-events.js';
import { changesOf } from './movements.js';

/** Licences of an asset that holders got and gave back in one day, whoever had a hand in it. */
export interface DailyUse extends UsedInDay {
  /** `{uId}.{adamId}.{pricingParam}` */
  readonly asset: string;
  /** Days since 1970, in UTC, by when it was recorded. The first is the day on which the asset was first read whole. */
  readonly day: number;
  assigned: number;
  returned: number;
  position: Position;
}

function used(event: Envelope<AssetEvent>): readonly Change<DailyUse>[] {
  const asset = idOf(event.stream);
  const day = Math.floor(event.metadata.recordedAt / DAY_MS);
  const { assigned = 0, returned = 0, driftAdded = 0, driftTaken = 0 } = changesOf(event);
  const evolve = (before: DailyUse | null): DailyUse => {
    const use = before ?? { asset, day, assigned: 0, returned: 0, position: event.position };
    use.assigned += assigned + driftAdded;
    use.returned += returned + driftTaken;
    use.position = event.position;
    return use;
  };
  return [{ key: `${asset}|${day}`, evolve }];
}

export const dailyUseModel = readModel<DailyUse, AssetEvent>()({
  name: 'daily-use',
  version: 1,
  on: {
    'asset.baseline-completed': used,
    'asset.licenses-assigned': used,
    'asset.licenses-returned': used,
    'asset.drift-found': used,
  },
  key: { asset: 'text', day: 'number' },
  shared: ['asset'],
  indexes: [{ name: 'by-asset', fields: ['asset', 'day'] }],
});
