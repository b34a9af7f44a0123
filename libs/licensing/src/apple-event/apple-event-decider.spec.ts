import fc from 'fast-check';
import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { KEYNOTE, LOCATION, PAGES, devices } from '@seatbook/test-support/licensing-builders';
import { NOBODY, type Holders } from '../holder.js';
import type { AppleFailure, AssetId } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { appleEventDecider, type AppleEventCommand } from './apple-event-decider.js';
import type { AppleEventEvent } from './apple-event-events.js';
import { appleEventSteps } from './apple-event-steps.js';

const decider = appleEventDecider(DEFAULT_TIMINGS);
const given = deciderSpec(decider, appleEventSteps);
const SECOND = 1_000;
const MINUTE = 60_000;

const notify = (
  notificationId: string,
  holders: Holders,
  errorNumber: number | null = null,
  asset: AssetId = PAGES,
): AppleEventCommand => ({
  type: 'RecordNotification',
  uId: LOCATION,
  notificationId,
  notificationType: 'ASSET_MANAGEMENT',
  operation: 'ASSOCIATE',
  result: errorNumber === null ? 'SUCCESS' : 'FAILURE',
  pairs: [{ ...asset, ...holders }],
  associated: [],
  errorNumber,
  reason: errorNumber === null ? '' : `error ${errorNumber}`,
});
const bind = (pairs = 2, withNotifications = true): AppleEventCommand => ({
  type: 'BindCall',
  uId: LOCATION,
  callId: 'call-1',
  pairs,
  subscribed: withNotifications,
});
const polled = (
  status: 'PENDING' | 'COMPLETE' | 'FAILED',
  failures: (AppleEventCommand & { type: 'RecordPoll' })['failures'] = [],
): AppleEventCommand => ({
  type: 'RecordPoll',
  status: { status, requested: 2, completed: 1, failures: [] },
  failures,
});
const pollFailed = (failure: AppleFailure): AppleEventCommand => ({
  type: 'RecordPollFailure',
  failure,
  fingerprint: 'f1',
});

/** Histories are written out, as the log holds them: no decision of today can justify itself by them. */
const received = (
  notificationId: string,
  holders: Holders,
  { errorNumber = null, delay = 0 }: { errorNumber?: number | null; delay?: number } = {},
  asset: AssetId = PAGES,
): AppleEventEvent => ({
  type: 'appleEvent.notification-received',
  data: {
    uId: LOCATION,
    notificationId,
    notificationType: 'ASSET_MANAGEMENT',
    operation: 'ASSOCIATE',
    result: errorNumber === null ? 'SUCCESS' : 'FAILURE',
    pairs: [{ ...asset, ...holders }],
    associated: [],
    errorNumber,
    reason: errorNumber === null ? '' : `error ${errorNumber}`,
    at: NOW + delay,
    pollAt: NOW + delay + 5 * SECOND,
    foreignAt: null,
  },
});
const bound = (pairs = 2, pollAfter = 5 * MINUTE, delay = 0): AppleEventEvent => ({
  type: 'appleEvent.bound',
  data: {
    uId: LOCATION,
    callId: 'call-1',
    pairs,
    subscribed: pollAfter > 5 * SECOND,
    at: NOW + delay,
    pollAt: NOW + delay + pollAfter,
  },
});
const pending = (delay: number): AppleEventEvent => ({
  type: 'appleEvent.polled',
  data: {
    uId: LOCATION,
    status: 'PENDING',
    requested: 2,
    completed: 1,
    at: NOW + delay,
    nextAt: NOW + delay + 30 * SECOND,
  },
});
const OVER: AppleEventEvent = {
  type: 'appleEvent.completed',
  data: { uId: LOCATION, callId: 'call-1', by: 'notifications', failures: [], heardAt: NOW },
};

/** Events of commands that are carried out one after the other. */
function carriedOut(commands: readonly AppleEventCommand[]): AppleEventEvent[] {
  const all: AppleEventEvent[] = [];
  let state = decider.initial();
  for (const command of commands) {
    for (const event of decider.decide(command, state, NOW)) {
      all.push(event);
      state = decider.evolve(state, event);
    }
  }
  return all;
}
const due = (at: number) => ({ step: 'poll', at: NOW + at, gate: LOCATION });
const completed = (events: readonly AppleEventEvent[]) =>
  events.find(({ type }) => type === 'appleEvent.completed')?.data;

