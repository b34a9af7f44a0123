import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { LOCATION, PAGES, devices } from '@seatbook/test-support/licensing-builders';
import { RELEASED } from '../mdm-marker.js';
import type { AppleFailure } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { accountDecider, type AccountCommand, type WriteRefusal } from './account-decider.js';
import { inPhase } from '@seatbook/kernel';
import type { AccountEvent } from './account-events.js';
import { isPaused, isUsable, markerOf } from './account-state.js';
import { accountSteps } from './account-steps.js';

const decider = accountDecider(DEFAULT_TIMINGS);
const given = deciderSpec(decider, accountSteps);
const URL = `https://seatbook.test/apple/notifications/${LOCATION}`;
const EXPIRES = NOW + 365 * 86_400_000;
const DAY = 86_400_000;
const OTHER = { id: 'jamf', name: 'Jamf', metadata: '' };

/** The one thing that an account always waits for while its token works: the first reminder of its date. */
const EXPIRY = { step: 'remind', at: EXPIRES - 60 * DAY };

const importing = (more: Partial<AccountCommand & { type: 'ImportToken' }> = {}): AccountCommand => ({
  type: 'ImportToken',
  importId: 'import-1',
  uId: LOCATION,
  settings: { name: 'Berlin', platform: 'iOS', assignmentType: 'device' },
  facts: {
    orgName: 'Example',
    locationName: 'Berlin Office',
    countryCode: 'DE',
    defaultPlatform: 'enterprisestore',
    websiteUrl: null,
  },
  fingerprint: 'f1',
  expiresAt: EXPIRES,
  takenOverFrom: null,
  notificationUrl: URL,
  ...more,
});
const OWNED: AccountCommand = { type: 'RecordOwned', mdmId: 'seatbook' };
const ENABLED: AccountCommand = { type: 'RecordSubscribed', notificationUrl: URL };
const CONFLICT: AccountCommand = { type: 'ReportConflict', mdmInfo: OTHER };
const REFUSED: AccountCommand = {
  type: 'RefuseToken',
  fingerprint: 'f1',
  state: 'revoked',
  errorNumber: 9_625,
};
const renew = (fingerprint: string, uId = LOCATION): AccountCommand => ({
  type: 'RenewToken',
  importId: 'import-2',
  uId,
  fingerprint,
  expiresAt: EXPIRES + DAY,
  foreign: null,
});
const tokenFailure: AppleFailure = { kind: 'token', state: 'expired', errorNumber: 9_621 };
const transient = (retryAfterMs: number | null = null): AppleFailure => ({
  kind: 'transient',
  errorNumber: null,
  doubtful: false,
  retryAfterMs,
  reason: 'HTTP 503',
});
const refusedByApple: AppleFailure = {
  kind: 'refused',
  errorNumber: 9_600,
  reason: 'bad',
  assets: [],
  serialNumbers: [],
  clientUserIds: [],
};
const owningFailed = (failure: AppleFailure, fingerprint = 'f1'): AccountCommand => ({
  type: 'RecordOwningFailure',
  failure,
  fingerprint,
});
const subscribeFailed = (failure: AppleFailure, fingerprint = 'f1'): AccountCommand => ({
  type: 'RecordSubscriptionFailure',
  failure,
  fingerprint,
});

/** Histories are written out, as the log holds them: no decision of today can justify itself by them. */
const IMPORTED: AccountEvent = {
  type: 'account.imported',
  data: {
    uId: LOCATION,
    importId: 'import-1',
    name: 'Berlin',
    platform: 'iOS',
    assignmentType: 'device',
    orgName: 'Example',
    locationName: 'Berlin Office',
    countryCode: 'DE',
    defaultPlatform: 'enterprisestore',
    websiteUrl: null,
    fingerprint: 'f1',
    expiresAt: EXPIRES,
    takenOverFrom: null,
    notificationUrl: URL,
    at: NOW,
  },
};
const WAS_OWNED: AccountEvent = {
  type: 'account.owned',
  data: { uId: LOCATION, mdmId: 'seatbook', at: NOW },
};
const SUBSCRIBED: AccountEvent = {
  type: 'account.subscribed',
  data: { uId: LOCATION, notificationUrl: URL, checkAt: NOW + DAY },
};
const WAS_REFUSED: AccountEvent = {
  type: 'account.token-refused',
  data: { uId: LOCATION, fingerprint: 'f1', state: 'revoked', errorNumber: 9_625 },
};
const RENEWED: AccountEvent = {
  type: 'account.token-renewed',
  data: { uId: LOCATION, importId: 'import-2', fingerprint: 'f2', expiresAt: EXPIRES + DAY, at: NOW },
};
const CONFLICTED: AccountEvent = { type: 'account.conflicted', data: { uId: LOCATION, mdmInfo: OTHER } };
const TAKE_OVER: AccountEvent = { type: 'account.take-over-ordered', data: { uId: LOCATION, at: NOW } };
const MOVED: AccountEvent = {
  type: 'account.notifications-wanted',
  data: { uId: LOCATION, notificationUrl: 'https://b.test', at: NOW },
};
const reminded = (...reminders: number[]): AccountEvent => ({
  type: 'account.token-expiring',
  data: { uId: LOCATION, fingerprint: 'f1', expiresAt: EXPIRES, reminders, at: NOW },
});
const EXPIRED: AccountEvent = {
  type: 'account.token-expired',
  data: { uId: LOCATION, fingerprint: 'f1', at: EXPIRES },
};
const ready = [IMPORTED, WAS_OWNED, SUBSCRIBED];
const check = { step: 'check-address', at: NOW + DAY };
const accountAfter = (...events: readonly AccountEvent[]) => inPhase(given(...events).state, 'imported');

