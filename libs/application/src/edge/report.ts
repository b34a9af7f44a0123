import { START } from '@seatbook/kernel';
import {
  assetStream,
  ownedIn,
  queryModels,
  usedIn,
  type AssetDocument,
  type AssetId,
  type OwnedInPeriod,
  type UsedInPeriod,
} from '@seatbook/licensing';
import { mustExist } from './accounts.js';
import { movementsOfRun } from './ledger-movements.js';
import type { Period } from './period.js';
import type { ListPart, ReflectedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { lastRevision } from './subject-pages.js';

/** What became of one asset in a period. */
export interface AssetReport extends AssetId {
  readonly uId: string;
  readonly name: string | null;
  /** At the end of the period. */
  readonly unlimited: boolean;
  readonly owned: OwnedInPeriod;
  readonly used: UsedInPeriod;
}

export interface WantedReport {
  readonly accountId: string;
  readonly period: Period;
  readonly part: ListPart;
}

/** What became of each asset of an account in a period, by name; assets that came later are left out. @throws Refusal NOT_FOUND_ACCOUNT */
export async function reportAssets(
  seatbook: SeatbookEdge,
  { accountId, period, part }: WantedReport,
): Promise<ReflectedPage<AssetReport>> {
  await mustExist(seatbook, accountId);
  const { reader } = seatbook;
  await reader.reach(queryModels.sections, period.to.position);
  const rows = { index: 'by-account', equals: [accountId] } as const;
  const assets = await reader.page(queryModels.assets, rows, { part, position: period.to.position });
  const reports: AssetReport[] = [];
  for (const asset of assets.rows) {
    const report = await reportOf(seatbook, asset, period);
    if (report) reports.push(report);
  }
  return { rows: reports, next: assets.next, asOf: period.to };
}

async function reportOf(
  seatbook: SeatbookEdge,
  asset: AssetDocument,
  { from, to }: Period,
): Promise<AssetReport | null> {
  const { uId, adamId, pricingParam, name } = asset;
  const stream = assetStream(uId, asset);
  const end = (await lastRevision(seatbook.events, stream, to.position)) + 1;
  if (end === 0) return null;
  const beginning =
    from.position === START ? 0 : (await lastRevision(seatbook.events, stream, from.position)) + 1;
  const earlier = await movementsOfRun(seatbook, { uId, asset, from: 0, before: beginning });
  const moved = await movementsOfRun(seatbook, { uId, asset, from: beginning, before: end });
  const unlimited = (moved.read ?? earlier.read)?.last.unlimited ?? false;
  return {
    uId,
    adamId,
    pricingParam,
    name,
    unlimited,
    owned: ownedIn(earlier, moved),
    used: usedIn(earlier, moved),
  };
}

export const reportQueries = { ReportAssets: reportAssets };
