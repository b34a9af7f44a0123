import { Refusal } from '@seatbook/kernel';
import {
  MAX_PAIRS,
  assetStream,
  canonicalHolder,
  hasLeft,
  holdersOf,
  idOfAsset,
  kindOfHolder,
  orderStream,
  queryModels,
  type AssetId,
  type AssetLedger,
  type AssignmentType,
  type HolderKey,
  type OrderKind,
  type OrderTerms,
  type OrderScope,
} from '@seatbook/licensing';
import { giveWay } from '@seatbook/runtime';
import { START_OF_TARGETS, targetsOf } from './installations.js';
import {
  checkKnown,
  checkedAssets,
  leavingOf,
  mustHaveMdm,
  tooLarge,
  type CheckedOrder,
  type OrderRequest,
} from './order-request.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** An order that names nobody. */
export type ScopedOrder = OrderRequest & { readonly scope: OrderScope };

/**
 * Whom an order with a scope would be for now. Of a rollout: of each asset those who hold its licence, or those on whose
 * devices another rollout has failed, as they stand whichever order wanted them last.
 * Of licences that move: see {@link movingTo}.
 * @throws Refusal REJECTED_NO_MDM of a rollout; INVALID_HOLDER where it names holders as well, INVALID_ASSET,
 *   INVALID_ORDER_SIZE; INVALID_ORDER_EMPTY, NOT_FOUND_ACCOUNT, REJECTED_UNKNOWN_ASSET, REJECTED_NOTHING_HELD of those who
 *   hold a licence; NOT_FOUND_ORDER, REJECTED_NO_ROLLOUT, REJECTED_NOTHING_FAILED of another rollout
 */
export async function scopedOrder(
  seatbook: SeatbookEdge,
  { kind, uId, scope, ifShort, platform, fromReserve = false, removeApp, ...named }: ScopedOrder,
): Promise<CheckedOrder> {
  if (kind === 'RolloutApp' || removeApp === true) mustHaveMdm(seatbook);
  const listed = (named.serialNumbers?.length ?? 0) + (named.userIds?.length ?? 0);
  if (listed > 0 || named.groupId !== undefined)
    throw new Refusal('INVALID_HOLDER', 'name devices and persons, a group, or a scope: one of them');
  const asked = checkedAssets(named.assets);
  const found = await targetsFound(seatbook, kind, uId, scope, asked);
  const keys = found.flatMap((target) => target.keys);
  const targets = found.map((target) => target.keys.length);
  const assets = found.map(({ asset }) => asset);
  const wish = { ifShort, fromReserve, platform, ...(removeApp === true && { removeApp }) };
  const terms: OrderTerms = { kind, uId, assets, ...wish, holders: keys.length, scope, targets };
  return { terms, holders: holdersOf(keys) };
}

/** Of one asset: each holder once, in order. */
interface Targets {
  readonly asset: AssetId;
  readonly keys: readonly HolderKey[];
}

function targetsFound(
  seatbook: SeatbookEdge,
  kind: OrderKind,
  uId: string,
  scope: OrderScope,
  assets: readonly AssetId[],
): Promise<readonly Targets[]> {
  if ('failedOf' in scope) return failedOf(seatbook, uId, scope.failedOf, assets);
  if ('moveTo' in scope) return movingTo(seatbook, kind, uId, scope.moveTo, assets);
  return heldNow(seatbook, uId, assets, 'nobody holds a licence of these assets', (pairs) =>
    holdersIn(pairs, null, isHeld),
  );
}

type Pairs = AssetLedger['pairs'];
type Pair = Parameters<Parameters<Pairs['forEach']>[0]>[0];

const isHeld = ({ state, followUp }: Pair): boolean => state === 'assigned' && followUp === null;

/** It holds a licence, or gets one. */
const hasOrGets = ({ state, followUp }: Pair): boolean =>
  state !== 'failed' && (followUp === null ? state !== 'returning' : followUp.action === 'assign');

/** `kind`: null for both. */
function holdersIn(
  pairs: Pairs,
  kind: 'device' | 'person' | null,
  that: (pair: Pair) => boolean,
): Set<HolderKey> {
  const found = new Set<HolderKey>();
  for (const [key, pair] of pairs)
    if ((kind === null || kindOfHolder(key) === kind) && that(pair)) found.add(canonicalHolder(key));
  return found;
}