describe('importing a content token', () => {
  it('creates the account with its settings, and owns the location at once', () => {
    const { settings, facts, fingerprint, expiresAt, takenOverFrom, notificationUrl } =
      importing() as AccountCommand & { type: 'ImportToken' };
    const imported = given().when(importing());
    imported.then({
      type: 'account.imported',
      data: {
        uId: LOCATION,
        importId: 'import-1',
        ...settings,
        ...facts,
        fingerprint,
        expiresAt,
        takenOverFrom,
        notificationUrl,
        at: NOW,
      },
    });
    imported.thenDue({ step: 'own', at: NOW });
  });

  it('happens once for a location', () => {
    for (const [fingerprint, sameToken] of [
      ['f1', true],
      ['f2', false],
    ] as const) {
      const again = given(IMPORTED).when(importing({ importId: 'import-3', fingerprint }));
      const refusal = { code: 'REJECTED_ACCOUNT_EXISTS', facts: { accountId: LOCATION, sameToken } };
      expect(again.events).toMatchObject([
        { type: 'account.import-refused', data: { uId: LOCATION, importId: 'import-3', refusal } },
      ]);
    }
  });

  it.each<AccountCommand>([
    renew('f2'),
    REFUSED,
    CONFLICT,
    { type: 'TakeOver' },
    OWNED,
    owningFailed(transient()),
    { type: 'WantNotifications', notificationUrl: null },
    ENABLED,
    subscribeFailed(transient()),
  ])('comes before everything else: %j is refused', (command) => {
    given().when(command).thenRefused('NOT_FOUND_ACCOUNT');
  });
});

describe('the token of an account', () => {
  it('that Apple refuses makes the account unusable, once, whoever met it', () => {
    const refused = given(...ready).when(REFUSED);
    refused.then({
      type: 'account.token-refused',
      data: { uId: LOCATION, fingerprint: 'f1', state: 'revoked', errorNumber: 9_625 },
    });
    refused.thenOnce();
    expect(isUsable(accountAfter(...ready, WAS_REFUSED))).toBe(false);
  });

  it('is not refused by what an older token met', () => {
    given(...ready, RENEWED)
      .when(REFUSED)
      .thenNothing();
  });

  it('is renewed by another token of the same location and the account is usable again', () => {
    given(...ready, WAS_REFUSED)
      .when(renew('f2'))
      .then({
        type: 'account.token-renewed',
        data: { uId: LOCATION, importId: 'import-2', fingerprint: 'f2', expiresAt: EXPIRES + DAY, at: NOW },
      });
    const renewed = accountAfter(...ready, WAS_REFUSED, RENEWED);
    expect(isUsable(renewed)).toBe(true);
    expect(renewed.token.fingerprint).toBe('f2');
  });

  it('is kept where it is the one in use, and may be given once more after Apple refused it', () => {
    given(...ready)
      .when(renew('f1'))
      .then({
        type: 'account.token-kept',
        data: { uId: LOCATION, importId: 'import-2', fingerprint: 'f1' },
      });
    given(...ready, WAS_REFUSED)
      .when(renew('f1'))
      .thenTypes('account.token-renewed');
  });

  it('tells of another MDM that Apple names meanwhile', () => {
    const told = given(...ready, WAS_REFUSED).when({ ...renew('f2'), foreign: OTHER } as AccountCommand);
    told.thenTypes('account.token-renewed', 'account.conflicted');
    given(...ready, WAS_REFUSED, CONFLICTED)
      .when({ ...renew('f2'), foreign: OTHER } as AccountCommand)
      .thenTypes('account.token-renewed');
  });

  it('of another location is refused', () => {
    const other = given(...ready).when(renew('f2', 'other'));
    const refusal = {
      code: 'REJECTED_TOKEN_OTHER_LOCATION',
      facts: { accountId: LOCATION, tokenOf: 'other' },
      retryAfterSeconds: null,
    };
    expect(other.events).toMatchObject([
      { type: 'account.import-refused', data: { uId: LOCATION, importId: 'import-2', refusal } },
    ]);
  });
});

