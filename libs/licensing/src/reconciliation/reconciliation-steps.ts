import { chunksOf, type Instant, type Step, type Steps } from '@seatbook/kernel';
import { isActive } from '../active-user.js';
import { accessTo, accountOf } from '../apple-access.js';
import { MAX_HOLDERS, holdersOf, type HolderKey } from '../holder.js';
import type { DriftWindow } from '../asset/asset-events.js';
import {
  MAX_RETRY_AFTER_MS,
  type AppleAsset,
  type AppleFailure,
  type AssetId,
  type LicensingPorts,
} from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import { assetOfId, idOfAsset } from '../asset-id.js';
import { walkAsset, type AssetWalk } from './asset-walk.js';
import { seen } from './attribution.js';
import { compare } from './comparison.js';
import { heldBy } from './holders-at-apple.js';
import { judge } from './judgement.js';
import { ASSETS_PER_LOOKUP, type ReconciliationCommand } from './reconciliation-decider.js';
import { inReading, type QueuedWalk, type Reading, type Reconciliation } from './reconciliation-state.js';

type ReconciliationStep = Step<Reconciliation, LicensingPorts, ReconciliationCommand>;

/** Due in these phases, behind the account. */
const dueIn =
  (...phases: readonly Reading['phase'][]) =>
  (state: Reconciliation) =>
    state.phase !== 'new' && phases.includes(state.phase) ? { at: state.at, gate: state.uId } : null;

/** Assets in one event. */
const ASSETS_PER_EVENT = 200;

async function open(uId: string, ports: LicensingPorts) {
  const account = await accountOf(uId, ports);
  return { account, access: await accessTo(account, ports), fingerprint: account.token.fingerprint };
}

/** Totals of all assets, of which Apple offers no delta; then what differs from the ledgers is found without any walk. */
const readTotals: ReconciliationStep = {
  due: dueIn('assets', 'idle'),
  async perform(state, ports) {
    const reading = inReading(state);
    const { uId, known } = reading;
    const { access, fingerprint } = await open(uId, ports);
    const startedAt = ports.clock.now();
    const before = await ports.ledgers(uId);
    const walk = await ports.apple.assets(access);
    const readAt = ports.clock.now();
    if (!walk.ok)
      return [{ type: 'RecordReadFailure', step: 'read-totals', failure: walk.failure, fingerprint }];
    const { records, versionId, moved } = walk.value;
    const assets = [...records, ...(moved ? [] : unlistedOf(known, records))];
    const compared = reading.first ? null : await compare(reading, assets, before, access, ports);
    const recordings = chunksOf(assets, ASSETS_PER_EVENT).map((some): ReconciliationCommand => ({
      type: 'RecordAssets',
      assets: some,
      startedAt,
      readAt,
    }));
    // Who waits for licences that were bought need not wait for the comparison.
    if (compared && !compared.ok) {
      const { failure } = compared;
      return [...recordings, { type: 'RecordReadFailure', step: 'read-totals', failure, fingerprint }];
    }
    const comparison = compared?.value ?? null;
    return [
      ...recordings,
      { type: 'CompleteTotals', assets: records.length, versionId, startedAt, readAt, comparison },
    ];
  },
};

/** What Apple listed before and lists no more, the location owns no licence of. */
function unlistedOf(known: Reading['known'], records: readonly AppleAsset[]): readonly AppleAsset[] {
  const listed = new Set(records.map(idOfAsset));
  return [...known].flatMap(([id, text]) =>
    listed.has(id) || text === ''
      ? []
      : [{ ...(JSON.parse(text) as AppleAsset), unlimited: false, total: 0, assigned: 0, available: 0 }],
  );
}

/** How many assignments Apple's list said that an asset has. */
const assignedOf = (known: Reading['known'], asset: AssetId): number =>
  (JSON.parse(known.get(idOfAsset(asset)) || '{"assigned":0}') as Pick<AppleAsset, 'assigned'>).assigned;

/** Assignments of one asset, collected whole. Where they may have moved meanwhile, they are walked once more later. */
const readAssignments: ReconciliationStep = {
  due: dueIn('assignments'),
  async perform(state, ports) {
    const { uId, toWalk, known } = inReading(state);
    const asset = toWalk[0];
    if (!asset) return [];
    const { access, fingerprint } = await open(uId, ports);
    const startedAt = ports.clock.now();
    const walk = await walkAsset(access, asset, assignedOf(known, asset), ports.apple);
    if (!walk.ok) {
      const { failure } = walk;
      return [{ type: 'RecordReadFailure', step: 'read-assignments', failure, fingerprint }];
    }
    const keys = (await heldBy(walk.value.records, uId, ports)).get(idOfAsset(asset)) ?? [];
    return [...recorded('RecordAssignments', asset, keys), completed(asset, walk.value, startedAt)];
  },
};

/**
 * An asset that is compared with its ledger, or whose assignments moved when they were read first. What differs there is
 * adopted; later it is drift.
 */
