import {
  messageTo,
  type Cause,
  type CommandMessage,
  type Instant,
  type PlannedCommand,
  type Planner,
} from '@seatbook/kernel';
import { isOfPersons, type CallAction } from '../call-action.js';
import { MAX_HOLDERS, holderCount, holderKeys, holdersOf, kindOfHolder, type HolderKey } from '../holder.js';
import type { AppleLimits, PairLimits } from '../ports.js';
import { isAhead, type Timings } from '../timings.js';
import { assetOfId, idOfAsset } from '../asset-id.js';
import { accountStream, callStream } from '../streams.js';
import { openWorkModel, type LotRow, type OpenWorkRow } from './open-work.js';
import { rectanglesOf, type Rectangle } from './rectangles.js';

/** What the dispatcher must be told: it has no clock and makes no ids. */
export interface DispatchContext {
  readonly uId: string;
  readonly now: Instant;
  readonly limits: AppleLimits;
  /** When one small call may try whether Apple accepts anything; null while it does. */
  readonly probeAt: Instant | null;
  newCallId(): string;
}

/** So many assets as Apple documents: the failures of more of them, for 1,000 holders each, would not fit into one append. */
const MAX_ASSETS_OF_CALL = 25;

/** An event names 1,000 holders at the most, so a call carries no more, whatever Apple allows. */
const withinEvents = ({ maxAssets, maxSerialNumbers, maxClientUserIds }: PairLimits): PairLimits => ({
  maxAssets: Math.min(maxAssets, MAX_ASSETS_OF_CALL),
  maxSerialNumbers: Math.min(maxSerialNumbers, MAX_HOLDERS / 2),
  maxClientUserIds: Math.min(maxClientUserIds, MAX_HOLDERS / 2),
});

/**
 * Plans the calls of one account from all that is open: pairs that are reserved or returning and in no call, without
 * those of orders that are still being reserved. It plans when work fills a call or has waited long enough.
 */
export const dispatcher = (timings: Timings): Planner<OpenWorkRow, DispatchContext> => ({
  name: 'dispatcher',
  reads: openWorkModel,
  index: 'by-account',
  plan(rows, context) {
    const { now } = context;
    const reserving = new Set(rows.flatMap((row) => (row.row === 'order' ? row.orderId : [])));
    const taken = takenPairs(rows);
    const commands: PlannedCommand[] = [];
    let wakeAt: Instant | null = null;
    const wake = (at: Instant): void => {
      wakeAt = wakeAt === null ? at : Math.min(wakeAt, at);
    };
    for (const action of ACTIONS) {
      const open = rows.filter((row): row is LotRow => row.row === 'lot' && row.action === action);
      const ready: LotRow[] = [];
      for (const row of open) {
        if (isAhead(row.notBefore, now, timings.replanAfterMs)) wake(row.notBefore);
        else if (row.orderId === '' || !reserving.has(row.orderId)) ready.push(row);
      }
      if (ready.length === 0) continue;
      if (context.probeAt !== null) {
        if (isAhead(context.probeAt, now, timings.maxProbeMs)) wake(context.probeAt);
        else if (commands.length === 0) commands.push(...probe(action, ready, taken, context));
        continue;
      }
      const calls = callsOf(action, ready, taken, context);
      const oldest = Math.min(...ready.map(({ since }) => since));
      const due = !isAhead(oldest + timings.dispatchAfterMs, now, timings.dispatchAfterMs);
      for (const { rectangle, full } of calls) {
        const cause = newestCause(ready, rectangle);
        if (due || full) commands.push({ ...planned(action, rectangle, context), cause });
        else wake(oldest + timings.dispatchAfterMs);
      }
    }
    return { commands, wakeAt };
  },
});

const ACTIONS: readonly CallAction[] = ['associate', 'disassociate', 'create', 'update', 'retire'];

/** Of persons themselves a call may name fewer than of holders. */
const limitsFor = (action: CallAction, limits: AppleLimits): PairLimits =>
  isOfPersons(action) ? { ...limits, maxClientUserIds: limits.maxUsers } : limits;

/** A call of one pair, of those that have waited longest; the account notes when the next one may be sent. */
function probe(
  action: CallAction,
  rows: readonly LotRow[],
  taken: ReadonlyMap<string, ReadonlySet<HolderKey>>,
  context: DispatchContext,
): PlannedCommand[] {
  for (const row of [...rows].sort((one, other) => one.since - other.since)) {
    const asset = idOfAsset(row.asset);
    const key = holderKeys(row).find((one) => !taken.get(`${action} ${asset}`)?.has(one));
    if (key === undefined) continue;
    const { cause } = row;
    const call = { assets: [asset], holders: holdersOf([key]) };
    const start = messageTo(accountStream(context.uId), { type: 'StartProbe' });
    return [
      { ...start, cause },
      { ...planned(action, call, context, true), cause },
    ];
  }
  return [];
}

