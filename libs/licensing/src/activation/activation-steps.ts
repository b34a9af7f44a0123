import type { Step, Steps } from '@seatbook/kernel';
import { accessTo, accountOf } from '../apple-access.js';
import { assetOfId } from '../asset-id.js';
import { MAX_HOLDERS } from '../holder.js';
import { MAX_RETRY_AFTER_MS, type AssetId, type LicensingPorts } from '../ports.js';
import { assetStream, reconciliationStream, type AssetLedger } from '../streams.js';
import type { LongestWaits, Timings } from '../timings.js';
import type { ActivationCommand } from './activation-decider.js';
import { inState, type Activation } from './activation-state.js';

type ActivationStep = Step<Activation, LicensingPorts, ActivationCommand>;

/**
 * What leaving persons hold goes back by orders before Apple retires them. It asks Apple nothing, but all that a stream
 * waits for is behind one gate.
 */
const returnLicences: ActivationStep = {
  due(activation) {
    if (activation.closed || inState('leaving', activation, 1).length === 0) return null;
    return { at: activation.lookAt, gate: activation.uId };
  },
  async perform(activation, ports) {
    const leaving = inState('leaving', activation, MAX_HOLDERS);
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

/** Whether the invited have accepted: notifications may be lost, or never come. */
const readAcceptances: ActivationStep = {
  due(activation) {
    if (activation.closed || inState('invited', activation, 1).length === 0) return null;
    return { at: activation.readAt, gate: activation.uId };
  },
  async perform(activation, ports) {
    const { uId } = activation;
    const account = await accountOf(uId, ports);
    const readAt = ports.clock.now();
    const users = await ports.apple.users(await accessTo(account, ports));
    if (!users.ok) return [{ type: 'RecordReadFailure', failure: users.failure }];
    const accepted = users.value.records.filter(({ status }) => status === 'Associated');
    const userIds = accepted.length === 0 ? [] : await ports.persons.userIdsOf(uId, accepted);
    const invited = new Set(inState('invited', activation));
    const associated = userIds.filter((userId) => invited.has(userId)).slice(0, MAX_HOLDERS);
    return [{ type: 'RecordAcceptances', associated, readAt }];
  },
};

export const activationSteps = {
  'return-licences': returnLicences,
  'read-acceptances': readAcceptances,
} satisfies Steps<Activation, LicensingPorts, ActivationCommand>;

export const activationWaits = (timings: Timings): LongestWaits<typeof activationSteps> => ({
  'return-licences': timings.endWorkEveryMs,
  'read-acceptances': Math.max(timings.totalsEveryMs, timings.maxRetryMs, MAX_RETRY_AFTER_MS),
});