const walk: ReconciliationStep = {
  due(state) {
    if (state.phase !== 'idle' || state.walks.size === 0) return null;
    return { at: Math.min(...[...state.walks.values()].map(({ at }) => at)), gate: state.uId };
  },
  async perform(state, ports) {
    const reading = inReading(state);
    const { uId, walks, adopting, known } = reading;
    const [next] = [...walks].sort(([, one], [, other]) => one.at - other.at);
    if (!next) return [];
    const [id, queued] = next;
    const asset = assetOfId(id);
    const { account, access, fingerprint } = await open(uId, ports);
    const startedAt = ports.clock.now();
    const judged = await judge(asset, assignedOf(known, asset), access, ports);
    if (!judged.ok)
      return [{ type: 'RecordReadFailure', step: 'walk', failure: judged.failure, fingerprint }];
    const { walked, added, taken, leftOut } = judged.value;
    if (adopting.has(id))
      return [
        ...recorded('RecordAssignments', asset, added),
        ...recorded('RecordMissing', asset, taken),
        completed(asset, walked, startedAt, { added: 0, taken: 0, leftOut }),
      ];
    const window = windowOf(queued, reading, id, added.length > 0 && taken.length > 0, ports.clock.now());
    const subscribed = account.subscription.state === 'subscribed';
    const attributed = { uId, asset, window, subscribed };
    return [
      // What became free goes first, so that what was given is not beyond the total.
      ...(await seen('taken', taken, attributed, ports)),
      ...(await seen('added', added, attributed, ports)),
      completed(asset, walked, startedAt, { added: added.length, taken: taken.length, leftOut }),
    ];
  },
};

/**
 * When what a walk found happened: since the walk before; or, where it was found because Apple's numbers or its delta
 * changed, since these were read before and proved that all was as the ledger has it. Pairs that were swapped earlier
 * than that do not show there.
 */
function windowOf(
  { from }: QueuedWalk,
  { walkedAt }: Reading,
  id: string,
  swapped: boolean,
  to: Instant,
): DriftWindow {
  const before = walkedAt.get(id) ?? from ?? to;
  const since = from === null || swapped ? before : Math.max(before, from);
  return { from: Math.min(since, to), to };
}

const recorded = (
  type: 'RecordAssignments' | 'RecordMissing',
  asset: AssetId,
  keys: readonly HolderKey[],
): ReconciliationCommand[] =>
  chunksOf(keys, MAX_HOLDERS).map((chunk) => ({ type, asset, holders: holdersOf(chunk) }));

const completed = (
  asset: AssetId,
  { records, versionId, walks, unstable }: AssetWalk,
  startedAt: Instant,
  found = { added: 0, taken: 0, leftOut: 0 },
): ReconciliationCommand => ({
  type: 'CompleteWalk',
  asset,
  count: records.length,
  versionId,
  walks,
  unstable,
  ...found,
  startedAt,
});

/** Persons that Apple knows go to the directory; no event names more than their number. */
const readUsers: ReconciliationStep = {
  due: dueIn('users'),
  async perform(state, ports) {
    const { uId, walkedFrom } = inReading(state);
    const { access, fingerprint } = await open(uId, ports);
    const failed = (failure: AppleFailure): ReconciliationCommand[] => [
      { type: 'RecordReadFailure', step: 'read-users', failure, fingerprint },
    ];
    const users = await ports.apple.users(access);
    if (!users.ok) return failed(users.failure);
    const active = users.value.records.filter(isActive);
    for (const chunk of chunksOf(active, MAX_HOLDERS)) await ports.persons.userIdsOf(uId, chunk);
    // Whether what was walked has moved since: its numbers and what was added since the first walk began tell.
    const before = await ports.ledgers(uId);
    const assets = await ports.apple.assets(access);
    if (!assets.ok) return failed(assets.failure);
    const from = { uId, deltaFrom: walkedFrom };
    const comparison = await compare(from, assets.value.records, before, access, ports);
    if (!comparison.ok) return failed(comparison.failure);
    return [{ type: 'RecordUsers', count: active.length, comparison: comparison.value }];
  },
};

/** Names and icons, of up to 50 assets at once. What goes wrong here holds up nothing else. */
const describe: ReconciliationStep = {
  due(state) {
    if (state.phase === 'new' || state.phase === 'assets' || state.toDescribe.size === 0) return null;
    return { at: Math.min(...state.toDescribe.values()), gate: state.uId };
  },
  async perform(state, ports) {
    const { uId, toDescribe } = inReading(state);
    // The clock may have been set back since the step was due.
    const due = Math.max(ports.clock.now(), Math.min(...toDescribe.values()));
    const adamIds = [...toDescribe]
      .flatMap(([adamId, at]) => (at <= due ? adamId : []))
      .slice(0, ASSETS_PER_LOOKUP);
    const { account, access, fingerprint } = await open(uId, ports);
    const storefront = {
      countryCode: (account.countryCode ?? 'US').toLowerCase(),
      platform: account.defaultPlatform ?? 'enterprisestore',
    };
    const result = await ports.apple.contentMetadata(access, adamIds, storefront);
    if (!result.ok) return [{ type: 'RecordMetadataFailure', failure: result.failure, fingerprint }];
    const wanted = new Set(adamIds);
    const found = result.value.filter(({ adamId }) => wanted.delete(adamId));
    return [{ type: 'RecordMetadata', found, missing: [...wanted] }];
  },
};

/** Names come first: they are one call, and an administrator looks at the list at once. */
export const reconciliationSteps = {
  describe,
  'read-totals': readTotals,
  'read-assignments': readAssignments,
  'read-users': readUsers,
  walk,
} satisfies Steps<Reconciliation, LicensingPorts, ReconciliationCommand>;

export const reconciliationWaits = (timings: Timings): LongestWaits<typeof reconciliationSteps> => {
  const { totalsEveryMs, totalsWhenShortMs, maxRetryMs, rewalkAfterMs, metadataEveryMs, metadataRetryMs } =
    timings;
  const retry = Math.max(maxRetryMs, MAX_RETRY_AFTER_MS);
  return {
    describe: Math.max(metadataEveryMs, metadataRetryMs),
    'read-totals': Math.max(retry, totalsEveryMs, totalsWhenShortMs),
    'read-assignments': retry,
    'read-users': retry,
    walk: Math.max(retry, rewalkAfterMs),
  };
};
