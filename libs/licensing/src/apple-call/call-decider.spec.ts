import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { KEYNOTE, LOCATION, PAGES, devices, persons } from '@seatbook/test-support/licensing-builders';
import { NOBODY, holderKeys, holdersOf, type Holders } from '../holder.js';
import type { AppleFailure, AssetId } from '../ports.js';
import { writeGateOf } from '../apple-gates.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { MAX_DOUBTFUL_ATTEMPTS, callDecider, type CallCommand } from './call-decider.js';
import { pairsOfCall } from './call-state.js';
import type { CallEvent, CallFailure, ReportedFailure } from './call-events.js';
import { callSteps } from './call-steps.js';

const decider = callDecider(DEFAULT_TIMINGS);
const given = deciderSpec(decider, callSteps);

interface Shape {
  assets?: readonly AssetId[];
  holders?: Holders;
  action?: 'associate' | 'disassociate';
}
const plan = ({
  assets = [PAGES],
  holders = devices('A', 'B'),
  action = 'associate',
}: Shape = {}): CallCommand => ({
  type: 'PlanCall',
  uId: LOCATION,
  action,
  assets,
  ...holders,
});
const claimed = (asset: AssetId = PAGES, missed: Holders = NOBODY): CallCommand => ({
  type: 'RecordClaim',
  asset,
  missed,
});
const start: CallCommand = { type: 'StartAttempt', fingerprint: 'f1', subscribed: true };
const accept = (attempt = 1): CallCommand => ({
  type: 'RecordAccepted',
  attempt,
  appleEventId: `event-${attempt}`,
});
const fail = (failure: AppleFailure, attempt = 1, jitter = 0): CallCommand => ({
  type: 'RecordFailure',
  attempt,
  fingerprint: 'f1',
  failure,
  jitter,
});
const outcome = (failures: readonly Partial<ReportedFailure>[] = [], attempt = 1): CallCommand => ({
  type: 'RecordOutcome',
  appleEventId: `event-${attempt}`,
  failures: failures.map((failure) => ({
    errorNumber: 9_602,
    reason: 'no',
    assets: [PAGES],
    holders: devices('A'),
    ...failure,
  })),
});
/** What was sent at `NOW` is done by then, or will never be. */
const LATER = NOW + DEFAULT_TIMINGS.effectWithinMs;
const verified = (present: Holders, readAt = LATER): CallCommand => ({
  type: 'RecordVerified',
  present: [{ ...PAGES, ...present }],
  readAt,
});
const transient = (more: Partial<AppleFailure & { kind: 'transient' }> = {}): AppleFailure => ({
  kind: 'transient',
  errorNumber: null,
  doubtful: false,
  retryAfterMs: null,
  reason: 'HTTP 503',
  ...more,
});
const refused = (more: Partial<AppleFailure & { kind: 'refused' }> = {}): AppleFailure => ({
  kind: 'refused',
  errorNumber: 9_602,
  reason: 'no',
  assets: [],
  serialNumbers: [],
  clientUserIds: [],
  ...more,
});

/** Histories are written out, as the log holds them: no decision of today can justify itself by them. */
const planned = ({
  assets = [PAGES],
  holders = devices('A', 'B'),
  action = 'associate',
}: Shape = {}): CallEvent => ({
  type: 'call.planned',
  data: { uId: LOCATION, action, assets, ...holders, probe: false },
});
const answered = (asset: AssetId = PAGES, missed: Holders = NOBODY): CallEvent => ({
  type: 'call.claim-answered',
  data: { uId: LOCATION, ...asset, missed },
});
const attempted = (attempt: number): CallEvent => ({
  type: 'call.started',
  data: { uId: LOCATION, attempt, fingerprint: 'f1', subscribed: true, at: NOW, doubtfulAt: NOW + 90_000 },
});
const acceptedAs = (attempt: number, { action = 'associate' }: Shape = {}): CallEvent => ({
  type: 'call.accepted',
  data: { uId: LOCATION, attempt, appleEventId: `event-${attempt}`, action, pairs: 2, subscribed: true },
});
const verdict = (failure: Partial<CallFailure> = {}): CallFailure => ({
  ...PAGES,
  errorNumber: 9_709,
  reason: 'no',
  verdict: 'short',
  limit: 0,
  notBefore: NOW,
  holders: devices('A', 'B'),
  ...failure,
});
const verifying = (...failures: readonly CallFailure[]): CallEvent => ({
  type: 'call.verification-needed',
  data: { uId: LOCATION, failures, resend: false, at: NOW },
});
/** Attempts without an answer, the first of them sent by `started`. */
const unanswered = (count: number): CallEvent[] =>
  Array.from({ length: count - 1 }, (_attempt, index) => attempted(index + 2));
