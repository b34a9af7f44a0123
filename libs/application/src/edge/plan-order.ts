import { chunksOf } from '@seatbook/kernel';
import { documentedLimits, documentedRequestsPerSecond } from '@seatbook/apple/formats';
import {
  assetStream,
  orderPlan,
  planOfLedger,
  type OrderPlan,
  type PlannedLedger,
} from '@seatbook/licensing';
import { installedBy } from './app-settings.js';
import { membersOf } from './group-members.js';
import { checkedOrder, type CheckedOrder, type OrderRequest } from './order-request.js';
import type { Reflected } from './reader.js';
import { returnOfAll, type AllOfHolder } from './return-of-all.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** Ledgers that are looked at together. */
const LEDGERS_TOGETHER = 20;

/**
 * What an order would do if it were placed now. Another order may come first. Calls are counted by the limits that Apple
 * documents.
 * @throws Refusal as placing the order would
 */
export async function planOrder(
  seatbook: SeatbookEdge,
  order: Omit<OrderRequest, 'expect'>,
): Promise<OrderPlan & { readonly asOf: Reflected }> {
  const { groupId } = order;
  const named =
    groupId === undefined ? order : { ...order, ...(await membersOf(seatbook, { ...order, groupId })) };
  const checked = await checkedOrder(seatbook, named);
  const asOf = await seatbook.reader.head();
  return { ...(await planOf(seatbook, checked)), asOf };
}

/** What a return of all that somebody has would do. @throws Refusal as placing the order would */
export const planReturnAll = async (
  seatbook: SeatbookEdge,
  all: AllOfHolder,
): Promise<OrderPlan & { readonly asOf: Reflected }> => planOrder(seatbook, await returnOfAll(seatbook, all));

/** The plan of an order, asked of the ledgers by the rules by which they answer, without an event. */
export async function planOf(seatbook: SeatbookEdge, { terms, holders }: CheckedOrder): Promise<OrderPlan> {
  const asked = { ...terms, ...(await installedBy(seatbook, terms)) };
  const ledgers: PlannedLedger[] = [];
  for (const assets of chunksOf(terms.assets, LEDGERS_TOGETHER)) {
    const looks = assets.map((asset) =>
      seatbook.runner.look(assetStream(terms.uId, asset), (ledger) =>
        planOfLedger(asked, holders, asset, ledger),
      ),
    );
    ledgers.push(...(await Promise.all(looks)));
  }
  return orderPlan(ledgers, documentedLimits, documentedRequestsPerSecond);
}

export const planQueries = { PlanOrder: planOrder, PlanReturnAll: planReturnAll };
