import { Refusal, type Position } from '@seatbook/kernel';
import {
  deviceIdOf,
  queryModels,
  type InstallationDocument,
  type InstallationFailure,
  type InstallationState,
} from '@seatbook/licensing';
import { mustExist } from './accounts.js';
import type { PageOf, Reflected, RowsOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

export interface WantedInstallations extends WantedPage {
  /** At most one of device, order and app is named; then their rows are listed, in any state or in one. */
  readonly serialNumber?: string | undefined;
  readonly orderId?: string | undefined;
  readonly app?: { readonly uId: string; readonly adamId: string } | undefined;
  readonly state?: InstallationState | undefined;
}

type Installations = typeof queryModels.installations;

/** Apps on devices. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listInstallations(
  seatbook: SeatbookEdge,
  { serialNumber, orderId, app, state, ...page }: WantedInstallations,
): PageOf<'installations'> {
  if (app) await mustExist(seatbook, app.uId);
  const inState = state === undefined ? [] : [state];
  const rows = ((): RowsOf<Installations> => {
    if (serialNumber !== undefined) return { index: 'by-device', equals: [deviceIdOf(serialNumber)] };
    if (orderId !== undefined) return { index: 'by-order', equals: [orderId, ...inState] };
    if (app) return { index: 'by-app', equals: [app.uId, app.adamId, ...inState] };
    return { index: 'by-state', equals: inState };
  })();
  const keeps = serialNumber === undefined ? undefined : keepsState(state);
  return seatbook.reader.page(queryModels.installations, rows, page, keeps);
}

const keepsState = (state: InstallationState | undefined) =>
  state === undefined ? undefined : (row: InstallationDocument) => row.state === state;

/** How far a rollout is: its targets by state, and those that failed by their reason. */
export interface RolloutProgress {
  readonly orderId: string;
  readonly states: Readonly<Partial<Record<InstallationState, number>>>;
  readonly failures: Readonly<Partial<Record<InstallationFailure, number>>>;
  readonly asOf: Reflected;
}

export interface WantedRollout {
  readonly orderId: string;
  readonly position?: Position | undefined;
}

/**
 * Targets that a later order has taken over are counted there.
 * @throws Refusal NOT_FOUND_ORDER where there is no rollout of this id
 */
export async function getRollout(
  { reader }: SeatbookEdge,
  { orderId, position }: WantedRollout,
): Promise<RolloutProgress> {
  const { document: order } = await reader.get(queryModels.orders, orderId, position);
  if (order?.kind !== 'RolloutApp') throw new Refusal('NOT_FOUND_ORDER', 'there is no such rollout');
  const asOf = await reader.reflected(queryModels.installations, position);
  const states: Partial<Record<InstallationState, number>> = {};
  const failures: Partial<Record<InstallationFailure, number>> = {};
  const rows = { index: 'by-order', equals: [orderId] } as const;
  for await (const { state, reason } of reader.all(queryModels.installations, rows)) {
    states[state] = (states[state] ?? 0) + 1;
    if (state === 'failed' && reason !== null) failures[reason] = (failures[reason] ?? 0) + 1;
  }
  return { orderId, states, failures, asOf };
}

export const installationQueries = { ListInstallations: listInstallations, GetRollout: getRollout };
