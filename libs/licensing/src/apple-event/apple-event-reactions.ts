import { idOf, type Reaction } from '@seatbook/kernel';
import type { CallCommand } from '../apple-call/call-decider.js';
import type { CallEvent } from '../apple-call/call-events.js';
import { appleEventStream, callStream } from '../streams.js';
import type { AppleEventCommand } from './apple-event-decider.js';
import type { AppleEventEvent } from './apple-event-events.js';

/** An accepted call is bound to Apple's event; what came earlier already lies there. */
const bindCall: Reaction<Extract<CallEvent, { type: 'call.accepted' }>> = {
  name: 'appleEvent.bind-call',
  handles: ['call.accepted'],
  react({ stream, data: { uId, appleEventId, pairs, subscribed } }) {
    const command: AppleEventCommand = { type: 'BindCall', uId, callId: idOf(stream), pairs, subscribed };
    return [{ stream: appleEventStream(appleEventId), command }];
  },
};

const takeOutcome: Reaction<Extract<AppleEventEvent, { type: 'appleEvent.completed' }>> = {
  name: 'appleEvent.take-outcome',
  handles: ['appleEvent.completed'],
  react({ stream, data: { callId, failures } }) {
    const command: CallCommand = { type: 'RecordOutcome', appleEventId: idOf(stream), failures };
    return [{ stream: callStream(callId), command }];
  },
};

const nextAttempt: Reaction<Extract<AppleEventEvent, { type: 'appleEvent.stalled' }>> = {
  name: 'appleEvent.next-attempt',
  handles: ['appleEvent.stalled'],
  react({ stream, data: { callId, reason } }) {
    const command: CallCommand = { type: 'RetryAttempt', appleEventId: idOf(stream), reason };
    return [{ stream: callStream(callId), command }];
  },
};

export const appleEventReactions: readonly Reaction[] = [bindCall, takeOutcome, nextAttempt];