const readyCall = (shape: Shape = {}): CallEvent[] => {
  const { assets = [PAGES], holders = devices('A', 'B'), action = 'associate' } = shape;
  const pairs = assets.length * holderKeys(holders).length;
  return [
    planned(shape),
    ...assets.map((asset) => answered(asset)),
    { type: 'call.ready', data: { uId: LOCATION, action, assets, leaving: NOBODY, pairs, at: NOW } },
  ];
};
const started = (shape: Shape = {}): CallEvent[] => [...readyCall(shape), attempted(1)];
const accepted = (shape: Shape = {}): CallEvent[] => [...started(shape), acceptedAs(1, shape)];
/** Accepted by its second attempt, after a first one that Apple may have carried out. */
const retried = (shape: Shape = {}): CallEvent[] => [
  ...started(shape),
  {
    type: 'call.attempt-failed',
    data: {
      uId: LOCATION,
      attempt: 1,
      errorNumber: null,
      reason: 'HTTP 503',
      doubtful: true,
      refused: true,
      retryAt: NOW + 2_500,
    },
  },
  attempted(2),
  acceptedAs(2, shape),
];

const SETTLED: CallEvent = {
  type: 'call.settled',
  data: { uId: LOCATION, action: 'associate', assets: [PAGES], attempts: 1, failures: [] },
};

const failuresOf = (events: readonly CallEvent[]): readonly CallFailure[] => {
  const settled = events.find(({ type }) => type === 'call.settled') as Extract<
    CallEvent,
    { type: 'call.settled' }
  >;
  return settled.data.failures;
};

/** Of a call to which no answer came. */
const NO_ANSWER = verdict({
  errorNumber: 9_603,
  reason: 'no answer came',
  verdict: 'again',
  limit: 2,
  holders: null,
});

describe('planning a call and claiming its pairs', () => {
  it('is planned once and waits for its ledgers, not for a moment', () => {
    given()
      .when(plan())
      .then({
        type: 'call.planned',
        data: { uId: LOCATION, action: 'associate', assets: [PAGES], ...devices('A', 'B'), probe: false },
      });
    given().when(plan()).thenOnce();
    given().when(plan()).thenDue(null);
  });

  it('is ready when the last ledger has answered', () => {
    const two = { assets: [PAGES, KEYNOTE] };
    given(planned(two)).when(claimed(PAGES)).thenTypes('call.claim-answered');
    given(planned(two), answered(PAGES))
      .when(claimed(KEYNOTE))
      .then(
        { type: 'call.claim-answered', data: { uId: LOCATION, ...KEYNOTE, missed: NOBODY } },
        {
          type: 'call.ready',
          data: { uId: LOCATION, action: 'associate', ...two, leaving: NOBODY, pairs: 4, at: NOW },
        },
      );
    given(planned(two), answered(PAGES)).when(claimed(PAGES)).thenNothing();
    given(...readyCall())
      .when(claimed())
      .thenNothing();
    given(...readyCall(two))
      .when(claimed(KEYNOTE))
      .thenNothing();
  });

  it('lets a holder leave whole that misses one pair', () => {
    const before = [
      planned({ assets: [PAGES, KEYNOTE], holders: { serialNumbers: ['A', 'B'], userIds: ['p'] } }),
      answered(PAGES, devices('A')),
    ];
    const { events } = given(...before).when(claimed(KEYNOTE, { serialNumbers: ['A'], userIds: ['p'] }));
    expect(events[1]?.data).toMatchObject({ leaving: { serialNumbers: ['A'], userIds: ['p'] }, pairs: 2 });
    const leaving = { serialNumbers: ['A'], userIds: ['p'] };
    const ready: CallEvent = {
      type: 'call.ready',
      data: { uId: LOCATION, action: 'associate', assets: [PAGES, KEYNOTE], leaving, pairs: 2, at: NOW },
    };
    expect(given(...before, answered(KEYNOTE, leaving), ready).state).toMatchObject({
      holders: devices('B'),
    });
  });

  it('is dropped where nobody is left, and never sent', () => {
    const dropped = given(planned()).when(claimed(PAGES, devices('A', 'B')));
    dropped.thenTypes('call.claim-answered', 'call.dropped');
    dropped.thenDue(null);
    const leaving = devices('A', 'B');
    given(planned(), answered(PAGES, leaving), {
      type: 'call.dropped',
      data: { uId: LOCATION, action: 'associate', assets: [PAGES], leaving },
    })
      .when(start)
      .thenNothing();
  });
});

