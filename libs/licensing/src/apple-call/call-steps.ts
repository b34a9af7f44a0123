import { inPhase, type Step, type Steps } from '@seatbook/kernel';
import { idOfAsset } from '../asset-id.js';
import { accessTo, accountOf, senderOf, sendingPauses } from '../apple-access.js';
import { writeGateOf } from '../apple-gates.js';
import {
  MAX_RETRY_AFTER_MS,
  type AppleAccess,
  type AppleFailure,
  type AppleAssignment,
  type AppleResult,
  type AssetId,
  type LicensingPorts,
  type Walk,
} from '../ports.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { Holders } from '../holder.js';
import { isActive } from '../active-user.js';
import { isOfPersons } from '../call-action.js';
import type { CallCommand } from './call-decider.js';
import { isUnheard, type Call, type Request } from './call-state.js';
import { assetStream } from '../streams.js';

type CallStep = Step<Call, LicensingPorts, CallCommand>;

/** Apple documents no length of a page; none was ever seen to be shorter. */
const PAIRS_ON_A_PAGE = 300;
/** Up to this many devices of an asset are read one by one; beyond it the asset is walked whole. */
const READ_ONE_BY_ONE = 10;

const NOT_SENT: AppleFailure = {
  kind: 'transient',
  errorNumber: null,
  doubtful: false,
  retryAfterMs: null,
  reason: 'not sent: the account has become unusable',
};

/** The request to Apple. Its `begin` is the fence: who loses that append does not send. */
const send: CallStep = {
  due(call) {
    switch (call.phase) {
      case 'ready':
      case 'started':
      case 'waiting':
      case 'held':
        return { at: call.at, gate: writeGateOf(call.uId) };
      default:
        return null;
    }
  },
  async begin(state, ports) {
    const call = inPhase(state, 'ready', 'started', 'waiting', 'held');
    const account = await accountOf(call.uId, ports);
    const now = ports.clock.now();
    const sender = senderOf(account, now);
    if (!sender) return null;
    const { writes } = account;
    // A probe is sent once: the next one comes when the account says so.
    if (writes.state === 'refused' && !(call.probe && call.phase === 'ready')) {
      const { errorNumber, reason } = writes;
      return { type: 'CloseUnsent', errorNumber, reason };
    }
    if (isUnheard(call) && (await oneReadTells(call, ports))) return { type: 'LookFirst' };
    return sendingPauses(account, now) ? null : { type: 'StartAttempt', ...sender };
  },
  async perform(state, ports) {
    // It is not to be sent: Apple is read first, or refuses whatever is written.
    if (state.phase !== 'started') return [];
    const { action, assets, holders, attempt, fingerprint, uId } = state;
    const account = await accountOf(uId, ports);
    const jitter = ports.random();
    // Another MDM may have been seen since the attempt began.
    if (!senderOf(account, ports.clock.now()))
      return [{ type: 'RecordFailure', attempt, fingerprint, failure: NOT_SENT, jitter }];
    const access = await accessTo(account, ports, fingerprint);
    const clientUserIds = await ports.persons.clientUserIdsOf(uId, holders.userIds);
    const result = await sent({ action, assets, holders }, clientUserIds, access, ports);
    if (result.ok) return [{ type: 'RecordAccepted', attempt, appleEventId: result.value.eventId }];
    const failure = inOurWords(result.failure, holders.userIds, clientUserIds);
    return [{ type: 'RecordFailure', attempt, fingerprint, failure, jitter }];
  },
};

async function sent(
  { action, assets, holders }: Pick<Request, 'action' | 'assets' | 'holders'>,
  clientUserIds: readonly string[],
  access: AppleAccess,
  { apple, persons }: LicensingPorts,
): Promise<AppleResult<{ eventId: string }>> {
  const { serialNumbers, userIds } = holders;
  switch (action) {
    case 'associate':
      return apple.associate(access, { assets, serialNumbers, clientUserIds });
    case 'disassociate':
      return apple.disassociate(access, { assets, serialNumbers, clientUserIds });
    case 'create':
      return apple.createUsers(access, await persons.detailsOf(access.uId, userIds));
    case 'update':
      return apple.updateUsers(access, await persons.detailsOf(access.uId, userIds));
    case 'retire':
      return apple.retireUsers(access, clientUserIds);
  }
}

/** Persons whom Apple names, by our ids; who is not in the call is nobody. */
function inOurWords(
  failure: AppleFailure,
  userIds: readonly string[],
  clientUserIds: readonly string[],
): AppleFailure {
  if (failure.kind !== 'refused') return failure;
  const ours = new Map(clientUserIds.map((clientUserId, index) => [clientUserId, userIds[index] ?? '']));
  return { ...failure, clientUserIds: failure.clientUserIds.flatMap((named) => ours.get(named) ?? []) };
}