describe('the date of a token', () => {
  const expire: AccountCommand = { type: 'ExpireToken', fingerprint: 'f1' };

  it('is waited for, and makes the account unusable without asking Apple, once', () => {
    const poll = given({ ...IMPORTED, data: { ...IMPORTED.data, notificationUrl: null } }, WAS_OWNED);
    expect(poll.due()).toEqual(EXPIRY);
    expect(given(...ready, reminded(1)).due()).toEqual(check);
    const expired = given(...ready).when(expire, EXPIRES);
    expired.then(EXPIRED);
    expired.thenDue(null);
    given(...ready, EXPIRED)
      .when(expire, EXPIRES)
      .thenNothing();
    expect(isUsable(accountAfter(...ready, EXPIRED))).toBe(false);
  });

  it('is that of the token in use, and not over before it has come', () => {
    given(...ready)
      .when(expire, EXPIRES - 1)
      .thenNothing();
    given(...ready, RENEWED)
      .when(expire, EXPIRES)
      .thenNothing();
  });

  it('has not come after all where a clock was ahead, and comes again', () => {
    const revise: AccountCommand = { type: 'ReviseExpiry', fingerprint: 'f1' };
    const REVISED: AccountEvent = {
      type: 'account.expiry-revised',
      data: { uId: LOCATION, fingerprint: 'f1', at: NOW },
    };
    const revised = given(...ready, EXPIRED).when(revise);
    revised.then(REVISED);
    revised.thenOnce();
    expect(isUsable(accountAfter(...ready, EXPIRED, REVISED))).toBe(true);
    given(...ready, EXPIRED, REVISED)
      .when(expire, EXPIRES)
      .then(EXPIRED);
    given(...ready, EXPIRED)
      .when(revise, EXPIRES)
      .thenNothing();
    given(...ready, EXPIRED)
      .when({ type: 'ReviseExpiry', fingerprint: 'f2' })
      .thenNothing();
    given(...ready)
      .when(revise)
      .thenNothing();
  });

  it('is not revised where Apple said that the token is over', () => {
    const refused: AccountEvent = {
      type: 'account.token-refused',
      data: { uId: LOCATION, fingerprint: 'f1', state: 'expired', errorNumber: 9_621 },
    };
    given(...ready, refused)
      .when({ type: 'ReviseExpiry', fingerprint: 'f1' })
      .thenNothing();
  });

  it('is over with another token', () => {
    given(...ready, EXPIRED)
      .when(renew('f2'))
      .thenTypes('account.token-renewed');
    expect(isUsable(accountAfter(...ready, EXPIRED, RENEWED))).toBe(true);
  });
});

describe('reminders of the date of a token', () => {
  const remind: AccountCommand = { type: 'RemindOfExpiry', fingerprint: 'f1' };
  const unsubscribed = [
    { ...IMPORTED, data: { ...IMPORTED.data, notificationUrl: null } } as const,
    WAS_OWNED,
  ];
  const before = (days: number): number => EXPIRES - days * DAY;

  it.each([
    [[], 60, 30],
    [[60], 30, 14],
    [[60, 30], 14, 7],
    [[60, 30, 14], 7, 1],
  ])('after those of %j days come on their day, once: %i, then %i', (given_, days, next) => {
    const history = [...unsubscribed, ...given_.map((one) => reminded(one))];
    given(...history)
      .when(remind, before(days) - 1)
      .thenNothing();
    const due = given(...history).when(remind, before(days));
    due.then({ ...reminded(days), data: { ...reminded(days).data, at: before(days) } } as AccountEvent);
    due.thenOnce();
    due.thenDue({ step: 'remind', at: before(next) });
  });

  it('are followed by the date itself', () => {
    given(...unsubscribed, reminded(60, 30, 14, 7))
      .when(remind, before(1))
      .thenDue({ step: 'expire', at: EXPIRES });
  });

  it('that passed while nobody was there are one reminder, and none at all after the date', () => {
    const late = given(...unsubscribed, reminded(60)).when(remind, before(5));
    expect(late.events).toMatchObject([{ data: { reminders: [30, 14, 7] } }]);
    late.thenDue({ step: 'remind', at: before(1) });
    given(...unsubscribed)
      .when(remind, EXPIRES)
      .then(EXPIRED);
  });

  it('are given once, whatever the clock says afterwards', () => {
    given(...unsubscribed, reminded(60, 30, 14, 7, 1))
      .when(remind, before(60))
      .thenNothing();
  });

  it('begin again with another token, and end with one that Apple refuses', () => {
    expect(given(...unsubscribed, reminded(60, 30), RENEWED).due()).toEqual({
      step: 'remind',
      at: before(60) + DAY,
    });
    expect(given(...unsubscribed, WAS_REFUSED).due()).toBeNull();
    given(...unsubscribed, RENEWED)
      .when(remind, before(1))
      .thenNothing();
  });
});

describe('the name of an account', () => {
  const rename = (name: string): AccountCommand => ({ type: 'RenameAccount', name });

  it('is changed once, as often as it is asked for', () => {
    const renaming = given(IMPORTED).when(rename('Berlin-Mitte'));
    renaming.then({ type: 'account.renamed', data: { uId: LOCATION, name: 'Berlin-Mitte' } });
    renaming.thenOnce();
    given(IMPORTED).when(rename('Berlin')).thenNothing();
  });

  it('is that of an account that was imported', () => {
    given().when(rename('Berlin')).thenRefused('NOT_FOUND_ACCOUNT');
  });
});

