import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { KEYNOTE, LOCATION, PAGES, appleAsset, devices } from '@seatbook/test-support/licensing-builders';
import type { AppleAsset, AppleFailure, AssetId, ContentMetadata } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { MAX_SYNCS, reconciliationDecider, type ReconciliationCommand } from './reconciliation-decider.js';
import type { ReconciliationEvent, WalkReason } from './reconciliation-events.js';
import { reconciliationSteps } from './reconciliation-steps.js';

const decider = reconciliationDecider(DEFAULT_TIMINGS);
const given = deciderSpec(decider, reconciliationSteps);
const SECOND = 1_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const begin: ReconciliationCommand = { type: 'StartFirstRead', uId: LOCATION };
const assets = (...list: ReturnType<typeof appleAsset>[]): ReconciliationCommand => ({
  type: 'RecordAssets',
  assets: list,
  startedAt: NOW,
  readAt: NOW,
});
const totals = (count = 1): ReconciliationCommand => ({
  type: 'CompleteTotals',
  assets: count,
  versionId: 'v1',
  startedAt: NOW,
  readAt: NOW,
  comparison: null,
});
const walked = (asset: AssetId = PAGES): ReconciliationCommand => ({
  type: 'CompleteWalk',
  asset,
  count: 2,
  versionId: 'v1',
  walks: 1,
  unstable: false,
  added: 0,
  taken: 0,
  leftOut: 0,
  startedAt: NOW,
});
const users: ReconciliationCommand = {
  type: 'RecordUsers',
  count: 3,
  comparison: { differing: [], deltaFrom: 'v1' },
};
const request = (delayMs = 0, anew?: AssetId): ReconciliationCommand => ({
  type: 'RequestTotals',
  reason: 'ASSET_COUNT',
  delayMs,
  ...(anew ? { anew } : {}),
});
const failed = (failure: AppleFailure): ReconciliationCommand => ({
  type: 'RecordReadFailure',
  step: 'read-totals',
  failure,
  fingerprint: 'f1',
});
const metadata = (adamId: string): ContentMetadata => ({
  adamId,
  name: 'Pages',
  bundleId: null,
  iconUrl: null,
  artistName: null,
  version: null,
  deviceFamilies: [],
  kind: null,
});
const described: ReconciliationCommand = {
  type: 'RecordMetadata',
  found: [metadata(PAGES.adamId)],
  missing: [],
};
const transient: AppleFailure = {
  kind: 'transient',
  errorNumber: null,
  doubtful: false,
  retryAfterMs: null,
  reason: 'HTTP 503',
};

/** Histories are written out, as the log holds them: no decision of today can justify itself by them. */
const STARTED: ReconciliationEvent = {
  type: 'reconciliation.first-read-started',
  data: { uId: LOCATION, at: NOW },
};
const assetsRead = (list: readonly AppleAsset[], first = true): ReconciliationEvent => ({
  type: 'reconciliation.assets-read',
  data: { uId: LOCATION, assets: list, first, startedAt: NOW, readAt: NOW, since: first ? null : NOW },
});
const totalsCompleted = (count: number, changed = count, delay = 0): ReconciliationEvent => ({
  type: 'reconciliation.totals-completed',
  data: {
    uId: LOCATION,
    assets: count,
    changed,
    versionId: 'v1',
    deltaFrom: null,
    startedAt: NOW,
    readAt: NOW,
    nextAt: NOW + delay + 15 * MINUTE,
    walkAllAt: null,
  },
});
const WALKED = {
  count: 2,
  versionId: 'v1',
  walks: 1,
  unstable: false,
  againAt: null,
  added: 0,
  taken: 0,
  leftOut: 0,
  syncIds: [],
  startedAt: NOW,
  at: NOW,
  nextAt: NOW + 15 * MINUTE,
} as const;
const walkCompleted = (asset: AssetId = PAGES): ReconciliationEvent => ({
  type: 'reconciliation.walk-completed',
  data: { uId: LOCATION, ...asset, ...WALKED },
});
const metadataRead = (found: readonly string[], missing: readonly string[] = []): ReconciliationEvent => ({
  type: 'reconciliation.metadata-read',
  data: {
    uId: LOCATION,
    found: found.map((adamId) => ({ ...metadata(adamId), pricingParams: ['STDQ'] })),
    missing,
    at: NOW,
    nextAt: NOW + DAY,
  },
});
const USERS_READ: readonly ReconciliationEvent[] = [
  { type: 'reconciliation.users-read', data: { uId: LOCATION, count: 3, at: NOW } },
  {
    type: 'reconciliation.first-read-completed',
    data: {
      uId: LOCATION,
      moved: [],
      deltaFrom: 'v1',
      at: NOW,
      nextAt: NOW + 15 * MINUTE,
      rewalkAt: NOW + 5 * MINUTE,
      walkAllAt: NOW + DAY,
    },
  },
];
const totalsRequested = (
  at: number,
  { anew = null, again = false }: { anew?: AssetId | null; again?: boolean } = {},
): ReconciliationEvent => ({
  type: 'reconciliation.totals-requested',
  data: { uId: LOCATION, reason: 'ASSET_COUNT', anew, again, at: NOW + at },
});
const readFailed = (delay: number): ReconciliationEvent => ({
  type: 'reconciliation.read-failed',
  data: { uId: LOCATION, step: 'read-totals', reason: 'HTTP 503', retryAt: NOW + delay },
});
const METADATA_FAILED: ReconciliationEvent = {
  type: 'reconciliation.metadata-failed',
  data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW + 5 * MINUTE },
};

