import { numberOf, type DomainEvent, type Envelope, type Position } from '@seatbook/kernel';
import {
  assetStream,
  callStream,
  deviceAppsStream,
  orderStream,
  personAppsStream,
  subjectsOf,
  type AssetEvent,
  type AssetId,
  type HolderKey,
  type InstallationDocument,
  type InstallationEvent,
  type PairDocument,
  type PersonAppsEvent,
} from '@seatbook/licensing';
import { readable, type LoggedEvent } from '@seatbook/runtime';
import type { SeatbookEdge } from './seatbook-edge.js';
import { lastRevision, subjectPage, type Place } from './subject-pages.js';

/** One app for one holder, as it stands. */
export interface PairInQuestion {
  readonly uId: string;
  readonly asset: AssetId;
  readonly holder: HolderKey;
  readonly pair: PairDocument | null;
  readonly installation: InstallationDocument | null;
}

/** An explanation has so many events at the most: it is read by people. */
const MAX_CHAIN = 100;
const PAGE_EVENTS = 100;
/** Events of a device or a holder that are looked at. */
const LOOK_AT_EVENTS = 2_000;

type Log = Pick<SeatbookEdge, 'events' | 'reader'>;

/**
 * How it came to this: the last events about the pair and on the device, and what each follows from, back to the requests.
 * What Apple and devices say begins a chain of its own, so the call and the command that they answer are named as well;
 * what calls and looks have to do with other apps is left out. The oldest first.
 */
export async function lastEvents(seatbook: Log, question: PairInQuestion): Promise<readonly Envelope[]> {
  const found = new Map<Position, Envelope>();
  const follow = async (ends: readonly Envelope[]): Promise<void> => {
    for (const end of ends) await addCauses(seatbook, end, found);
  };
  const { pair, installation, asset } = question;
  const turns = await turnsOfPair(seatbook, question);
  const moved = pair && (await seatbook.events.readAt(pair.position));
  const last = moved ? readable(moved) : turns[0];
  await follow(last ? [last, ...turns] : turns);
  const { callId = null } = (last?.data ?? {}) as { callId?: string | null };
  if (callId !== null) await follow(await whole(seatbook, callStream(callId)));
  for (const orderId of new Set([pair?.orderId, installation?.orderId]))
    if (orderId) await follow((await whole(seatbook, orderStream(orderId))).filter(isPlaced));
  if (installation !== null && installation.device !== null)
    await follow(await onDevice(seatbook, installation.device, asset.adamId));
  if (installation !== null && installation.userId !== null)
    await follow(await placedFor(seatbook, installation.userId, asset));
  return [...found.values()]
    .filter((event) => concerns(event, question))
    .sort((one, other) => numberOf(one.position) - numberOf(other.position));
}

/** The last look at the apps of a person that has changed this one, and what has led to it. */
async function placedFor(
  { events, reader }: Log,
  userId: string,
  { adamId, pricingParam }: AssetId,
): Promise<readonly Envelope[]> {
  const stream = personAppsStream(userId);
  const { position } = await reader.head();
  const last = await lastRevision(events, stream, position);
  const first = Math.max(0, last - PAGE_EVENTS + 1);
  const page = (await events.readStream(stream, first, PAGE_EVENTS)).map(readable).toReversed();
  const found = page.find(
    ({ type, data }) =>
      type === 'personApps.looked' &&
      (data as PersonAppsLooked).apps.some(
        (app) => app.adamId === adamId && app.pricingParam === pricingParam,
      ),
  );
  return found ? [found] : [];
}

type PersonAppsLooked = Extract<PersonAppsEvent, { type: 'personApps.looked' }>['data'];

/** Not of another app alone. */
function concerns(event: Envelope, { asset: { adamId } }: PairInQuestion): boolean {
  if (event.type.startsWith('installation.'))
    return isAbout(event as Envelope<DomainEvent> & Envelope<InstallationEvent>, adamId);
  const { assets = [] } = subjectsOf(event) ?? {};
  return assets.length === 0 || assets.some((one) => one.adamId === adamId);
}