describe('a command that names the version of the account that was seen', () => {
  const NAMED: AccountEvent = { type: 'account.renamed', data: { uId: LOCATION, name: 'Mitte' } };
  const rename = (ifVersion: number): AccountCommand => ({
    type: 'RenameAccount',
    name: 'Berlin',
    ifVersion,
  });

  it('is carried out while nothing that people see has changed', () => {
    given(IMPORTED, NAMED).when(rename(1)).thenTypes('account.renamed');
    const counted: AccountEvent = {
      type: 'account.write-refused',
      data: {
        uId: LOCATION,
        callId: 'call-1',
        errorNumber: 9_602,
        reason: '',
        inARow: 1,
        at: NOW,
        pauses: 0,
        pauseUntil: 0,
      },
    };
    given(IMPORTED, NAMED, counted).when(rename(1)).thenTypes('account.renamed');
  });

  it('is refused when something has, whatever it asks for', () => {
    given(IMPORTED, NAMED).when(rename(0)).thenRefused('CONFLICT_VERSION');
    given(IMPORTED, NAMED)
      .when({ type: 'RenameAccount', name: 'Mitte', ifVersion: 0 })
      .thenRefused('CONFLICT_VERSION');
    given(IMPORTED).when({ type: 'TakeOver', ifVersion: 7 }).thenRefused('CONFLICT_VERSION');
  });

  it('of an import is answered to the import', () => {
    const [refused] = given(IMPORTED, NAMED).when({ ...renew('f2'), ifVersion: 0 } as AccountCommand).events;
    expect(refused).toMatchObject({
      type: 'account.import-refused',
      data: { importId: 'import-2', refusal: { code: 'CONFLICT_VERSION' } },
    });
    given(IMPORTED, NAMED)
      .when({ ...renew('f2'), ifVersion: 1 } as AccountCommand)
      .thenTypes('account.token-renewed');
  });
});

describe('owning a location', () => {
  it('marks it as ours, once, and asks for notifications then', () => {
    const owned = given(IMPORTED).when(OWNED);
    owned.then({ type: 'account.owned', data: { uId: LOCATION, mdmId: 'seatbook', at: NOW } });
    owned.thenOnce();
    owned.thenDue({ step: 'subscribe', at: NOW });
  });

  it('is all there is to do where Apple cannot reach us', () => {
    given({ ...IMPORTED, data: { ...IMPORTED.data, notificationUrl: null } })
      .when(OWNED)
      .thenDue(EXPIRY);
  });

  it.each([
    ['5 s after a passing failure', transient(), 5_000],
    ['when Retry-After says', transient(70_000), 70_000],
    ['10 minutes after a refusal', refusedByApple, 600_000],
  ])('is tried again %s', (_when, failure, delay) => {
    const failed = given(IMPORTED).when(owningFailed(failure));
    failed.thenTypes('account.owning-failed');
    failed.thenDue({ step: 'own', at: NOW + delay });
  });

  it('is tried again after pauses that double, up to an hour', () => {
    const failures = (count: number): AccountEvent[] =>
      Array.from({ length: count }, () => ({
        type: 'account.owning-failed',
        data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW },
      }));
    for (const [count, delay] of [
      [1, 10_000],
      [3, 40_000],
      [7, 640_000],
      [500, 3_600_000],
    ] as const) {
      given(IMPORTED, ...failures(count))
        .when(owningFailed(transient()))
        .thenDue({ step: 'own', at: NOW + delay });
    }
  });

  it('waits for another token where this one is refused', () => {
    const failed = given(IMPORTED).when(owningFailed(tokenFailure));
    failed.thenTypes('account.token-refused', 'account.owning-failed');
    failed.thenDue(null);
    given(
      IMPORTED,
      {
        type: 'account.token-refused',
        data: { uId: LOCATION, fingerprint: 'f1', state: 'expired', errorNumber: 9_621 },
      },
      {
        type: 'account.owning-failed',
        data: { uId: LOCATION, reason: 'Apple refused the token (9621)', retryAt: NOW },
      },
    )
      .when(renew('f2'))
      .thenDue({ step: 'own', at: NOW });
  });

  it('does not refuse a token that was renewed while Apple refused the old one', () => {
    const failed = given(IMPORTED, RENEWED).when(owningFailed(tokenFailure, 'f1'));
    failed.thenTypes('account.owning-failed');
    failed.thenDue({ step: 'own', at: NOW });
  });

  it('waits for a person where another MDM has the location', () => {
    const failed = given(IMPORTED).when(owningFailed({ kind: 'conflict', mdmInfo: OTHER }));
    failed.then({ type: 'account.conflicted', data: { uId: LOCATION, mdmInfo: OTHER } });
    failed.thenDue(EXPIRY);
  });

  it('is over when it is done: a late failure changes nothing', () => {
    given(IMPORTED, WAS_OWNED).when(owningFailed(transient())).thenNothing();
  });
});

