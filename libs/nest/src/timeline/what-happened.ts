import { meaningOf } from '@seatbook/apple/formats';
import { idOf, isoTime, type Envelope } from '@seatbook/kernel';
import {
  assetOf,
  holderCount,
  holderKeys,
  type AccountEvent,
  type AssetEvent,
  type AssetId,
  type CallEvent,
  type HolderKey,
  type Holders,
  type NotificationEvent,
  type OrderEvent,
  type OutcomeCounts,
  type ReconciliationEvent,
} from '@seatbook/licensing';

/** Who reads: names of assets where they are known, and the one holder whose life is told, if it is one. */
export interface Reading {
  readonly nameOf: (uId: string, asset: AssetId) => string;
  readonly holder: HolderKey | null;
}

/** What Apple said of one of its events. */
type AppleEventEvent =
  | {
      type: 'appleEvent.notification-received';
      data: { notificationType: string; operation: string; result: string; pairs: readonly Holders[] };
    }
  | { type: 'appleEvent.bound'; data: { callId: string; pairs: number; subscribed: boolean } }
  | { type: 'appleEvent.polled'; data: { status: string; requested: number; completed: number } }
  | { type: 'appleEvent.poll-failed'; data: { reason: string; retryAt: number } }
  | { type: 'appleEvent.held'; data: { state: string } }
  | { type: 'appleEvent.stalled'; data: { reason: string } }
  | { type: 'appleEvent.completed'; data: { by: string; failures: readonly unknown[] } };

type KnownEvent =
  | AccountEvent
  | AssetEvent
  | OrderEvent
  | CallEvent
  | AppleEventEvent
  | NotificationEvent
  | ReconciliationEvent;

/** One sentence about an event, for people. A type that this build does not know is named as it is. */
export function whatHappened(envelope: Envelope, reading: Reading): string {
  const event = envelope as unknown as KnownEvent;
  if (event.type.startsWith('asset.')) return ofAsset(event as AssetEvent, envelope.stream, reading);
  if (event.type.startsWith('account.')) return ofAccount(event as AccountEvent);
  if (event.type.startsWith('order.')) return ofOrder(event as OrderEvent, reading);
  if (event.type.startsWith('call.')) return ofCall(event as CallEvent);
  if (event.type.startsWith('appleEvent.')) return ofAppleEvent(event as AppleEventEvent);
  if (event.type.startsWith('notification.')) return ofNotification(event as NotificationEvent, reading);
  if (event.type.startsWith('reconciliation.'))
    return ofReconciliation(event as ReconciliationEvent, reading);
  return envelope.type;
}

const count = (number: number, one: string, many = `${one}s`): string =>
  number === 1 ? `1 ${one}` : `${number.toLocaleString('en')} ${many}`;
const licences = (holders: Holders | number): string =>
  count(typeof holders === 'number' ? holders : holderCount(holders), 'licence');
/** The verb that goes with a number of holders. */
const were = (holders: Holders): string => (holderCount(holders) === 1 ? 'was' : 'were');
const at = (instant: number): string => isoTime(instant) ?? '';
const withNumber = (errorNumber: number): string => `${meaningOf(errorNumber)} (${errorNumber})`;