describe('notifications of one of Apple’s events', () => {
  it('are kept as they came, each once', () => {
    given()
      .when(notify('n1', devices('A')))
      .then({
        type: 'appleEvent.notification-received',
        data: {
          uId: LOCATION,
          notificationId: 'n1',
          notificationType: 'ASSET_MANAGEMENT',
          operation: 'ASSOCIATE',
          result: 'SUCCESS',
          pairs: [{ ...PAGES, ...devices('A') }],
          associated: [],
          errorNumber: null,
          reason: '',
          at: NOW,
          pollAt: NOW + 5 * SECOND,
          foreignAt: NOW + 2 * MINUTE,
        },
      });
    given()
      .when(notify('n1', devices('A')))
      .thenOnce();
  });

  it('complete the event when every pair of the call has been named', () => {
    given(bound(), received('n1', devices('A')))
      .when(notify('n2', devices('B')))
      .thenTypes('appleEvent.notification-received', 'appleEvent.completed');
    given(bound())
      .when(notify('n1', devices('A')))
      .thenTypes('appleEvent.notification-received');
  });

  it('that came before the call was known count when it is bound', () => {
    const early = [received('n1', devices('A')), received('n2', devices('B'), { errorNumber: 9_610 })];
    given(...early)
      .when(bind())
      .then(
        {
          type: 'appleEvent.bound',
          data: {
            uId: LOCATION,
            callId: 'call-1',
            pairs: 2,
            subscribed: true,
            at: NOW,
            pollAt: NOW + 5 * SECOND,
          },
        },
        {
          type: 'appleEvent.completed',
          data: {
            uId: LOCATION,
            callId: 'call-1',
            by: 'notifications',
            failures: [{ errorNumber: 9_610, reason: 'error 9610', assets: [PAGES], holders: devices('B') }],
            heardAt: NOW,
          },
        },
      );
    given(...early)
      .when(bind())
      .thenOnce();
  });

  it('group failures by asset and number', () => {
    const { events } = given(
      bound(4),
      received('n1', devices('A', 'B'), { errorNumber: 9_610 }),
      received('n2', devices('A'), { errorNumber: 9_610 }, KEYNOTE),
    ).when(notify('n3', devices('B'), 9_603, KEYNOTE));
    expect(completed(events)).toMatchObject({
      failures: [
        { errorNumber: 9_610, assets: [PAGES], holders: devices('A', 'B') },
        { errorNumber: 9_610, assets: [KEYNOTE], holders: devices('A') },
        { errorNumber: 9_603, assets: [KEYNOTE], holders: devices('B') },
      ],
    });
  });

  it('never undo a success, and a success undoes a failure, in whatever order they come', () => {
    const failing = notify('n1', devices('A'), 9_603);
    const succeeding = notify('n2', devices('A'));
    const other = notify('n3', devices('B'));
    fc.assert(
      fc.property(fc.shuffledSubarray([failing, succeeding, other, bind()], { minLength: 4 }), (commands) => {
        // Complete is the event as soon as it is bound and both pairs are named.
        const end = commands.findIndex((_command, index) => {
          const sofar = commands.slice(0, index + 1);
          const named = (sofar.includes(failing) || sofar.includes(succeeding)) && sofar.includes(other);
          return named && sofar.some(({ type }) => type === 'BindCall');
        });
        const succeeded = commands.slice(0, end + 1).includes(succeeding);
        expect(completed(carriedOut(commands))).toMatchObject({
          failures: succeeded ? [] : [{ errorNumber: 9_603 }],
        });
      }),
    );
  });

  it('that name a pair twice count it once', () => {
    given(bound(2), received('n1', devices('A')))
      .when(notify('n2', devices('A', 'A')))
      .thenTypes('appleEvent.notification-received');
  });

  it('are history once the event is over', () => {
    const over = [bound(1), received('n1', devices('A')), OVER];
    given(...over)
      .when(notify('n2', devices('B')))
      .thenTypes('appleEvent.notification-received');
    given(...over)
      .when(polled('COMPLETE'))
      .thenNothing();
    given(...over)
      .when(pollFailed({ kind: 'conflict', mdmInfo: null }))
      .thenNothing();
    expect(given(...over).due()).toBeNull();
  });
});

describe('when an event is polled', () => {
  it('not before its call is known', () => {
    expect(given(received('n1', devices('A'))).due()).toBeNull();
    given().when(polled('COMPLETE')).thenNothing();
  });

  it('after 5 minutes of silence where Apple notifies', () => {
    given()
      .when(bind())
      .thenDue(due(5 * MINUTE));
  });

  it('5 s after acceptance where Apple does not', () => {
    given()
      .when(bind(2, false))
      .thenDue(due(5 * SECOND));
  });

  it('5 s after the last notification that left it incomplete', () => {
    expect(given(bound(), received('n1', devices('A'), { delay: 2 * SECOND })).due()).toEqual(
      due(7 * SECOND),
    );
    expect(given(received('n1', devices('A')), bound(2, 5 * SECOND, 1 * SECOND)).due()).toEqual(
      due(6 * SECOND),
    );
  });

  it('not sooner than 30 s after the poll before', () => {
    expect(given(bound(2, 5 * SECOND), pending(5 * SECOND)).due()).toEqual(due(35 * SECOND));
    expect(
      given(
        bound(2, 5 * SECOND),
        pending(5 * SECOND),
        received('n1', devices('A'), { delay: 6 * SECOND }),
      ).due(),
    ).toEqual(due(35 * SECOND));
  });

  it("30 s after a poll that failed, or when Apple's Retry-After says", () => {
    const failure = { kind: 'transient', errorNumber: null, doubtful: false, reason: 'HTTP 503' } as const;
    given(bound())
      .when(pollFailed({ ...failure, retryAfterMs: null }))
      .then({
        type: 'appleEvent.poll-failed',
        data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW + 30 * SECOND },
      });
    const failed: AppleEventEvent = {
      type: 'appleEvent.poll-failed',
      data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW },
    };
    // An outage of Apple costs few events, however many calls wait for its end.
    const pauses = [0, 1, 2, 3, 4, 5, 6].map(
      (failures) =>
        given(bound(), ...Array.from({ length: failures }, () => failed)).when(
          pollFailed({ ...failure, retryAfterMs: null }),
        ).events[0]?.data,
    );
    expect(pauses.map((data) => (data as { retryAt: number }).retryAt - NOW)).toEqual(
      [30, 60, 120, 240, 480, 600, 600].map((seconds) => seconds * SECOND),
    );
    given(bound(2, 5 * SECOND))
      .when(pollFailed({ ...failure, retryAfterMs: 90 * SECOND }))
      .thenDue(due(90 * SECOND));
  });
});