describe('another MDM at the location', () => {
  it('makes the account unusable, once', () => {
    given(...ready)
      .when(CONFLICT)
      .then({ type: 'account.conflicted', data: { uId: LOCATION, mdmInfo: OTHER } });
    given(...ready)
      .when(CONFLICT)
      .thenOnce();
    const conflicted = accountAfter(...ready, CONFLICTED);
    expect(isUsable(conflicted)).toBe(false);
    expect(markerOf(conflicted)).toBeNull();
  });

  it('is never answered by itself: only a person takes the location over', () => {
    expect(given(...ready, CONFLICTED).due()).toEqual(EXPIRY);
    expect(given(IMPORTED, CONFLICTED).due()).toEqual(EXPIRY);
    given(...ready, CONFLICTED)
      .when({ type: 'TakeOver' })
      .then({ type: 'account.take-over-ordered', data: { uId: LOCATION, at: NOW } });
    given(...ready, CONFLICTED)
      .when({ type: 'TakeOver' })
      .thenDue({ step: 'own', at: NOW });
    given(...ready, CONFLICTED)
      .when({ type: 'TakeOver' })
      .thenOnce();
  });

  it('is over when the location is owned again, and notifications are asked for anew', () => {
    const back = [...ready, CONFLICTED, TAKE_OVER, WAS_OWNED];
    const again = accountAfter(...back);
    expect(isUsable(again)).toBe(true);
    expect(markerOf(again)).toBe('seatbook');
    expect(again.subscription.state).toBe('wanted');
    expect(given(...back).due()).toEqual({ step: 'subscribe', at: NOW });
  });

  it('is no reason to take over what is ours', () => {
    given(...ready)
      .when({ type: 'TakeOver' })
      .thenRefused('REJECTED_NOT_CONFLICTED');
  });

  it('may be there again when it is taken over, and another order is needed then', () => {
    const before = [...ready, CONFLICTED, TAKE_OVER, CONFLICTED];
    expect(given(...before).due()).toEqual(EXPIRY);
    given(...before)
      .when({ type: 'TakeOver' })
      .thenTypes('account.take-over-ordered');
  });
});

describe('giving a location up', () => {
  const giveUp = (licences: 'return' | 'keep' = 'keep'): AccountCommand => ({
    type: 'GiveUpLocation',
    licences,
  });
  const ORDERED: AccountEvent = {
    type: 'account.give-up-ordered',
    data: { uId: LOCATION, licences: 'return', at: NOW },
  };
  const round = { ledgers: [PAGES], callIds: [], left: 3 };
  const ENDING: AccountEvent = {
    type: 'account.work-ending',
    data: { uId: LOCATION, ...round, abandoned: false, at: NOW, lookAt: NOW + 10_000 },
  };
  const ENDED: AccountEvent = { type: 'account.work-ended', data: { uId: LOCATION, kept: 2, at: NOW } };
  const GIVEN_UP: AccountEvent = {
    type: 'account.given-up',
    data: { uId: LOCATION, mdmInfo: null, at: NOW },
  };
  const gone = [...ready, ORDERED, ENDING, ENDED, GIVEN_UP];

  it('ends its work, round by round, while it goes on to be ours', () => {
    const ordered = given(...ready).when(giveUp('return'));
    ordered.then(ORDERED);
    ordered.thenOnce();
    ordered.thenDue({ step: 'end-work', at: NOW });
    const ending = given(...ready, ORDERED).when({ type: 'EndWork', ...round });
    ending.then(ENDING);
    ending.thenDue({ step: 'end-work', at: NOW + 10_000 });
    const going = accountAfter(...ready, ORDERED, ENDING);
    expect([isUsable(going), markerOf(going)]).toEqual([true, 'seatbook']);
  });

  it('asks licences back by orders of their own', () => {
    const ask: AccountCommand = { type: 'AskReturn', asset: PAGES, holders: devices('A') };
    const [first] = given(...ready, ORDERED).when(ask).events;
    expect(first).toMatchObject({ type: 'account.return-asked', data: { ...PAGES, ...devices('A') } });
    const [second] = given(...ready, ORDERED, first as AccountEvent).when(ask).events;
    const ids = [first, second].map((event) => (event?.data as { orderId?: string }).orderId);
    expect(new Set(ids).size).toBe(2);
    given(...ready)
      .when(ask)
      .thenNothing();
  });

  it('tells Apple when nothing is open, again after a failure, and then does nothing any more', () => {
    const ended = given(...ready, ORDERED, ENDING).when({ type: 'RecordWorkEnded', kept: 2 });
    ended.then(ENDED);
    ended.thenDue({ step: 'release', at: NOW });
    const failure: AccountCommand = { type: 'RecordReleaseFailure', failure: transient(), fingerprint: 'f1' };
    given(...ready, ORDERED, ENDED)
      .when(failure)
      .thenDue({ step: 'release', at: NOW + 5_000 });
    const released = given(...ready, ORDERED, ENDED).when({ type: 'RecordReleased', mdmInfo: null });
    released.then(GIVEN_UP);
    released.thenOnce();
    released.thenDue(EXPIRY);
    expect(isUsable(accountAfter(...gone))).toBe(false);
  });

  it('is not taken for a conflict: the marker of a free location is our own last word', () => {
    for (const history of [[...ready, ORDERED, ENDED], gone])
      given(...history)
        .when({ type: 'ReportConflict', mdmInfo: RELEASED })
        .thenNothing();
    given(...ready, ORDERED, ENDED)
      .when(CONFLICT)
      .thenTypes('account.conflicted');
  });

  it('is for who has it, and is gone back on by a takeover, which opens its ledgers', () => {
    given(...ready, CONFLICTED)
      .when(giveUp())
      .thenRefused('REJECTED_NOT_OURS');
    given(...gone)
      .when(giveUp())
      .thenNothing();
    for (const history of [[...ready, ORDERED, ENDING], gone]) {
      const back = given(...history).when({ type: 'TakeOver' });
      back.then(TAKE_OVER);
      back.thenDue({ step: 'open-ledgers', at: NOW });
    }
    const opened = given(...gone, TAKE_OVER).when({ type: 'OpenLedgers', ledgers: [PAGES] });
    opened.then({ type: 'account.ledgers-opened', data: { uId: LOCATION, ledgers: [PAGES] } });
    opened.thenOnce();
    opened.thenDue({ step: 'own', at: NOW });
  });
});

