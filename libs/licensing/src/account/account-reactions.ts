import type { CommandMessage, Reaction } from '@seatbook/kernel';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import type { CallEvent } from '../apple-call/call-events.js';
import type { ReconciliationEvent } from '../reconciliation/reconciliation-events.js';
import { accountStream } from '../streams.js';
import type { AccountCommand } from './account-decider.js';

type HeldEvent = Extract<
  CallEvent | AppleEventEvent | ReconciliationEvent,
  { type: 'call.held' | 'appleEvent.held' | 'reconciliation.held' }
>;

/** Whatever met a refused token or another MDM tells the account, which alerts once. */
const reportHeld: Reaction<HeldEvent> = {
  name: 'account.report-held',
  handles: ['call.held', 'appleEvent.held', 'reconciliation.held'],
  react({ data: { uId, fingerprint, errorNumber, state, mdmInfo } }): CommandMessage[] {
    const command: AccountCommand =
      state === 'conflicted'
        ? { type: 'ReportConflict', mdmInfo }
        : { type: 'RefuseToken', fingerprint, state, errorNumber };
    return [{ stream: accountStream(uId), command }];
  },
};

export const accountReactions: readonly Reaction[] = [reportHeld];
