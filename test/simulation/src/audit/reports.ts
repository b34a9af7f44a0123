import { reportAssets, type AssetReport, type Reflected } from '@seatbook/application';
import { START, type Envelope } from '@seatbook/kernel';
import { idOfAsset, queryModels } from '@seatbook/licensing';
import { partsDiffer, reportsWrong, sumsOpen } from '@seatbook/test-support/closing-reports';
import type { World } from '../world.js';

const ALL = 500;

/** In any period the sums of every ledger close, and two periods in a row add up, as the log has it and as it is asked. */
export async function auditReports(world: World, log: readonly Envelope[]): Promise<string[]> {
  const ledgers = new Set(log.map(({ stream }) => stream).filter((stream) => stream.startsWith('asset-')));
  const wrong = [...ledgers].flatMap((ledger) =>
    reportsWrong(log.filter(({ stream }) => stream === ledger)).map((what) => `${ledger}, ${what}`),
  );
  const end = momentOf(log.at(-1));
  const middle = momentOf(log[Math.floor(log.length / 2)]);
  for (const { uId } of world.sites) {
    if (!(await world.virtual.stores.reads.get(queryModels.accounts, uId))) continue;
    const [earlier, later, whole] = [
      await reportsOf(world, uId, BEGINNING, middle),
      await reportsOf(world, uId, middle, end),
      await reportsOf(world, uId, BEGINNING, end),
    ];
    for (const [assetId, report] of whole) {
      const said = `the report of ${uId} ${assetId}`;
      wrong.push(...sumsOpen(report).map((what) => `${said}: ${what}`));
      const [first, second] = [earlier.get(assetId), later.get(assetId)];
      if (first && second)
        wrong.push(...partsDiffer([first, second], report).map((what) => `${said}: ${what}`));
    }
  }
  return wrong;
}

const BEGINNING: Reflected = { position: START, time: 0 };

const momentOf = (event: Envelope | undefined): Reflected =>
  event ? { position: event.position, time: event.metadata.recordedAt } : BEGINNING;

async function reportsOf(
  { virtual }: World,
  accountId: string,
  from: Reflected,
  to: Reflected,
): Promise<ReadonlyMap<string, AssetReport>> {
  const wanted = { accountId, period: { from, to }, part: { limit: ALL } };
  const { rows } = await virtual.until(reportAssets(virtual.edge, wanted));
  return new Map(rows.map((report) => [idOfAsset(report), report]));
}