const due = (step: string, at: number) => ({ step, at: NOW + at, gate: LOCATION });
/** One app that nobody holds. */
const empty = [STARTED, assetsRead([appleAsset()]), totalsCompleted(1)];
const idle = [...empty, metadataRead([PAGES.adamId]), ...USERS_READ];
/** At rest, and then a second app is found that somebody holds. */
const walking = [
  ...idle,
  assetsRead([appleAsset({ ...KEYNOTE, assigned: 4 })], false),
  totalsCompleted(2, 1),
  metadataRead([], [KEYNOTE.adamId]),
];

describe('the first read of a location', () => {
  it('starts at once, and from the beginning where the location is imported again', () => {
    const started = given().when(begin);
    started.then({ type: 'reconciliation.first-read-started', data: { uId: LOCATION, at: NOW } });
    started.thenDue(due('read-totals', 0));
    const again = given(STARTED, assetsRead([appleAsset()]), totalsCompleted(1)).when(begin);
    again.thenTypes('reconciliation.first-read-started');
    again.thenDue(due('read-totals', 0));
  });

  it('looks names up first, then walks what somebody holds, then persons, and rests for 15 minutes', () => {
    const held = [
      STARTED,
      assetsRead([appleAsset({ assigned: 2 }), appleAsset(KEYNOTE)]),
      totalsCompleted(2),
    ];
    expect(given(...held).due()).toEqual(due('describe', 0));
    const named = [...held, metadataRead([PAGES.adamId], [KEYNOTE.adamId])];
    expect(given(...named).due()).toEqual(due('read-assignments', 0));
    expect(given(...named).state).toMatchObject({ toWalk: [PAGES] });
    expect(given(...named, walkCompleted()).due()).toEqual(due('read-users', 0));
    expect(given(...named, walkCompleted(), ...USERS_READ).due()).toEqual(due('read-totals', 15 * MINUTE));
  });

  it('walks one asset after the other', () => {
    const held = [
      STARTED,
      assetsRead([appleAsset({ assigned: 2 }), appleAsset({ ...KEYNOTE, assigned: 1 })]),
      totalsCompleted(2),
      metadataRead([PAGES.adamId]),
      walkCompleted(),
    ];
    expect(given(...held).state).toMatchObject({ toWalk: [KEYNOTE] });
    expect(given(...held).due()?.step).toBe('describe');
  });

  it('completes once', () => {
    given(...empty, metadataRead([PAGES.adamId]))
      .when(users)
      .thenTypes('reconciliation.users-read', 'reconciliation.first-read-completed');
    given(...empty, metadataRead([PAGES.adamId]))
      .when(users)
      .thenOnce();
  });

  it('notes what a walk found as it is', () => {
    given(...empty)
      .when({ type: 'RecordAssignments', asset: PAGES, holders: devices('A') })
      .then({ type: 'reconciliation.assignments-read', data: { uId: LOCATION, ...PAGES, ...devices('A') } });
    given(...empty)
      .when(walked())
      .then({
        type: 'reconciliation.walk-completed',
        data: { uId: LOCATION, ...PAGES, ...WALKED },
      });
  });
});