describe('removing an account', () => {
  const REMOVE: AccountCommand = { type: 'RemoveAccount' };
  const REMOVED: AccountEvent = { type: 'account.removed', data: { uId: LOCATION, at: NOW } };
  const round: AccountCommand = { type: 'EndWork', ledgers: [PAGES], callIds: ['call-1'], left: 1 };

  it('is refused while it works', () => {
    given(...ready)
      .when(REMOVE)
      .thenRefused('REJECTED_ACCOUNT_IN_USE');
    given(IMPORTED).when(REMOVE).thenRefused('REJECTED_ACCOUNT_IN_USE');
  });

  it.each([
    ['another MDM has its location', CONFLICTED],
    ['its token is dead', WAS_REFUSED],
  ])('ends its work where %s: what is under way is given up', (_why, event) => {
    const removed = given(...ready, event).when(REMOVE);
    removed.then(REMOVED);
    removed.thenOnce();
    removed.thenDue({ step: 'end-work', at: NOW });
    const ending = given(...ready, event, REMOVED).when(round);
    expect(ending.events).toMatchObject([{ data: { abandoned: true, callIds: ['call-1'] } }]);
    ending.thenDue({ step: 'end-work', at: NOW + 10_000 });
    given(...ready, event, REMOVED)
      .when({ type: 'RecordWorkEnded', kept: 0 })
      .thenDue(null);
  });

  it('answers what comes too late, and lets the location be imported again', () => {
    const removed = [...ready, CONFLICTED, REMOVED];
    const late = given(...removed).when(renew('f2'));
    expect(late.events).toMatchObject([{ data: { refusal: { code: 'NOT_FOUND_ACCOUNT' } } }]);
    given(...removed)
      .when(REFUSED)
      .thenRefused('NOT_FOUND_ACCOUNT');
    given(...removed)
      .when({ type: 'TakeOver' })
      .thenRefused('NOT_FOUND_ACCOUNT');
    given(...removed)
      .when(importing())
      .thenDue({ step: 'own', at: NOW });
    const closed: AccountEvent = {
      type: 'account.work-ending',
      data: { uId: LOCATION, ledgers: [PAGES], callIds: [], abandoned: true, left: 0, at: NOW, lookAt: NOW },
    };
    const again = given(...removed, closed).when(importing());
    again.thenTypes('account.imported');
    again.thenDue({ step: 'open-ledgers', at: NOW });
  });
});

