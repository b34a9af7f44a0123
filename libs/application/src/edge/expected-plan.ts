import { Refusal } from '@seatbook/kernel';
import { PLANNED_COUNTS, idOfAsset, type OrderPlan, type PlannedAsset } from '@seatbook/licensing';
import { sumAssets } from './assets.js';
import type { CheckedOrder, ExpectedAsset } from './order-request.js';
import { planOf } from './plan-order.js';
import type { ExpectAbove, SeatbookEdge } from './seatbook-edge.js';

const EXPECT_ABOVE: ExpectAbove = { licences: 5_000, percent: 100 };

/**
 * Compares what an order would do now with what it is expected to do. What moves afterwards is an ordinary outcome.
 * @throws Refusal REJECTED_PLAN_CHANGED with both, asset by asset, where they differ; REJECTED_EXPECT_NEEDED for an order
 *   that takes many licences away and expects nothing
 */
export async function checkExpected(
  seatbook: SeatbookEdge,
  order: CheckedOrder,
  expect: readonly ExpectedAsset[] | undefined,
  isPlaced: () => Promise<boolean>,
): Promise<void> {
  const above = seatbook.options.expectAbove ?? EXPECT_ABOVE;
  if (expect === undefined && !mayTakeMany(order, above)) return;
  if (await isPlaced()) return;
  const plan = await planOf(seatbook, order);
  if (expect) compare(expect, plan);
  else await checkTaken(seatbook, order, plan, above);
}

const mayTakeMany = ({ terms }: CheckedOrder, { licences, percent }: ExpectAbove): boolean =>
  terms.kind === 'ReturnLicense' && (terms.assets.length * terms.holders > licences || percent < 100);

function compare(expect: readonly ExpectedAsset[], { assets }: OrderPlan): void {
  const planned = new Map(assets.map((asset) => [idOfAsset(asset), asset]));
  const differing = expect.flatMap((expected) => {
    const assetId = idOfAsset(expected);
    const actual: Partial<PlannedAsset> = planned.get(assetId) ?? {};
    const counts = PLANNED_COUNTS.filter(
      (count) => expected[count] !== undefined && expected[count] !== (actual[count] ?? 0),
    );
    if (counts.length === 0) return [];
    const of = (asset: Partial<ExpectedAsset>): object =>
      Object.fromEntries(counts.map((count) => [count, asset[count] ?? 0]));
    return [{ assetId, expected: of(expected), planned: of(actual) }];
  });
  if (differing.length === 0) return;
  throw new Refusal('REJECTED_PLAN_CHANGED', 'the order would do something else than is expected', {
    assets: differing,
  });
}

async function checkTaken(
  seatbook: SeatbookEdge,
  { terms: { uId } }: CheckedOrder,
  { assets }: OrderPlan,
  { licences, percent }: ExpectAbove,
): Promise<void> {
  const taken = assets.reduce((sum, { sent, pending }) => sum + sent + pending, 0);
  const { used } = await sumAssets(seatbook, { accountId: uId });
  if (taken <= licences && (percent >= 100 || taken * 100 <= used * percent)) return;
  throw new Refusal(
    'REJECTED_EXPECT_NEEDED',
    'the order takes many licences away and does not say how many',
    {
      taken,
      used,
      withoutExpect: { licences, percent },
    },
  );
}
