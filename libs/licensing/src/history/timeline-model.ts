import {
  categoryOf,
  idOf,
  type DomainEvent,
  type Envelope,
  type Position,
  type ReadModel,
} from '@seatbook/kernel';
import { touchedBy } from '../asset/pairs-model.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { holderKeys, type Holders } from '../holder.js';
import type { AssetId } from '../ports.js';
import { assetKey, assetOf } from '../asset-id.js';

/** One event in the life of one subject, as a reference. Its text is made from the event when it is read. */
export interface TimelineRow {
  readonly subject: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
}

/** What a timeline can be asked about. */
export type SubjectKind = 'account' | 'asset' | 'holder' | 'order';

export const subjectOf = (kind: SubjectKind, id: string): string => `${kind} ${id}`;

/** Beyond this many orders in one event, it is found by its asset and holders only. */
const MAX_ORDERS_PER_EVENT = 50;
/** Beyond this many assets in one event (a read of totals), it stands in the timeline of the account alone. */
const MAX_ASSETS_PER_EVENT = 25;

/** Subjects that an event belongs to: its account, asset, order and holders. */
export const timelineModel: ReadModel<TimelineRow> = {
  name: 'timeline',
  version: 1,
  handles: ['*'],
  keysOf: (event) => subjectsOf(event).map((subject) => `${subject}|${event.position}`),
  evolve: (_row, { stream, revision, position }, key) => ({
    subject: key.slice(0, key.lastIndexOf('|')),
    stream,
    revision,
    position,
  }),
  indexes: [{ name: 'by-subject', fields: ['subject', 'position'] }],
};

interface Mentions {
  readonly uId?: string;
  readonly adamId?: string;
  readonly pricingParam?: string;
  /** Assets of an order or call; in events of the reconciliation also a plain number. */
  readonly assets?: readonly AssetId[] | number;
  readonly orderId?: string;
  readonly orderIds?: readonly string[];
}

/** Subjects that an event belongs to: its account, asset, order and holders. */
export function subjectsOf(event: Envelope): string[] {
  const category = categoryOf(event.stream);
  const id = idOf(event.stream);
  const data = event.data as Mentions;
  const uId = category === 'asset' ? assetOf(id).uId : data.uId;
  const subjects = new Set<string>();
  if (uId) subjects.add(subjectOf('account', uId));
  if (category === 'order') subjects.add(subjectOf('order', id));
  for (const orderId of ordersOf(data)) subjects.add(subjectOf('order', orderId));
  if (category === 'asset') subjects.add(subjectOf('asset', id));
  else if (uId) for (const asset of assetsOf(data)) subjects.add(subjectOf('asset', assetKey(uId, asset)));
  for (const holder of holdersIn(event)) subjects.add(subjectOf('holder', holder));
  return [...subjects];
}

function ordersOf({ orderId, orderIds = [] }: Mentions): readonly string[] {
  const orders = orderId === undefined ? [...new Set(orderIds)] : [orderId];
  return orders.length > MAX_ORDERS_PER_EVENT ? [] : orders.filter((one) => one !== '');
}

function assetsOf({ adamId, pricingParam, assets = [] }: Mentions): readonly AssetId[] {
  // Lists of what Apple reports stand in the timelines of their account; each asset has its own events for it.
  if (adamId !== undefined && pricingParam !== undefined) return [{ adamId, pricingParam }];
  return typeof assets === 'number' || assets.length > MAX_ASSETS_PER_EVENT ? [] : assets;
}

/** Changes of a holder's pairs; claims are the business of the call. */
function holdersIn(event: Envelope<DomainEvent>): readonly string[] {
  switch (event.type) {
    case 'asset.licenses-reserved': {
      const { following, alreadyHeld, refused } = event.data as {
        following: Holders;
        alreadyHeld: Holders;
        refused: Holders;
      };
      return [...touchedBy(event as AssetEvent), ...[following, alreadyHeld, refused].flatMap(holderKeys)];
    }
    case 'asset.licenses-returning': {
      const { pending, alreadyHeld, notHeld, refused } = event.data as Record<
        'pending' | 'alreadyHeld' | 'notHeld' | 'refused',
        Holders
      >;
      return [
        ...touchedBy(event as AssetEvent),
        ...[pending, alreadyHeld, notHeld, refused].flatMap(holderKeys),
      ];
    }
    case 'asset.licenses-claimed':
    case 'asset.claims-released':
      return [];
    case 'asset.reservations-ended':
      return holderKeys(event.data as Holders);
    default:
      return event.type.startsWith('asset.') ? touchedBy(event as AssetEvent) : [];
  }
}
