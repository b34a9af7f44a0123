import { type HolderKey } from '../holder.js';
import type { AssetEvent } from './asset-events.js';
import { asSpelled, type Asset } from './asset-state.js';
import { ofOrders } from './pairs-in-parallel.js';
import { toInstall } from './rollout.js';

/** Of pairs that Apple holds: those of which the ledger has none, and what becomes of those that waited for a licence. */
export function foundWaiting(
  keys: readonly HolderKey[],
  asset: Asset,
): { readonly unknown: readonly HolderKey[]; readonly events: readonly AssetEvent[] } {
  const unknown = keys.filter((key) => !asset.pairs.has(key) || asset.pairs.get(key)?.state === 'failed');
  const awaited = keys.filter((key) => asset.pairs.get(key)?.state === 'waiting');
  const events: AssetEvent[] = [];
  // A device that waits has its licence already where Apple only spells it in another way.
  const spelled = new Set(unknown.map((key) => asSpelled(key, asset)));
  const found = [...spelled].filter(
    (key) => asset.pairs.get(key)?.state === 'waiting' && !keys.includes(key),
  );
  if (found.length > 0) events.push({ type: 'asset.found-held', data: ofOrders(found, asset) });
  if (awaited.length > 0)
    events.push({
      type: 'asset.licenses-assigned',
      data: { callId: null, ...ofOrders(awaited, asset), ...toInstall(awaited, asset) },
    });
  return { unknown, events };
}
