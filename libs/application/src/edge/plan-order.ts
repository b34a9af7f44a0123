import { chunksOf } from '@seatbook/kernel';
import { documentedLimits, documentedRequestsPerSecond } from '@seatbook/apple/formats';
import {
  activationStream,
  assetStream,
  hasAccepted,
  orderPlan,
  holderKeys,
  holdersOf,
  planOfLedger,
  queryModels,
  rangesOf,
  type DevicesOfPersons,
  type EnrolledDevice,
  type OrderPlan,
  type PlannedLedger,
} from '@seatbook/licensing';
import { enrolledOf } from '../foundation/devices-of-person.js';
import { installedBy } from './app-settings.js';
import { membersOf } from './group-members.js';
import { checkedOrder, type CheckedOrder, type OrderRequest } from './order-request.js';
import { scopedOrder } from './order-scope.js';
import type { Reflected } from './reader.js';
import { reassignment, type Reassigned } from './reassignment.js';
import { returnOfAll, type AllOfHolder } from './return-of-all.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** Ledgers that are looked at together. */
const LEDGERS_TOGETHER = 20;
/** Persons whose devices are looked up together. */
const PERSONS_TOGETHER = 50;

/**
 * What an order would do if it were placed now. Another order may come first. Calls are counted by the limits that Apple
 * documents.
 * @throws Refusal as placing the order would
 */
export async function planOrder(
  seatbook: SeatbookEdge,
  order: Omit<OrderRequest, 'expect'>,
): Promise<OrderPlan & { readonly asOf: Reflected }> {
  const checked = await namedBy(seatbook, order);
  const asOf = await seatbook.reader.head();
  return { ...(await planOf(seatbook, checked)), asOf };
}

/** The order with those whom its group or its scope means now. */
async function namedBy(seatbook: SeatbookEdge, order: Omit<OrderRequest, 'expect'>): Promise<CheckedOrder> {
  const { groupId, scope } = order;
  if (scope !== undefined) return scopedOrder(seatbook, { ...order, scope });
  if (groupId === undefined) return checkedOrder(seatbook, order);
  return checkedOrder(seatbook, { ...order, ...(await membersOf(seatbook, { ...order, groupId })) });
}

/** What a return of all that somebody has would do. @throws Refusal as placing the order would */
export const planReturnAll = async (
  seatbook: SeatbookEdge,
  all: AllOfHolder,
): Promise<OrderPlan & { readonly asOf: Reflected }> => planOrder(seatbook, await returnOfAll(seatbook, all));

/** What a reassignment would do. @throws Refusal as placing the order would */
export const planReassign = async (
  seatbook: SeatbookEdge,
  asked: Reassigned,
): Promise<OrderPlan & { readonly asOf: Reflected }> => planOrder(seatbook, reassignment(asked));

/** The plan of an order, asked of the ledgers by the rules by which they answer, without an event. */
export async function planOf(seatbook: SeatbookEdge, { terms, holders }: CheckedOrder): Promise<OrderPlan> {
  const asked = { ...terms, ...(await installedBy(seatbook, terms)) };
  const ledgers: PlannedLedger[] = [];
  const keys = holderKeys(holders);
  const installs = asked.kind === 'RolloutApp' || (asked.install ?? []).length > 0;
  const devices = await devicesOfPersons(seatbook, terms.uId, installs ? holders.userIds : []);
  for (const ranges of chunksOf(rangesOf(terms), LEDGERS_TOGETHER)) {
    const looks = ranges.map(({ asset, from, to }) => {
      const those = terms.targets ? holdersOf(keys.slice(from, to)) : holders;
      return seatbook.runner.look(assetStream(terms.uId, asset), (ledger) =>
        planOfLedger(asked, those, asset, ledger, devices),
      );
    });
    ledgers.push(...(await Promise.all(looks)));
  }
  return orderPlan(ledgers, documentedLimits, documentedRequestsPerSecond);
}

/** Those of persons who have accepted: on no others anything is installed. */
async function devicesOfPersons(
  { runner, reader, stores }: SeatbookEdge,
  uId: string,
  userIds: readonly string[],
): Promise<DevicesOfPersons> {
  const found = new Map<string, readonly EnrolledDevice[]>();
  if (userIds.length === 0) return found;
  await reader.reachHead(queryModels.devices);
  const accepted = await runner.look(activationStream(uId), (activation) =>
    userIds.filter((userId) => hasAccepted(activation, userId)),
  );
  for (const some of chunksOf(accepted, PERSONS_TOGETHER))
    await Promise.all(
      some.map(async (userId) => void found.set(userId, await enrolledOf(stores.reads, userId))),
    );
  return found;
}

export const planQueries = {
  PlanOrder: planOrder,
  PlanReturnAll: planReturnAll,
  PlanReassign: planReassign,
};
