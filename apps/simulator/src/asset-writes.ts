import { type AssetName, Refusal } from './apple-errors.js';
import { type Asset, assetKey, deviceTarget, type Target, userTarget } from './asset.js';
import { EventFailures } from './event-failures.js';
import type { AppleEvent, EventType, EventWork } from './event-queue.js';
import type { Location } from './location.js';
import type { NotificationDraft } from './notifier.js';
import { AssetOutcome } from './asset-outcome.js';
import type { NamedTarget, PairOperation } from './pair-rules.js';
import { list, object, oneOf, optional, text } from './shape.js';
import type { Answer, Visit, World } from './world.js';

const targetsFields = { serialNumbers: optional(list(text)), clientUserIds: optional(list(text)) };

const manageShape = object(
  {
    assets: optional(list(object({ adamId: text, pricingParam: optional(oneOf('STDQ', 'PLUS')) }, 'open'))),
    ...targetsFields,
  },
  'open',
);

const revokeShape = object(targetsFields, 'open');

/** POST assets/associate. */
export async function associateAssets(visit: Visit): Promise<Answer> {
  return manageAssets(visit, 'ASSOCIATE');
}

/** POST assets/disassociate. */
export async function disassociateAssets(visit: Visit): Promise<Answer> {
  return manageAssets(visit, 'DISASSOCIATE');
}

/** POST assets/revoke: takes all revocable assets from the targets. */
export async function revokeAssets(visit: Visit): Promise<Answer> {
  const { world, location } = visit;
  const { serialNumbers = [], clientUserIds = [] } = revokeShape(visit.body, '');
  const { limits } = world.faults;
  if (clientUserIds.length > limits.maxRevokeClientUserIds) throw new Refusal(9701);
  if (serialNumbers.length > limits.maxRevokeSerialNumbers) throw new Refusal(9702);
  const targets = checkedTargets(visit, serialNumbers, clientUserIds);
  const event = newEvent(visit, 'REVOKE', 0, 0);
  event.numRequested = targets.reduce(
    (sum, target) => sum + revocableAssetsOf(location, resolve(location, target)).length,
    0,
  );
  await world.events.accept(event, revokeWork(world, event, targets), visit.applied);
  return { eventId: event.eventId };
}

async function manageAssets(visit: Visit, operation: PairOperation): Promise<Answer> {
  const { world } = visit;
  const request = manageShape(visit.body, '');
  const assets = (request.assets ?? []).map(({ adamId, pricingParam = 'STDQ' }) => ({
    adamId,
    pricingParam,
  }));
  const { serialNumbers = [], clientUserIds = [] } = request;
  const { limits } = world.faults;
  if (assets.length > limits.maxAssets) throw new Refusal(9700);
  if (clientUserIds.length > limits.maxClientUserIds) throw new Refusal(9701);
  if (serialNumbers.length > limits.maxSerialNumbers) throw new Refusal(9702);
  if (assets.length === 0) throw new Refusal(9718);
  const repeated = repeatedIn(assets.map(assetKey));
  if (repeated.size > 0) {
    throw new Refusal(9703, { assets: assets.filter((asset) => repeated.has(assetKey(asset))) });
  }
  const targets = checkedTargets(visit, serialNumbers, clientUserIds);
  checkAssets(visit, operation, assets, serialNumbers.length > 0);
  world.pairRules.refusePoison(operation, assets, targets);

  const event = newEvent(visit, operation, assets.length * targets.length, assets.length);
  await world.events.accept(event, manageWork(world, event, operation, assets, targets), visit.applied);
  return { eventId: event.eventId };
}

/** The targets, devices first. Refuses an empty list (9719), duplicates, and unknown users if that is switched on. */
function checkedTargets(
  { location, world }: Visit,
  serialNumbers: readonly string[],
  clientUserIds: readonly string[],
): NamedTarget[] {
  if (serialNumbers.length + clientUserIds.length === 0) throw new Refusal(9719);
  const repeatedUsers = repeatedIn(clientUserIds);
  if (repeatedUsers.size > 0) throw new Refusal(9704, { clientUserIds: [...repeatedUsers] });
  const repeatedSerials = repeatedIn(serialNumbers);
  if (repeatedSerials.size > 0) throw new Refusal(9705, { serialNumbers: [...repeatedSerials] });
  if (world.faults.unknownUser === 'sync') {
    const unknown = clientUserIds.filter((clientUserId) => location.users.find(clientUserId) === undefined);
    if (unknown.length > 0) throw new Refusal(9609, { clientUserIds: unknown });
  }
  return [
    ...serialNumbers.map((serialNumber) => ({ serialNumber, clientUserId: null })),
    ...clientUserIds.map((clientUserId) => ({ serialNumber: null, clientUserId })),
  ];
}

function checkAssets(
  { location, world }: Visit,
  operation: PairOperation,
  assets: readonly AssetName[],
  forDevices: boolean,
): void {
  const notOwned = assets.filter((name) => location.asset(name) === undefined);
  if (notOwned.length > 0 && world.faults.unknownAsset === 'sync')
    throw new Refusal(9602, { assets: notOwned });
  if (operation === 'DISASSOCIATE') {
    const irrevocable = assets.filter((name) => location.asset(name)?.facts.revocable === false);
    if (irrevocable.length > 0) throw new Refusal(9706, { assets: irrevocable });
  } else if (forDevices) {
    const notForDevices = assets.filter((name) => location.asset(name)?.facts.deviceAssignable === false);
    if (notForDevices.length > 0) throw new Refusal(9707, { assets: notForDevices });
  }
}

