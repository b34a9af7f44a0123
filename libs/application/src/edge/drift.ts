import { chunksOf, latest, type Position } from '@seatbook/kernel';
import {
  MAX_HOLDERS,
  assetKey,
  assetStream,
  holdersOf,
  queryModels,
  reconciliationStream,
  type AssetId,
  type DriftDecision,
  type DriftDocument,
  type DriftKind,
  type DriftPolicies,
  type HolderKey,
} from '@seatbook/licensing';
import type { Receipt } from '@seatbook/runtime';
import { mustBeImported, mustExist } from './accounts.js';
import { contextOf, type Caller } from './principal.js';
import type { PageOf, RowsOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext, takenId } from './taken-key.js';

export interface DriftFilter {
  readonly uId: string;
  readonly asset?: AssetId | undefined;
  readonly state?: DriftDecision | undefined;
  readonly kind?: DriftKind | undefined;
}

/** Drift that waits for a decision: all of it, or what these name. */
export interface DecideDrift extends Omit<DriftFilter, 'state'> {
  readonly decision: 'accept' | 'restore';
  readonly holders?: readonly HolderKey[] | undefined;
}

export interface DecidedDrift {
  /** Pairs that were decided. */
  readonly pairs: number;
  /** All that was decided stands at or below this position. */
  readonly position: Position;
}

/** The last drift of each pair of an account. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listDrift(
  seatbook: SeatbookEdge,
  { part, position, ...filter }: DriftFilter & WantedPage,
): PageOf<'drifts'> {
  await mustExist(seatbook, filter.uId);
  const { kind } = filter;
  const keeps = kind === undefined ? undefined : (drift: DriftDocument) => drift.kind === kind;
  return seatbook.reader.page(queryModels.drifts, rowsOf(filter), { part, position }, keeps);
}

function rowsOf({ uId, asset, state }: DriftFilter): RowsOf<typeof queryModels.drifts> {
  const named =
    asset === undefined
      ? { equals: [], range: { from: `${uId}.`, to: `${uId}.\uffff` } }
      : { equals: [assetKey(uId, asset)] };
  return state === undefined
    ? { index: 'by-asset', ...named }
    : { index: 'by-state', ...named, equals: [state, ...named.equals] };
}

/**
 * Decides about drift that waits for it: it is accepted, or undone by an order of its own. What does not wait any more is
 * left alone. @throws Refusal NOT_FOUND_ACCOUNT
 */
export async function decideDrift(
  seatbook: SeatbookEdge,
  wanted: DecideDrift,
  caller: Caller,
): Promise<DecidedDrift> {
  const { uId, asset: only, kind, decision, holders } = wanted;
  await mustBeImported(seatbook, uId);
  const body = { decide: decision, uId, asset: only, kind, holders };
  const id = await takenId(seatbook, caller, 'DecideDrift', body);
  const { reader } = seatbook;
  await reader.reachHead(queryModels.drifts);
  const named = holders && new Set(holders);
  const asked = new Map<string, { readonly asset: AssetId; readonly keys: HolderKey[] }>();
  for await (const drift of reader.all(queryModels.drifts, rowsOf({ uId, asset: only, state: 'asked' }))) {
    if (kind !== undefined && drift.kind !== kind) continue;
    if (named && !named.has(drift.holder) && !named.has(drift.spelledAs)) continue;
    const { asset: key, adamId, pricingParam, spelledAs } = drift;
    const ofAsset = asked.get(key) ?? { asset: { adamId, pricingParam }, keys: [] };
    asked.set(key, ofAsset);
    ofAsset.keys.push(spelledAs);
  }
  let pairs = 0;
  let { position } = await reader.head();
  for (const [key, { asset, keys }] of asked) {
    for (const chunk of chunksOf(keys, MAX_HOLDERS)) {
      const command = { type: 'DecideDrift', holders: holdersOf(chunk), decision } as const;
      // Sent again, there may be fewer left: what was decided is no part of any list.
      const context = contextOf(caller, `${id}/${key}/${chunk[0]}`, body);
      const receipt = await seatbook.execute(assetStream(uId, asset), command, context);
      pairs += chunk.length;
      position = latest(position, receipt.position);
    }
  }
  return { pairs, position };
}

/** What is done from now on about what others give and take. @throws Refusal NOT_FOUND_ACCOUNT */
export async function setDriftPolicies(
  seatbook: SeatbookEdge,
  { uId, policies }: { readonly uId: string; readonly policies: Partial<DriftPolicies> },
  caller: Caller,
): Promise<Receipt> {
  await mustBeImported(seatbook, uId);
  const context = await takenContext(seatbook, caller, 'SetDriftPolicies', { drift: uId, policies });
  return seatbook.execute(reconciliationStream(uId), { type: 'SetDriftPolicies', policies }, context);
}

export const driftCommands = { DecideDrift: decideDrift, SetDriftPolicies: setDriftPolicies };

export const driftQueries = { ListDrift: listDrift };