describe('what a poll says', () => {
  const failure = { errorNumber: 9_610, reason: '', assets: [PAGES], holders: devices('B') };

  it('completes the event with what failed', () => {
    given(bound())
      .when(polled('COMPLETE', [failure]))
      .then(
        {
          type: 'appleEvent.polled',
          data: {
            uId: LOCATION,
            status: 'COMPLETE',
            requested: 2,
            completed: 1,
            at: NOW,
            nextAt: NOW + 30 * SECOND,
          },
        },
        {
          type: 'appleEvent.completed',
          data: { uId: LOCATION, callId: 'call-1', by: 'status', failures: [failure], heardAt: NOW },
        },
      );
    given(bound())
      .when(polled('FAILED', [failure]))
      .thenOnce();
  });

  it('does not take FAILED without a word of what failed for a success', () => {
    const { events } = given(bound()).when(polled('FAILED'));
    expect(completed(events)).toMatchObject({ failures: [{ assets: [], holders: NOBODY }] });
  });

  it('PENDING is only noted, for less than 10 minutes', () => {
    given(bound())
      .when(polled('PENDING'), NOW + 10 * MINUTE - 1)
      .thenTypes('appleEvent.polled');
    given(bound())
      .when(polled('PENDING'), NOW + 10 * MINUTE)
      .thenTypes('appleEvent.polled', 'appleEvent.stalled');
    given(bound(), pending(10 * MINUTE), {
      type: 'appleEvent.stalled',
      data: { uId: LOCATION, callId: 'call-1', reason: 'pending' },
    })
      .when(polled('COMPLETE'))
      .thenNothing();
  });

  it('stalls an event that Apple does not know', () => {
    const unknown: AppleFailure = {
      kind: 'refused',
      errorNumber: 9_708,
      reason: 'unknown',
      assets: [],
      serialNumbers: [],
      clientUserIds: [],
    };
    given(bound()).when(pollFailed(unknown)).thenTypes('appleEvent.stalled');
    given(bound())
      .when(pollFailed({ ...unknown, errorNumber: 9_600 }))
      .thenTypes('appleEvent.poll-failed');
    given(bound())
      .when(pollFailed({ ...unknown, errorNumber: 9_600 }), NOW + 10 * MINUTE)
      .thenTypes('appleEvent.stalled');
  });

  it('holds with the token, and with another MDM', () => {
    given(bound())
      .when(pollFailed({ kind: 'token', state: 'expired', errorNumber: 9_621 }))
      .then({
        type: 'appleEvent.held',
        data: {
          uId: LOCATION,
          fingerprint: 'f1',
          errorNumber: 9_621,
          state: 'expired',
          mdmInfo: null,
          at: NOW,
        },
      });
    given(bound())
      .when(pollFailed({ kind: 'conflict', mdmInfo: null }))
      .then({
        type: 'appleEvent.held',
        data: {
          uId: LOCATION,
          fingerprint: 'f1',
          errorNumber: null,
          state: 'conflicted',
          mdmInfo: null,
          at: NOW,
        },
      });
  });
});

describe('an event that no call of ours knows', () => {
  const first = received('n1', devices('A'));
  const heard: AppleEventEvent = {
    ...first,
    data: { ...first.data, foreignAt: NOW + 2 * MINUTE } as never,
  };
  const find: AppleEventCommand = { type: 'FindForeign' };
  const found: AppleEventEvent = {
    type: 'appleEvent.found-foreign',
    data: { uId: LOCATION, assets: [PAGES] },
  };

  it("is another tool's after two minutes, once", () => {
    expect(given(heard).due()).toEqual({ step: 'find-foreign', at: NOW + 2 * MINUTE });
    given(heard).when(find).then(found);
    given(heard).when(find).thenOnce();
    expect(given(heard, found).due()).toBeNull();
    expect(given(heard, found, received('n2', devices('B'))).due()).toBeNull();
  });

  it('is ours where a call comes for it in time, or even later', () => {
    expect(given(heard, bound()).due()).toEqual(due(5 * MINUTE));
    given(heard, bound()).when(find).thenNothing();
    given(heard, found).when(bind(1)).thenTypes('appleEvent.bound', 'appleEvent.completed');
  });
});