describe('assignments that moved while they were read', () => {
  const AGAIN = NOW + 5 * MINUTE;
  const moved: ReconciliationEvent = {
    type: 'reconciliation.walk-completed',
    data: { uId: LOCATION, ...PAGES, ...WALKED, unstable: true, againAt: AGAIN },
  };
  const walkedOnce = [STARTED, assetsRead([appleAsset({ assigned: 2 })]), totalsCompleted(1)];
  const unstable = [...walkedOnce, moved, metadataRead([PAGES.adamId]), ...USERS_READ];

  it('are walked once more, five minutes later', () => {
    given(...walkedOnce)
      .when({ ...walked(), unstable: true } as ReconciliationCommand)
      .then(moved);
    expect(given(...unstable).due()).toEqual(due('walk', 5 * MINUTE));
    expect(given(...unstable, walkCompleted()).due()).toEqual(due('read-totals', 15 * MINUTE));
  });

  it('are walked once more where they moved between their walk and the end of the first read', () => {
    const { events } = given(...walkedOnce, walkCompleted()).when({
      type: 'RecordUsers',
      count: 3,
      comparison: { differing: [{ asset: PAGES, by: 'delta', quietSince: null }], deltaFrom: 'v2' },
    });
    expect(events.at(-1)).toMatchObject({ data: { moved: [PAGES], rewalkAt: AGAIN } });
    const state = given(...walkedOnce, walkCompleted(), metadataRead([PAGES.adamId]), ...events);
    expect(state.due()).toEqual(due('walk', 5 * MINUTE));
  });

  it('wait after a failure, and leave the read of totals where it is', () => {
    const { events } = given(...unstable).when(
      {
        type: 'RecordReadFailure',
        step: 'walk',
        failure: transient,
        fingerprint: 'f1',
      },
      AGAIN,
    );
    expect(given(...unstable, ...events).due()).toEqual(due('walk', 5 * MINUTE + 5 * SECOND));
  });

  it('name what is missing, for the ledger to judge', () => {
    given(...unstable)
      .when({ type: 'RecordMissing', asset: PAGES, holders: devices('A') })
      .then({ type: 'reconciliation.adoptions-missing', data: { uId: LOCATION, ...PAGES, ...devices('A') } });
  });
});

describe('an asset that an order waits for', () => {
  const wait = (asset: AssetId = KEYNOTE): ReconciliationCommand => ({ type: 'AwaitAsset', asset });
  const AWAITED: ReconciliationEvent = {
    type: 'reconciliation.asset-awaited',
    data: { uId: LOCATION, ...KEYNOTE },
  };
  const UNLISTED: ReconciliationEvent = {
    type: 'reconciliation.assets-unlisted',
    data: { uId: LOCATION, assets: [KEYNOTE] },
  };

  it('is noted once until the first list has been read, and then said to be missing from it', () => {
    given(STARTED).when(wait()).then(AWAITED);
    given(STARTED).when(wait()).thenOnce();
    const { events } = given(STARTED, AWAITED, assetsRead([appleAsset()])).when(totals());
    expect(events.at(-1)).toEqual(UNLISTED);
    given(STARTED, AWAITED, assetsRead([appleAsset()]), totalsCompleted(1), UNLISTED)
      .when(totals())
      .thenTypes('reconciliation.totals-completed');
  });

  it('is no business of the list that has it', () => {
    given(STARTED, AWAITED, assetsRead([appleAsset({ ...KEYNOTE })]))
      .when(totals())
      .thenTypes('reconciliation.totals-completed');
    given(...empty)
      .when(wait(PAGES))
      .thenNothing();
  });

  it('is said to be missing at once where the list was read before', () => {
    given(...idle)
      .when(wait())
      .then(UNLISTED);
  });

  it('is nothing before the first read has started', () => {
    given().when(wait()).thenNothing();
  });
});