function ofAccount(event: AccountEvent): string {
  switch (event.type) {
    case 'account.imported': {
      const { name, locationName, takenOverFrom } = event.data;
      const from = takenOverFrom ? `, taken over from ${takenOverFrom.name || 'another MDM'}` : '';
      return `The location ${locationName ?? event.data.uId} was imported as "${name}"${from}.`;
    }
    case 'account.token-renewed':
      return `The content token was renewed; it expires on ${at(event.data.expiresAt).slice(0, 10)}.`;
    case 'account.token-refused':
      return `Apple refused the content token (${event.data.state}): all work of this account is held until it is renewed.`;
    case 'account.conflicted':
      return `${event.data.mdmInfo?.name || 'Another MDM'} manages this location now: all work of this account is held.`;
    case 'account.take-over-ordered':
      return 'Taking the location over was ordered.';
    case 'account.owned':
      return 'The location was marked as managed by this deployment.';
    case 'account.owning-failed':
      return `Marking the location as ours failed: ${event.data.reason}. Next try ${at(event.data.retryAt)}.`;
    case 'account.notifications-wanted':
      return event.data.notificationUrl === null
        ? 'Apple is not to send notifications: the product polls.'
        : `Apple is to send notifications to ${event.data.notificationUrl}.`;
    case 'account.subscribed':
      return `Apple sends notifications to ${event.data.notificationUrl}.`;
    case 'account.subscription-failed':
      return `Telling Apple where to send notifications failed: ${event.data.reason}. Next try ${at(event.data.retryAt)}.`;
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  NOT_DEVICE_ASSIGNABLE: 'it cannot be assigned to devices',
  PLATFORM: 'it does not run on this platform',
  SHORT: 'no licence was free',
  NOT_READ_YET: 'Apple has not been read yet',
  NOT_REVOCABLE: 'it cannot be taken back',
};

function ofAsset(event: AssetEvent, stream: string, { nameOf, holder }: Reading): string {
  const { uId, ...asset } = assetOf(idOf(stream));
  const name = nameOf(uId, asset);
  const a = holder === null ? null : `A licence of ${name}`;
  switch (event.type) {
    case 'asset.discovered':
      return `${name} was found among the assets of the location.`;
    case 'asset.traits-changed':
      return `What Apple says of ${name} has changed.`;
    case 'asset.totals-read': {
      const { unlimited, total, before } = event.data;
      if (unlimited) return `Apple reports ${name} as free: unlimited licences.`;
      return before === null || before === total
        ? `Apple reports ${licences(total)} of ${name}.`
        : `Apple reports ${licences(total)} of ${name} (${before} before).`;
    }
    case 'asset.described':
      return `The store names it ${event.data.name}.`;
    case 'asset.assignments-adopted':
      return a
        ? `${a} was adopted: Apple held it already.`
        : `${licences(event.data)} of ${name} ${were(event.data)} adopted: Apple held ${holderCount(event.data) === 1 ? 'it' : 'them'} already.`;
    case 'asset.baseline-completed':
      return `All that Apple held of ${name} is in the ledger: ${licences(event.data.count)}.`;
    case 'asset.licenses-reserved':
      return reserved(event.data, name, holder);
    case 'asset.licenses-served':
      return a
        ? `${a} became free and was reserved.`
        : `${licences(event.data)} of ${name} became free and ${were(event.data)} reserved for waiting holders.`;
    case 'asset.reservations-withdrawn':
      return a
        ? `${a} was withdrawn, because there are fewer now; it waits again.`
        : `${count(holderCount(event.data), 'reservation')} of ${name} ${were(event.data)} withdrawn, because there are fewer licences now.`;
    case 'asset.licenses-claimed':
      return `${count(holderCount(event.data), 'pair')} of ${name} went into a call to Apple.`;
    case 'asset.claims-released':
      return `${count(holderCount(event.data), 'pair')} of ${name} left their call and will be planned anew.`;
    case 'asset.licenses-assigned':
      return a ? `${a} was assigned.` : `${licences(event.data)} of ${name} ${were(event.data)} assigned.`;
    case 'asset.licenses-failed': {
      const { action, errorNumber, reason } = event.data;
      const what = action === 'associate' ? 'could not be assigned' : 'could not be taken back';
      const why = reason === '' ? withNumber(errorNumber) : `${withNumber(errorNumber)}, ${reason}`;
      return `${a ?? `${licences(event.data)} of ${name}`} ${what}: ${why}.`;
    }
    case 'asset.found-short':
      return `Apple says that there are not enough licences of ${name}, although one seemed free: ${a ? 'it waits again' : `${count(holderCount(event.data), 'holder')} wait again`}.`;
    case 'asset.shortage-cleared':
      return `There are licences of ${name} again.`;
    case 'asset.licenses-returning':
      return returning(event.data, name, holder);
    case 'asset.returns-started':
      return a ? `${a} is on its way back.` : `${licences(event.data)} of ${name} went on their way back.`;
    case 'asset.licenses-returned':
      return a
        ? `${a} was given back.`
        : `${licences(event.data)} of ${name} ${were(event.data)} given back.`;
    case 'asset.waiting-listed':
      return a
        ? `${a} was ordered anew and is waited for.`
        : `${count(holderCount(event.data), 'holder')} of ${name} wait for licences that they had given back.`;
    case 'asset.returns-ended':
      return a
        ? `${a} never came to be assigned: nothing is left to give back.`
        : `${count(holderCount(event.data), 'return')} of ${name} ended: the licences never came to be assigned.`;
    case 'asset.reservations-ended': {
      const { was } = event.data;
      const what = was === 'reserved' ? 'reserved' : was === 'pending' ? 'wanted back' : 'waited for';
      return a ? `${a} is no longer ${what}.` : `${licences(event.data)} of ${name}: no longer ${what}.`;
    }
  }
}

type Reserved = Extract<AssetEvent, { type: 'asset.licenses-reserved' }>['data'];
type Returning = Extract<AssetEvent, { type: 'asset.licenses-returning' }>['data'];

const has = (holders: Holders, holder: HolderKey): boolean => holderKeys(holders).includes(holder);

function reserved(data: Reserved, name: string, holder: HolderKey | null): string {
  const why = REFUSALS[data.refusal ?? ''] ?? 'a rule says no';
  if (holder !== null) {
    if (has(data.reserved, holder)) return `A licence of ${name} was reserved.`;
    if (has(data.waiting, holder)) {
      return data.waitingReason === 'not-read-yet'
        ? `A licence of ${name} is waited for until Apple has been read.`
        : `A licence of ${name} is waited for: none was free.`;
    }
    if (has(data.following, holder)) return `A licence of ${name} is on its way back and is waited for anew.`;
    if (has(data.refused, holder)) return `A licence of ${name} was refused: ${why}.`;
    return `A licence of ${name} was ordered, and is held already.`;
  }
  const parts = [
    [holderCount(data.reserved), 'reserved'],
    [holderCount(data.waiting) + holderCount(data.following), 'waiting'],
    [holderCount(data.alreadyHeld), 'already held'],
    [holderCount(data.refused), `refused (${why})`],
  ] as const;
  return `Licences of ${name}: ${listed(parts)}.`;
}

function returning(data: Returning, name: string, holder: HolderKey | null): string {
  const why = REFUSALS[data.refusal ?? ''] ?? 'a rule says no';
  if (holder !== null) {
    if (has(data.returning, holder)) return `A licence of ${name} is on its way back.`;
    if (has(data.pending, holder))
      return `A licence of ${name} will be given back as soon as its call is over.`;
    if (has(data.alreadyHeld, holder)) return `A licence of ${name} was on its way back already.`;
    if (has(data.refused, holder)) return `A licence of ${name} was not taken back: ${why}.`;
    return `A licence of ${name} was to be given back, and is not held.`;
  }
  const parts = [
    [holderCount(data.returning) + holderCount(data.pending), 'on their way back'],
    [data.ended, 'ended at once'],
    [holderCount(data.alreadyHeld), 'on their way back already'],
    [holderCount(data.notHeld), 'not held'],
    [holderCount(data.refused), `refused (${why})`],
  ] as const;
  return `Returns of ${name}: ${listed(parts)}.`;
}

function listed(parts: readonly (readonly [number, string])[]): string {
  const told = parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number.toLocaleString('en')} ${what}`);
  return told.length === 0 ? 'none' : told.join(', ');
}

const DONE: readonly (readonly [keyof OutcomeCounts, string])[] = [
  ['assigned', 'assigned'],
  ['returned', 'given back'],
  ['alreadyHeld', 'already held'],
  ['notHeld', 'not held'],
  ['refused', 'refused'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
];

const outcomesText = (final: OutcomeCounts): string =>
  listed(DONE.map(([field, what]) => [final[field], what]));

function ofOrder(event: OrderEvent, { nameOf }: Reading): string {
  switch (event.type) {
    case 'order.created':
    case 'order.placed': {
      const { kind, assets, holders, uId } = event.data;
      const [only] = assets;
      const what = assets.length === 1 && only ? nameOf(uId, only) : count(assets.length, 'asset');
      const verb = event.type === 'order.created' ? 'is being placed' : 'was placed';
      const whom = count(holders, 'holder');
      return kind === 'assign'
        ? `An order ${verb}: assign ${what} to ${whom}.`
        : `An order ${verb}: take ${what} back from ${whom}.`;
    }
    case 'order.holders-listed':
      return `${count(holderCount(event.data), 'holder')} ${were(event.data)} listed.`;
    case 'order.abandoned':
      return 'The order was abandoned: it was not placed in time.';
    case 'order.reservation-asked':
      return `The ledger of ${nameOf(event.data.uId, event.data)} was asked about ${count(holderCount(event.data), 'holder')}.`;
    case 'order.reservation-answered': {
      const { final, waiting, open, uId } = event.data;
      const parts = [
        ...DONE.map(([field, what]) => [final[field], what] as const),
        [waiting, 'waiting'] as const,
        [open, 'on their way'] as const,
      ];
      return `The ledger of ${nameOf(uId, event.data)} answered: ${listed(parts)}.`;
    }
    case 'order.reserved':
      return event.data.silent.length === 0
        ? 'All ledgers have answered.'
        : `${count(event.data.silent.length, 'ledger')} did not answer in time.`;
    case 'order.outcomes-recorded':
      return `Outcomes: ${outcomesText(event.data.final)}.`;
    case 'order.cancellation-asked':
      return 'What the order still waited for was cancelled.';
    case 'order.finished':
      return `The order is finished: ${outcomesText(event.data.final)}.`;
  }
}

function ofCall(event: CallEvent): string {
  switch (event.type) {
    case 'call.planned': {
      const { action, assets } = event.data;
      const what = action === 'associate' ? 'assign' : 'take back';
      return `A call to Apple was planned: ${what} ${count(assets.length, 'asset')} × ${count(holderCount(event.data), 'holder')}.`;
    }
    case 'call.claim-answered':
      return holderCount(event.data.missed) === 0
        ? 'A ledger gave its pairs to the call.'
        : `A ledger gave its pairs to the call, without ${count(holderCount(event.data.missed), 'holder')}.`;
    case 'call.ready':
      return `The call is ready with ${count(event.data.pairs, 'pair')}.`;
    case 'call.dropped':
      return 'The call was dropped: nobody was left in it.';
    case 'call.started':
      return `Attempt ${event.data.attempt} of the call was sent to Apple.`;
    case 'call.accepted':
      return `Apple accepted the call with ${count(event.data.pairs, 'pair')} as its event ${event.data.appleEventId}.`;
    case 'call.attempt-failed': {
      const { attempt, reason, doubtful, retryAt } = event.data;
      const doubt = doubtful ? '; Apple may have done it all the same' : '';
      return `Attempt ${attempt} did not succeed: ${reason}${doubt}. Next try ${at(retryAt)}.`;
    }
    case 'call.held':
      return event.data.state === 'conflicted'
        ? 'The call is held: another MDM manages the location.'
        : `The call is held: Apple refused the token (${event.data.state}).`;
    case 'call.verification-needed':
      return 'What Apple says is checked by reading.';
    case 'call.settled': {
      const { failures, attempts } = event.data;
      const failed = failures.length === 0 ? 'everything succeeded' : `${count(failures.length, 'failure')}`;
      return `The call is settled after ${count(attempts, 'attempt')}: ${failed}.`;
    }
  }
}

function ofAppleEvent(event: AppleEventEvent): string {
  switch (event.type) {
    case 'appleEvent.notification-received': {
      const { notificationType, operation, result, pairs } = event.data;
      const number = pairs.reduce((sum, holders) => sum + holderCount(holders), 0);
      return `Apple notified (${notificationType}, ${operation}, ${result}) about ${count(number, 'pair')}.`;
    }
    case 'appleEvent.bound':
      return `Apple's event belongs to our call ${event.data.callId}, ${count(event.data.pairs, 'pair')}.`;
    case 'appleEvent.polled':
      return `Apple was asked: ${event.data.status}, ${event.data.completed} of ${event.data.requested} done.`;
    case 'appleEvent.poll-failed':
      return `Asking Apple failed: ${event.data.reason}. Next try ${at(event.data.retryAt)}.`;
    case 'appleEvent.held':
      return 'Asking Apple is held with the work of the account.';
    case 'appleEvent.stalled':
      return `Apple does not finish: ${event.data.reason}. The call is sent again.`;
    case 'appleEvent.completed':
      return `Apple is done, as its ${event.data.by === 'status' ? 'status' : 'notifications'} told${event.data.failures.length === 0 ? '' : `, with ${count(event.data.failures.length, 'failure')}`}.`;
  }
}

