import { chunksOf, type Step, type Steps } from '@seatbook/kernel';
import { accessTo, accountOf } from '../apple-access.js';
import { MAX_HOLDERS, holdersOf, type HolderKey } from '../holder.js';
import {
  MAX_RETRY_AFTER_MS,
  type AppleAccess,
  type AppleResult,
  type AssetId,
  type LicensingPorts,
} from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import { assetOfId } from '../asset-id.js';
import { assetStream, type AssetLedger } from '../streams.js';
import { walkAsset, type AssetWalk } from './asset-walk.js';
import { ASSETS_PER_LOOKUP, type ReconciliationCommand } from './reconciliation-decider.js';
import { inReading, type Reading, type Reconciliation } from './reconciliation-state.js';

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

/** Totals of all assets. Apple offers no delta for them. */
const readTotals: ReconciliationStep = {
  due: dueIn('assets', 'idle'),
  async perform(state, ports) {
    const { uId } = inReading(state);
    const { access, fingerprint } = await open(uId, ports);
    const walk = await ports.apple.assets(access);
    const readAt = ports.clock.now();
    if (!walk.ok)
      return [{ type: 'RecordReadFailure', step: 'read-totals', failure: walk.failure, fingerprint }];
    const { records, versionId } = walk.value;
    return [
      ...chunksOf(records, ASSETS_PER_EVENT).map((assets) => ({
        type: 'RecordAssets' as const,
        assets,
        readAt,
      })),
      { type: 'CompleteTotals', assets: records.length, versionId, readAt },
    ];
  },
};

/** Assignments of one asset, collected whole. Where they may have moved meanwhile, they are walked once more later. */
const readAssignments: ReconciliationStep = {
  due: dueIn('assignments'),
  async perform(state, ports) {
    const { uId, toWalk } = inReading(state);
    const asset = toWalk[0];
    if (!asset) return [];
    const { access, fingerprint } = await open(uId, ports);
    const walk = await walkAsset(access, asset, ports.apple);
    if (!walk.ok) {
      const { failure } = walk;
      return [{ type: 'RecordReadFailure', step: 'read-assignments', failure, fingerprint }];
    }
    const keys = await holdersIn(walk.value, uId, ports);
    return [...recorded('RecordAssignments', asset, keys), completed(asset, walk.value)];
  },
};

/**
 * An asset whose assignments moved when they were read first. A pair is judged only if it is in the ledger as it was
 * before the walk: what we did to it meanwhile is none of another tool's.
 */
const rewalk: ReconciliationStep = {
  due(state) {
    if (state.phase !== 'idle' || state.rewalks.size === 0) return null;
    return { at: Math.min(...state.rewalks.values()), gate: state.uId };
  },
  async perform(state, ports) {
    const { uId, rewalks } = inReading(state);
    const [next] = [...rewalks].sort(([, one], [, other]) => one - other);
    if (!next) return [];
    const asset = assetOfId(next[0]);
    const { access, fingerprint } = await open(uId, ports);
    const ledger = assetStream(uId, asset);
    const before = await ports.read(ledger);
    const walk = await walkAsset(access, asset, ports.apple);
    if (!walk.ok) return [{ type: 'RecordReadFailure', step: 'rewalk', failure: walk.failure, fingerprint }];
    if (walk.value.unstable) return [completed(asset, walk.value)];
    const after = await ports.read(ledger);
    const atApple = await holdersIn(walk.value, uId, ports);
    const both = (judge: (pair: Pair | undefined) => boolean) => (key: HolderKey) =>
      judge(before.pairs.get(key)) && judge(after.pairs.get(key));
    const held = new Set(atApple);
    const missing = [...after.pairs.keys()].filter((key) => !held.has(key));
    return [
      ...recorded('RecordAssignments', asset, atApple.filter(both(notOurs))),
      ...recorded('RecordMissing', asset, missing.filter(both(adopted))),
      completed(asset, walk.value),
    ];
  },
};

type Pair = AssetLedger['pairs'] extends ReadonlyMap<HolderKey, infer P> ? P : never;

/** Nobody of ours has it: it can be adopted. */
const notOurs = (pair: Pair | undefined): boolean =>
  pair === undefined || pair.state === 'failed' || pair.state === 'waiting';

/** Adopted, and nothing was ordered for it since. */
const adopted = (pair: Pair | undefined): boolean =>
  pair?.state === 'assigned' && pair.orderId === '' && pair.callId === null && pair.followUp === null;

/** Who holds, in Apple's spelling. Persons go to the directory. */
async function holdersIn(
  { records }: AssetWalk,
  uId: string,
  { persons }: LicensingPorts,
): Promise<readonly HolderKey[]> {
  const seen = records.flatMap(({ clientUserId }) => (clientUserId === null ? [] : [{ clientUserId }]));
  const userIds = seen.length === 0 ? [] : await persons.userIdsOf(uId, seen);
  const serials = records.flatMap(({ serialNumber }) => serialNumber ?? []);
  return [...serials.map((serial) => `d:${serial}`), ...userIds.map((userId) => `u:${userId}`)];
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
): ReconciliationCommand => ({
  type: 'CompleteWalk',
  asset,
  count: records.length,
  versionId,
  walks,
  unstable,
});

/** Persons that Apple knows go to the directory; no event names more than their number. */
const readUsers: ReconciliationStep = {
  due: dueIn('users'),
  async perform(state, ports) {
    const { uId } = inReading(state);
    const { access, fingerprint } = await open(uId, ports);
    const walk = await ports.apple.users(access);
    if (!walk.ok)
      return [{ type: 'RecordReadFailure', step: 'read-users', failure: walk.failure, fingerprint }];
    const active = walk.value.records.filter(
      ({ status }) => status === 'Registered' || status === 'Associated',
    );
    for (const chunk of chunksOf(active, MAX_HOLDERS)) await ports.persons.userIdsOf(uId, chunk);
    const moved = await movedSinceWalks(inReading(state), access, ports);
    if (!moved.ok)
      return [{ type: 'RecordReadFailure', step: 'read-users', failure: moved.failure, fingerprint }];
    return [{ type: 'RecordUsers', count: active.length, moved: moved.value }];
  },
};

/** Whether the location's assignments moved since the first walk of the first read began. */
async function movedSinceWalks(
  { walked: [asset], walkedFrom }: Reading,
  access: AppleAccess,
  { apple }: LicensingPorts,
): Promise<AppleResult<boolean>> {
  if (!asset || walkedFrom === null) return { ok: true, value: false };
  const since = await apple.assignmentsSince(access, asset, walkedFrom);
  // A version that Apple no longer knows proves nothing.
  if (!since.ok) return since.failure.kind === 'refused' ? { ok: true, value: true } : since;
  return { ok: true, value: since.value.moved || since.value.versionId !== walkedFrom };
}

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
  rewalk,
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
    rewalk: Math.max(retry, rewalkAfterMs),
  };
};
