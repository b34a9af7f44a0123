import type { Step, Steps } from '@seatbook/kernel';
import { accessTo, accountOf } from '../apple-access.js';
import { MAX_HOLDERS, chunksOf, holdersOf, type HolderKey } from '../holder.js';
import type { AppleAssignment, AppleFailure, AssetId, LicensingPorts, Walk } from '../ports.js';
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
/** A walk under which the data moved is made anew, this often in all. */
const MAX_WALKS = 3;

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

/**
 * Assignments of one asset, collected whole. They count only if the data stood still or their number equals the
 * asset's assignedCount read afterwards; else they are walked again, and after three walks unstable.
 */
const readAssignments: ReconciliationStep = {
  due: dueIn('assignments'),
  async perform(state, ports) {
    const { uId, toWalk } = inReading(state);
    const asset = toWalk[0];
    if (!asset) return [];
    const { access, fingerprint } = await open(uId, ports);
    const failed = (failure: AppleFailure): ReconciliationCommand[] => [
      { type: 'RecordReadFailure', step: 'read-assignments', failure, fingerprint },
    ];
    for (let walks = 1; ; walks += 1) {
      const walk = await ports.apple.assignments(access, asset);
      if (!walk.ok) return failed(walk.failure);
      let still = !walk.value.moved;
      if (!still) {
        const after = await ports.apple.asset(access, asset);
        if (!after.ok) return failed(after.failure);
        still = after.value?.assigned === walk.value.records.length;
      }
      if (still || walks === MAX_WALKS) return adopted(asset, walk.value, walks, !still, uId, ports);
    }
  },
};

async function adopted(
  asset: AssetId,
  { records, versionId }: Walk<AppleAssignment>,
  walks: number,
  unstable: boolean,
  uId: string,
  { persons }: LicensingPorts,
): Promise<ReconciliationCommand[]> {
  const seen = records.flatMap(({ clientUserId }) => (clientUserId === null ? [] : [{ clientUserId }]));
  const userIds = seen.length === 0 ? [] : await persons.userIdsOf(uId, seen);
  const serials = records.flatMap(({ serialNumber }) => serialNumber ?? []);
  const keys: HolderKey[] = [
    ...serials.map((serial) => `d:${serial}`),
    ...userIds.map((userId) => `u:${userId}`),
  ];
  return [
    ...chunksOf(keys, MAX_HOLDERS).map((chunk) => ({
      type: 'RecordAssignments' as const,
      asset,
      holders: holdersOf(chunk),
    })),
    { type: 'CompleteWalk', asset, count: records.length, versionId, walks, unstable },
  ];
}

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
    return [{ type: 'RecordUsers', count: active.length }];
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
    const now = ports.clock.now();
    const adamIds = [...toDescribe]
      .flatMap(([adamId, at]) => (at <= now ? adamId : []))
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
export const reconciliationSteps: Steps<Reconciliation, LicensingPorts, ReconciliationCommand> = {
  describe,
  'read-totals': readTotals,
  'read-assignments': readAssignments,
  'read-users': readUsers,
};
