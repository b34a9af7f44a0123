import { chunksOf, type Step, type Steps } from '@seatbook/kernel';
import { accessTo, accountOf } from '../apple-access.js';
import { assetOfId } from '../asset-id.js';
import { isActive } from '../active-user.js';
import { MAX_HOLDERS } from '../holder.js';
import {
  MAX_RETRY_AFTER_MS,
  type AppleAccess,
  type AppleResult,
  type AppleUser,
  type AssetId,
  type LicensingPorts,
  type Walk,
} from '../ports.js';
import { assetStream, reconciliationStream, type AssetLedger } from '../streams.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { ActivationCommand } from './activation-decider.js';
import { KNOWN, inState, type Activation } from './activation-state.js';

type ActivationStep = Step<Activation, LicensingPorts, ActivationCommand>;

/**
 * What leaving persons hold goes back by orders before Apple retires them. It asks Apple nothing, but all that a stream
 * waits for is behind one gate.
 */
const returnLicences: ActivationStep = {
  due(activation) {
    if (activation.closed || inState(['leaving'], activation, 1).length === 0) return null;
    return { at: activation.lookAt, gate: activation.uId };
  },
  async perform(activation, ports) {
    const leaving = inState(['leaving'], activation, MAX_HOLDERS);
    const awaited = new Set<string>();
    const returns: ActivationCommand[] = [];
    for (const asset of await ledgersOf(activation.uId, ports)) {
      const left = await ports.look(assetStream(activation.uId, asset), (ledger) => leftOf(leaving, ledger));
      for (const userId of [...left.back, ...left.onTheWay]) awaited.add(userId);
      if (left.back.length > 0) returns.push({ type: 'AskReturn', asset, userIds: left.back });
    }
    const free = leaving.filter((userId) => !awaited.has(userId));
    return [...returns, { type: 'RecordReturns', awaited: [...awaited], free }];
  },
};

/** All ledgers of an account: of what Apple listed, and of what orders waited for. */
async function ledgersOf(uId: string, { look }: LicensingPorts): Promise<readonly AssetId[]> {
  const ids = await look(reconciliationStream(uId), (reading) =>
    reading.phase === 'new' ? [] : [...reading.known.keys(), ...reading.awaited],
  );
  return [...new Set(ids)].map(assetOfId);
}

/** What can be asked back, and what is on its way. What cannot be returned, such as a book, stays. */
function leftOf(
  leaving: readonly string[],
  { pairs, traits }: AssetLedger,
): { readonly back: string[]; readonly onTheWay: string[] } {
  const back: string[] = [];
  const onTheWay: string[] = [];
  for (const userId of leaving) {
    const pair = pairs.get(`u:${userId}`);
    if (!pair || pair.state === 'failed') continue;
    const asked = pair.followUp?.action === 'return' || pair.state === 'returning';
    if (asked) onTheWay.push(userId);
    else if (pair.state !== 'assigned' || traits?.revocable !== false) back.push(userId);
  }
  return { back, onTheWay };
}

/**
 * What has become of persons at Apple, once in each round: notifications may be lost, never come, or be of what another
 * tool has done.
 */
const readUsers: ActivationStep = {
  due(activation) {
    if (activation.closed || inState(KNOWN, activation, 1).length === 0) return null;
    return { at: activation.readAt, gate: activation.uId };
  },
  async perform(activation, ports) {
    const { uId, nextLot, deltaFrom } = activation;
    const before = inState(KNOWN, activation);
    const account = await accountOf(uId, ports);
    const readAt = ports.clock.now();
    const users = await changedUsers(await accessTo(account, ports), deltaFrom, ports);
    if (!users.ok) return [{ type: 'RecordReadFailure', failure: users.failure }];
    const { records, versionId, moved } = users.value;
    const associated: string[] = [];
    for (const active of chunksOf(records.filter(isActive), MAX_HOLDERS)) {
      const userIds = await ports.persons.userIdsOf(uId, active);
      associated.push(...userIds.filter((_userId, index) => active[index]?.status === 'Associated'));
    }
    const retired = await retiredOf(before, records, uId, ports);
    // Who was created while the pages were read may be seen as retired before alone.
    const doubted = moved && retired.length > 0;
    return [
      ...chunksOf(associated, MAX_HOLDERS).map((userIds) => ({ type: 'RecordAssociated', userIds }) as const),
      ...chunksOf(doubted ? [] : retired, MAX_HOLDERS).map(
        (userIds) => ({ type: 'FindRetired', userIds, nextLot }) as const,
      ),
      {
        type: 'RecordRead',
        readAt,
        deltaFrom: doubted ? deltaFrom : versionId,
        nextLot: retired.length > 0 ? nextLot : null,
      },
    ];
  },
};

/** Persons that have changed since a version; all of them where none is known, or Apple knows no more of it. */
async function changedUsers(
  access: AppleAccess,
  since: string | null,
  { apple }: LicensingPorts,
): Promise<AppleResult<Walk<AppleUser>>> {
  if (since === null) return apple.users(access);
  const delta = await apple.users(access, since);
  return !delta.ok && delta.failure.kind === 'refused' ? apple.users(access) : delta;
}

/**
 * Those of whom Apple lists retired records alone. Apple's rule: a person may have several of them, and beside them one
 * at the most that is active, which is the last that was created.
 */
async function retiredOf(
  userIds: readonly string[],
  records: readonly AppleUser[],
  uId: string,
  { persons }: LicensingPorts,
): Promise<readonly string[]> {
  const active = new Set(records.filter(isActive).map(({ clientUserId }) => clientUserId));
  const retired = new Set(
    records.flatMap(({ clientUserId }) => (active.has(clientUserId) ? [] : clientUserId)),
  );
  if (retired.size === 0) return [];
  const names = await persons.clientUserIdsOf(uId, userIds);
  return userIds.filter((_userId, index) => retired.has(names[index] ?? ''));
}

export const activationSteps = {
  'return-licences': returnLicences,
  'read-users': readUsers,
} satisfies Steps<Activation, LicensingPorts, ActivationCommand>;

export const activationWaits = (timings: Timings): LongestWaits<typeof activationSteps> => ({
  'return-licences': Math.max(timings.endWorkEveryMs, timings.maxRetryMs),
  'read-users': Math.max(timings.totalsEveryMs, timings.maxRetryMs, MAX_RETRY_AFTER_MS),
});