describe('attempts', () => {
  it('starts as soon as it is ready, behind the gate of its account', () => {
    expect(given(...readyCall()).due()).toEqual({ step: 'send', at: NOW, gate: writeGateOf(LOCATION) });
  });

  it('counts as doubtful 90 s after it started without an answer', () => {
    const begun = given(...readyCall()).when(start);
    begun.then({
      type: 'call.started',
      data: {
        uId: LOCATION,
        attempt: 1,
        fingerprint: 'f1',
        subscribed: true,
        at: NOW,
        doubtfulAt: NOW + 90_000,
      },
    });
    begun.thenDue({ step: 'send', at: NOW + 90_000, gate: writeGateOf(LOCATION) });
  });

  it('is sent again unchanged where its answer never came', () => {
    const again = given(...started()).when(start, NOW + 90_000);
    expect(again.events[0]?.data).toMatchObject({ attempt: 2 });
    expect(given(...started(), attempted(2)).state).toMatchObject({ holders: devices('A', 'B') });
  });

  it('starts nothing before it is ready, after it was accepted or settled', () => {
    given(planned()).when(start).thenNothing();
    given(...accepted())
      .when(start)
      .thenNothing();
    given(...accepted(), SETTLED)
      .when(start)
      .thenNothing();
  });

  it('binds the answer of its own attempt only', () => {
    given(...started())
      .when(accept(1))
      .then({
        type: 'call.accepted',
        data: {
          uId: LOCATION,
          attempt: 1,
          appleEventId: 'event-1',
          action: 'associate',
          pairs: 2,
          subscribed: true,
        },
      });
    given(...started())
      .when(accept(1))
      .thenOnce();
    given(...started(), attempted(2))
      .when(accept(1))
      .thenNothing();
    given(...started())
      .when(accept(1))
      .thenDue(null);
  });

  it.each([
    [1, 0, 2_500],
    [1, 1, 5_000],
    [2, 0, 5_000],
    [4, 0, 20_000],
    [9, 1, 600_000],
    [30, 1, 600_000],
  ])('tries again after attempt %i (jitter %d) in %i ms', (attempt, jitter, delay) => {
    const attempts = Array.from({ length: attempt }, (_attempt, index) => attempted(index + 1));
    const failed = given(...readyCall(), ...attempts).when(fail(transient(), attempt, jitter));
    failed.then({
      type: 'call.attempt-failed',
      data: {
        uId: LOCATION,
        attempt,
        errorNumber: null,
        reason: 'HTTP 503',
        doubtful: false,
        refused: true,
        retryAt: NOW + delay,
      },
    });
    failed.thenDue({ step: 'send', at: NOW + delay, gate: writeGateOf(LOCATION) });
  });

  it("obeys Apple's Retry-After", () => {
    given(...started())
      .when(fail(transient({ retryAfterMs: 90_000 })))
      .thenDue({ step: 'send', at: NOW + 90_000, gate: writeGateOf(LOCATION) });
  });

  it('is held, not failed, by a refused token and by another MDM', () => {
    given(...started())
      .when(fail({ kind: 'token', state: 'revoked', errorNumber: 9_625 }))
      .then({
        type: 'call.held',
        data: {
          uId: LOCATION,
          attempt: 1,
          fingerprint: 'f1',
          errorNumber: 9_625,
          state: 'revoked',
          mdmInfo: null,
          at: NOW,
        },
      });
    given(...started())
      .when(fail({ kind: 'conflict', mdmInfo: null }))
      .then({
        type: 'call.held',
        data: {
          uId: LOCATION,
          attempt: 1,
          fingerprint: 'f1',
          errorNumber: null,
          state: 'conflicted',
          mdmInfo: null,
          at: NOW,
        },
      });
    given(...started(), {
      type: 'call.held',
      data: {
        uId: LOCATION,
        attempt: 1,
        fingerprint: 'f1',
        errorNumber: null,
        state: 'conflicted',
        mdmInfo: null,
        at: NOW,
      },
    })
      .when(start)
      .thenTypes('call.started');
  });

  it('goes on without a limit where Apple certainly did nothing', () => {
    const failures = Array.from({ length: 3 * MAX_DOUBTFUL_ATTEMPTS }, (_failure, index): CallEvent[] => [
      attempted(index + 2),
      {
        type: 'call.attempt-failed',
        data: {
          uId: LOCATION,
          attempt: index + 2,
          errorNumber: 9_646,
          reason: 'too many requests',
          doubtful: false,
          refused: true,
          retryAt: NOW,
        },
      },
    ]);
    given(...readyCall(), attempted(1), ...failures.flat().slice(1))
      .when(start)
      .thenTypes('call.started');
  });

  it('reads Apple after 40 attempts in doubt, and plans anew what Apple does not have', () => {
    const last = [...started(), ...unanswered(MAX_DOUBTFUL_ATTEMPTS)];
    const verifyingAll = {
      type: 'call.verification-needed',
      data: {
        uId: LOCATION,
        failures: [NO_ANSWER],
        resend: false,
        at: NOW,
      },
    } as const;
    const over = given(...last).when(start);
    over.then(verifyingAll);
    over.thenDue({ step: 'verify', at: NOW, gate: LOCATION });
    given(...last)
      .when(fail(transient({ doubtful: true }), MAX_DOUBTFUL_ATTEMPTS))
      .thenTypes('call.attempt-failed', 'call.verification-needed');
    given(...started(), ...unanswered(MAX_DOUBTFUL_ATTEMPTS - 1))
      .when(start)
      .thenTypes('call.started');
    const { events } = given(...last, verifyingAll).when(verified(devices('A')), LATER);
    expect(failuresOf(events)).toMatchObject([{ verdict: 'again', limit: 2, holders: devices('B') }]);
  });

  describe('looked for at Apple before it is sent again', () => {
    const look: CallCommand = { type: 'LookFirst' };
    const seen = (...serialNumbers: string[]): CallCommand => verified(devices(...serialNumbers));
    const looking: CallEvent = {
      type: 'call.verification-needed',
      data: {
        uId: LOCATION,
        failures: [NO_ANSWER],
        resend: true,
        at: NOW,
      },
    };
    const undone: CallEvent = { type: 'call.found-undone', data: { uId: LOCATION, at: NOW } };

    it('only where an attempt is in doubt, and once for each', () => {
      given(...readyCall())
        .when(look)
        .thenNothing();
      given(...started())
        .when(look)
        .then(looking);
      given(...started())
        .when(look)
        .thenOnce();
      given(...started(), looking, undone)
        .when(look)
        .thenNothing();
      given(...started(), looking, undone, attempted(2))
        .when(look)
        .thenTypes('call.verification-needed');
    });

    it('is sent as it is where Apple has nothing of it, and the doubt stays', () => {
      const after = given(...started(), looking).when(seen());
      after.then(undone);
      after.thenDue({ step: 'send', at: NOW, gate: writeGateOf(LOCATION) });
      given(...started(), looking, undone)
        .when(start)
        .thenTypes('call.started');
      given(...started(), looking, undone, attempted(2))
        .when(fail(refused(), 2))
        .thenTypes('call.refused', 'call.verification-needed');
    });

    it('is settled with what Apple has, and the rest is planned anew without having been tried', () => {
      const { events } = given(...started(), looking).when(seen('A'), LATER);
      expect(failuresOf(events)).toMatchObject([{ verdict: 'again', limit: 2, holders: devices('B') }]);
      given(...started(), looking)
        .when(seen('A', 'B'))
        .thenTypes('call.settled');
      expect(failuresOf(given(...started(), looking).when(seen('A', 'B')).events)).toEqual([]);
    });
  });

  it('refused as a whole for lack of licences is short, whether Apple names an asset or not', () => {
    const short = refused({ errorNumber: 9_709 });
    expect(failuresOf(given(...started()).when(fail(short)).events)).toMatchObject([
      { verdict: 'short', holders: null },
    ]);
    given(...started())
      .when(fail(short))
      .thenTypes('call.refused', 'call.settled');
    const named = refused({ errorNumber: 9_709, assets: [KEYNOTE] });
    const two = { assets: [PAGES, KEYNOTE] };
    expect(failuresOf(given(...started(two)).when(fail(named)).events)).toMatchObject([
      { ...PAGES, verdict: 'again' },
      { ...KEYNOTE, verdict: 'short' },
      { ...KEYNOTE, verdict: 'again' },
    ]);
  });

  it('takes no failure of another attempt, and none after it was accepted', () => {
    given(...started(), attempted(2))
      .when(fail(transient(), 1))
      .thenNothing();
    given(...accepted())
      .when(fail(transient(), 1))
      .thenNothing();
    given(...started())
      .when(fail(transient()))
      .thenOnce();
  });

  it('makes its next attempt where Apple does not finish the event of this one', () => {
    const stalled: CallCommand = { type: 'RetryAttempt', appleEventId: 'event-1', reason: 'pending' };
    given(...accepted())
      .when(stalled, NOW + 9)
      .then({
        type: 'call.attempt-failed',
        data: {
          uId: LOCATION,
          attempt: 1,
          errorNumber: null,
          reason: 'pending',
          doubtful: true,
          refused: false,
          retryAt: NOW + 9,
        },
      });
    given(...accepted())
      .when(stalled)
      .thenOnce();
    given(...retried())
      .when(stalled)
      .thenNothing();
  });
});