/** Pairs of calls that are being claimed, by action and asset. */
function takenPairs(rows: readonly OpenWorkRow[]): ReadonlyMap<string, ReadonlySet<HolderKey>> {
  const taken = new Map<string, Set<HolderKey>>();
  for (const row of rows) {
    if (row.row !== 'call') continue;
    const keys = holderKeys(row);
    for (const asset of row.assets) {
      const id = `${row.action} ${idOfAsset(asset)}`;
      const set = taken.get(id) ?? new Set();
      for (const key of keys) set.add(key);
      taken.set(id, set);
    }
  }
  return taken;
}

function callsOf(
  action: CallAction,
  rows: readonly LotRow[],
  taken: ReadonlyMap<string, ReadonlySet<HolderKey>>,
  context: DispatchContext,
): { rectangle: Rectangle; full: boolean }[] {
  const limits = limitsFor(action, context.limits);
  const byLimit = new Map<number, LotRow[]>();
  for (const row of rows) byLimit.set(row.limit, [...(byLimit.get(row.limit) ?? []), row]);
  return [...byLimit].flatMap(([limit, some]) => {
    const columns = new Map<string, Set<HolderKey>>();
    for (const row of some) {
      const asset = idOfAsset(row.asset);
      const other = taken.get(`${action} ${asset}`);
      const column = columns.get(asset) ?? new Set();
      for (const key of holderKeys(row)) if (!other?.has(key)) column.add(key);
      columns.set(asset, column);
    }
    const allowed = limit === 0 ? sharedLimits(columns, limits) : smallerLimits(limit, columns.size, limits);
    const rectanglesFor = (wanted: (key: HolderKey) => boolean): Rectangle[] =>
      rectanglesOf(
        [...columns].map(([asset, keys]) => ({ asset, keys: [...keys].filter(wanted) })),
        allowed,
      );
    // A call of both kinds would have twice as many pairs as its limit says.
    const rectangles =
      limit === 0
        ? rectanglesFor(() => true)
        : [
            ...rectanglesFor((key) => kindOfHolder(key) === 'device'),
            ...rectanglesFor((key) => kindOfHolder(key) === 'person'),
          ];
    return rectangles.map((rectangle) => {
      const { serialNumbers, userIds } = rectangle.holders;
      const full =
        serialNumbers.length === allowed.maxSerialNumbers || userIds.length === allowed.maxClientUserIds;
      return {
        rectangle,
        full: full && rectangle.assets.length === Math.min(columns.size, allowed.maxAssets),
      };
    });
  });
}

/** Where devices and persons both have open work, a call has room for half of each. */
function sharedLimits(columns: ReadonlyMap<string, ReadonlySet<HolderKey>>, limits: PairLimits): PairLimits {
  const kinds = new Set([...columns.values()].flatMap((keys) => [...keys].map((key) => key.charAt(0))));
  if (kinds.size > 1) return withinEvents(limits);
  return {
    maxAssets: Math.min(limits.maxAssets, MAX_ASSETS_OF_CALL),
    maxSerialNumbers: Math.min(limits.maxSerialNumbers, MAX_HOLDERS),
    // The failures of 25 assets for 1,000 persons, as long as userIds are, would not fit into one append.
    maxClientUserIds: Math.min(limits.maxClientUserIds, MAX_HOLDERS / 2),
  };
}

/** Calls of at most `limit` pairs: fewer holders first, then fewer assets, so that a poison pair is soon alone. */
function smallerLimits(limit: number, assets: number, limits: PairLimits): PairLimits {
  const { maxAssets, maxSerialNumbers, maxClientUserIds } = withinEvents(limits);
  const allowedAssets = Math.max(1, Math.min(maxAssets, assets, limit));
  const holders = Math.max(1, Math.floor(limit / allowedAssets));
  return {
    maxAssets: allowedAssets,
    maxSerialNumbers: Math.min(maxSerialNumbers, holders),
    maxClientUserIds: Math.min(maxClientUserIds, holders),
  };
}

function planned(
  action: CallAction,
  { assets, holders }: Rectangle,
  { uId, ...context }: DispatchContext,
  probing = false,
): CommandMessage {
  if (holderCount(holders) === 0) throw new Error('a call without holders was planned');
  return messageTo(callStream(context.newCallId()), {
    type: 'PlanCall',
    uId,
    action,
    assets: assets.map(assetOfId),
    ...holders,
    ...(probing ? { probe: true } : {}),
  });
}

/** The newest event that opened a pair of the call. Orders that share a call are told apart by the ledgers' events. */
function newestCause(rows: readonly LotRow[], { assets, holders }: Rectangle): Cause {
  const inCall = new Set(holderKeys(holders));
  let newest: LotRow | null = null;
  for (const row of rows) {
    if (newest && row.since < newest.since) continue;
    if (!assets.includes(idOfAsset(row.asset)) || !holderKeys(row).some((key) => inCall.has(key))) continue;
    newest = row;
  }
  if (!newest) throw new Error('a call was planned of pairs that no row has');
  return newest.cause;
}
