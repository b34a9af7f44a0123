import { idOf, type Envelope } from '@seatbook/kernel';
import { holderCount, holderKeys, orderAt, type HolderKey } from '../holder.js';
import { canonicalHolder } from '../serial-number.js';
import type { AssetEvent } from './asset-events.js';
import { failedBeforeOf, pairMovesOf, type Counted, type PairMove } from './movements.js';
import { pairKey } from './pairs-model.js';

/** A pair that is in another state after some events than before them. Null: there is no pair. */
export interface PairDifference {
  /** `{uId}.{adamId}.{pricingParam}` */
  readonly asset: string;
  /** As the ledger spells it. */
  readonly holder: HolderKey;
  /** `absent-or-failed`: which of the two, only an event before them tells. Claims count as reserved. */
  readonly before: Counted | null | 'absent-or-failed';
  readonly after: Counted | null;
  /** The order that the last change belongs to; null for what others did. */
  readonly orderId: string | null;
  /** The last change. */
  readonly event: Envelope<AssetEvent>;
}

/**
 * What consecutive events of ledgers did to pairs. An event says where its pairs come from, so nothing before the
 * events is read; and only the pairs that they touch are kept.
 */
export class PairDifferences {
  readonly #touched = new Map<string, PairDifference>();

  /** Takes the next event; of its pairs only those of one holder, where one is named. */
  follow(event: Envelope<AssetEvent>, only: HolderKey | null = null): void {
    const asset = idOf(event.stream);
    for (const move of pairMovesOf(event))
      for (const [index, holder] of holderKeys(move.holders).entries()) {
        if (only !== null && canonicalHolder(holder) !== only) continue;
        const key = pairKey(asset, holder);
        const before = this.#touched.get(key)?.before;
        this.#touched.set(key, {
          asset,
          holder,
          before: before === undefined ? originOf(move, event) : before,
          after: move.to,
          orderId: orderOf(event, index),
          event,
        });
      }
  }

  /** Every pair that was touched, as it was left. */
  touched(): IterableIterator<PairDifference> {
    return this.#touched.values();
  }

  /** Pairs that are in another state than before, in the order in which they were touched first. */
  *different(): Generator<PairDifference> {
    for (const pair of this.#touched.values()) if (pair.before !== pair.after) yield pair;
  }
}

function originOf({ from }: PairMove, event: AssetEvent): PairDifference['before'] {
  const failed = failedBeforeOf(event);
  if (from !== null || failed === 0) return from;
  const coming = pairMovesOf(event).reduce((sum, { holders }) => sum + holderCount(holders), 0);
  return failed === coming ? 'failed' : 'absent-or-failed';
}

/** What ended a reservation is the order that ended it. */
function orderOf({ type, data }: AssetEvent, index: number): string | null {
  if (type === 'asset.reservations-ended' && data.by !== '') return data.by;
  const orderId = 'orderId' in data || 'orderIds' in data ? orderAt(data, index) : '';
  return orderId === '' ? null : orderId;
}
