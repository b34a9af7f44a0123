import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { KEYNOTE, LOCATION, PAGES, appleAsset, devices } from '@seatbook/test-support/licensing-builders';
import type { AppleFailure, AssetId, ContentMetadata } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { reconciliationDecider, type ReconciliationCommand } from './reconciliation-decider.js';
import type { ReconciliationEvent } from './reconciliation-events.js';
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
  readAt: NOW,
});
const totals = (count = 1): ReconciliationCommand => ({
  type: 'CompleteTotals',
  assets: count,
  versionId: 'v1',
  readAt: NOW,
});
const walked = (asset: AssetId = PAGES): ReconciliationCommand => ({
  type: 'CompleteWalk',
  asset,
  count: 2,
  versionId: 'v1',
  walks: 1,
  unstable: false,
});
const users: ReconciliationCommand = { type: 'RecordUsers', count: 3 };
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

function after(
  ...commands: readonly (ReconciliationCommand | [ReconciliationCommand, number])[]
): ReconciliationEvent[] {
  const all: ReconciliationEvent[] = [];
  let state = decider.initial();
  for (const entry of commands) {
    const [command, delay] = Array.isArray(entry) ? entry : [entry, 0];
    for (const event of decider.decide(command, state, NOW + delay)) {
      all.push(event);
      state = decider.evolve(state, event);
    }
  }
  return all;
}
const due = (step: string, at: number) => ({ step, at: NOW + at, gate: LOCATION });
const empty = [begin, assets(appleAsset()), totals()];
const idle = [...empty, described, users];

describe('the first read of a location', () => {
  it('starts once, at once', () => {
    given()
      .when(begin)
      .then({ type: 'reconciliation.first-read-started', data: { uId: LOCATION, at: NOW } });
    given().when(begin).thenOnce();
    given().when(begin).thenDue(due('read-totals', 0));
  });

  it('looks names up first, then walks what somebody holds, then persons, and rests for 15 minutes', () => {
    const held = [begin, assets(appleAsset({ assigned: 2 }), appleAsset(KEYNOTE)), totals(2)];
    expect(given(...after(...held)).due()).toEqual(due('describe', 0));
    const named: ReconciliationCommand = {
      type: 'RecordMetadata',
      found: [metadata(PAGES.adamId)],
      missing: [KEYNOTE.adamId],
    };
    const events = after(...held, named);
    expect(given(...events).due()).toEqual(due('read-assignments', 0));
    expect(given(...events).state.toWalk).toEqual([PAGES]);
    expect(given(...after(...held, named, walked())).due()).toEqual(due('read-users', 0));
    expect(given(...after(...held, named, walked(), users)).due()).toEqual(due('read-totals', 15 * MINUTE));
  });

  it('walks one asset after the other', () => {
    const held = [
      begin,
      assets(appleAsset({ assigned: 2 }), appleAsset({ ...KEYNOTE, assigned: 1 })),
      totals(2),
      described,
      walked(),
    ];
    expect(given(...after(...held)).state.toWalk).toEqual([KEYNOTE]);
    expect(given(...after(...held)).due()?.step).toBe('describe');
  });

  it('completes once', () => {
    given(...after(...empty, described))
      .when(users)
      .thenTypes('reconciliation.users-read', 'reconciliation.first-read-completed');
    given(...after(...empty, described))
      .when(users)
      .thenOnce();
  });

  it('notes what a walk found as it is', () => {
    given(...after(...empty))
      .when({ type: 'RecordAssignments', asset: PAGES, holders: devices('A') })
      .then({ type: 'reconciliation.assignments-read', data: { uId: LOCATION, ...PAGES, ...devices('A') } });
    given(...after(...empty))
      .when(walked())
      .then({
        type: 'reconciliation.walk-completed',
        data: { uId: LOCATION, ...PAGES, count: 2, versionId: 'v1', walks: 1, unstable: false, at: NOW },
      });
  });
});

describe('reading totals', () => {
  it('names only assets that are new or have changed', () => {
    given(...after(...idle))
      .when(assets(appleAsset()))
      .thenNothing();
    given(...after(...idle))
      .when(assets(appleAsset(), appleAsset(KEYNOTE)))
      .then({
        type: 'reconciliation.assets-read',
        data: { uId: LOCATION, assets: [appleAsset(KEYNOTE)], first: false, readAt: NOW },
      });
    given(...after(...idle))
      .when(assets(appleAsset({ total: 11 })))
      .thenOnce();
  });

  it('counts what has changed and comes again in 15 minutes', () => {
    const changed = after(...idle, assets(appleAsset({ total: 11 })));
    const complete = given(...changed).when(totals());
    complete.then({
      type: 'reconciliation.totals-completed',
      data: { uId: LOCATION, assets: 1, changed: 1, versionId: 'v1', readAt: NOW, nextAt: NOW + 15 * MINUTE },
    });
    complete.thenDue(due('read-totals', 15 * MINUTE));
  });

  it('walks an asset that is new and held by somebody, and does not read persons again', () => {
    const found = after(...idle, assets(appleAsset(), appleAsset({ ...KEYNOTE, assigned: 4 })), totals(2), {
      type: 'RecordMetadata',
      found: [],
      missing: [KEYNOTE.adamId],
    });
    expect(given(...found).due()).toEqual(due('read-assignments', 0));
    expect(given(...found, ...given(...found).when(walked(KEYNOTE)).events).due()).toEqual(
      due('read-totals', 15 * MINUTE),
    );
  });

  it.each([
    [1, 5 * SECOND],
    [2, 10 * SECOND],
    [4, 40 * SECOND],
    [12, 10 * MINUTE],
  ])('is tried again after %i failures in a row in %i ms', (count, delay) => {
    const failures = Array.from({ length: count }, () => failed(transient));
    expect(given(...after(begin, ...failures)).due()).toEqual(due('read-totals', delay));
  });

  it('starts counting failures anew when it succeeds', () => {
    expect(
      given(...after(begin, failed(transient), failed(transient), totals(0), failed(transient))).due(),
    ).toEqual(due('read-users', 5 * SECOND));
  });

  it("obeys Apple's Retry-After", () => {
    expect(given(...after(begin, failed({ ...transient, retryAfterMs: 70 * SECOND }))).due()).toEqual(
      due('read-totals', 70 * SECOND),
    );
  });

  it('is held by a refused token and by another MDM', () => {
    given(...after(begin))
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
    given(...after(begin))
      .when(failed({ kind: 'conflict', mdmInfo: null }))
      .thenTypes('reconciliation.held');
  });
});