/**
 * Licences that devices are to hold in place of persons, or persons in place of devices: who holds one belongs together
 * with the devices that the registry has for the person, with the owner of the device. An assignment is for those others;
 * a return for who held one before, as soon as all of those others have it or wait for it: what comes back is theirs in
 * the order in which they wait. A person without a device, and a device without an owner whom Apple knows, keep theirs.
 */
async function movingTo(
  seatbook: SeatbookEdge,
  kind: OrderKind,
  uId: string,
  moveTo: AssignmentType,
  assets: readonly AssetId[],
): Promise<readonly Targets[]> {
  const [from, to] = moveTo === 'device' ? (['person', 'device'] as const) : (['device', 'person'] as const);
  const others = await othersOf(seatbook, uId, moveTo);
  return heldNow(seatbook, uId, assets, 'nobody holds what could move', (pairs) => {
    const holders = [...holdersIn(pairs, from, isHeld)].filter((key) => others.has(key));
    if (kind === 'AssignLicense') return new Set(holders.flatMap((key) => others.get(key) ?? []));
    const served = holdersIn(pairs, to, hasOrGets);
    return new Set(holders.filter((key) => (others.get(key) ?? []).every((other) => served.has(other))));
  });
}

/** By each person the devices of the person, or by each device its owner: those of them who may get a licence. */
async function othersOf(
  { reader, runner, stores }: SeatbookEdge,
  uId: string,
  moveTo: AssignmentType,
): Promise<ReadonlyMap<HolderKey, readonly HolderKey[]>> {
  await reader.reachHead(queryModels.devices);
  const owned: { readonly device: HolderKey; readonly userId: string }[] = [];
  for await (const { device, enrolmentId, userId, state } of reader.all(queryModels.devices, {
    index: 'by-device',
    equals: [],
  }))
    // Where the enrolment hides the serial number, nothing can be assigned to the device.
    if (userId !== null && device !== enrolmentId && !hasLeft(state))
      owned.push({ device: `d:${device}`, userId });
  const others = new Map<HolderKey, HolderKey[]>();
  if (moveTo === 'device') {
    for (const { device, userId } of owned)
      others.set(`u:${userId}`, [...(others.get(`u:${userId}`) ?? []), device]);
    return others;
  }
  const userIds = [...new Set(owned.map(({ userId }) => userId))];
  const entries = await stores.directory.entries(userIds);
  const known = new Set(entries.flatMap((entry) => (entry.uId === uId ? entry.userId : [])));
  for (const userId of await leavingOf(runner, uId, userIds)) known.delete(userId);
  for (const { device, userId } of owned) if (known.has(userId)) others.set(device, [`u:${userId}`]);
  return others;
}

/** Those whom a look at each ledger finds. */
async function heldNow(
  seatbook: SeatbookEdge,
  uId: string,
  assets: readonly AssetId[],
  nobody: string,
  find: (pairs: Pairs) => ReadonlySet<HolderKey>,
): Promise<readonly Targets[]> {
  if (assets.length === 0) throw new Refusal('INVALID_ORDER_EMPTY', 'an order names at least one asset');
  await checkKnown(seatbook, uId, assets);
  const found: Targets[] = [];
  let pairs = 0;
  for (const asset of assets) {
    const keys = await seatbook.runner.look(assetStream(uId, asset), ({ pairs: those }) => find(those));
    pairs += keys.size;
    if (pairs > MAX_PAIRS) throw tooLarge(pairs);
    found.push({ asset, keys: [...keys].sort() });
    await giveWay();
  }
  if (pairs > 0) return found;
  throw new Refusal('REJECTED_NOTHING_HELD', nobody, { assets: assets.length });
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
    for (const { adamId, pricingParam, device, userId, state } of targets) {
      const asset = { adamId, pricingParam };
      const id = idOfAsset(asset);
      if (state !== 'failed' || (named.size > 0 && !named.has(id))) continue;
      const failed = found.get(id) ?? { asset, keys: new Set() };
      failed.keys.add(userId === null ? `d:${device ?? ''}` : `u:${userId}`);
      found.set(id, failed);
    }
  }
  if (found.size === 0)
    throw new Refusal('REJECTED_NOTHING_FAILED', 'nothing of this rollout has failed', { orderId });
  return [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { asset, keys }]) => ({ asset, keys: [...keys].sort() }));
}