const isPlaced = ({ type }: Envelope): boolean => type === 'order.placed' || type === 'order.abandoned';

async function addCauses({ events }: Log, end: Envelope, found: Map<Position, Envelope>): Promise<void> {
  let event: Envelope | null = end;
  while (event !== null && !found.has(event.position) && found.size < MAX_CHAIN) {
    found.set(event.position, event);
    const cause: Envelope['metadata']['cause'] = event.metadata.cause;
    const before: readonly LoggedEvent[] = cause ? await events.readReferences([cause]) : [];
    event = before[0] ? readable(before[0]) : null;
  }
}

/** A call or an order has few events; of a long order the first ones. */
const whole = async ({ events }: Log, stream: string): Promise<readonly Envelope[]> =>
  (await events.readStream(stream, 0, PAGE_EVENTS)).map(readable);

/** Of the ledger's events about the pair: the last one, and the answers to the orders that it and its installation are of. */
async function turnsOfPair(seatbook: Log, question: PairInQuestion): Promise<readonly Envelope[]> {
  const { uId, asset, holder, pair, installation } = question;
  const { position: upTo } = await seatbook.reader.head();
  const subject = { kind: 'holder', id: holder } as const;
  const wanted = { subject, newestFirst: true, upTo, limit: PAGE_EVENTS };
  const open = new Set([pair?.orderId, installation?.orderId].filter((orderId) => !!orderId));
  const turns: Envelope[] = [];
  let looked = 0;
  let from: Place | null = null;
  do {
    const page = await subjectPage(seatbook, { ...wanted, from });
    for (const event of page.events) {
      const envelope = readable(event) as Envelope<DomainEvent> & Envelope<AssetEvent>;
      if (envelope.stream !== assetStream(uId, asset)) continue;
      const answered = 'part' in envelope.data && open.delete(envelope.data.orderId);
      if (turns.length === 0 || answered) turns.push(envelope);
    }
    looked += page.events.length;
    from = page.next;
  } while (from !== null && looked < LOOK_AT_EVENTS && (turns.length === 0 || open.size > 0));
  return turns;
}

/** What the device said of the app since its last command, that included. */
async function onDevice(
  { events, reader }: Log,
  device: string,
  adamId: string,
): Promise<readonly Envelope[]> {
  const stream = deviceAppsStream(device);
  const { position } = await reader.head();
  const found: Envelope[] = [];
  let last = await lastRevision(events, stream, position);
  const end = Math.max(-1, last - LOOK_AT_EVENTS);
  while (last > end) {
    const first = Math.max(end + 1, last - PAGE_EVENTS + 1);
    const page = (await events.readStream(stream, first, last - first + 1)).map(readable);
    for (const event of page.toReversed() as (Envelope<DomainEvent> & Envelope<InstallationEvent>)[]) {
      if (!isAbout(event, adamId)) continue;
      found.push(event);
      if (event.type === 'installation.commanded') return found;
    }
    last = first - 1;
  }
  return found;
}

function isAbout(event: Envelope<InstallationEvent>, adamId: string): boolean {
  switch (event.type) {
    case 'installation.commanded':
    case 'installation.not-needed':
    case 'installation.acknowledged':
    case 'installation.put-off':
    case 'installation.failed':
    case 'installation.cancelled':
    case 'installation.removal-commanded':
    case 'installation.removal-answered':
    case 'installation.removal-failed':
      return event.data.adamId === adamId;
    case 'installation.list-asked':
    case 'installation.listed':
      return event.data.apps.some((app) => app.adamId === adamId);
    case 'installation.device-left':
      return event.data.removed.includes(adamId) || event.data.failed.includes(adamId);
    default:
      return false;
  }
}