describe('reading totals', () => {
  it('names only assets that are new or have changed', () => {
    given(...idle)
      .when(assets(appleAsset()))
      .thenNothing();
    given(...idle)
      .when(assets(appleAsset(), appleAsset(KEYNOTE)))
      .then({
        type: 'reconciliation.assets-read',
        data: {
          uId: LOCATION,
          assets: [appleAsset(KEYNOTE)],
          first: false,
          startedAt: NOW,
          readAt: NOW,
          since: NOW,
        },
      });
    given(...idle)
      .when(assets(appleAsset({ total: 11 })))
      .thenOnce();
  });

  it('counts what has changed and comes again in 15 minutes', () => {
    const changed = [...idle, assetsRead([appleAsset({ total: 11 })], false)];
    const complete = given(...changed).when(totals());
    complete.then({
      type: 'reconciliation.totals-completed',
      data: {
        uId: LOCATION,
        assets: 1,
        changed: 1,
        versionId: 'v1',
        deltaFrom: null,
        startedAt: NOW,
        readAt: NOW,
        nextAt: NOW + 15 * MINUTE,
        walkAllAt: NOW + DAY,
      },
    });
    complete.thenDue(due('read-totals', 15 * MINUTE));
  });

  it('walks an asset that is new and held by somebody, and does not read persons again', () => {
    expect(given(...walking).due()).toEqual(due('read-assignments', 0));
    expect(given(...walking, walkCompleted(KEYNOTE)).due()).toEqual(due('read-totals', 15 * MINUTE));
  });

  it.each([
    [1, 5 * SECOND],
    [2, 10 * SECOND],
    [4, 40 * SECOND],
    [12, 10 * MINUTE],
  ])('is tried again after %i failures in a row in %i ms', (count, delay) => {
    const failures = Array.from({ length: count - 1 }, () => readFailed(5 * SECOND));
    given(STARTED, ...failures)
      .when(failed(transient))
      .thenDue(due('read-totals', delay));
  });

  it('starts counting failures anew when it succeeds', () => {
    given(STARTED, readFailed(5 * SECOND), readFailed(10 * SECOND), totalsCompleted(0))
      .when(failed(transient))
      .thenDue(due('read-users', 5 * SECOND));
  });

  it("obeys Apple's Retry-After", () => {
    given(STARTED)
      .when(failed({ ...transient, retryAfterMs: 70 * SECOND }))
      .thenDue(due('read-totals', 70 * SECOND));
  });

  it('is held by a refused token and by another MDM', () => {
    given(STARTED)
      .when(failed({ kind: 'token', state: 'expired', errorNumber: 9_621 }))
      .then({
        type: 'reconciliation.held',
        data: {
          uId: LOCATION,
          fingerprint: 'f1',
          errorNumber: 9_621,
          state: 'expired',
          mdmInfo: null,
          at: NOW,
        },
      });
    given(STARTED)
      .when(failed({ kind: 'conflict', mdmInfo: null }))
      .thenTypes('reconciliation.held');
  });
});

describe('asking for totals', () => {
  it('makes the next read come sooner, once', () => {
    const asked = given(...idle).when(request());
    asked.then({
      type: 'reconciliation.totals-requested',
      data: { uId: LOCATION, reason: 'ASSET_COUNT', anew: null, again: false, at: NOW },
    });
    asked.thenDue(due('read-totals', 0));
    given(...idle)
      .when(request(30 * SECOND))
      .thenDue(due('read-totals', 30 * SECOND));
    given(...idle)
      .when(request(30 * SECOND))
      .thenOnce();
  });

  it('changes nothing where a read comes sooner, or before the first one', () => {
    given(...idle)
      .when(request(20 * MINUTE))
      .thenNothing();
    given(...idle, totalsRequested(5 * SECOND))
      .when(request(10 * SECOND))
      .thenNothing();
    given().when(request()).thenNothing();
  });

  it('for an asset that was found short makes it be told even if it has not changed', () => {
    const asked = [...idle, totalsRequested(30 * SECOND, { anew: PAGES })];
    given(...asked)
      .when(assets(appleAsset()))
      .thenTypes('reconciliation.assets-read');
    given(...asked)
      .when(request(30 * SECOND, PAGES))
      .thenNothing();
  });

  it('while a read is under way has one more made: the purchase may have come behind its back', () => {
    const missed = totalsRequested(15 * MINUTE + 1, { again: true });
    given(...idle)
      .when(request(), NOW + 15 * MINUTE + 1)
      .then(missed);
    given(...idle, missed)
      .when(totals(), NOW + 15 * MINUTE + 2)
      .thenDue(due('read-totals', 15 * MINUTE + 1));
    given(...idle, missed, totalsCompleted(1, 0, 15 * MINUTE + 2))
      .when(totals(), NOW + 16 * MINUTE)
      .thenDue(due('read-totals', 31 * MINUTE));
  });

  it('while a read is under way is remembered once', () => {
    given(...idle, totalsRequested(15 * MINUTE, { again: true }))
      .when(request(), NOW + 15 * MINUTE + 1)
      .thenNothing();
  });

  it('during walks has totals read as soon as they are done', () => {
    given(...walking)
      .when(request(), NOW + SECOND)
      .thenDue(due('read-assignments', 0));
    given(...walking, totalsRequested(SECOND, { again: true }))
      .when(walked(KEYNOTE), NOW + 2 * SECOND)
      .thenDue(due('read-totals', SECOND));
  });
});

