import { Refusal } from '@seatbook/kernel';
import {
  MAX_PAIRS,
  assetStream,
  canonicalHolder,
  holdersOf,
  idOfAsset,
  kindOfHolder,
  orderStream,
  queryModels,
  type AssetId,
  type HolderKey,
  type OrderTerms,
  type RolloutScope,
} from '@seatbook/licensing';
import { giveWay } from '@seatbook/runtime';
import { START_OF_TARGETS, targetsOf } from './installations.js';
import {
  checkKnown,
  checkedAssets,
  mustHaveMdm,
  tooLarge,
  type CheckedOrder,
  type OrderRequest,
} from './order-request.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** A rollout that names nobody. */
export type ScopedRollout = OrderRequest & { readonly scope: RolloutScope };

/**
 * Whom a rollout with a scope would be for now: of each asset the devices that hold its licence, or those on which
 * another rollout has failed, as they stand whichever order wanted them last. Persons have no device of their own.
 * @throws Refusal REJECTED_NO_MDM, INVALID_HOLDER where it names holders as well, INVALID_ASSET, INVALID_ORDER_SIZE;
 *   INVALID_ORDER_EMPTY, NOT_FOUND_ACCOUNT, REJECTED_UNKNOWN_ASSET, REJECTED_NOTHING_HELD of those who hold a licence;
 *   NOT_FOUND_ORDER, REJECTED_NO_ROLLOUT, REJECTED_NOTHING_FAILED of another rollout
 */
export async function scopedRollout(
  seatbook: SeatbookEdge,
  { kind, uId, scope, ifShort, platform, fromReserve = false, ...named }: ScopedRollout,
): Promise<CheckedOrder> {
  mustHaveMdm(seatbook);
  const listed = (named.serialNumbers?.length ?? 0) + (named.userIds?.length ?? 0);
  if (listed > 0 || named.groupId !== undefined)
    throw new Refusal('INVALID_HOLDER', 'name devices, a group, or a scope: one of them');
  const asked = checkedAssets(named.assets);
  const found =
    'failedOf' in scope
      ? await failedOf(seatbook, uId, scope.failedOf, asked)
      : await assignedOf(seatbook, uId, asked);
  const keys = found.flatMap((target) => target.keys);
  const targets = found.map((target) => target.keys.length);
  const assets = found.map(({ asset }) => asset);
  const wish = { ifShort, fromReserve, platform };
  const terms: OrderTerms = { kind, uId, assets, ...wish, holders: keys.length, scope, targets };
  return { terms, holders: holdersOf(keys) };
}

/** Of one asset: each device once, in order. */
interface Targets {
  readonly asset: AssetId;
  readonly keys: readonly HolderKey[];
}

async function assignedOf(
  seatbook: SeatbookEdge,
  uId: string,
  assets: readonly AssetId[],
): Promise<readonly Targets[]> {
  if (assets.length === 0) throw new Refusal('INVALID_ORDER_EMPTY', 'an order names at least one asset');
  await checkKnown(seatbook, uId, assets);
  const found: Targets[] = [];
  let pairs = 0;
  for (const asset of assets) {
    const keys = await seatbook.runner.look(assetStream(uId, asset), (ledger) => {
      const assigned = new Set<HolderKey>();
      for (const [key, { state, followUp }] of ledger.pairs)
        if (state === 'assigned' && followUp === null && kindOfHolder(key) === 'device')
          assigned.add(canonicalHolder(key));
      return assigned;
    });
    pairs += keys.size;
    if (pairs > MAX_PAIRS) throw tooLarge(pairs);
    found.push({ asset, keys: [...keys].sort() });
    await giveWay();
  }
  if (pairs > 0) return found;
  throw new Refusal('REJECTED_NOTHING_HELD', 'no device holds a licence of these assets', {
    assets: assets.length,
  });
}

/** `only`: of these assets of the rollout; of all of them where none is named. */
async function failedOf(
  seatbook: SeatbookEdge,
  uId: string,
  orderId: string,
  only: readonly AssetId[],
): Promise<readonly Targets[]> {
  const { reader, runner } = seatbook;
  const order = await runner.look(orderStream(orderId), (state) =>
    'terms' in state ? { uId: state.terms.uId, kind: state.terms.kind } : null,
  );
  if (order?.uId !== uId) throw new Refusal('NOT_FOUND_ORDER', 'there is no such order of this account');
  if (order.kind !== 'RolloutApp')
    throw new Refusal('REJECTED_NO_ROLLOUT', 'this order is no rollout', { kind: order.kind });
  // What has failed by now is what is shown by now.
  await reader.reachHead(queryModels.installations);
  const named = new Set(only.map(idOfAsset));
  const found = new Map<string, { readonly asset: AssetId; readonly keys: Set<HolderKey> }>();
  for await (const { targets } of targetsOf(seatbook, orderId, uId, START_OF_TARGETS)) {
    for (const { adamId, pricingParam, device, state } of targets) {
      const asset = { adamId, pricingParam };
      const id = idOfAsset(asset);
      if (state !== 'failed' || (named.size > 0 && !named.has(id))) continue;
      const failed = found.get(id) ?? { asset, keys: new Set() };
      failed.keys.add(`d:${device}`);
      found.set(id, failed);
    }
  }
  if (found.size === 0)
    throw new Refusal('REJECTED_NOTHING_FAILED', 'nothing of this rollout has failed', { orderId });
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { asset, keys }]) => ({ asset, keys: [...keys].sort() }));
}
