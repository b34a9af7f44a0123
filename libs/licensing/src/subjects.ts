import { assetKey } from './asset-id.js';
import type { HolderKey } from './holder.js';
import type { AssetId } from './ports.js';
import { canonicalHolder } from './serial-number.js';

/** What a timeline can be asked about. */
export type SubjectKind = 'account' | 'asset' | 'holder' | 'order';

/** One of them. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly id: string;
}

/** A subject as text. */
export const subjectOf = (kind: SubjectKind, id: string): string => `${kind} ${id}`;

/** The stream whose events are all in the timeline of a subject; null where no stream is of it alone. */
export const streamOfSubject = ({ kind, id }: Subject): string | null =>
  kind === 'holder' ? null : `${kind}-${id}`;

/** Whether a stream is that of a subject. */
export const isStreamOf = ({ kind, id }: Subject, stream: string): boolean =>
  stream.length === kind.length + id.length + 1 && stream.startsWith(kind) && stream.endsWith(id);

/** Whom and what an event is about. */
export interface Subjects {
  /** Null for what concerns no account. */
  readonly uId: string | null;
  readonly assets?: readonly AssetId[];
  readonly orders?: readonly string[];
  readonly holders?: readonly HolderKey[];
}

/** Beyond this many orders in one event, it is found by its asset and holders only. */
const MAX_ORDERS_PER_EVENT = 50;
/** Beyond this many assets in one event (a read of totals), it is found by its account only. */
const MAX_ASSETS_PER_EVENT = 25;

/** Whose timelines an event with these subjects is in, each once. */
export function timelinesFor({ uId, assets = [], orders = [], holders = [] }: Subjects): Subject[] {
  const subjects: Subject[] = uId === null ? [] : [{ kind: 'account', id: uId }];
  const add = (kind: SubjectKind, ids: readonly string[]): void => {
    for (const id of ids) subjects.push({ kind, id });
  };
  const named = eachOnce(orders.includes('') ? orders.filter((orderId) => orderId !== '') : orders);
  if (named.length <= MAX_ORDERS_PER_EVENT) add('order', named);
  if (uId !== null && assets.length <= MAX_ASSETS_PER_EVENT)
    add('asset', eachOnce(assets.map((asset) => assetKey(uId, asset))));
  add('holder', eachOnce(holders.map(canonicalHolder)));
  return subjects;
}

/** Most events name one of a kind: a rebuild asks for every event. */
const eachOnce = (ids: readonly string[]): readonly string[] => (ids.length > 1 ? [...new Set(ids)] : ids);

/** Data of an event that may name assets: one, or a list. */
interface AssetsNamed extends Partial<AssetId> {
  readonly uId: string;
  readonly assets?: readonly AssetId[];
}

export function assetsIn({ assets = [], adamId, pricingParam }: AssetsNamed): readonly AssetId[] {
  return adamId === undefined || pricingParam === undefined ? assets : [{ adamId, pricingParam }];
}
