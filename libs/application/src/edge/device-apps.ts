import {
  assetKey,
  canonicalHolder,
  deviceIdOf,
  queryModels,
  type AppSettings,
  type DeviceDocument,
  type HolderKey,
  type InstallationDocument,
  type PairDocument,
  type Why,
} from '@seatbook/licensing';
import { inForce, sentWith } from './app-settings.js';
import { pageOfList } from './page-of-list.js';
import type { Reflected, ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { explained, pairOfPerson } from './why.js';
import type { PairInQuestion } from './why-chain.js';

export interface WantedDeviceApps extends WantedPage {
  readonly serialNumber: string;
}

/** One app of a device: its licence, its installation, and what is pending. */
export interface DeviceAppFound extends PairInQuestion {
  readonly name: string | null;
  readonly why: Why;
  /** In force now. */
  readonly settings: AppSettings;
  /** That the last command was sent with; null where none was sent. */
  readonly sentWith: AppSettings | null;
}

/** A device with a page of its apps. */
export interface DeviceAppsPage extends ReflectedPage<DeviceAppFound> {
  readonly serialNumber: string;
  /** Null for a device that is neither enrolled nor registered. */
  readonly device: DeviceDocument | null;
  readonly asOf: Reflected;
}

/** A device has a few hundred apps at the most; they are read whole, and shown page by page. */
export async function listDeviceApps(
  seatbook: SeatbookEdge,
  { serialNumber, part, position }: WantedDeviceApps,
): Promise<DeviceAppsPage> {
  const { reader, stores } = seatbook;
  await reader.reach(queryModels.pairs, position);
  const asOf = await reader.reflected(queryModels.installations, position);
  const holder = canonicalHolder(`d:${serialNumber.trim()}`);
  const device = deviceIdOf(holder.slice(2));
  const apps = await appsOf(seatbook, holder, device);
  const page = pageOfList([...apps.values()], ({ uId, asset }) => assetKey(uId, asset), part);
  const names = await reader.getMany(
    queryModels.assets,
    page.rows.map(({ uId, asset }) => assetKey(uId, asset)),
  );
  const accounts = await reader.getMany(queryModels.accounts, [...new Set(page.rows.map(({ uId }) => uId))]);
  const rows: DeviceAppFound[] = [];
  for (const app of page.rows) {
    const name = names.get(assetKey(app.uId, app.asset))?.name ?? null;
    rows.push({
      ...app,
      name,
      why: await explained(seatbook, app, accounts.get(app.uId) ?? null),
      settings: await inForce(seatbook, app.uId, app.asset),
      sentWith: await sentWith(seatbook, app.installation),
    });
  }
  const known = await stores.reads.get(queryModels.devices, device);
  return { serialNumber: device, device: known, rows, next: page.next, asOf };
}

/** Licences of the device and installations on it, put together by asset. */
async function appsOf(
  seatbook: SeatbookEdge,
  holder: HolderKey,
  device: string,
): Promise<ReadonlyMap<string, PairInQuestion>> {
  const { reader } = seatbook;
  const apps = new Map<string, PairInQuestion>();
  const add = (
    row: PairDocument | InstallationDocument,
    found: Partial<Pick<PairInQuestion, 'pair' | 'installation'>>,
  ): void => {
    const { uId, adamId, pricingParam } = row;
    const asset = { adamId, pricingParam };
    const before = apps.get(assetKey(uId, asset)) ?? { uId, asset, holder, pair: null, installation: null };
    apps.set(assetKey(uId, asset), { ...before, ...found });
  };
  for await (const pair of reader.all(queryModels.pairs, { index: 'by-holder', equals: [holder] }))
    add(pair, { pair });
  const rows = { index: 'by-device', equals: [device] } as const;
  for await (const installation of reader.all(queryModels.installations, rows)) {
    const { uId, adamId, pricingParam } = installation;
    const asset = { adamId, pricingParam };
    const own = apps.get(assetKey(uId, asset))?.pair ?? null;
    const pair = own ?? (await pairOfPerson(seatbook, { uId, asset, installation }));
    add(installation, { installation, pair });
  }
  return apps;
}

export const deviceAppQueries = { ListDeviceApps: listDeviceApps };
