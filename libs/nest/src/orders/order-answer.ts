import { ApiProperty } from '@nestjs/swagger';
import { isoTime, type Position } from '@seatbook/kernel';
import { ORDER_KINDS, idOfAsset, type OrderDocument } from '@seatbook/licensing';
import { API } from '../http/api-root.js';
import { AsOfAnswer } from '../reading/as-of.js';

export class OrderProgress {
  @ApiProperty()
  assigned!: number;

  @ApiProperty()
  returned!: number;

  @ApiProperty({ description: 'Already held by another order, or already being returned.' })
  alreadyHeld!: number;

  @ApiProperty({ description: 'Should be returned, but was not held.' })
  notHeld!: number;

  @ApiProperty()
  refused!: number;

  @ApiProperty()
  failed!: number;

  @ApiProperty()
  cancelled!: number;

  @ApiProperty({ description: 'Waiting for a licence.' })
  waiting!: number;

  @ApiProperty({ description: 'In progress.' })
  open!: number;
}

export class OrderRefusal {
  @ApiProperty({ description: '`{adamId}.{pricingParam}`' })
  assetId!: string;

  @ApiProperty({
    enum: ['NOT_DEVICE_ASSIGNABLE', 'PLATFORM', 'SHORT', 'NOT_READ_YET', 'NOT_REVOCABLE', 'UNKNOWN_ASSET'],
  })
  refusal!: string;

  @ApiProperty()
  pairs!: number;
}

export class OrderAnswer {
  @ApiProperty()
  orderId!: string;

  @ApiProperty()
  accountId!: string;

  @ApiProperty({ enum: ORDER_KINDS })
  kind!: string;

  @ApiProperty({
    enum: ['listing', 'placed', 'working', 'waiting', 'finished', 'abandoned'],
    description: '`waiting`: everything that is left waits for licences.',
  })
  state!: string;

  @ApiProperty({ type: [String], description: '`{adamId}.{pricingParam}`' })
  assetIds!: readonly string[];

  @ApiProperty()
  holders!: number;

  @ApiProperty({ description: 'Assets × holders.' })
  pairs!: number;

  @ApiProperty({ enum: ['wait', 'refuse'] })
  ifShort!: string;

  @ApiProperty({ type: String, nullable: true })
  platform!: string | null;

  @ApiProperty()
  principal!: string;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ type: OrderProgress })
  progress!: OrderProgress;

  @ApiProperty({ type: [OrderRefusal] })
  refusals!: readonly OrderRefusal[];

  @ApiProperty({ type: [String], description: 'Assets whose ledgers did not answer in time.' })
  silent!: readonly string[];

  @ApiProperty({ type: String, nullable: true })
  placedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  finishedAt!: string | null;

  @ApiProperty({ type: Object })
  links!: { self: string; pairs: string; timeline: string };
}

export class OrderWithPosition extends OrderAnswer {
  @ApiProperty({ type: AsOfAnswer })
  asOf!: AsOfAnswer;
}

export class PlacedOrderAnswer extends OrderAnswer {
  @ApiProperty({ description: 'Position of the order in the log; pass it to a query to see at least this.' })
  position!: Position;

  @ApiProperty({ description: 'The same request was made before with this Idempotency-Key.' })
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