describe('a request that Apple refuses as a whole', () => {
  it.each([
    [4, 2],
    [5, 2],
    [2, 1],
  ])('of %i pairs, naming none, is planned anew in calls of at most %i', (pairs, limit) => {
    const holders = devices(...[...'ABCDE'].slice(0, pairs));
    const { events } = given(...started({ holders })).when(fail(refused()));
    expect(failuresOf(events)).toEqual([
      { ...PAGES, errorNumber: 9_602, reason: 'no', verdict: 'again', limit, notBefore: NOW, holders: null },
    ]);
  });

  it('of a single pair fails it: the poison is found', () => {
    const { events } = given(...started({ holders: devices('A') })).when(fail(refused()));
    expect(failuresOf(events)).toMatchObject([{ verdict: 'failed', holders: null }]);
  });

  it('finds one poison pair among 25,000 in at most 15 halvings', () => {
    let limit = 25_000;
    let halvings = 0;
    while (limit > 1) {
      const holders = devices(...Array.from({ length: limit }, (_one, index) => `S${index}`));
      const { events } = given(...started({ holders })).when(fail(refused()));
      limit = failuresOf(events)[0]?.limit ?? 0;
      halvings += 1;
    }
    expect([limit, halvings]).toEqual([1, 14]);
  });

  it('fails the holders that it names and plans the rest anew', () => {
    const { events } = given(...started()).when(fail(refused({ serialNumbers: ['B', 'foreign'] })));
    expect(failuresOf(events)).toMatchObject([
      { ...PAGES, verdict: 'failed', holders: devices('B') },
      { ...PAGES, verdict: 'again', limit: 2, holders: null },
    ]);
  });

  it('fails the assets that it names for everybody, and only those', () => {
    const { events } = given(...started({ assets: [PAGES, KEYNOTE] })).when(
      fail(refused({ assets: [KEYNOTE] })),
    );
    expect(failuresOf(events)).toMatchObject([
      { ...PAGES, verdict: 'again' },
      { ...KEYNOTE, verdict: 'failed', holders: null },
      { ...KEYNOTE, verdict: 'again' },
    ]);
  });

  it('fails persons that it names by clientUserId', () => {
    const { events } = given(...started({ holders: persons('p', 'q') })).when(
      fail(refused({ clientUserIds: ['p'] })),
    );
    expect(failuresOf(events)[0]).toMatchObject({ verdict: 'failed', holders: persons('p') });
  });

  it('is halved where it names only what is not in it', () => {
    const { events } = given(...started()).when(fail(refused({ assets: [KEYNOTE], serialNumbers: ['Z'] })));
    expect(failuresOf(events)).toMatchObject([{ verdict: 'again', limit: 1 }]);
  });
});

