import { chunksOf } from '@seatbook/kernel';
import { assetOfId } from '../asset-id.js';
import { MAX_HOLDERS, holdersOf, type HolderKey } from '../holder.js';
import type { AssetId, LicensingPorts } from '../ports.js';
import { activationStream, assetStream, reconciliationStream, type AssetLedger } from '../streams.js';
import type { AccountCommand } from './account-decider.js';

/** What is held is asked back so often; what Apple does not take back by then stays where it is. */
export const ROUNDS_OF_RETURNS = 6;
/** Ledgers and calls that one round names: an append holds no more. */
const MAX_LEDGERS = 5_000;
const MAX_CALLS = 5_000;

/** What is left of an account whose work is to end. */
export interface WorkToEnd {
  /** Ledgers that are not closed, or have pairs that wait or are reserved and in no call. */
  readonly open: readonly AssetId[];
  /** Calls that have pairs. */
  readonly callIds: readonly string[];
  /** Pairs on their way, with or without a call. */
  readonly onTheWay: number;
  /** Pairs to be taken back, by asset. */
  readonly held: readonly { readonly asset: AssetId; readonly keys: readonly HolderKey[] }[];
  /** Pairs that stay assigned. */
  readonly kept: number;
  /** Persons are still to be created or retired. */
  readonly activating: boolean;
}

/** All ledgers of an account: of what Apple listed, and of what orders waited for. */
async function ledgersOf(uId: string, { read }: LicensingPorts): Promise<readonly AssetId[]> {
  const reading = await read(reconciliationStream(uId));
  if (reading.phase === 'new') return [];
  return [...new Set([...reading.known.keys(), ...reading.awaited])].map(assetOfId);
}

/** What becomes of pairs that have, or are to have, a licence. */
export interface Ending {
  /** What is held and can be returned is asked back. */
  readonly takesBack: boolean;
  /** Nobody will hear of what is on its way: calls are given up, and what is to go back stays. */
  readonly abandons: boolean;
}

export async function workOf(uId: string, ending: Ending, ports: LicensingPorts): Promise<WorkToEnd> {
  const open: AssetId[] = [];
  const calls = new Set<string>();
  const held: { asset: AssetId; keys: HolderKey[] }[] = [];
  let onTheWay = 0;
  let kept = 0;
  for (const asset of await ledgersOf(uId, ports)) {
    const ledger = await ports.read(assetStream(uId, asset));
    const left = leftIn(ledger, ending);
    if (left.open || !ledger.closed) open.push(asset);
    for (const callId of ledger.claims.keys()) calls.add(callId);
    if (left.back.length > 0) held.push({ asset, keys: left.back });
    onTheWay += left.onTheWay;
    kept += left.kept;
  }
  const { closed, claimed } = await ports.look(activationStream(uId), (activation) => ({
    // One that was never used has nothing to end.
    closed: activation.closed || activation.persons.size === 0,
    claimed: [...activation.persons.values()].flatMap(({ callId }) => callId ?? []),
  }));
  for (const callId of claimed) calls.add(callId);
  onTheWay += claimed.length;
  return { open, callIds: [...calls], onTheWay, held, kept, activating: !closed };
}

function leftIn(ledger: AssetLedger, { takesBack, abandons }: Ending) {
  const back: HolderKey[] = [];
  let open = false;
  let onTheWay = 0;
  let kept = 0;
  const revocable = ledger.traits?.revocable !== false;
  for (const [key, { state, callId, followUp }] of ledger.pairs) {
    if (state === 'failed') continue;
    const unclaimed = callId === null && (state === 'reserved' || (abandons && state === 'returning'));
    if (state === 'waiting' || unclaimed) open = true;
    else if (state !== 'assigned') onTheWay += 1;
    else if (takesBack && revocable && followUp === null) back.push(key);
    else kept += 1;
  }
  return { open, onTheWay, back, kept };
}

/** The next round, or the end. */
export function endOf(
  { open, callIds, onTheWay, held, kept, activating }: WorkToEnd,
  { abandons }: Ending,
): readonly AccountCommand[] {
  if (open.length === 0 && onTheWay === 0 && held.length === 0 && !activating)
    return [{ type: 'RecordWorkEnded', kept }];
  const returns = held.flatMap(({ asset, keys }) =>
    chunksOf(keys, MAX_HOLDERS).map((chunk): AccountCommand => ({
      type: 'AskReturn',
      asset,
      holders: holdersOf(chunk),
    })),
  );
  const left = onTheWay + held.reduce((sum, { keys }) => sum + keys.length, 0);
  return [
    ...returns,
    {
      type: 'EndWork',
      ledgers: open.slice(0, MAX_LEDGERS),
      callIds: abandons ? callIds.slice(0, MAX_CALLS) : [],
      left,
    },
  ];
}
