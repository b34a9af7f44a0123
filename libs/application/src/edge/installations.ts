import { Refusal, chunksOf, type Envelope, type Position } from '@seatbook/kernel';
import {
  assetKey,
  deviceIdOf,
  installationKey,
  orderStream,
  queryModels,
  type AssetId,
  type InstallationDocument,
  type InstallationFailure,
  type InstallationState,
  type OrderEvent,
} from '@seatbook/licensing';
import { giveWay, readable } from '@seatbook/runtime';
import { mustExist } from './accounts.js';
import { cursorAt, pageOfList, placeOf } from './page-of-list.js';
import { installationsOfPerson } from './person-installations.js';
import type { PageOf, Reflected, ReflectedPage, RowsOf, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

export interface WantedInstallations extends WantedPage {
  /** At most one of device, person, order and app is named; then their rows are listed, in any state or in one. */
  readonly serialNumber?: string | undefined;
  readonly userId?: string | undefined;
  readonly orderId?: string | undefined;
  readonly app?: { readonly uId: string; readonly adamId: string } | undefined;
  readonly state?: InstallationState | undefined;
  readonly reason?: InstallationFailure | undefined;
}

type Installations = typeof queryModels.installations;

/** Apps on devices. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listInstallations(
  seatbook: SeatbookEdge,
  { serialNumber, userId, orderId, app, state, reason, ...page }: WantedInstallations,
): PageOf<'installations'> {
  if (app) await mustExist(seatbook, app.uId);
  const inState = state === undefined ? [] : [state];
  const rows = ((): RowsOf<Installations> => {
    if (serialNumber !== undefined) return { index: 'by-device', equals: [deviceIdOf(serialNumber)] };
    if (userId !== undefined) return { index: 'by-person', equals: [userId] };
    if (orderId !== undefined) return { index: 'by-order', equals: [orderId, ...inState] };
    if (app) return { index: 'by-app', equals: [app.uId, app.adamId, ...inState] };
    return { index: 'by-state', equals: inState };
  })();
  const sifted = reason !== undefined || ((serialNumber ?? userId) !== undefined && state !== undefined);
  const keeps = (row: InstallationDocument): boolean =>
    (state === undefined || row.state === state) && (reason === undefined || row.reason === reason);
  return seatbook.reader.page(queryModels.installations, rows, page, sifted ? keeps : undefined);
}

/** Devices on which one app has failed for one reason. */
export interface FailuresFound {
  readonly reason: InstallationFailure;
  readonly uId: string;
  readonly adamId: string;
  readonly pricingParam: string;
  readonly name: string | null;
  /** Nothing more is tried by itself. */
  readonly failed: number;
  /** The next try is planned. */
  readonly retrying: number;
}

export interface WantedFailures extends WantedPage {
  readonly accountId?: string | undefined;
}

const COUNTED_AT_ONCE = 1_000;

/** Why apps are not installed: the reasons, and on how many devices. @throws Refusal NOT_FOUND_ACCOUNT */
export async function listFailures(
  seatbook: SeatbookEdge,
  { accountId, part, position }: WantedFailures,
): Promise<ReflectedPage<FailuresFound>> {
  const { reader } = seatbook;
  if (accountId !== undefined) await mustExist(seatbook, accountId);
  const asOf = await reader.reflected(queryModels.installations, position);
  const found = new Map<string, FailuresFound>();
  let counted = 0;
  for (const state of ['failed', 'retrying'] as const) {
    const rows = { index: 'by-state', equals: [state] } as const;
    for await (const row of reader.all(queryModels.installations, rows)) {
      if ((counted += 1) % COUNTED_AT_ONCE === 0) await giveWay();
      const { uId, adamId, pricingParam, reason } = row;
      if (reason === null || (accountId !== undefined && uId !== accountId)) continue;
      const key = failuresKey(row, reason);
      const before = found.get(key) ?? {
        reason,
        uId,
        adamId,
        pricingParam,
        name: null,
        failed: 0,
        retrying: 0,
      };
      found.set(key, { ...before, [state]: before[state] + 1 });
    }
  }
  const page = pageOfList([...found.values()], (row) => failuresKey(row, row.reason), part);
  const names = await reader.getMany(queryModels.assets, [
    ...new Set(page.rows.map((row) => assetKey(row.uId, row))),
  ]);
  const named = page.rows.map((row) => ({ ...row, name: names.get(assetKey(row.uId, row))?.name ?? null }));
  return { ...page, rows: named, asOf };
}

const failuresKey = (row: AssetId & { readonly uId: string }, reason: string): string =>
  `${reason}|${assetKey(row.uId, row)}`;

/** How far a rollout is: its targets by state, and those that failed by their reason. */
export interface RolloutProgress {
  readonly orderId: string;
  readonly targets: number;
  readonly states: Readonly<Partial<Record<InstallationState, number>>>;
  readonly failures: Readonly<Partial<Record<InstallationFailure, number>>>;
  readonly asOf: Reflected;
}

export interface WantedRollout {
  readonly orderId: string;
  readonly position?: Position | undefined;
}

export interface WantedTargets extends WantedRollout, WantedPage {
  readonly state?: InstallationState | undefined;
  readonly reason?: InstallationFailure | undefined;
}

/** One app on one device that a rollout names itself or by its person, as it stands, whichever order wanted it last. */
export interface RolloutTarget extends AssetId {
  readonly uId: string;
  /** Null of a person whose app is on no device. */
  readonly device: string | null;
  /** The person that the rollout names; null where it names the device. */
  readonly userId: string | null;
  readonly state: InstallationState;
  /** Null: the rollout found no licence for it, and nothing was ever installed. */
  readonly installation: InstallationDocument | null;
}

/** @throws Refusal NOT_FOUND_ORDER where there is no rollout of this id */
export async function getRollout(seatbook: SeatbookEdge, wanted: WantedRollout): Promise<RolloutProgress> {
  const { uId, asOf } = await rolloutOf(seatbook, wanted);
  const { orderId } = wanted;
  const states: Partial<Record<InstallationState, number>> = {};
  const failures: Partial<Record<InstallationFailure, number>> = {};
  let targets = 0;
  for await (const { targets: some } of targetsOf(seatbook, orderId, uId, START_OF_TARGETS)) {
    for (const { state, installation } of some) {
      states[state] = (states[state] ?? 0) + 1;
      const reason = installation?.reason ?? null;
      if (state === 'failed' && reason !== null) failures[reason] = (failures[reason] ?? 0) + 1;
    }
    targets += some.length;
  }
  return { orderId, targets, states, failures, asOf };
}

/** In the order in which the rollout names them. @throws Refusal NOT_FOUND_ORDER where there is no rollout of this id */
export async function listRolloutTargets(
  seatbook: SeatbookEdge,
  { orderId, state, reason, part: { limit, cursor }, position }: WantedTargets,
): Promise<ReflectedPage<RolloutTarget>> {
  const { uId, asOf } = await rolloutOf(seatbook, { orderId, position });
  const rows: RolloutTarget[] = [];
  const from = cursor === undefined ? START_OF_TARGETS : placeIn(placeOf(cursor));
  for await (const { place, targets } of targetsOf(seatbook, orderId, uId, from)) {
    for (const [index, target] of targets.entries()) {
      if (state !== undefined && target.state !== state) continue;
      if (reason !== undefined && target.installation?.reason !== reason) continue;
      if (rows.length === limit) {
        const { revision } = place;
        // Those of a device each are holders in a row; those of a person are parts of one.
        const next =
          target.userId === null ? `${place.index + index}` : `${place.index}.${place.part + index}`;
        return { rows, next: cursorAt(`${revision}.${next}`), asOf };
      }
      rows.push(target);
    }
  }
  return { rows, next: null, asOf };
}

async function rolloutOf(
  { reader }: SeatbookEdge,
  { orderId, position }: WantedRollout,
): Promise<{ readonly uId: string; readonly asOf: Reflected }> {
  const { document: order } = await reader.get(queryModels.orders, orderId, position);
  if (order?.kind !== 'RolloutApp') throw new Refusal('NOT_FOUND_ORDER', 'there is no such rollout');
  return { uId: order.uId, asOf: await reader.reflected(queryModels.installations, position) };
}

/** A target within the questions of an order: that of the event, the holder within it, and the device of a person. */
interface PlaceOfTarget {
  readonly revision: number;
  readonly index: number;
  readonly part: number;
}

export const START_OF_TARGETS: PlaceOfTarget = { revision: 0, index: 0, part: 0 };

const placeIn = (text: string): PlaceOfTarget => {
  const [revision = 0, index = 0, part = 0] = text.split('.').map((number) => Number(number) || 0);
  return { revision, index, part };
};

const PAGE_EVENTS = 50;

/** The order's own questions name all that it is about, in an order that never changes. */
export async function* targetsOf(
  seatbook: SeatbookEdge,
  orderId: string,
  uId: string,
  from: PlaceOfTarget,
): AsyncGenerator<{ readonly place: PlaceOfTarget; readonly targets: readonly RolloutTarget[] }> {
  const { events, reader } = seatbook;
  for (let revision = from.revision; ; revision += PAGE_EVENTS) {
    const page = await events.readStream(orderStream(orderId), revision, PAGE_EVENTS);
    for (const event of page) {
      const asked = readable(event) as Envelope<OrderEvent>;
      if (asked.type !== 'order.reservation-asked') continue;
      const { adamId, pricingParam, serialNumbers, userIds } = asked.data;
      const asset = { uId, adamId, pricingParam };
      const first = event.revision === from.revision ? from.index : 0;
      let index = first;
      for (const devices of chunksOf(serialNumbers.slice(index).map(deviceIdOf), COUNTED_AT_ONCE)) {
        const keys = devices.map((device) => installationKey(device, adamId));
        const known = await reader.getMany(queryModels.installations, keys);
        const targets = devices.map((device): RolloutTarget => {
          const installation = known.get(installationKey(device, adamId)) ?? null;
          const state = installation?.state ?? 'no-licence';
          return { ...asset, device, userId: null, state, installation };
        });
        yield { place: { revision: event.revision, index, part: 0 }, targets };
        index += devices.length;
        await giveWay();
      }
      // A person is one target for each device.
      for (const userId of userIds.slice(Math.max(0, index - serialNumbers.length))) {
        const part = event.revision === from.revision && index === first ? from.part : 0;
        const targets = await targetsOfPerson(seatbook, userId, asset);
        yield { place: { revision: event.revision, index, part }, targets: targets.slice(part) };
        index += 1;
      }
    }
    if (page.length < PAGE_EVENTS) return;
  }
}

async function targetsOfPerson(
  seatbook: SeatbookEdge,
  userId: string,
  asset: AssetId & { readonly uId: string },
): Promise<readonly RolloutTarget[]> {
  const targets = (await installationsOfPerson(seatbook, userId, asset)).map(
    (installation): RolloutTarget => {
      const { device, state } = installation;
      return { ...asset, device, userId, state, installation };
    },
  );
  if (targets.length > 0) return targets;
  return [{ ...asset, device: null, userId, state: 'no-licence', installation: null }];
}

export const installationQueries = {
  ListInstallations: listInstallations,
  ListFailures: listFailures,
  GetRollout: getRollout,
  ListRolloutTargets: listRolloutTargets,
};