describe('where Apple refuses whatever is written for the account', () => {
  const close: CallCommand = { type: 'CloseUnsent', errorNumber: 9_602, reason: 'no' };
  const again = { ...PAGES, errorNumber: 9_602, reason: 'no', verdict: 'again', limit: 2, notBefore: NOW };

  it.each([
    ['it names nothing', {}, false],
    ['it names a device', { serialNumbers: ['A'] }, true],
    ['it says that licences are lacking', { errorNumber: 9_709 }, true],
  ])('a refusal is told, with whether it says of what: %s', (_what, failure, named) => {
    const { events } = given(...started()).when(fail(refused(failure)));
    expect(events).toMatchObject([{ type: 'call.refused', data: { named } }, { type: 'call.settled' }]);
  });

  it('an attempt whose turn never came was not refused', () => {
    const { events } = given(...started()).when(fail(transient({ unasked: true })));
    expect(events).toMatchObject([{ type: 'call.attempt-failed', data: { refused: false } }]);
  });

  it('a call that waits is closed unsent, and its pairs are planned again', () => {
    const closed = given(...readyCall()).when(close);
    expect(failuresOf(closed.events)).toEqual([{ ...again, holders: null }]);
    expect(closed.events[0]?.data).toMatchObject({ attempts: 0 });
    closed.thenOnce();
    given(...accepted())
      .when(close)
      .thenNothing();
  });

  it('a call in doubt is read first', () => {
    given(...started())
      .when(close)
      .thenTypes('call.verification-needed');
  });

  it('a probe that is refused fails no pair', () => {
    const [plannedCall, ...rest] = started({ holders: devices('A') });
    const probe = { ...plannedCall, data: { ...plannedCall?.data, probe: true } } as CallEvent;
    const { events } = given(probe, ...rest).when(fail(refused()));
    expect(failuresOf(events)).toMatchObject([{ verdict: 'again', limit: 1 }]);
  });
});