describe('names and icons', () => {
  it('are read anew after a day, found or not', () => {
    const looked = given(STARTED, assetsRead([appleAsset(), appleAsset(KEYNOTE)]), totalsCompleted(2)).when({
      type: 'RecordMetadata',
      found: [metadata(PAGES.adamId)],
      missing: [KEYNOTE.adamId],
    });
    const read = metadataRead([PAGES.adamId], [KEYNOTE.adamId]);
    const [told] = looked.events;
    expect(told).toEqual({ ...read, data: { ...read.data, untold: [KEYNOTE] } });
    expect(given(STARTED, assetsRead([appleAsset(), appleAsset(KEYNOTE)]), read).state).toMatchObject({
      toDescribe: new Map([
        [PAGES.adamId, NOW + DAY],
        [KEYNOTE.adamId, NOW + DAY],
      ]),
    });
  });

  it('go to every kind of licence of the app', () => {
    const plus = appleAsset({ pricingParam: 'PLUS' });
    const { events } = given(STARTED, assetsRead([appleAsset(), plus]), totalsCompleted(2)).when(described);
    expect(events[0]?.data).toMatchObject({ found: [{ name: 'Pages', pricingParams: ['STDQ', 'PLUS'] }] });
  });

  it('hold up nothing else when they cannot be read', () => {
    const failing: ReconciliationCommand = {
      type: 'RecordMetadataFailure',
      failure: transient,
      fingerprint: 'f1',
    };
    given(...empty)
      .when(failing)
      .then({
        type: 'reconciliation.metadata-failed',
        data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW + 5 * MINUTE },
      });
    given(...empty)
      .when(failing)
      .thenDue(due('read-users', 0));
    expect(given(...empty, METADATA_FAILED, ...USERS_READ).due()).toEqual(due('describe', 5 * MINUTE));
  });

  it('are held with the account', () => {
    given(...empty)
      .when({
        type: 'RecordMetadataFailure',
        failure: { kind: 'token', state: 'revoked', errorNumber: 9_625 },
        fingerprint: 'f1',
      })
      .thenTypes('reconciliation.held');
  });
});