function repeatedIn(values: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) repeated.add(value);
    seen.add(value);
  }
  return repeated;
}

function newEvent(
  { world, location }: Visit,
  type: EventType,
  numRequested: number,
  requestedAssets: number,
): AppleEvent {
  return {
    eventId: world.ids.uuid(),
    number: world.events.nextNumber(),
    type,
    location,
    status: 'PENDING',
    numRequested,
    numCompleted: 0,
    failures: new EventFailures(world.faults.statusGrouping, requestedAssets),
  };
}

/** The record behind a target at this moment; null for a user who is unknown or retired. */
function resolve(location: Location, target: NamedTarget): Target | null {
  if (target.serialNumber !== null) return deviceTarget(target.serialNumber);
  const user = location.users.find(target.clientUserId ?? '');
  return user === undefined ? null : userTarget(user);
}

/** Asset by asset, so that a large event can be done in steps. */
function* manageWork(
  world: World,
  event: AppleEvent,
  operation: PairOperation,
  assets: readonly AssetName[],
  named: readonly NamedTarget[],
): EventWork {
  const { location } = event;
  const targets = named.map((target) => ({ named: target, resolved: resolve(location, target) }));
  const drafts: NotificationDraft[] = [];
  for (const name of assets) {
    const asset = location.asset(name);
    const outcome = new AssetOutcome(event.eventId, operation, name);
    const ruleOf = world.pairRules.ofAsset(operation, name);
    const perform =
      operation === 'ASSOCIATE'
        ? associating(world, location, asset, targets)
        : disassociating(world, location, asset);
    for (const target of targets) {
      const { resolved } = target;
      const before = resolved !== null && asset?.isAssigned(resolved);
      const error = ruleOf?.(target.named) ?? (resolved === null ? 9609 : perform(resolved));
      if (resolved !== null)
        asset?.ran(event.number, resolved, {
          changed: asset.isAssigned(resolved) !== before,
          failed: error !== null,
        });
      if (error === null) {
        event.numCompleted += 1;
        outcome.succeed(target.named);
      } else {
        world.traffic.failedPair(error);
        event.failures.add(error, name, target.named);
        outcome.fail(target.named, error);
      }
    }
    drafts.push(...outcome.drafts(world.faults.notifications.chunkSize));
    yield targets.length;
  }
  return drafts;
}

/** Associates one target after another with the asset; returns the error number, or null for success. */
function associating(
  { faults, traffic }: World,
  location: Location,
  asset: Asset | undefined,
  targets: readonly { readonly resolved: Target | null }[],
): (target: Target) => number | null {
  // A location that owns no licences of an asset has none free.
  if (asset === undefined) return () => 9709;
  const missing = targets.filter(({ resolved }) => resolved !== null && !asset.isAssigned(resolved)).length;
  const refuseAll = faults.shortage === 'whole-asset' && missing > asset.available;
  let change = 0;
  return (target) => {
    if (asset.isAssigned(target)) {
      traffic.counts.pairs.alreadyAssociated += 1;
      return faults.rejectReassociate ? 9616 : null;
    }
    if (refuseAll || asset.available === 0) return 9709;
    if (change === 0) change = location.changeAssignments();
    asset.assign(target, change);
    traffic.counts.pairs.associated += 1;
    return null;
  };
}

/** Takes the asset from one target after another; returns the error number, or null for success. */
function disassociating(
  { faults, traffic }: World,
  location: Location,
  asset: Asset | undefined,
): (target: Target) => number | null {
  let changed = false;
  return (target) => {
    if (asset === undefined || !asset.release(target)) {
      traffic.counts.pairs.alreadyAbsent += 1;
      return faults.rejectDisassociateAbsent ? 9619 : null;
    }
    if (!changed) location.changeAssignments();
    changed = true;
    traffic.counts.pairs.disassociated += 1;
    return null;
  };
}

function revocableAssetsOf(location: Location, target: Target | null): Asset[] {
  return target === null ? [] : location.heldBy(target).filter((asset) => asset.facts.revocable);
}

function* revokeWork(world: World, event: AppleEvent, targets: readonly NamedTarget[]): EventWork {
  const { location } = event;
  const outcomes = new Map<string, AssetOutcome>();
  let changed = false;
  let done = 0;
  for (const target of targets) {
    const resolved = resolve(location, target);
    if (resolved === null) {
      world.traffic.failedPair(9609);
      event.failures.add(9609, null, target);
      continue;
    }
    for (const asset of revocableAssetsOf(location, resolved)) {
      if (!changed) location.changeAssignments();
      changed = true;
      asset.release(resolved);
      world.traffic.counts.pairs.disassociated += 1;
      const key = assetKey(asset.name);
      const outcome = outcomes.get(key) ?? new AssetOutcome(event.eventId, 'REVOKE', asset.name);
      outcomes.set(key, outcome);
      outcome.succeed(target);
      done += 1;
    }
  }
  event.numRequested = done;
  event.numCompleted = done;
  yield done;
  return [...outcomes.values()].flatMap((outcome) => outcome.drafts(world.faults.notifications.chunkSize));
}
