import {
  effectiveAt,
  idOf,
  messageTo,
  reaction,
  type Envelope,
  type EventOf,
  type Reaction,
} from '@seatbook/kernel';
import type { AccountEvent } from '../account/account-events.js';
import { isOfPersons } from '../call-action.js';
import type { CallEvent } from '../apple-call/call-events.js';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import type { NotificationEvent } from '../notification/notification-events.js';
import { activationStream } from '../streams.js';

/** A planned call claims its persons. */
const claimPersons = reaction<CallEvent>('activation.claim-persons', {
  'call.planned': ({ stream, data: { uId, action, userIds } }) =>
    isOfPersons(action)
      ? [
          messageTo(activationStream(uId), {
            type: 'ClaimPersons',
            uId,
            callId: idOf(stream),
            action,
            userIds,
          }),
        ]
      : [],
});

function release({ stream, data }: Envelope<EventOf<CallEvent, 'call.ready' | 'call.dropped'>>) {
  const { uId, action, leaving } = data;
  const { userIds } = leaving;
  if (!isOfPersons(action) || userIds.length === 0) return [];
  const callId = idOf(stream);
  return [messageTo(activationStream(uId), { type: 'ReleasePersons', callId, action, userIds })];
}

/** Who leaves the call is open work again. */
const releasePersons = reaction<CallEvent>('activation.release-persons', {
  'call.ready': release,
  'call.dropped': release,
});

/** What became of a call. */
const settlePersons = reaction<CallEvent>('activation.settle-persons', {
  'call.settled': ({ stream, metadata, data: { uId, action, failures } }) => {
    if (!isOfPersons(action)) return [];
    const settling = { type: 'SettlePersons', callId: idOf(stream), action, failures } as const;
    return [messageTo(activationStream(uId), settling, effectiveAt(metadata))];
  },
});

/** Apple says that persons have an Apple Account by now. */
const takeAssociated = reaction<AppleEventEvent | NotificationEvent>('activation.take-associated', {
  'appleEvent.notification-received': ({ data: { uId, associated } }) =>
    associated.length === 0
      ? []
      : [messageTo(activationStream(uId), { type: 'RecordAssociated', userIds: associated })],
  'notification.users-associated-received': ({ data: { uId, userIds } }) => [
    messageTo(activationStream(uId), { type: 'RecordAssociated', userIds }),
  ],
});

/** Of an account that is given up or removed nobody is created or retired any more. */
const follow = reaction<AccountEvent>('activation.follow-account', {
  'account.work-ending': ({ data: { uId } }) => [
    messageTo(activationStream(uId), { type: 'CloseActivation', uId }),
  ],
  'account.ledgers-opened': ({ data: { uId } }) => [
    messageTo(activationStream(uId), { type: 'OpenActivation' }),
  ],
});

export const activationReactions: readonly Reaction[] = [
  follow,
  claimPersons,
  releasePersons,
  settlePersons,
  takeAssociated,
];