function ofNotification(event: NotificationEvent, { nameOf }: Reading): string {
  switch (event.type) {
    case 'notification.asset-count-received': {
      const { countDelta, uId } = event.data;
      const change = countDelta < 0 ? `${licences(-countDelta)} fewer` : `${licences(countDelta)} more`;
      return `Apple notified: ${change} of ${nameOf(uId, event.data)}.`;
    }
    case 'notification.test-received':
      return 'Apple tried whether notifications arrive.';
    case 'notification.users-associated-received':
      return `${count(event.data.userIds.length, 'person', 'persons')} accepted the invitation.`;
    case 'notification.unknown-received':
      return `Apple sent a notification of the type ${event.data.notificationType}, which this version does not know. It is kept.`;
  }
}

function ofReconciliation(event: ReconciliationEvent, { nameOf }: Reading): string {
  switch (event.type) {
    case 'reconciliation.first-read-started':
      return 'Reading all that the location has began.';
    case 'reconciliation.totals-requested':
      return `A read of the totals was asked for: ${event.data.reason}.`;
    case 'reconciliation.assets-read':
      return `${count(event.data.assets.length, 'asset')} read from Apple.`;
    case 'reconciliation.totals-completed':
      return `The totals were read: ${count(event.data.assets, 'asset')}, ${event.data.changed} of them changed.`;
    case 'reconciliation.assignments-read':
      return `${count(holderCount(event.data), 'assignment')} of ${nameOf(event.data.uId, event.data)} ${were(event.data)} read from Apple.`;
    case 'reconciliation.walk-completed':
      return `All assignments of ${nameOf(event.data.uId, event.data)} were read: ${event.data.count.toLocaleString('en')}.`;
    case 'reconciliation.users-read':
      return `${count(event.data.count, 'person', 'persons')} known to Apple read.`;
    case 'reconciliation.first-read-completed':
      return 'All that the location has is in the ledger.';
    case 'reconciliation.read-failed':
      return `Reading Apple failed: ${event.data.reason}. Next try ${at(event.data.retryAt)}.`;
    case 'reconciliation.held':
      return 'Reading Apple is held with the work of the account.';
    case 'reconciliation.metadata-read':
      return `Names of ${count(event.data.found.length, 'asset')} were looked up.`;
    case 'reconciliation.metadata-failed':
      return `Looking up names failed: ${event.data.reason}. Next try ${at(event.data.retryAt)}.`;
  }
}