describe('notifications', () => {
  it('are enabled once', () => {
    given(IMPORTED, WAS_OWNED)
      .when(ENABLED)
      .then({
        type: 'account.subscribed',
        data: { uId: LOCATION, notificationUrl: URL, checkAt: NOW + DAY },
      });
    given(IMPORTED, WAS_OWNED).when(ENABLED).thenOnce();
  });

  it('are asked for anew at another address, and not at none', () => {
    given(...ready)
      .when({ type: 'WantNotifications', notificationUrl: 'https://b.test' })
      .thenDue({ step: 'subscribe', at: NOW });
    given(...ready)
      .when({ type: 'WantNotifications', notificationUrl: null })
      .thenDue(EXPIRY);
    given(...ready)
      .when({ type: 'WantNotifications', notificationUrl: URL })
      .thenNothing();
  });

  it('of an address that is no longer wanted are not enabled', () => {
    given(...ready, MOVED)
      .when(ENABLED)
      .thenNothing();
  });

  it.each([
    ['5 s after a passing failure', transient(), 5_000],
    ['10 minutes after a refusal', refusedByApple, 600_000],
  ])('are asked for again %s', (_when, failure, delay) => {
    given(IMPORTED, WAS_OWNED)
      .when(subscribeFailed(failure))
      .thenDue({ step: 'subscribe', at: NOW + delay });
  });

  it('wait for the token and for the location', () => {
    const before = [IMPORTED, WAS_OWNED];
    given(...before)
      .when(subscribeFailed(tokenFailure))
      .thenTypes('account.token-refused', 'account.subscription-failed');
    given(...before)
      .when(subscribeFailed(tokenFailure))
      .thenDue(null);
    given(...before)
      .when(subscribeFailed({ kind: 'conflict', mdmInfo: OTHER }))
      .thenTypes('account.conflicted', 'account.subscription-failed');
    given(...before)
      .when(subscribeFailed({ kind: 'conflict', mdmInfo: OTHER }))
      .thenDue(EXPIRY);
    given(...ready)
      .when(subscribeFailed(transient()))
      .thenNothing();
  });
});

describe('the address that Apple has', () => {
  const found = (notificationUrl: string | null): AccountCommand => ({
    type: 'RecordAddress',
    notificationUrl,
  });
  const checkFailed = (failure: AppleFailure): AccountCommand => ({
    type: 'RecordAddressFailure',
    failure,
    fingerprint: 'f1',
  });
  const check = (delay: number) => ({ step: 'check-address', at: NOW + delay });

  it('is looked at a day after it was given, and every day', () => {
    expect(given(...ready).due()).toEqual(check(DAY));
    const checked = given(...ready).when(found(URL), NOW + 500);
    checked.then({ type: 'account.address-checked', data: { uId: LOCATION, checkAt: NOW + 500 + DAY } });
    checked.thenDue(check(500 + DAY));
  });

  it.each([null, 'https://jamf.test/notifications'])('is given again where Apple has %s', (other) => {
    const lost = given(...ready).when(found(other));
    lost.then({ type: 'account.address-lost', data: { uId: LOCATION, notificationUrl: other, at: NOW } });
    lost.thenOnce();
    lost.thenDue({ step: 'subscribe', at: NOW });
  });

  it('is looked at again later where Apple cannot be asked, after pauses that double', () => {
    const failed = given(...ready).when(checkFailed(transient(70_000)));
    failed.thenTypes('account.address-check-failed');
    failed.thenDue(check(70_000));
    given(...ready, {
      type: 'account.address-check-failed',
      data: { uId: LOCATION, reason: 'HTTP 503', retryAt: NOW },
    })
      .when(checkFailed(transient()))
      .thenDue(check(10_000));
  });

  it('shows what is wrong with the token, and whose the location is', () => {
    const refused = given(...ready).when(checkFailed(tokenFailure));
    refused.thenTypes('account.token-refused', 'account.address-check-failed');
    refused.thenDue(null);
    const taken = given(...ready).when(checkFailed({ kind: 'conflict', mdmInfo: OTHER }));
    taken.thenTypes('account.conflicted', 'account.address-check-failed');
    taken.thenDue(EXPIRY);
  });

  it('is of no interest where another one is wanted', () => {
    given(...ready, MOVED)
      .when(found(URL))
      .thenNothing();
    given(...ready, MOVED)
      .when(checkFailed(transient()))
      .thenNothing();
  });
});