describe('comparing with Apple', () => {
  const compared = (
    differing: readonly {
      readonly asset: AssetId;
      readonly by: 'counts' | 'delta';
      readonly quietSince?: number | null;
    }[] = [],
    startedAt = NOW,
  ): ReconciliationCommand => ({
    type: 'CompleteTotals',
    assets: 1,
    versionId: 'v2',
    startedAt,
    readAt: startedAt,
    comparison: {
      differing: differing.map((one) => ({ quietSince: NOW, ...one })),
      deltaFrom: 'v2',
    },
  });
  const queued = (
    why: WalkReason,
    at = 0,
    from: number | null = NOW,
    asset: AssetId = PAGES,
  ): ReconciliationEvent => ({
    type: 'reconciliation.walks-queued',
    data: { uId: LOCATION, assets: [asset], why, from, at: NOW + at },
  });
  const found = (added: number, taken: number): ReconciliationCommand => ({
    ...(walked() as ReconciliationCommand & { type: 'CompleteWalk' }),
    added,
    taken,
  });
  const held = [...idle, assetsRead([appleAsset({ assigned: 2 })], false)];

  it('walks only what differs, and no asset again whose first walk is still to come', () => {
    const { events } = given(...idle).when(compared([{ asset: PAGES, by: 'counts' }]));
    expect(events.slice(1)).toEqual([queued('counts')]);
    expect(given(...idle, ...events).due()).toEqual(due('walk', 0));
    given(...walking)
      .when(compared([{ asset: KEYNOTE, by: 'counts' }]))
      .thenTypes('reconciliation.totals-completed');
    given(...idle)
      .when(compared())
      .thenTypes('reconciliation.totals-completed');
  });

  it('walks all that anybody holds once a day, whatever the clock said meanwhile', () => {
    const daily = given(...held).when(compared(), NOW + DAY);
    expect(daily.events.slice(1)).toEqual([queued('daily', DAY, null)]);
    expect(daily.events[0]).toMatchObject({ data: { walkAllAt: NOW + 2 * DAY } });
    given(...held)
      .when(compared(), NOW + DAY - 1)
      .thenTypes('reconciliation.totals-completed');
    // It was noted by a clock that was ahead.
    expect(
      given(...held)
        .when(compared(), NOW - 1)
        .events.map(({ type }) => type),
    ).toContain('reconciliation.walks-queued');
  });

  it('reads totals in time after a walk, where a clock that was half a day ahead has noted the moment', () => {
    const ahead = [...held, totalsCompleted(1, 0, DAY / 2), queued('counts')];
    expect(given(...held, totalsCompleted(1, 0, DAY / 2)).due()).toEqual(
      due('read-totals', DAY / 2 + 15 * MINUTE),
    );
    const { events } = given(...ahead).when(walked());
    expect(given(...ahead, ...events).due()).toEqual(due('read-totals', 15 * MINUTE));
  });

  it('says since when it differs by the numbers only where nothing of ours was on its way when they were read before', () => {
    const at = (quietSince: number | null): ReconciliationEvent[] => [
      ...given(...idle)
        .when(compared([{ asset: PAGES, by: 'counts', quietSince }]))
        .events.slice(1),
    ];
    expect(at(NOW)).toEqual([queued('counts', 0, NOW)]);
    expect(at(NOW + 1)).toEqual([queued('counts', 0, null)]);
    expect(at(null)).toEqual([queued('counts', 0, null)]);
  });

  it('was last as its ledger has it when a walk last judged all pairs that differ', () => {
    const walk = (leftOut: number): ReconciliationEvent => ({
      type: 'reconciliation.walk-completed',
      data: { uId: LOCATION, ...PAGES, ...WALKED, leftOut, startedAt: NOW + MINUTE },
    });
    const walkedAt = (...events: ReconciliationEvent[]) => given(...idle, ...events).state;
    expect(walkedAt(walk(0))).toMatchObject({ walkedAt: new Map([['361309726.STDQ', NOW + MINUTE]]) });
    expect(walkedAt(walk(1))).toMatchObject({ walkedAt: new Map([['361309726.STDQ', NOW]]) });
  });

  it('remembers the event that Apple announced last of those that no call of ours is known for', () => {
    const note = (appleEventId: string): ReconciliationCommand => ({
      type: 'NoteAnnouncedEvent',
      appleEventId,
    });
    const announced = (appleEventId: string): ReconciliationEvent => ({
      type: 'reconciliation.event-announced',
      data: { uId: LOCATION, appleEventId, at: NOW },
    });
    given(...idle)
      .when(note('e1'))
      .then(announced('e1'));
    given(...idle)
      .when(note('e1'))
      .thenOnce();
    const many = Array.from({ length: 101 }, (_event, index) => announced(`e${index}`));
    const state = given(...idle, ...many).state as { announced: ReadonlySet<string> };
    expect([state.announced.size, state.announced.has('e0'), state.announced.has('e100')]).toEqual([
      100,
      false,
      true,
    ]);
    const foreign: ReconciliationEvent = {
      type: 'reconciliation.foreign-event-noted',
      data: { uId: LOCATION, appleEventId: 'e1', assets: [PAGES], at: NOW },
    };
    given(...idle, announced('e1'), foreign)
      .when(note('e1'))
      .thenNothing();
  });

  it('goes on from the version of the last delta', () => {
    const { events } = given(...idle).when(compared());
    expect(given(...idle, ...events).state).toMatchObject({ deltaFrom: 'v2' });
  });

  it('alerts once for all that a round found, and once an hour for what comes after', () => {
    const two = [...held, queued('counts'), queued('counts', 0, NOW, KEYNOTE)];
    const first = given(...two).when(found(3, 0));
    first.thenTypes('reconciliation.walk-completed');
    const second = given(...two, ...first.events).when({
      ...found(0, 2),
      asset: KEYNOTE,
    } as ReconciliationCommand);
    second.thenTypes('reconciliation.walk-completed', 'reconciliation.drift-alerted');
    expect(second.events[1]?.data).toMatchObject({ added: 3, taken: 2, assetCount: 2 });
    const alerted = [...two, ...first.events, ...second.events];
    const later = given(...alerted).when(found(1, 0), NOW + 59 * MINUTE);
    later.thenTypes('reconciliation.walk-completed');
    given(...alerted, ...later.events)
      .when(compared(), NOW + 60 * MINUTE)
      .thenTypes('reconciliation.totals-completed', 'reconciliation.drift-alerted');
  });

  it("notes another tool's event once, and walks its assets", () => {
    const foreign: ReconciliationCommand = {
      type: 'NoteForeignEvent',
      appleEventId: 'e1',
      assets: [PAGES, KEYNOTE],
    };
    given(...held)
      .when(foreign)
      .then(
        {
          type: 'reconciliation.foreign-event-noted',
          data: { uId: LOCATION, appleEventId: 'e1', assets: [PAGES], at: NOW },
        },
        queued('foreign-event', 0, null),
      );
    given(...held)
      .when(foreign)
      .thenOnce();
  });

  it('does about drift of a kind what was set for it', () => {
    const seen = { kind: 'taken', ...devices('A'), from: NOW, to: NOW } as const;
    const cause = { source: 'console', evidence: 'not-announced', reference: null } as const;
    const see: ReconciliationCommand = { type: 'SeeDrift', asset: PAGES, seen: { ...seen, ...cause } };
    expect(given(...held).when(see).events[0]?.data).toMatchObject({ policy: 'ask' });
    const set: ReconciliationCommand = { type: 'SetDriftPolicies', policies: { taken: 'restore' } };
    const { events } = given(...held).when(set);
    expect(events[0]?.data).toMatchObject({ added: 'accept', taken: 'restore' });
    given(...held)
      .when(set)
      .thenOnce();
    expect(given(...held, ...events).when(see).events[0]?.data).toMatchObject({ policy: 'restore' });
  });

  describe('because somebody asks for a sync', () => {
    const sync = (full: boolean): ReconciliationCommand => ({ type: 'RequestSync', syncId: 's1', full });
    const requested = (full: boolean): ReconciliationEvent => ({
      type: 'reconciliation.sync-requested',
      data: { uId: LOCATION, syncId: 's1', full, at: NOW },
    });

    it('reads the totals at once, and is over with the walks of what differs', () => {
      given(...held)
        .when(sync(false))
        .thenDue(due('read-totals', 0));
      const asked = [...held, requested(false)];
      given(...asked)
        .when(compared())
        .thenTypes(
          'reconciliation.totals-completed',
          'reconciliation.sync-started',
          'reconciliation.sync-completed',
        );
      const { events } = given(...asked).when(compared([{ asset: PAGES, by: 'counts' }]));
      expect(events.map(({ type }) => type)).toEqual([
        'reconciliation.totals-completed',
        'reconciliation.walks-queued',
        'reconciliation.sync-started',
      ]);
      const over = given(...asked, ...events).when(found(0, 0));
      over.thenTypes('reconciliation.walk-completed', 'reconciliation.sync-completed');
      expect(over.events[0]?.data).toMatchObject({ syncIds: ['s1'] });
    });

    it('takes no read for its own that had begun before', () => {
      given(...held, requested(false))
        .when(compared([], NOW - 1))
        .thenTypes('reconciliation.totals-completed');
    });

    it('walks all that anybody holds where it is to be full', () => {
      const { events } = given(...held, requested(true)).when(compared());
      expect(events.slice(1)).toEqual([
        { type: 'reconciliation.sync-started', data: { uId: LOCATION, syncId: 's1', assets: [PAGES] } },
        queued('sync', 0, null),
      ]);
    });

    it('has them wait in a number that has an end', () => {
      const many = Array.from({ length: MAX_SYNCS }, (_sync, index): ReconciliationEvent => ({
        type: 'reconciliation.sync-requested',
        data: { uId: LOCATION, syncId: `s${index}`, full: false, at: NOW },
      }));
      given(...held, ...many)
        .when({ type: 'RequestSync', syncId: 'one more', full: false })
        .thenRefused('THROTTLED');
    });
  });
});
