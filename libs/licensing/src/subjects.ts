import { categoryOf, idOf } from '@seatbook/kernel';
import { assetKey } from './asset-id.js';
import type { HolderKey } from './holder.js';
import type { AssetId } from './ports.js';
import { canonicalHolder } from './serial-number.js';

/** What a timeline can be asked about. */
export type SubjectKind = 'account' | 'asset' | 'holder' | 'order';

export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

export const subjectOf = (kind: SubjectKind, id: string): string => `${kind} ${id}`;

/** Of which kind a subject is, and which one. */
export function subjectIn(subject: string): Subject {
  const blank = subject.indexOf(' ');
  return { kind: subject.slice(0, blank) as SubjectKind, id: subject.slice(blank + 1) };
}

/** The stream whose events are all in the timeline of a subject; null where no stream is of it alone. */
export const streamOfSubject = ({ kind, id }: Subject): string | null =>
  kind === 'holder' ? null : `${kind}-${id}`;

/** The subject that a stream is of, whether or not its timeline can be asked for. */
export const subjectOfStream = (stream: string): string => `${categoryOf(stream)} ${idOf(stream)}`;

/** Whom and what an event is about. */
export interface Subjects {
  readonly uId: string;
  readonly assets?: readonly AssetId[];
  readonly orders?: readonly string[];
  readonly holders?: readonly HolderKey[];
}

/** Beyond this many orders in one event, it is found by its asset and holders only. */
const MAX_ORDERS_PER_EVENT = 50;
/** Beyond this many assets in one event (a read of totals), it is found by its account only. */
const MAX_ASSETS_PER_EVENT = 25;

/** The timelines of an event with these subjects, each once. */
export function timelinesFor({ uId, assets = [], orders = [], holders = [] }: Subjects): string[] {
  const named = new Set(orders.filter((orderId) => orderId !== ''));
  const subjects = [subjectOf('account', uId)];
  if (named.size <= MAX_ORDERS_PER_EVENT)
    for (const orderId of named) subjects.push(subjectOf('order', orderId));
  if (assets.length <= MAX_ASSETS_PER_EVENT)
    for (const asset of assets) subjects.push(subjectOf('asset', assetKey(uId, asset)));
  for (const holder of holders) subjects.push(subjectOf('holder', canonicalHolder(holder)));
  return [...new Set(subjects)];
}

/** Data of an event that may name assets: one, or a list. */
interface AssetsNamed extends Partial<AssetId> {
  readonly uId: string;
  readonly assets?: readonly AssetId[];
}

export function assetsIn({ assets = [], adamId, pricingParam }: AssetsNamed): readonly AssetId[] {
  return adamId === undefined || pricingParam === undefined ? assets : [{ adamId, pricingParam }];
}
