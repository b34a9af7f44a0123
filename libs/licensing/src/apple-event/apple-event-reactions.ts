import { idOf, messageTo, reaction, type Reaction } from '@seatbook/kernel';
import type { CallEvent } from '../apple-call/call-events.js';
import { appleEventStream } from '../streams.js';

/** An accepted call is bound to Apple's event; notifications that came earlier are there already. */
const bindCall = reaction<CallEvent>('appleEvent.bind-call', {
  'call.accepted': ({ stream, data: { uId, appleEventId, pairs, subscribed } }) => [
    messageTo(appleEventStream(appleEventId), {
      type: 'BindCall',
      uId,
      callId: idOf(stream),
      pairs,
      subscribed,
    }),
  ],
});

export const appleEventReactions: readonly Reaction[] = [bindCall];
