import { chunksOf } from '@seatbook/kernel';
import type { DriftEvidence, DriftKind, DriftSource, DriftWindow } from '../asset/asset-events.js';
import { NO_ERROR } from '../apple-event/apple-event-events.js';
import { idOfAsset } from '../asset-id.js';
import { MAX_HOLDERS, holdersOf, type HolderKey } from '../holder.js';
import type { AssetId, LicensingPorts } from '../ports.js';
import { appleEventStream, reconciliationStream } from '../streams.js';
import type { ReconciliationCommand } from './reconciliation-decider.js';
import { inReading } from './reconciliation-state.js';

/** What is known of the pairs of an asset that differ, beside themselves. */
export interface Circumstances {
  readonly uId: string;
  readonly asset: AssetId;
  readonly window: DriftWindow;
  /** Apple sends notifications to us. */
  readonly subscribed: boolean;
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
  { uId, asset, window, subscribed }: Circumstances,
  ports: LicensingPorts,
): Promise<readonly ReconciliationCommand[]> {
  if (keys.length === 0) return [];
  const named = await foreignEventsOf(kind, keys, { uId, asset, window }, ports);
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

/**
 * The last event of no call of ours that did this to each of these pairs, where there is one. Apple has announced it; that
 * no call will be known for it may still be to be seen. A call of ours whose answer was lost is no such event: its pairs
 * are ours, or its effect is known to the ledger as a late one.
 */
async function foreignEventsOf(
  kind: DriftKind,
  keys: readonly HolderKey[],
  { uId, asset, window }: Pick<Circumstances, 'uId' | 'asset' | 'window'>,
  { look }: LicensingPorts,
): Promise<ReadonlyMap<HolderKey, string>> {
  const id = idOfAsset(asset);
  const candidates = await look(reconciliationStream(uId), (state) => {
    const { foreignEvents, announced } = inReading(state);
    const noted = [...foreignEvents].flatMap(([event, assets]) => (assets.includes(id) ? [event] : []));
    return [...noted, ...announced];
  });
  const named = new Map<HolderKey, string>();
  for (const appleEventId of candidates) {
    await look(appleEventStream(appleEventId), (event) => {
      if (event.phase !== 'unbound' || event.heard.lastAt < window.from) return;
      if ((event.heard.operation === 'ASSOCIATE') !== (kind === 'added')) return;
      const pairs = event.heard.named.get(id);
      for (const key of keys) if (pairs?.get(key) === NO_ERROR) named.set(key, appleEventId);
    });
  }
  return named;
}
