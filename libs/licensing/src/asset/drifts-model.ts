import { idOf, readModel, type Change, type Instant, type Position } from '@seatbook/kernel';
import { assetOf } from '../asset-id.js';
import { holderKeys, orderAt, type HolderKey } from '../holder.js';
import { canonicalHolder } from '../serial-number.js';
import type { AssetEvent, Drift } from './asset-events.js';
import { restoringOrder } from '../drift.js';

/** The last drift of a pair. Earlier ones are in its timeline. */
export interface DriftDocument extends Omit<Drift, 'decision'> {
  uId: string;
  adamId: string;
  pricingParam: string;
  /** `{uId}.{adamId}.{pricingParam}` */
  asset: string;
  /** `d:{serial number}` or `u:{userId}`, in the canonical spelling. */
  holder: HolderKey;
  /** The holder as Apple spells it, which is nearly always the same. */
  spelledAs: HolderKey;
  /** `asked`: it waits for a person. `restoring`: the order `restoredBy` undoes it. */
  state: Drift['decision'];
  /** What a taken pair was held for; null for an adopted pair, or where there was none. */
  orderId: string | null;
  restoredBy: string | null;
  /** Who decided; null where the policy did. */
  decidedBy: string | null;
  decidedAt: Instant | null;
  position: Position;
}

type DriftChange = Change<DriftDocument>;

const driftKey = (asset: string, holder: HolderKey): string => `${asset}|${holder}`;

/** Differences between Apple and the ledger that others caused, and what was decided about each. */
export const driftsModel = readModel<DriftDocument, AssetEvent>()({
  name: 'drifts',
  version: 1,
  on: {
    'asset.drift-found': ({ stream, revision, position, metadata, data }) => {
      const asset = idOf(stream);
      const { kind, before, from, to, source, evidence, reference, decision: state, overruled } = data;
      const drift = { kind, before, from, to, source, evidence, reference, overruled, state };
      const restoredBy = state === 'restoring' ? restoringOrder(stream, revision) : null;
      const decided = { decidedBy: null, decidedAt: state === 'asked' ? null : metadata.recordedAt };
      return holderKeys(data).map((spelledAs, index): DriftChange => ({
        key: driftKey(asset, spelledAs),
        evolve: () => ({
          ...assetOf(asset),
          asset,
          holder: canonicalHolder(spelledAs),
          spelledAs,
          ...drift,
          orderId: orderAt(data, index) || null,
          restoredBy,
          ...decided,
          position,
        }),
      }));
    },
    'asset.drift-decided': ({ stream, revision, position, metadata, data }) => {
      const restoredBy = data.decision === 'restoring' ? restoringOrder(stream, revision) : null;
      const { principal: decidedBy, recordedAt: decidedAt } = metadata;
      const decided = { state: data.decision, restoredBy, decidedBy, decidedAt, position };
      return holderKeys(data).map((holder): DriftChange => ({
        key: driftKey(idOf(stream), holder),
        evolve: (before) => before && { ...before, ...decided },
      }));
    },
  },
  indexes: [
    // Of one asset by equality, of one account by a range: assets begin with the account.
    { name: 'by-asset', fields: ['asset'] },
    { name: 'by-state', fields: ['state', 'asset'] },
  ],
});
