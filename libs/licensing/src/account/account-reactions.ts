import { idOf, messageTo, reaction, type Envelope, type EventOf, type Reaction } from '@seatbook/kernel';
import type { CallEvent } from '../apple-call/call-events.js';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import type { ImportEvent } from '../import/import-events.js';
import type { ReconciliationEvent } from '../reconciliation/reconciliation-events.js';
import { accountStream } from '../streams.js';
import type { WriteRefusal } from './account-decider.js';

type HoldingEvent = CallEvent | AppleEventEvent | ReconciliationEvent;
type HeldEvent = EventOf<HoldingEvent, 'call.held' | 'appleEvent.held' | 'reconciliation.held'>;

const report = ({ data: { uId, fingerprint, errorNumber, state, mdmInfo } }: HeldEvent) => [
  messageTo(
    accountStream(uId),
    state === 'conflicted'
      ? { type: 'ReportConflict', mdmInfo }
      : { type: 'RefuseToken', fingerprint, state, errorNumber },
  ),
];

/** Work that met a refused token or another MDM tells the account, which alerts once. */
const reportHeld = reaction<HoldingEvent>('account.report-held', {
  'call.held': report,
  'appleEvent.held': report,
  'reconciliation.held': report,
});

type RefusedEvent = EventOf<CallEvent, 'call.refused' | 'call.attempt-failed'>;

const countAs = (
  refusal: WriteRefusal,
  { stream, data: { uId, errorNumber, reason } }: Pick<Envelope<RefusedEvent>, 'stream' | 'data'>,
) => {
  const callId = idOf(stream);
  return messageTo(accountStream(uId), { type: 'RecordWriteRefused', callId, refusal, errorNumber, reason });
};

/** Calls that Apple does not accept are counted for the account: where it accepts nothing, asking on is of no use. */
const countRefusals = reaction<CallEvent>('account.count-refusals', {
  'call.refused': (event) => [countAs(event.data.named ? 'named' : 'nameless', event)],
  'call.attempt-failed': (event) => (event.data.refused ? [countAs('fault', event)] : []),
  'call.accepted': ({ data: { uId } }) => [messageTo(accountStream(uId), { type: 'RecordWriteAccepted' })],
});

/** Apple has said whose token it is: the account takes it, or says no. */
const takeToken = reaction<ImportEvent>('account.take-token', {
  'import.location-read': ({ stream, data }) => {
    const importId = idOf(stream);
    const { uId, fingerprint, expiresAt } = data;
    if (data.kind === 'renew') {
      const { foreign, ifVersion } = data;
      const token = { importId, uId, fingerprint, expiresAt, foreign, ifVersion };
      return [messageTo(accountStream(uId), { type: 'RenewToken', ...token })];
    }
    return [messageTo(accountStream(uId), { ...data, type: 'ImportToken', importId })];
  },
});

export const accountReactions: readonly Reaction[] = [reportHeld, countRefusals, takeToken];
