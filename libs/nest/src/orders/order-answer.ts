import { isoTime, numberOf, type Position } from '@seatbook/kernel';
import { isHeld, type OrderAsOf, type OrderFound } from '@seatbook/application';
import { ORDER_KINDS, idOfAsset } from '@seatbook/licensing';
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
  TimeOrNull,
} from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';
import { HoldAnswer, holdAnswer } from './hold-answer.js';

/** Pairs of an order, each counted once: what its pairs are by the names that the single pair has. */
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

  @Count(0, 'Waiting for a licence; each pair tells its place in the waiting list.')
  waiting!: number;

  @Count(0, 'Begun, and held with all work of the account: see `hold`.')
  onHold!: number;

  @Count(0, 'In progress.')
  open!: number;
}

export class OrderRefusal {
  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @OneOf(
    [
      'GIVEN_UP',
      'NOT_DEVICE_ASSIGNABLE',
      'PLATFORM',
      'SHORT',
      'NOT_READ_YET',
      'NOT_REVOCABLE',
      'UNKNOWN_ASSET',
      'NOTHING_TO_GIVE',
      'RECEIVER_HAS_ONE',
      'NO_LICENSE',
      'NOT_INSTALLABLE',
    ],
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

  @Count(25, 'Of an order with a scope its pairs: each app may be for others.')
  holders!: number;

  @Count(25, 'Assets × holders; of an order with a scope, those that it meant.')
  pairs!: number;

  @OneOf(['wait', 'refuse'], 'wait')
  ifShort!: string;

  @Flag(false, 'It may have the licences that are kept back.')
  fromReserve!: boolean;

  @TextOrNull(null)
  platform!: string | null;

  @TextOrNull(null, 'The group whose members it names; null where it names its holders.')
  groupId!: string | null;

  @TextOrNull(
    null,
    'Whom the order was for when it was placed. Of a rollout `assigned`: the devices that held a licence; `failed`: those on which another one had failed. `moved`: see `moveTo`. Null: it names them, or a group.',
  )
  scope!: string | null;

  @TextOrNull(null, 'The other rollout, of the scope `failed`.')
  failedOf!: string | null;

  @TextOrNull(null, '`device` or `user`: who was to hold the licences in place of the others.')
  moveTo!: string | null;

  @Text('owner')
  principal!: string;

  @TextOrNull('new class 7b')
  reason!: string | null;

  @Part(() => OrderProgress)
  progress!: OrderProgress;

  @PartOrNull(() => HoldAnswer, 'Why work of the order is on hold; null while none is.')
  hold!: HoldAnswer | null;

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

export class OrderWithPosition extends OrderAnswer {
  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export class PlacedOrderAnswer extends OrderWithPosition {
  @Count(1801, 'Position of the order in the log; pass it to a query to see at least this.')
  position!: number;

  @Flag(false, 'The same request was made before with this Idempotency-Key.')
  repeated!: boolean;
}

export function orderAnswer({ order, account }: OrderFound): OrderAnswer {
  const { orderId, uId, kind, final, waiting, pairs } = order;
  // The compiler loses what the fields of an interface are when it lists them.
  const done = (Object.values(final) as number[]).reduce((sum, count) => sum + count, 0);
  const over = order.state === 'finished' || order.state === 'abandoned';
  const left = over ? 0 : Math.max(0, pairs - done - waiting);
  const held = left > 0 && isHeld(account) ? account : null;
  return {
    orderId,
    accountId: uId,
    kind,
    state: order.state,
    assetIds: order.assets.map(idOfAsset),
    holders: order.holders,
    pairs,
    ifShort: order.ifShort,
    fromReserve: order.fromReserve,
    platform: order.platform,
    groupId: order.groupId,
    ...scopeAnswer(order.scope),
    principal: order.principal,
    reason: order.reason,
    progress: { ...final, waiting, onHold: held ? left : 0, open: held ? 0 : left },
    hold: held && holdAnswer(held),
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

function scopeAnswer(
  scope: OrderFound['order']['scope'],
): Pick<OrderAnswer, 'scope' | 'failedOf' | 'moveTo'> {
  const none = { scope: null, failedOf: null, moveTo: null };
  if (scope === null) return none;
  if ('moveTo' in scope) return { ...none, scope: 'moved', moveTo: scope.moveTo };
  if ('failedOf' in scope) return { ...none, scope: 'failed', failedOf: scope.failedOf };
  return { ...none, scope: 'assigned' };
}

export const orderWithPosition = ({ asOf, ...found }: OrderAsOf): OrderWithPosition => ({
  ...orderAnswer(found),
  asOf: asOfAnswer(asOf),
});

export const placedOrderAnswer = (
  found: OrderAsOf,
  { position, repeated }: { readonly position: Position; readonly repeated: boolean },
): PlacedOrderAnswer => ({ ...orderWithPosition(found), position: numberOf(position), repeated });