describe('a call of an account that was removed', () => {
  const abandon: CallCommand = { type: 'AbandonCall', reason: 'the account was removed' };

  it.each([
    ['is ready', readyCall()],
    ['was sent', started()],
    ['was accepted', accepted()],
  ])('that %s fails for good: nobody will hear of it', (_state, history) => {
    const abandoned = given(...history).when(abandon);
    expect(failuresOf(abandoned.events)).toMatchObject([
      { verdict: 'failed', reason: 'the account was removed', holders: null },
    ]);
    abandoned.thenOnce();
  });

  it('whose ledgers are being asked waits for their answers', () => {
    const [plannedCall] = readyCall();
    given(plannedCall as CallEvent)
      .when(abandon)
      .thenNothing();
    given().when(abandon).thenNothing();
  });
});

describe('what Apple says after an attempt in doubt', () => {
  const inDoubt: CallEvent = {
    type: 'call.attempt-failed',
    data: {
      uId: LOCATION,
      attempt: 1,
      errorNumber: null,
      reason: 'connection reset',
      doubtful: true,
      refused: true,
      retryAt: NOW,
    },
  };
  const twice = (shape: Shape = {}): CallEvent[] => [...started(shape), inDoubt, attempted(2)];

  it('is compared with what Apple holds where the request is refused as a whole', () => {
    const refusal = given(...twice()).when(fail(refused(), 2));
    refusal.then(
      {
        type: 'call.refused',
        data: { uId: LOCATION, attempt: 2, errorNumber: 9_602, reason: 'no', named: false },
      },
      verifying(verdict({ errorNumber: 9_602, verdict: 'again', limit: 1, holders: null })),
    );
    refusal.thenDue({ step: 'verify', at: NOW, gate: LOCATION });
  });

  it('settles what the first attempt did, and halves only the rest', () => {
    const holders = devices('A', 'B', 'C', 'D');
    const shape = { holders };
    const refusal = verifying(
      verdict({ errorNumber: 9_602, verdict: 'failed', holders: devices('A', 'B') }),
      verdict({ errorNumber: 9_602, verdict: 'again', limit: 4, holders: null }),
    );
    const { events } = given(...twice(shape), refusal).when(verified(devices('A', 'C')), LATER);
    expect(failuresOf(events)).toMatchObject([
      { verdict: 'failed', holders: devices('B') },
      { verdict: 'again', limit: 4, holders: devices('D') },
    ]);
  });

  it('is compared also where one pair alone fails', () => {
    given(...retried())
      .when(outcome([{}], 2))
      .then(verifying(verdict({ errorNumber: 9_602, verdict: 'failed', holders: devices('A') })));
  });

  it('is compared after another MDM was named on the answer to the write: that was done', () => {
    const conflicted: CallEvent = {
      type: 'call.held',
      data: {
        uId: LOCATION,
        attempt: 1,
        fingerprint: 'f1',
        errorNumber: null,
        state: 'conflicted',
        mdmInfo: null,
        at: NOW,
      },
    };
    given(...started(), conflicted, attempted(2))
      .when(fail(refused(), 2))
      .thenTypes('call.refused', 'call.verification-needed');
  });

  it('is taken at its word where the attempt before certainly did nothing', () => {
    const certain: CallEvent = { ...inDoubt, data: { ...inDoubt.data, doubtful: false } };
    given(...started(), certain, attempted(2))
      .when(fail(refused(), 2))
      .thenTypes('call.refused', 'call.settled');
  });
});

