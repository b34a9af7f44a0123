import { chunksOf, type Instant } from '@seatbook/kernel';
import { MAX_HOLDERS, holderKeys, holdersOf, type HolderKey, type Holders } from '../holder.js';
import type {
  AssetEvent,
  Counts,
  CountSource,
  Drift,
  DriftDecision,
  DriftKind,
  DriftPolicy,
  DriftWindow,
} from './asset-events.js';
import { isSettled } from '../drift.js';
import type { Asset } from './asset-state.js';
import { foundWaiting } from './found-waiting.js';
import { ofOrders } from './pairs-in-parallel.js';
import { MAX_RESTORES, recent } from './restores.js';

/** What a walk found of pairs that nobody of ours had touched. */
export interface FoundDrift extends DriftWindow, Pick<Drift, 'source' | 'evidence' | 'reference'> {
  readonly kind: DriftKind;
  readonly holders: Holders;
  readonly policy: DriftPolicy;
}

/** What pairs that drift have in common, so that one event tells of them. */
type Common = Pick<Drift, 'before' | 'source' | 'evidence' | 'reference' | 'decision' | 'overruled'>;

/** The ledger follows Apple at once; what of it is undone, the decision says. */
export function driftFound(found: FoundDrift, asset: Asset): AssetEvent[] {
  const keys = [...new Set(holderKeys(found.holders))];
  if (found.kind === 'taken') {
    const settled = keys.filter((key) => isSettled(asset.pairs.get(key)));
    return drifts(settled, found, asset);
  }
  const { unknown, events } = foundWaiting(keys, asset);
  return [...drifts(unknown, found, asset), ...events];
}

function drifts(keys: readonly HolderKey[], found: FoundDrift, asset: Asset): AssetEvent[] {
  const { kind, from, to } = found;
  const groups = new Map<string, { readonly common: Common; readonly keys: HolderKey[] }>();
  for (const key of keys) {
    const common = commonOf(key, found, asset);
    const text = JSON.stringify(common);
    const group = groups.get(text) ?? { common, keys: [] };
    groups.set(text, group);
    group.keys.push(key);
  }
  return [...groups.values()].flatMap(({ common, keys: alike }) =>
    chunksOf(alike, MAX_HOLDERS).map((chunk): AssetEvent => ({
      type: 'asset.drift-found',
      data: { kind, ...common, from, to, ...ofTheirOrders(chunk, kind, asset) },
    })),
  );
}

function commonOf(key: HolderKey, found: FoundDrift, asset: Asset): Common {
  const { kind, policy, to, source, evidence, reference } = found;
  const lateEffect = asset.lateEffects.get(key);
  const late = lateEffect && (lateEffect.action === 'associate') === (kind === 'added') ? lateEffect : null;
  const ours = {
    source: 'own-late-effect',
    evidence: late ? 'unanswered-call' : 'failed-before',
    reference: late?.callId ?? null,
  } as const;
  // Apple had said that it failed: its order wanted it.
  if (asset.pairs.get(key)?.state === 'failed')
    return { before: 'failed', ...ours, decision: 'accepted', overruled: null };
  const before = kind === 'taken' ? 'assigned' : 'absent';
  // What a call of ours does late, the orders since did not want: they stand.
  if (late) return { before, ...ours, ...decisionOf(key, kind, 'restore', to, asset) };
  return { before, source, evidence, reference, ...decisionOf(key, kind, policy, to, asset) };
}

function decisionOf(
  key: HolderKey,
  kind: DriftKind,
  policy: DriftPolicy,
  now: Instant,
  asset: Asset,
): Pick<Drift, 'decision' | 'overruled'> {
  if (policy !== 'restore') return { decision: DECISIONS[policy], overruled: null };
  if (kind === 'added' && asset.traits?.revocable === false)
    return { decision: 'asked', overruled: 'NOT_REVOCABLE' };
  const restored = recent(asset.restores.get(key) ?? [], now).length;
  if (restored >= MAX_RESTORES) return { decision: 'asked', overruled: 'OSCILLATES' };
  return { decision: 'restoring', overruled: null };
}

const DECISIONS: Readonly<Record<DriftPolicy, DriftDecision>> = {
  accept: 'accepted',
  restore: 'restoring',
  ask: 'asked',
};

/** Taken pairs with the orders that they were held for; added ones are of none. */
const ofTheirOrders = (keys: readonly HolderKey[], kind: DriftKind, asset: Asset) =>
  kind === 'taken' ? ofOrders(keys, asset) : { ...holdersOf(keys), orderId: '' };

/** What a person decides about drift that waits for it. What does not wait for it is left alone. */
export function driftDecided(decision: 'accept' | 'restore', holders: Holders, asset: Asset): AssetEvent[] {
  const events: AssetEvent[] = [];
  for (const kind of ['taken', 'added'] as const) {
    const keys = [...new Set(holderKeys(holders))].filter((key) => asset.asked.get(key) === kind);
    for (const chunk of chunksOf(keys, MAX_HOLDERS))
      events.push({
        type: 'asset.drift-decided',
        data: { ...holdersOf(chunk), kind, decision: decision === 'accept' ? 'accepted' : 'restoring' },
      });
  }
  return events;
}

/** Where the number of licences comes from, as far as the numbers themselves tell. */
export function sourceOfCount(before: Counts, after: Counts): CountSource {
  if (before.unlimited !== after.unlimited) return 'apple';
  if (after.total > before.total) return 'purchase';
  // Licences that were refunded, or are used up, are counted as retired; those that were moved away are not.
  if (after.total < before.total) return after.retired > before.retired ? 'refund' : 'transfer';
  return 'apple';
}
