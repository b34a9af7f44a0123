import { chunksOf } from '@seatbook/kernel';
import { documentedLimits } from '@seatbook/apple/formats';
import {
  assetStream,
  orderPlan,
  planOfLedger,
  type OrderPlan,
  type PlannedLedger,
} from '@seatbook/licensing';
import { checkedOrder, type OrderRequest } from './place-order.js';
import type { Reflected } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** Ledgers that are looked at together. */
const LEDGERS_TOGETHER = 20;

/**
 * What an order would do if it were placed now: asked of the ledgers, by the rules by which they answer, without an
 * event. Another order may come first. Calls are counted by the limits that Apple documents.
 * @throws Refusal as placing the order would
 */
export async function planOrder(
  seatbook: SeatbookEdge,
  order: OrderRequest,
): Promise<OrderPlan & { readonly asOf: Reflected }> {
  const { terms, serialNumbers } = await checkedOrder(seatbook, order);
  const asOf = await seatbook.reader.head();
  const holders = { serialNumbers, userIds: [] };
  const ledgers: PlannedLedger[] = [];
  for (const assets of chunksOf(terms.assets, LEDGERS_TOGETHER)) {
    const looks = assets.map((asset) =>
      seatbook.runner.look(assetStream(terms.uId, asset), (ledger) =>
        planOfLedger(terms, holders, asset, ledger),
      ),
    );
    ledgers.push(...(await Promise.all(looks)));
  }
  return { ...orderPlan(ledgers, documentedLimits), asOf };
}

export const planQueries = { PlanOrder: planOrder };