describe('what became of an accepted call', () => {
  it('settles with nothing failed, once', () => {
    given(...accepted())
      .when(outcome())
      .then({
        type: 'call.settled',
        data: { uId: LOCATION, action: 'associate', assets: [PAGES], attempts: 1, failures: [] },
      });
    given(...accepted())
      .when(outcome())
      .thenOnce();
    given(...accepted())
      .when(outcome())
      .thenDue(null);
  });

  it('knows only the event of its newest attempt', () => {
    given(...retried())
      .when(outcome([], 1))
      .thenNothing();
    given(...retried())
      .when(outcome([], 2))
      .thenTypes('call.settled');
    given(...started())
      .when(outcome())
      .thenNothing();
  });

  it.each([
    ['fails', 9_602, 'failed', 0],
    ['finds short', 9_709, 'short', 0],
    ['plans anew in 30 s after an internal error', 9_603, 'again', 30_000],
    ['plans anew in 30 s after maintenance', 9_644, 'again', 30_000],
    ['plans anew in 30 s, since it often passes,', 9_610, 'again', 30_000],
  ] as const)('%s what Apple named with %i', (_what, errorNumber, verdict, delay) => {
    const { events } = given(...accepted()).when(outcome([{ errorNumber }]));
    expect(failuresOf(events)).toEqual([
      {
        ...PAGES,
        errorNumber,
        reason: 'no',
        verdict,
        limit: 0,
        notBefore: NOW + delay,
        holders: devices('A'),
      },
    ]);
  });

  it('is never short of licences when it takes them back', () => {
    const { events } = given(...accepted({ action: 'disassociate' })).when(outcome([{ errorNumber: 9_709 }]));
    expect(failuresOf(events)).toMatchObject([{ verdict: 'failed' }]);
  });

  it('spreads a failure that names no asset over all, and one that names no holder over all of them', () => {
    const { events } = given(...accepted({ assets: [PAGES, KEYNOTE] })).when(
      outcome([{ assets: [] }, { assets: [KEYNOTE], holders: NOBODY }]),
    );
    expect(failuresOf(events)).toMatchObject([
      { ...PAGES, holders: devices('A') },
      { ...KEYNOTE, holders: devices('A') },
      { ...KEYNOTE, holders: null },
    ]);
  });

  it.each([
    ['names nothing at all', { assets: [], holders: NOBODY }, false],
    ['says already assigned', { errorNumber: 9_616 }, false],
    ['says not assigned', { errorNumber: 9_619 }, false],
    ['says short after a doubtful attempt', { errorNumber: 9_709 }, true],
  ])('reads what Apple holds where a failure %s', (_what, failure, doubtful) => {
    const verified = given(...(doubtful ? retried() : accepted())).when(outcome([failure], doubtful ? 2 : 1));
    verified.thenTypes('call.verification-needed');
    verified.thenDue({ step: 'verify', at: NOW, gate: LOCATION });
  });
});

