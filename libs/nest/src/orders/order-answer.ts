import { isoTime, type Position } from '@seatbook/kernel';
import { ORDER_KINDS, idOfAsset, type AccountDocument, type OrderDocument } from '@seatbook/licensing';
import {
  Count,
  Flag,
  Links,
  OneOf,
  Part,
  PartOrNull,
  Parts,
  Text,
  TextOrNull,
  Texts,
  Time,
  TimeOrNull,
} from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer } from '../reading/as-of.js';

/** Pairs of an order, each counted once. */
export class OrderProgress {
  @Count(25)
  assigned!: number;

  @Count(0)
  returned!: number;

  @Count(0, 'Already held by another order, or already being returned.')
  alreadyHeld!: number;

  @Count(0, 'Should be returned, but was not held.')
  notHeld!: number;

  @Count(0)
  refused!: number;

  @Count(0)
  failed!: number;

  @Count(0)
  cancelled!: number;

  @Count(0, 'Waiting for a licence.')
  waiting!: number;

  @Count(0, 'In progress.')
  open!: number;
}

export class OrderRefusal {
  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @OneOf(
    ['NOT_DEVICE_ASSIGNABLE', 'PLATFORM', 'SHORT', 'NOT_READ_YET', 'NOT_REVOCABLE', 'UNKNOWN_ASSET'],
    'SHORT',
  )
  refusal!: string;

  @Count(1)
  pairs!: number;
}

export class OrderAnswer {
  @Text('60501a66-da6b-8e0d-99da-ff88c72147da')
  orderId!: string;

  @Text('7700000000000001')
  accountId!: string;

  @OneOf(ORDER_KINDS, 'AssignLicense')
  kind!: string;

  @OneOf(
    ['listing', 'placed', 'working', 'waiting', 'finished', 'abandoned'],
    'finished',
    '`waiting`: everything that is left waits for licences.',
  )
  state!: string;

  @Texts(['900000001.STDQ'], '`{adamId}.{pricingParam}`')
  assetIds!: readonly string[];

  @Count(25)
  holders!: number;

  @Count(25, 'Assets × holders.')
  pairs!: number;

  @OneOf(['wait', 'refuse'], 'wait')
  ifShort!: string;

  @TextOrNull(null)
  platform!: string | null;

  @Text('owner')
  principal!: string;

  @TextOrNull('new class 7b')
  reason!: string | null;

  @Part(() => OrderProgress)
  progress!: OrderProgress;

  @Parts(() => OrderRefusal)
  refusals!: readonly OrderRefusal[];

  @Texts([], 'Assets whose ledgers did not answer in time.')
  silent!: readonly string[];

  @TimeOrNull()
  placedAt!: string | null;

  @TimeOrNull()
  finishedAt!: string | null;

  @Links({
    self: '/api/v1/orders/60501a66-da6b-8e0d-99da-ff88c72147da',
    pairs: '/api/v1/orders/60501a66-da6b-8e0d-99da-ff88c72147da/pairs',
    timeline: '/api/v1/timeline?orderId=60501a66-da6b-8e0d-99da-ff88c72147da',
  })
  links!: { self: string; pairs: string; timeline: string };
}

/** Nothing of this order is sent to Apple at present. Nothing has failed: it goes on by itself. */
export class HoldAnswer {
  @Time('Since when.')
  since!: string;

  @Text('the token of the account is revoked', 'Why.')
  why!: string;

  @Text('a new token: PUT /api/v1/accounts/7700000000000001/token', 'What ends it.')
  ends!: string;

  @Count(25, 'Pairs in progress that are held back.')
  pairs!: number;
}

export class OrderWithPosition extends OrderAnswer {
  @PartOrNull(() => HoldAnswer, 'The order is on hold; null while its work goes on.')
  hold!: HoldAnswer | null;

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export class PlacedOrderAnswer extends OrderAnswer {
  @Count(1801, 'Position of the order in the log; pass it to a query to see at least this.')
  position!: Position;

  @Flag(false, 'The same request was made before with this Idempotency-Key.')
  repeated!: boolean;
}

export function orderAnswer(order: OrderDocument): OrderAnswer {
  const { orderId, uId, kind, final, waiting, pairs } = order;
  // The compiler loses what the fields of an interface are when it lists them.
  const done = (Object.values(final) as number[]).reduce((sum, count) => sum + count, 0);
  const left = order.state === 'finished' || order.state === 'abandoned' ? 0 : pairs - done - waiting;
  return {
    orderId,
    accountId: uId,
    kind,
    state: order.state,
    assetIds: order.assets.map(idOfAsset),
    holders: order.holders,
    pairs,
    ifShort: order.ifShort,
    platform: order.platform,
    principal: order.principal,
    reason: order.reason,
    progress: { ...final, waiting, open: Math.max(0, left) },
    refusals: order.refusals.map((refused) => ({
      assetId: idOfAsset(refused),
      refusal: refused.refusal,
      pairs: refused.pairs,
    })),
    silent: order.silent.map(idOfAsset),
    placedAt: isoTime(order.placedAt),
    finishedAt: isoTime(order.finishedAt),
    links: {
      self: `${API}/orders/${orderId}`,
      pairs: `${API}/orders/${orderId}/pairs`,
      timeline: `${API}/timeline?orderId=${orderId}`,
    },
  };
}

/** Why work of an order is held back, as its account tells. */
export function holdOf(order: OrderDocument, account: AccountDocument | null): HoldAnswer | null {
  const pairs = orderAnswer(order).progress.open;
  if (!account || account.heldSince === null || pairs === 0) return null;
  const { uId, conflict, tokenState, heldSince } = account;
  const self = `${API}/accounts/${uId}`;
  const reason = conflict
    ? {
        why: `the location is managed by ${conflict.mdmInfo?.name ?? 'another MDM'}`,
        ends: `a take-over: POST ${self}/take-over`,
      }
    : { why: `the token of the account is ${tokenState}`, ends: `a new token: PUT ${self}/token` };
  return { since: isoTime(heldSince) ?? '', ...reason, pairs };
}