describe('calls that Apple does not accept', () => {
  const refuse = (refusal: WriteRefusal = 'nameless'): AccountCommand & { type: 'RecordWriteRefused' } => ({
    type: 'RecordWriteRefused',
    callId: 'call-1',
    refusal,
    errorNumber: 9_602,
    reason: 'invalid argument',
  });
  const ACCEPT: AccountCommand = { type: 'RecordWriteAccepted' };
  const PROBE: AccountCommand = { type: 'StartProbe' };
  interface Row {
    at?: number;
    pauses?: number;
    pauseUntil?: number;
  }
  const refusals = (count: number, { at = NOW, pauses = 0, pauseUntil = 0 }: Row = {}): AccountEvent[] =>
    Array.from({ length: count }, (_refusal, index) => ({
      type: 'account.write-refused',
      data: {
        uId: LOCATION,
        callId: 'call-1',
        errorNumber: 9_602,
        reason: 'invalid argument',
        inARow: index + 1,
        at,
        pauses,
        pauseUntil,
      },
    }));
  const HELD: AccountEvent = {
    type: 'account.writes-held',
    data: { uId: LOCATION, errorNumber: 9_602, reason: 'invalid argument', at: NOW, probeAt: NOW + 60_000 },
  };
  const ACCEPTED: AccountEvent = { type: 'account.writes-accepted', data: { uId: LOCATION, at: NOW } };
  const probes = (count: number): AccountEvent[] =>
    Array.from({ length: count }, () => ({
      type: 'account.probe-started',
      data: { uId: LOCATION, probeAt: NOW },
    }));

  it('hold its writes after ten in a row, with one alert', () => {
    given(...ready, ...refusals(8))
      .when(refuse())
      .thenTypes('account.write-refused');
    const tenth = given(...ready, ...refusals(9)).when(refuse());
    tenth.thenTypes('account.write-refused', 'account.writes-held');
    expect(tenth.events[1]).toEqual(HELD);
    given(...ready, ...refusals(10), HELD)
      .when(refuse())
      .thenNothing();
  });

  it('hold its writes at once where the administrator has not accepted terms', () => {
    const first = given(...ready).when({
      ...refuse(),
      errorNumber: 9_642,
      reason: 'accept the terms',
    });
    first.thenTypes('account.write-refused', 'account.writes-held');
    expect(first.events[1]).toMatchObject({ data: { errorNumber: 9_642, reason: 'accept the terms' } });
  });

  it('hold its writes after a hundred, where Apple says what is wrong with each', () => {
    given(...ready, ...refusals(98))
      .when(refuse('named'))
      .thenTypes('account.write-refused');
    given(...ready, ...refusals(99))
      .when(refuse('named'))
      .thenTypes('account.write-refused', 'account.writes-held');
  });

  it.each([
    ['within a minute do not, however many they are', 500, 59_999, false],
    ['for a minute hold its writes after ten', 9, 60_000, true],
    ['for longer do not where they are fewer', 8, 3_600_000, false],
    ['for an unknown time do: the clock went back', 9, -3_600_000, true],
  ])('for a fault that may pass %s', (_what, before, after, held) => {
    const { events } = given(...ready, ...refusals(before)).when(refuse('fault'), NOW + after);
    expect(events.map(({ type }) => type)).toContain('account.write-refused');
    expect(events.some(({ type }) => type === 'account.writes-held')).toBe(held);
  });

  describe('for a fault that may pass', () => {
    const pausedAfter = (at: number, ...events: readonly AccountEvent[]): unknown =>
      given(...ready, ...events).when(refuse('fault'), at).events[0]?.data;

    it.each([
      [0, 5_000],
      [1, 10_000],
      [2, 20_000],
      [3, 40_000],
      [30, 40_000],
    ])('have all others pause, longer each time: %i times before', (pauses, pause) => {
      expect(pausedAfter(NOW, ...refusals(1, { pauses }))).toMatchObject({
        pauses: pauses + 1,
        pauseUntil: NOW + pause,
      });
    });

    it('do not lengthen the pause that they meet', () => {
      const paused = { pauses: 1, pauseUntil: NOW + 5_000 };
      expect(pausedAfter(NOW + 4_999, ...refusals(1, paused))).toMatchObject(paused);
      expect(pausedAfter(NOW + 5_000, ...refusals(1, paused))).toMatchObject({ pauses: 2 });
    });

    it.each([25_000, 3_600_000])(
      'are no pause until it is due where a clock %i ms ahead has noted it',
      (ahead) => {
        const at = NOW + ahead;
        const { writes } = accountAfter(...ready, ...refusals(1, { at, pauses: 1, pauseUntil: at + 5_000 }));
        const moments = [NOW, at - 1, at, at + 4_999, at + 5_000];
        expect(moments.map((now) => isPaused(writes, now))).toEqual([false, false, true, true, false]);
        expect(isPaused(accountAfter(...ready).writes, NOW)).toBe(false);
      },
    );
  });

  it('are counted from the start after one that Apple accepts', () => {
    const accepted = given(...ready, ...refusals(9)).when(ACCEPT);
    accepted.then(ACCEPTED);
    accepted.thenOnce();
    given(...ready)
      .when(ACCEPT)
      .thenNothing();
    given(...ready, ...refusals(9), ACCEPTED)
      .when(refuse())
      .thenTypes('account.write-refused');
  });

  it('are nothing that is seen of the account before they hold its writes', () => {
    const { version } = accountAfter(...ready);
    expect(accountAfter(...ready, ...refusals(9), ACCEPTED).version).toBe(version);
    expect(accountAfter(...ready, ...refusals(10), HELD, ACCEPTED).version).toBe(version + 2);
  });

  it.each([
    [0, 120_000],
    [3, 960_000],
    [30, 3_600_000],
  ])('are tried again after pauses that double: after %i probes', (count, pause) => {
    const held = [...ready, ...refusals(10), HELD];
    given(...held)
      .when(PROBE, NOW + 59_999)
      .thenNothing();
    given(...held, ...probes(count))
      .when(PROBE, NOW + 60_000)
      .then({ type: 'account.probe-started', data: { uId: LOCATION, probeAt: NOW + 60_000 + pause } });
  });

  it('are over with the first one that Apple accepts', () => {
    given(...ready, ...refusals(10), HELD, ...probes(1))
      .when(ACCEPT)
      .thenTypes('account.writes-accepted');
    given(...ready)
      .when(PROBE)
      .thenNothing();
  });
});