/**
 * Whether one request to Apple shows what became of all pairs of a call: it names one asset, of which it names one
 * device, or of which a page holds all assignments that are known.
 */
async function oneReadTells(
  { uId, action, assets, holders }: Request,
  { read }: LicensingPorts,
): Promise<boolean> {
  const [asset] = assets;
  // Who is created, updated or retired once more is so already.
  if (!asset || assets.length > 1 || isOfPersons(action)) return false;
  if (holders.userIds.length === 0 && holders.serialNumbers.length === 1) return true;
  return (await read(assetStream(uId, asset))).pairs.size <= PAIRS_ON_A_PAGE;
}

/** A targeted read of what the failures name. */
const verify: CallStep = {
  due: (call) => (call.phase === 'verifying' ? { at: call.at, gate: call.uId } : null),
  async perform(state, ports) {
    const call = inPhase(state, 'verifying');
    const account = await accountOf(call.uId, ports);
    const access = await accessTo(account, ports);
    const present: (AssetId & Holders)[] = [];
    const readAt = ports.clock.now();
    for (const { asset, holders: wanted } of namedIn(call)) {
      const atApple = await (isOfPersons(call.action)
        ? activeAtApple(access, ports)
        : holdersAtApple(asset, wanted, access, ports));
      if (!atApple.ok) {
        const { fingerprint } = account.token;
        return [{ type: 'RecordVerificationFailure', failure: atApple.failure, fingerprint }];
      }
      const { adamId, pricingParam } = asset;
      present.push({ adamId, pricingParam, ...atApple.value });
    }
    return [{ type: 'RecordVerified', present, readAt }];
  },
};

/** Pairs that the failures speak of, by asset: what names nothing speaks of all. */
function namedIn({ failures, holders }: Extract<Call, { phase: 'verifying' }>) {
  const named = new Map<string, { asset: AssetId; holders: Holders }>();
  for (const failure of failures) {
    const key = idOfAsset(failure);
    const known = named.get(key)?.holders;
    const more = failure.holders ?? holders;
    const serialNumbers = [...new Set([...(known?.serialNumbers ?? []), ...more.serialNumbers])];
    const userIds = [...new Set([...(known?.userIds ?? []), ...more.userIds])];
    const { adamId, pricingParam } = failure;
    named.set(key, { asset: { adamId, pricingParam }, holders: { serialNumbers, userIds } });
  }
  return named.values();
}

async function holdersAtApple(
  asset: AssetId,
  wanted: Holders,
  access: AppleAccess,
  { apple, persons }: LicensingPorts,
): Promise<AppleResult<Holders>> {
  const records: AppleAssignment[] = [];
  const oneByOne = wanted.userIds.length === 0 && wanted.serialNumbers.length <= READ_ONE_BY_ONE;
  const reads = oneByOne ? wanted.serialNumbers.map((serialNumber) => ({ serialNumber })) : [{}];
  for (const which of reads) {
    const walk: AppleResult<Walk<AppleAssignment>> = await apple.assignments(access, asset, which);
    if (!walk.ok) return walk;
    records.push(...walk.value.records);
  }
  const serialNumbers = records.flatMap((record) => record.serialNumber ?? []);
  const seen = records.flatMap(({ clientUserId }) => (clientUserId === null ? [] : [{ clientUserId }]));
  const userIds = seen.length === 0 ? [] : await persons.userIdsOf(access.uId, seen);
  return { ok: true, value: { serialNumbers, userIds } };
}

/** Whom Apple knows at the location. */
async function activeAtApple(
  access: AppleAccess,
  { apple, persons }: LicensingPorts,
): Promise<AppleResult<Holders>> {
  const walk = await apple.users(access);
  if (!walk.ok) return walk;
  const active = walk.value.records.filter(isActive);
  const userIds = active.length === 0 ? [] : await persons.userIdsOf(access.uId, active);
  return { ok: true, value: { serialNumbers: [], userIds } };
}

export const callSteps = { send, verify } satisfies Steps<Call, LicensingPorts, CallCommand>;

export const callWaits = ({ doubtfulAfterMs, maxRetryMs }: Timings): LongestWaits<typeof callSteps> => ({
  send: Math.max(doubtfulAfterMs, maxRetryMs, MAX_RETRY_AFTER_MS),
  verify: Math.max(maxRetryMs, MAX_RETRY_AFTER_MS),
});
