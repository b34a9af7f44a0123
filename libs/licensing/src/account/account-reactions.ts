import { messageTo, reaction, type EventOf, type Reaction } from '@seatbook/kernel';
import type { CallEvent } from '../apple-call/call-events.js';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import type { ReconciliationEvent } from '../reconciliation/reconciliation-events.js';
import { accountStream } from '../streams.js';

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

export const accountReactions: readonly Reaction[] = [reportHeld];
