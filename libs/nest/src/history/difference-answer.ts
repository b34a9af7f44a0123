import type { CountsDiffer, Difference, PairDiffers } from '@seatbook/application';
import { effectiveAt, isoTime, numberOf } from '@seatbook/kernel';
import { idOfAsset } from '@seatbook/licensing';
import { API } from '../http/api-root.js';
import { holderAnswer } from '../pairs/holder-answer.js';

/** One line of what differs: counts, or a pair. Fields that it does not have are null. */
export interface DifferenceAnswer {
  readonly what: 'counts' | 'pair';
  readonly accountId: string | null;
  readonly assetId: string | null;
  readonly serialNumber: string | null;
  readonly userId: string | null;
  readonly before: unknown;
  readonly after: unknown;
  readonly at: string | null;
  readonly effectiveAt: string | null;
  readonly orderId: string | null;
  readonly orderedBy: string | null;
  readonly reason: string | null;
  readonly principal: string | null;
  readonly event: {
    readonly id: string;
    readonly position: number;
    readonly stream: string;
    readonly revision: number;
    readonly type: string;
  } | null;
  readonly links: Readonly<Record<string, string>>;
}

/** Of the table. */
export const DIFFERENCE_COLUMNS: readonly (readonly string[])[] = [
  ['what'],
  ['accountId'],
  ['assetId'],
  ['serialNumber'],
  ['userId'],
  ['before'],
  ['after'],
  ['at'],
  ['effectiveAt'],
  ['orderId'],
  ['orderedBy'],
  ['reason'],
  ['principal'],
  ['event', 'position'],
  ['event', 'type'],
  ['event', 'id'],
];

export const differenceAnswer = (difference: Difference): DifferenceAnswer =>
  difference.what === 'counts' ? countsAnswer(difference) : pairAnswer(difference);

function countsAnswer({ uId, asset, holder, before, after }: CountsDiffer): DifferenceAnswer {
  const assetId = asset && idOfAsset(asset);
  return {
    what: 'counts',
    accountId: uId,
    assetId,
    ...(holder === null ? { serialNumber: null, userId: null } : holderAnswer(holder)),
    before,
    after,
    at: null,
    effectiveAt: null,
    orderId: null,
    orderedBy: null,
    reason: null,
    principal: null,
    event: null,
    links:
      assetId === null ? {} : { timeline: `${API}/timeline?accountId=${String(uId)}&assetId=${assetId}` },
  };
}

function pairAnswer(difference: PairDiffers): DifferenceAnswer {
  const { uId, asset, holder, before, after, event, orderId, order } = difference;
  const { id, position, stream, revision, type, metadata } = event;
  const holding = holderAnswer(holder);
  const held = holding.userId === null ? 'serialNumber' : 'userId';
  const history = `${API}/history/${numberOf(position)}`;
  return {
    what: 'pair',
    accountId: uId,
    assetId: idOfAsset(asset),
    ...holding,
    before,
    after,
    at: isoTime(metadata.recordedAt),
    effectiveAt: isoTime(effectiveAt(metadata)),
    orderId,
    orderedBy: order?.principal ?? null,
    reason: metadata.reason ?? order?.reason ?? null,
    principal: metadata.principal,
    event: { id, position: numberOf(position), stream, revision, type },
    links: {
      event: history,
      causes: `${history}/causes`,
      timeline: `${API}/timeline?${held}=${encodeURIComponent(holder.slice(2))}`,
      ...(orderId === null ? {} : { order: `${API}/orders/${orderId}` }),
    },
  };
}