describe('asking for totals', () => {
  it('makes the next read come sooner, once', () => {
    const asked = given(...after(...idle)).when(request());
    asked.then({
      type: 'reconciliation.totals-requested',
      data: { uId: LOCATION, reason: 'ASSET_COUNT', anew: null, again: false, at: NOW },
    });
    asked.thenDue(due('read-totals', 0));
    given(...after(...idle))
      .when(request(30 * SECOND))
      .thenDue(due('read-totals', 30 * SECOND));
    given(...after(...idle))
      .when(request(30 * SECOND))
      .thenOnce();
  });

  it('changes nothing where a read comes sooner, or before the first one', () => {
    given(...after(...idle))
      .when(request(20 * MINUTE))
      .thenNothing();
    given(...after(...idle, request(5 * SECOND)))
      .when(request(10 * SECOND))
      .thenNothing();
    given().when(request()).thenNothing();
  });

  it('for an asset that was found short makes it be told even if it has not changed', () => {
    const asked = after(...idle, request(30 * SECOND, PAGES));
    given(...asked)
      .when(assets(appleAsset()))
      .thenTypes('reconciliation.assets-read');
    given(...asked)
      .when(request(30 * SECOND, PAGES))
      .thenNothing();
  });

  it('while a read is under way has one more made: the purchase may have come behind its back', () => {
    const reading = after(...idle);
    const missed = given(...reading).when(request(), NOW + 15 * MINUTE + 1);
    missed.thenTypes('reconciliation.totals-requested');
    const complete = given(...reading, ...missed.events).when(totals(), NOW + 15 * MINUTE + 2);
    complete.thenDue(due('read-totals', 15 * MINUTE + 1));
    const again = given(...reading, ...missed.events, ...complete.events).when(totals(), NOW + 16 * MINUTE);
    again.thenDue(due('read-totals', 31 * MINUTE));
  });

  it('while a read is under way is remembered once', () => {
    const reading = after(...idle, [request(), 15 * MINUTE]);
    given(...reading)
      .when(request(), NOW + 15 * MINUTE + 1)
      .thenNothing();
  });

  it('during walks has totals read as soon as they are done', () => {
    const walking = after(...idle, assets(appleAsset(), appleAsset({ ...KEYNOTE, assigned: 4 })), totals(2), {
      type: 'RecordMetadata',
      found: [],
      missing: [KEYNOTE.adamId],
    });
    const asked = given(...walking).when(request(), NOW + SECOND);
    asked.thenDue(due('read-assignments', 0));
    expect(
      given(
        ...walking,
        ...asked.events,
        ...given(...walking).when(walked(KEYNOTE), NOW + 2 * SECOND).events,
      ).due(),
    ).toEqual(due('read-totals', SECOND));
  });
});

describe('names and icons', () => {
  it('are read anew after a day, found or not', () => {
    const events = after(
      begin,
      assets(appleAsset(), appleAsset(KEYNOTE)),
      totals(2),
      { type: 'RecordMetadata', found: [metadata(PAGES.adamId)], missing: [KEYNOTE.adamId] },
      users,
    );
    expect([...given(...events).state.toDescribe]).toEqual([
      [PAGES.adamId, NOW + DAY],
      [KEYNOTE.adamId, NOW + DAY],
    ]);
  });

  it('go to every kind of licence of the app', () => {
    const plus = appleAsset({ pricingParam: 'PLUS' });
    const { events } = given(...after(begin, assets(appleAsset(), plus), totals(2))).when(described);
    expect(events[0]?.data).toMatchObject({ found: [{ name: 'Pages', pricingParams: ['STDQ', 'PLUS'] }] });
  });

  it('hold up nothing else when they cannot be read', () => {
    const failing: ReconciliationCommand = {
      type: 'RecordMetadataFailure',
      failure: transient,
      fingerprint: 'f1',
    };
    given(...after(...empty))
      .when(failing)
      .then({
        type: 'reconciliation.metadata-failed',
        data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW + 5 * MINUTE },
      });
    given(...after(...empty))
      .when(failing)
      .thenDue(due('read-users', 0));
    expect(given(...after(...empty, failing, users)).due()).toEqual(due('describe', 5 * MINUTE));
  });

  it('are held with the account', () => {
    given(...after(...empty))
      .when({
        type: 'RecordMetadataFailure',
        failure: { kind: 'token', state: 'revoked', errorNumber: 9_625 },
        fingerprint: 'f1',
      })
      .thenTypes('reconciliation.held');
  });
});
