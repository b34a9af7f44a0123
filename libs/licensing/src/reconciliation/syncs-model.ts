import { readModel, type Change, type Instant, type Position, type Recorded } from '@seatbook/kernel';
import type { ReconciliationEvent } from './reconciliation-events.js';

/** A comparison of a location with Apple that somebody asked for. */
export interface SyncDocument {
  syncId: string;
  uId: string;
  /** All assets are walked for it, not only those that differ. */
  full: boolean;
  state: 'requested' | 'comparing' | 'completed';
  requestedBy: string;
  requestedAt: Instant;
  completedAt: Instant | null;
  /** Assets that are walked for it; null until the totals were read. */
  assets: number | null;
  walked: number;
  /** Pairs that others gave and took, as its walks found. */
  added: number;
  taken: number;
  position: Position;
}

type SyncChange = Change<SyncDocument>;

const changed = (
  { position }: Pick<Recorded, 'position'>,
  syncId: string,
  change: (sync: SyncDocument) => Partial<SyncDocument>,
): SyncChange => ({
  key: syncId,
  evolve: (before) => before && { ...before, ...change(before), position },
});

export const syncsModel = readModel<SyncDocument, ReconciliationEvent>()({
  name: 'syncs',
  version: 1,
  on: {
    'reconciliation.sync-requested': ({ position, metadata, data: { syncId, uId, full, at } }) => [
      {
        key: syncId,
        evolve: () => ({
          syncId,
          uId,
          full,
          state: 'requested',
          requestedBy: metadata.principal,
          requestedAt: at,
          completedAt: null,
          assets: null,
          walked: 0,
          added: 0,
          taken: 0,
          position,
        }),
      },
    ],
    'reconciliation.sync-started': (event) => [
      changed(event, event.data.syncId, () => ({ state: 'comparing', assets: event.data.assets.length })),
    ],
    'reconciliation.walk-completed': (event) => {
      const { syncIds, added, taken, unstable } = event.data;
      return syncIds.map((syncId) =>
        changed(event, syncId, (sync) => ({
          walked: sync.walked + (unstable ? 0 : 1),
          added: sync.added + added,
          taken: sync.taken + taken,
        })),
      );
    },
    'reconciliation.sync-completed': (event) => [
      changed(event, event.data.syncId, () => ({ state: 'completed', completedAt: event.data.at })),
    ],
  },
  indexes: [{ name: 'by-account', fields: ['uId', 'requestedAt'] }],
});