describe('a targeted read', () => {
  const short = verifying(verdict());
  it('lets succeed what Apple holds and fails the rest, once', () => {
    const { events } = given(...retried(), short).when(verified(devices('A', 'Z')), LATER);
    expect(failuresOf(events)).toMatchObject([
      { errorNumber: 9_709, verdict: 'short', holders: devices('B') },
    ]);
    given(...retried(), short)
      .when(verified(devices()), LATER)
      .thenOnce();
    given(...accepted())
      .when(verified(devices('A')))
      .thenNothing();
  });

  it('settles without failures where Apple holds everything', () => {
    expect(failuresOf(given(...retried(), short).when(verified(devices('A', 'B'))).events)).toEqual([]);
  });

  it('lets a disassociation succeed where Apple holds nothing', () => {
    const notAssigned = verdict({ errorNumber: 9_619, verdict: 'failed' });
    const back = [...retried({ action: 'disassociate' }), verifying(notAssigned)];
    expect(failuresOf(given(...back).when(verified(devices('B')), LATER).events)).toMatchObject([
      { verdict: 'failed', holders: devices('B') },
    ]);
  });

  it('judges all holders where the failure named none', () => {
    const again = { errorNumber: 9_603, verdict: 'again', notBefore: NOW + 30_000, holders: null } as const;
    const wordless = verifying(verdict(again));
    expect(failuresOf(given(...accepted(), wordless).when(verified(devices('A'))).events)).toMatchObject([
      { verdict: 'again', holders: devices('B'), notBefore: NOW + 30_000 },
    ]);
  });

  describe('while what was sent may still be under way at Apple', () => {
    const { effectWithinMs } = DEFAULT_TIMINGS;
    const open = (unseen: number, lookAt: number): CallEvent => ({
      type: 'call.outcome-open',
      data: { uId: LOCATION, unseen, until: LATER, lookAt },
    });

    it('judges nothing that it does not find, and is made again', () => {
      const early = given(...retried(), short).when(verified(devices('A'), NOW + 60_000), NOW + 60_000);
      early.then(open(1, NOW + 65_000));
      early.thenDue({ step: 'verify', at: NOW + 65_000, gate: LOCATION });
    });

    it('lets succeed what it finds at last', () => {
      const found = given(...retried(), short, open(1, NOW)).when(verified(devices('A', 'B')));
      expect(failuresOf(found.events)).toEqual([]);
    });

    it('tells by when it began, not by when it ended', () => {
      given(...retried(), short)
        .when(verified(devices(), LATER - 1), LATER + 60_000)
        .thenTypes('call.outcome-open');
      given(...retried(), short, open(2, LATER))
        .when(verified(devices()), LATER)
        .thenTypes('call.settled');
    });

    it.each([
      [3, 60_000, 0, 40_000],
      [3, 60_000, 10_000, 100_000],
      [9, 60_000, 0, 600_000],
      [3, effectWithinMs - 1_000, 0, 1_000],
    ])(
      'is made after pauses that double, rarely where it takes long, once at the end: after %i looks, %i ms after the sending, having taken %i ms',
      (looks, after, took, pause) => {
        const at = NOW + after;
        const looked = Array.from({ length: looks }, () => open(2, NOW));
        given(...retried(), short, ...looked)
          .when(verified(devices(), at - took), at)
          .then(open(2, at + pause));
      },
    );

    it('waits no longer for a clock that was ahead when it was sent', () => {
      const at = NOW - 3_600_000;
      const early = given(...retried(), short).when(verified(devices(), at), at);
      expect(early.events[0]?.data).toMatchObject({ until: at + effectWithinMs });
    });

    it('is over at once where every attempt was answered', () => {
      const wordless = verifying(verdict({ errorNumber: 9_616, verdict: 'failed' }));
      given(...accepted(), wordless)
        .when(verified(devices(), NOW))
        .thenTypes('call.settled');
    });
  });

  const readFailed = (failure: AppleFailure): CallCommand => ({
    type: 'RecordVerificationFailure',
    failure,
    fingerprint: 'f2',
  });

  it('is held, like any other request, by a refused token, and made when there is another one', () => {
    const held = given(...retried(), short).when(
      readFailed({ kind: 'token', state: 'expired', errorNumber: 9_621 }),
    );
    held.thenTypes('call.held');
    expect(held.events[0]?.data).toMatchObject({ fingerprint: 'f2', state: 'expired' });
    held.thenDue({ step: 'verify', at: NOW, gate: LOCATION });
  });

  it.each([
    [0, transient(), 5_000],
    [2, transient(), 20_000],
    [50, transient(), 600_000],
    [0, transient({ retryAfterMs: 90_000 }), 90_000],
    [1, refused(), 10_000],
  ])('is made again by itself after %i failures and another one', (failures, failure, delay) => {
    const looks = Array.from({ length: failures }, (): CallEvent => ({
      type: 'call.verification-failed',
      data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW },
    }));
    const failed = given(...retried(), short, ...looks).when(readFailed(failure));
    failed.thenTypes('call.verification-failed');
    failed.thenDue({ step: 'verify', at: NOW + delay, gate: LOCATION });
    given(...retried())
      .when(readFailed(failure))
      .thenNothing();
  });
});

describe('the size of a call', () => {
  it('is its assets times its holders', () => {
    expect(
      pairsOfCall({ assets: [PAGES, KEYNOTE], holders: { serialNumbers: ['A', 'B'], userIds: ['p'] } }),
    ).toBe(6);
  });

  it('of 25 assets keeps the worst outcome within one append, for devices and for persons', () => {
    const assets = Array.from({ length: 25 }, (_asset, index) => ({
      adamId: String(361_309_726 + index),
      pricingParam: 'STDQ',
    }));
    const serials = Array.from({ length: 1_000 }, (_one, index) => `d:C02${String(index).padStart(11, '0')}`);
    const people = Array.from(
      { length: 500 },
      (_one, index) => `u:0b9d1f53-64a5-8b7c-9a3e-${String(index).padStart(12, '0')}`,
    );
    for (const keys of [serials, people, [...serials.slice(0, 500), ...people]]) {
      const holders = holdersOf(keys);
      const most = holdersOf(keys.slice(1));
      const call = accepted({ assets, holders });
      const { events } = given(...call).when(
        outcome(assets.map((asset) => ({ assets: [asset], holders: most }))),
      );
      expect(failuresOf(events)).toHaveLength(25);
      expect(JSON.stringify(events).length).toBeLessThan(880_000);
    }
  });
});
