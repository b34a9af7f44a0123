import { chunksOf } from '@seatbook/kernel';
import type { DriftEvidence, DriftKind, DriftSource, DriftWindow } from '../asset/asset-events.js';
import { idOfAsset } from '../asset-id.js';
import { MAX_HOLDERS, holdersOf, type HolderKey } from '../holder.js';
import type { AssetId, LicensingPorts } from '../ports.js';
import { appleEventStream } from '../streams.js';
import type { ReconciliationCommand } from './reconciliation-decider.js';

/** What is known of the pairs of an asset that differ, beside themselves. */
export interface Circumstances {
  readonly asset: AssetId;
  readonly window: DriftWindow;
  /** Apple sends notifications to us. */
  readonly subscribed: boolean;
  /** Events that Apple announced and that are none of ours, with their assets. */
  readonly foreignEvents: ReadonlyMap<string, readonly string[]>;
}

interface Cause {
  readonly source: DriftSource;
  readonly evidence: DriftEvidence;
  readonly reference: string | null;
}

/**
 * Pairs that drifted, with who is likely to have done it: who causes events at Apple is another tool, and what Apple does
 * not announce is done in its console. What a late effect of ours did, the ledger knows.
 */
export async function seen(
  kind: DriftKind,
  keys: readonly HolderKey[],
  { asset, window, subscribed, foreignEvents }: Circumstances,
  ports: LicensingPorts,
): Promise<readonly ReconciliationCommand[]> {
  if (keys.length === 0) return [];
  const named = await foreignEventsOf(keys, asset, foreignEvents, ports);
  const unannounced: Cause = subscribed
    ? { source: 'console', evidence: 'not-announced', reference: null }
    : { source: 'unknown', evidence: 'not-subscribed', reference: null };
  const groups = new Map<string | null, HolderKey[]>();
  for (const key of keys) {
    const reference = named.get(key) ?? null;
    groups.set(reference, [...(groups.get(reference) ?? []), key]);
  }
  return [...groups].flatMap(([reference, alike]) => {
    const cause: Cause =
      reference === null ? unannounced : { source: 'another-tool', evidence: 'foreign-event', reference };
    return chunksOf(alike, MAX_HOLDERS).map((chunk): ReconciliationCommand => ({
      type: 'SeeDrift',
      asset,
      seen: { ...holdersOf(chunk), kind, ...window, ...cause },
    }));
  });
}

/** The last foreign event that names each of these pairs, where there is one. */
async function foreignEventsOf(
  keys: readonly HolderKey[],
  asset: AssetId,
  foreignEvents: Circumstances['foreignEvents'],
  { look }: LicensingPorts,
): Promise<ReadonlyMap<HolderKey, string>> {
  const id = idOfAsset(asset);
  const named = new Map<HolderKey, string>();
  for (const [appleEventId, assets] of foreignEvents) {
    if (!assets.includes(id)) continue;
    await look(appleEventStream(appleEventId), (event) => {
      const pairs = event.phase === 'over' ? undefined : event.heard.named.get(id);
      for (const key of keys) if (pairs?.has(key)) named.set(key, appleEventId);
    });
  }
  return named;
}
