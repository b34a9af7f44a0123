import type { AppleAccess, AppleResult, ManageAssets } from '@seatbook/licensing';
import { classOf } from './error-numbers.js';
import {
  access,
  accepted,
  type Answer,
  busiestSecond,
  error,
  foreign,
  html,
  json,
  otherUId,
  ours,
  ScriptedApple,
  type SeenRequest,
  serviceConfig,
  tokenText,
  uId,
} from './doubles/scripted-apple.js';
import { VirtualClock } from './doubles/virtual-clock.js';
import type { AppleSettings } from './settings.js';
import { fingerprintOf } from './token-file.js';
import { TransportError } from './transport.js';

const request: ManageAssets = {
  assets: [{ adamId: '900000001', pricingParam: 'STDQ' }],
  serialNumbers: ['SIMF0000001'],
  clientUserIds: [],
};
const envelope = { uId, mdmInfo: ours };
const complete = json({ ...envelope, eventStatus: 'COMPLETE', numRequested: 1, numCompleted: 1 });

function setUp(
  answer: (request: SeenRequest) => Answer,
  settings: Partial<AppleSettings> = {},
  random?: () => number,
) {
  const clock = new VirtualClock();
  const apple = new ScriptedApple(clock, answer, settings, random);
  const done = <T>(promise: Promise<T>): Promise<T> => clock.until(promise);
  return { clock, apple, client: apple.client, done };
}
const failureOf = <T>(result: AppleResult<T>) => {
  if (result.ok) throw new Error('it is a success');
  return result.failure;
};

describe('writes', () => {
  it('are posted in the form that Apple documents', async () => {
    const { apple, client, done } = setUp(() => accepted());
    const both = { ...request, clientUserIds: ['u-1'] };
    expect(await done(client.associate(access, both))).toEqual({ ok: true, value: { eventId: 'event-1' } });
    expect(await done(client.disassociate(access, request))).toMatchObject({ ok: true });
    const [associate, disassociate] = apple.calls;
    expect(associate).toMatchObject({ method: 'POST', path: '/mdm/v2/assets/associate', json: both });
    expect(associate?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: `Bearer ${access.token}`,
    });
    expect(disassociate?.path).toBe('/mdm/v2/assets/disassociate');
    expect(disassociate?.json).toEqual({ assets: request.assets, serialNumbers: request.serialNumbers });
  });

  const doubtful: [string, Answer, boolean][] = [
    ['a refused connection', new TransportError(false, 'ECONNREFUSED'), false],
    ['a reset', new TransportError(true, 'ECONNRESET'), true],
    ['200 without an event', json(envelope), true],
    ["200 with a proxy's page", html(200), true],
    ['9603', error(9603, 500), true],
    ['500 without a number', json({}, 500), true],
    ['9729', error(9729, 503), false],
    ['9646', error(9646, 429), false],
  ];
  it.each(doubtful)('after %s are sent once, and reported as doubtful or not', async (_, answer, doubt) => {
    const { apple, client, done } = setUp(() => answer);
    const result = await done(client.associate(access, request));
    expect(failureOf(result)).toMatchObject({ kind: 'transient', doubtful: doubt });
    expect(apple.calls).toHaveLength(1);
  });

  it('get a neutral reason when a transport breaks its contract', async () => {
    const { client, done } = setUp(() => {
      throw new Error(`cannot send Bearer ${access.token}`);
    });
    const result = await done(client.associate(access, request));
    expect(failureOf(result)).toMatchObject({ doubtful: true, reason: 'the connection failed' });
  });

  it('are refused as errorInfo says', async () => {
    const errorInfo = { assets: request.assets };
    const { client, done } = setUp(() => error(9707, 200, {}, { ...envelope, errorInfo }));
    expect(failureOf(await done(client.associate(access, request)))).toMatchObject({
      kind: 'refused',
      errorNumber: 9707,
      assets: request.assets,
      serialNumbers: [],
    });
  });
});

describe('the location of a reply', () => {
  it('is checked on every reply', async () => {
    const taken = json({ eventId: 'e', uId, mdmInfo: foreign });
    const { client, done } = setUp(() => taken);
    const told: string[] = [];
    client.onRefused((location, refusal) => told.push(`${location} ${refusal.kind}`));
    // The write was done.
    expect(failureOf(await done(client.associate(access, request)))).toEqual({
      kind: 'conflict',
      mdmInfo: foreign,
    });
    expect(told).toEqual([`${uId} conflict`]);
  });

  it('is not checked where none is expected', async () => {
    const { client, done } = setUp(() => json({ eventId: 'e', uId, mdmInfo: foreign }));
    expect((await done(client.associate({ ...access, mdmId: null }, request))).ok).toBe(true);
  });

  it('may be left out, but not by client/config', async () => {
    const { client, done } = setUp(({ path }) =>
      path.endsWith('/client/config') ? json({ uId }) : json({ eventId: 'e', uId }),
    );
    expect((await done(client.associate(access, request))).ok).toBe(true);
    expect(failureOf(await done(client.clientConfig(access)))).toEqual({ kind: 'conflict', mdmInfo: null });
  });

  it('does not turn a write that failed into one that was done', async () => {
    const { client, apple, done } = setUp(() => error(9709, 400, {}, { uId, mdmInfo: foreign }));
    expect(failureOf(await done(client.associate(access, request)))).toMatchObject({ kind: 'refused' });
    const next = failureOf(await done(client.associate(access, request)));
    expect(next).toMatchObject({ kind: 'transient', doubtful: false });
    expect(failureOf(await done(client.status(access, 'e')))).toMatchObject({ kind: 'conflict' });
    expect(apple.calls).toHaveLength(1);
  });

  it('is the one that the token belongs to', async () => {
    const { client, done } = setUp(() => json({ uId: otherUId, mdmInfo: ours, eventStatus: 'COMPLETE' }));
    expect(failureOf(await done(client.status(access, 'e')))).toEqual({
      kind: 'token',
      state: 'invalid',
      errorNumber: 9622,
    });
  });

  it('is learnt from the reply where it is not known yet', async () => {
    let valid = false;
    const { client, done } = setUp(() =>
      valid ? json({ ...envelope, locationName: 'Berlin' }) : error(9625, 401),
    );
    const told: string[] = [];
    client.onRefused((location) => told.push(location));
    const examined = { uId: '', token: tokenText(), mdmId: null };
    expect(failureOf(await done(client.clientConfig(examined)))).toMatchObject({ state: 'revoked' });
    valid = true;
    expect(await done(client.clientConfig(examined))).toMatchObject({
      value: { uId, locationName: 'Berlin' },
    });
    expect(told).toEqual([]);
  });
});

describe('a take-over', () => {
  it('gets through, and opens the location', async () => {
    let manager: typeof ours = foreign;
    const { client, apple, done } = setUp(({ path, json: body }) => {
      if (path.endsWith('/client/config') && 'mdmInfo' in body) manager = body['mdmInfo'] as typeof ours;
      return json({ uId, mdmInfo: manager, eventId: 'e', locationName: 'Berlin' });
    });
    expect((await done(client.associate(access, request))).ok).toBe(false);
    expect((await done(client.disassociate(access, request))).ok).toBe(false);
    // To see who it is.
    expect(await done(client.clientConfig({ ...access, mdmId: null }))).toMatchObject({
      value: { mdmInfo: foreign },
    });
    expect(await done(client.own(access, ours))).toMatchObject({ ok: true, value: { mdmInfo: ours } });
    expect((await done(client.associate(access, request))).ok).toBe(true);
    expect(apple.calls.map(({ path }) => path.replace('/mdm/v2', ''))).toEqual([
      '/assets/associate',
      '/client/config',
      '/client/config',
      '/assets/associate',
    ]);
  });

  it('is not undone by answers from before', async () => {
    const { client, clock, done } = setUp(({ path }) =>
      path.endsWith('/client/config')
        ? json(envelope)
        : { after: 1_000, then: json({ uId, mdmInfo: foreign, eventId: 'e' }) },
    );
    const before = client.associate(access, request);
    await clock.pass(500);
    expect((await done(client.own(access, ours))).ok).toBe(true);
    expect(await done(before)).toMatchObject({ ok: true });
    expect(client.pacing().locations).toHaveLength(1);
  });

  it('fails where another MDM was faster', async () => {
    const { client, done } = setUp(() => json({ uId, mdmInfo: foreign }));
    expect(failureOf(await done(client.own(access, ours)))).toMatchObject({ kind: 'conflict' });
  });
});

describe('a refused token', () => {
  it('is not sent again, by waiting requests or by new ones, until there is another', async () => {
    const { client, apple, clock, done } = setUp(({ headers }) => ({
      after: 100,
      then: headers['authorization']?.includes(access.token) ? error(9625, 401) : accepted(),
    }));
    const told: string[] = [];
    client.onRefused((location, refusal) =>
      told.push(
        `${location} ${refusal.kind === 'token' ? refusal.state : refusal.kind} ${refusal.fingerprint}`,
      ),
    );
    const waiting = Array.from({ length: 60 }, (_, i) =>
      i % 2 ? client.associate(access, request) : client.status(access, 'e'),
    );
    const renewed = { ...access, token: tokenText('renewed') };
    const other = client.associate(renewed, request);
    const results = await done(Promise.all(waiting));
    for (const result of results)
      expect(result).toEqual({ ok: false, failure: { kind: 'token', state: 'revoked', errorNumber: 9625 } });
    expect((await done(other)).ok).toBe(true);
    expect(told).toEqual([`${uId} revoked ${fingerprintOf(access.token)}`]);

    const sent = apple.calls.length;
    expect(sent).toBeLessThanOrEqual(16);
    expect((await done(client.associate(access, request))).ok).toBe(false);
    await clock.pass(60_000);
    expect(apple.calls).toHaveLength(sent);
    expect((await done(client.associate(renewed, request))).ok).toBe(true);

    client.reopen(uId);
    expect((await done(client.associate(access, request))).ok).toBe(false);
    expect(apple.calls).toHaveLength(sent + 2);
    expect(told).toHaveLength(2);
  });

  it('does not stop another location', async () => {
    const { client, done } = setUp(({ headers }) =>
      headers['authorization']?.includes(access.token)
        ? error(9621, 401)
        : json({ eventId: 'e', uId: otherUId }),
    );
    const elsewhere = { ...access, uId: otherUId, token: tokenText('elsewhere') };
    const [here, there] = await done(
      Promise.all([client.associate(access, request), client.associate(elsewhere, request)]),
    );
    expect([here.ok, there.ok]).toEqual([false, true]);
  });

  it('can be checked, and is used again when Apple takes it', async () => {
    let valid = false;
    const { client, done } = setUp(() => (valid ? json({ ...envelope, eventId: 'e' }) : error(9601, 401)));
    expect((await done(client.associate(access, request))).ok).toBe(false);
    expect((await done(client.clientConfig(access))).ok).toBe(false);
    valid = true;
    expect((await done(client.associate(access, request))).ok).toBe(false);
    expect((await done(client.clientConfig(access))).ok).toBe(true);
    expect((await done(client.associate(access, request))).ok).toBe(true);
  });

  it('that is read-only can still be used for reading', async () => {
    const { client, apple, done } = setUp(({ method }) => (method === 'POST' ? error(9637, 403) : complete));
    expect(failureOf(await done(client.associate(access, request)))).toMatchObject({ state: 'read-only' });
    expect((await done(client.status(access, 'e'))).ok).toBe(true);
    expect((await done(client.clientConfig(access))).ok).toBe(true);
    expect(failureOf(await done(client.disassociate(access, request)))).toMatchObject({ state: 'read-only' });
    expect(apple.calls).toHaveLength(3);
  });
});

describe('pacing', () => {
  it.each([
    ['a renewal, in the pace of its location', { uId: '', pacedAs: uId }],
    ['an import, which counts for the location that Apple names', { uId: '' }],
  ])('counts the check of a token for %s', async (_what, asked) => {
    const { client, apple, done } = setUp(() => json({ ...envelope, eventId: 'e', locationName: 'Berlin' }));
    await done(client.clientConfig({ ...asked, token: tokenText(), mdmId: null }));
    await done(Promise.all(Array.from({ length: 30 }, () => client.associate(access, request))));
    expect(busiestSecond(apple.calls)).toBe(15);
  });

  it('keeps to 15 a second for a location, and to what service/config or the settings say', async () => {
    for (const [settings, limit, allowed] of [
      [{}, {}, 15],
      [{}, { maxRequestPerSecond: 4 }, 4],
      [{ maxRequestsPerSecond: 3 }, { maxRequestPerSecond: 40 }, 3],
      [{}, { maxRequestPerSecond: 40 }, 40],
    ] as const) {
      const { client, apple, done } = setUp(() => accepted(), { ...settings, maxInFlight: 100 });
      apple.config = () => serviceConfig(limit);
      await done(Promise.all(Array.from({ length: 50 }, () => client.associate(access, request))));
      expect(busiestSecond(apple.calls)).toBe(allowed);
    }
  });

  it.each([
    ['120', 120_000],
    ['Sun, 01 Nov 2026 00:02:00 GMT', 120_000],
  ])('obeys Retry-After: %s, for that location alone', async (header, wait) => {
    let busy = true;
    const { client, apple, clock, done } = setUp(({ headers }) =>
      busy && headers['authorization']?.includes(access.token)
        ? error(9729, 503, { 'retry-after': header })
        : json({ eventId: 'e' }),
    );
    expect(failureOf(await done(client.associate(access, request)))).toMatchObject({ retryAfterMs: wait });
    busy = false;
    // Too long for it to wait.
    expect(failureOf(await done(client.associate(access, request)))).toMatchObject({
      kind: 'transient',
      doubtful: false,
      retryAfterMs: wait,
    });
    expect(apple.calls).toHaveLength(1);
    const elsewhere = { ...access, uId: otherUId, token: tokenText('elsewhere') };
    expect((await done(client.associate(elsewhere, request))).ok).toBe(true);
    await clock.pass(wait - 10_000);
    const late = client.associate(access, request);
    await clock.pass(9_999);
    expect(apple.calls).toHaveLength(2);
    expect((await done(late)).ok).toBe(true);
    expect(apple.calls[2]?.at).toBe((apple.calls[0]?.at ?? 0) + wait);
  });

  it('pauses all locations after 9646, longer each time, and lets one go first', async () => {
    let throttled = 3;
    const { client, apple, clock, done } = setUp(
      () => (throttled-- > 0 ? error(9646, 429) : json({ eventId: 'e' })),
      { organisationBackoffMs: 5_000, maxQueueMs: 100_000 },
      () => 1,
    );
    const elsewhere = (i: number): AppleAccess => ({ ...access, uId: `${i}`, token: tokenText(`${i}`) });
    expect(failureOf(await done(client.associate(access, request)))).toMatchObject({
      errorNumber: 9646,
      doubtful: false,
      retryAfterMs: 5_000,
    });
    const start = clock.now();
    const results = await done(
      Promise.all(Array.from({ length: 10 }, (_, i) => client.associate(elsewhere(i), request))),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(8);
    const at = apple.calls.slice(1).map((call) => call.at - start);
    expect(at.slice(0, 3)).toEqual([5_000, 15_000, 35_000]);
    expect(Math.max(...at)).toBe(35_000);
    expect(client.pacing().organisation).toEqual({ closedMs: 0, throttlings: 0 });
  });
});

describe('several processes for one location', () => {
  it('send nothing under a lease that was lost while the request waited, and nothing was done then', async () => {
    const { client, apple, done } = setUp(() => accepted(), { maxRequestsPerSecond: 1 });
    const asked: string[] = [];
    let held = true;
    apple.mayStart = (location, endpoint) => {
      asked.push(`${location} ${endpoint}`);
      return held;
    };
    expect((await done(client.associate(access, request))).ok).toBe(true);
    const waiting = client.associate(access, request);
    held = false;
    expect(failureOf(await done(waiting))).toMatchObject({ kind: 'transient', doubtful: false });
    expect(asked).toEqual([`${uId} associateAssets`, `${uId} associateAssets`]);
    expect(apple.calls).toHaveLength(1);
  });

  it('keep one rate when one takes over from the other', async () => {
    const { client, apple, clock, done } = setUp(() => accepted(), { windowMs: 1_050 });
    await done(client.associate(access, request));
    client.tookOver(uId);
    const from = clock.elapsed();
    await done(client.associate(access, request));
    expect(apple.calls[1]?.at).toBe((apple.calls[0]?.at ?? 0) + clock.elapsed() - from);
    expect(clock.elapsed() - from).toBeGreaterThanOrEqual(1_050);
    // Other locations go on.
    client.tookOver(otherUId);
    const at = clock.elapsed();
    await done(client.associate(access, request));
    expect(clock.elapsed() - at).toBeLessThan(1_050);
  });
});

describe('service/config', () => {
  const configReads = ({ seen }: ScriptedApple): number =>
    seen.filter(({ path }) => path.endsWith('/service/config')).length;

  it.each([
    ['9702', error(9702, 400)],
    ['404', json({}, 404)],
    ['429', json({}, 429)],
  ])('is read again at once after %s, once for each change', async (_what, answer) => {
    let changed = false;
    const { clock, client, apple, done } = setUp(() => (changed ? answer : accepted()));
    await done(client.associate(access, request));
    expect(configReads(apple)).toBe(1);
    changed = true;
    apple.config = () => serviceConfig({ maxSerialNumbers: 7 });
    await done(Promise.all(Array.from({ length: 10 }, () => client.associate(access, request))));
    await clock.pass(10);
    expect(configReads(apple)).toBe(2);
    expect((await done(client.limits())).maxSerialNumbers).toBe(7);
    // Another change is another reading; where Apple says the same again, the next one waits.
    apple.config = () => serviceConfig({ maxSerialNumbers: 5 });
    await done(client.associate(access, request));
    expect((await done(client.limits())).maxSerialNumbers).toBe(5);
    expect(configReads(apple)).toBe(3);
    await done(client.associate(access, request));
    await done(client.associate(access, request));
    await done(client.associate(access, request));
    expect(configReads(apple)).toBe(4);
  });

  it('sends what waited for its turn to the address that holds by then', async () => {
    const moved = 'https://vpp.itunes.apple.com/mdm/v2/moved/associate';
    const { client, apple, done } = setUp(({ path }) =>
      path.endsWith('/moved/associate') ? accepted() : json({}, 404),
    );
    await done(client.limits());
    apple.config = () => serviceConfig({ maxRequestPerSecond: 1 }, { associateAssets: moved });
    const results = await done(
      Promise.all(Array.from({ length: 40 }, () => client.associate(access, request))),
    );
    const paths = apple.calls.map(({ path }) => path);
    expect(results.filter(({ ok }) => ok).length).toBeGreaterThan(0);
    expect(paths.filter((path) => !path.includes('/moved/')).length).toBeLessThanOrEqual(16);
  });

  it('is read once for all, again after five minutes, and without a token', async () => {
    const { client, apple, clock, done } = setUp(() => complete);
    apple.config = () =>
      serviceConfig({ maxAssets: 10, maxSerialNumbers: 500, maxClientUserIds: 200, maxUsers: 20 });
    const reads = () => apple.seen.filter(({ path }) => path.endsWith('/service/config'));
    await done(Promise.all([client.status(access, 'e'), client.limits(), client.status(access, 'e')]));
    expect(await client.limits()).toEqual({
      maxAssets: 10,
      maxSerialNumbers: 500,
      maxClientUserIds: 200,
      maxUsers: 20,
    });
    expect(reads()).toHaveLength(1);
    expect(JSON.stringify(reads())).not.toContain(access.token);
    await clock.pass(299_000);
    await done(client.limits());
    expect(reads()).toHaveLength(1);
    await clock.pass(1_000);
    apple.config = () => serviceConfig({});
    expect(await done(client.limits())).toEqual({
      maxAssets: 25,
      maxSerialNumbers: 1_000,
      maxClientUserIds: 1_000,
      maxUsers: 100,
    });
    expect(reads()).toHaveLength(2);
  });

  it.each([html(200), html(503), json({}, 200), error(9644, 200), new TransportError(false, 'ECONNREFUSED')])(
    'holds up no request when it cannot be read (%#)',
    async (answer) => {
      const { client, apple, clock, done } = setUp(() => complete);
      apple.config = () => ({ after: 4_000, then: answer });
      const start = clock.now();
      expect(await done(client.limits())).toMatchObject({ maxAssets: 25 });
      expect((await done(client.status(access, 'e'))).ok).toBe(true);
      expect(clock.now() - start).toBe(4_000);
      expect(apple.seen[0]?.timeoutMs).toBe(5_000);
      await clock.pass(30_000);
      apple.config = () => serviceConfig({ maxAssets: 7 });
      expect(await done(client.limits())).toMatchObject({ maxAssets: 7 });
      // The last ones read hold.
      await clock.pass(300_000);
      apple.config = () => answer;
      expect(await done(client.limits())).toMatchObject({ maxAssets: 7 });
    },
  );

  it('sends us to trusted addresses only', async () => {
    const { client, apple, done } = setUp(() => accepted());
    apple.config = () =>
      serviceConfig(
        {},
        {
          associateAssets: 'https://vpp2.itunes.apple.com/mdm/v3/assets/associate',
          disassociateAssets: 'https://vpp.itunes.apple.com@evil.example/x',
        },
      );
    await done(client.associate(access, request));
    await done(client.disassociate(access, request));
    expect(apple.calls.map(({ url }) => url)).toEqual([
      'https://vpp2.itunes.apple.com/mdm/v3/assets/associate',
      'https://vpp.itunes.apple.com/mdm/v2/assets/disassociate',
    ]);
    expect(apple.logged).toContainEqual(expect.objectContaining({ endpoint: 'disassociateAssets' }));
  });
});

describe('walks', () => {
  const asset = (n: number, more = {}) => ({
    adamId: String(n),
    pricingParam: 'STDQ',
    productType: 'App',
    deviceAssignable: true,
    revocable: true,
    supportedPlatforms: ['iOS'],
    assignedCount: 1,
    availableCount: 2,
    retiredCount: 0,
    totalCount: 3,
    ...more,
  });
  const pageOf = (index: number, total: number, records: unknown[], member = 'assets', versionId = 'v1') =>
    json({
      ...envelope,
      [member]: records,
      size: records.length,
      currentPageIndex: index,
      totalPages: total,
      versionId,
      ...(index + 1 < total ? { nextPageIndex: index + 1 } : {}),
    });
  const indexOf = ({ query }: SeenRequest) => Number(query.get('pageIndex') ?? 0);

  it('read all pages, five at once, and retry those that failed', async () => {
    const failures = new Map<number, Answer[]>([
      [0, [html(200)]],
      [3, [new TransportError(true, 'ECONNRESET'), json({}, 200), error(9603, 500)]],
      [7, [json({ ...envelope, assets: [{ pricingParam: 'STDQ' }] })]],
    ]);
    const { client, apple, done } = setUp((seen) => {
      const index = indexOf(seen);
      return {
        after: 200,
        then: failures.get(index)?.shift() ?? pageOf(index, 20, [asset(2 * index), asset(2 * index + 1)]),
      };
    });
    const result = await done(client.assets(access));
    expect(result).toMatchObject({ ok: true, value: { versionId: 'v1', moved: false } });
    expect(result.ok && result.value.records).toHaveLength(40);
    expect(apple.calls).toHaveLength(25);
    expect(apple.maxInFlight).toBe(5);
    expect(apple.calls[0]?.query.has('pageIndex')).toBe(false);
    expect(busiestSecond(apple.calls)).toBeLessThanOrEqual(15);
  });

  it('fail where each page is answered with the first one, as some proxy might', async () => {
    const { client, done } = setUp(() => pageOf(0, 3, [asset(1), asset(2)]));
    expect(failureOf(await done(client.assets(access)))).toMatchObject({
      kind: 'transient',
      reason: expect.stringContaining('was answered with page 0') as string,
    });
  });

  it('have five pages in flight over all lists of a location', async () => {
    const { client, apple, done } = setUp((seen) => ({
      after: 300,
      then: seen.path.endsWith('/users')
        ? pageOf(indexOf(seen), 9, [], 'users')
        : pageOf(indexOf(seen), 9, []),
    }));
    await done(Promise.all([client.assets(access), client.users(access), client.assets(access)]));
    expect(apple.maxInFlight).toBe(5);
  });

  it('give up after three retries, or where Apple wants a longer wait than the walk has left', async () => {
    const { client, apple, done } = setUp(() => html(503));
    expect(failureOf(await done(client.assets(access)))).toMatchObject({
      kind: 'transient',
      doubtful: false,
    });
    expect(apple.calls).toHaveLength(4);

    const long = setUp(() => error(9729, 503, { 'retry-after': '7200' }));
    expect(failureOf(await long.done(long.client.assets(access)))).toMatchObject({ retryAfterMs: 7_200_000 });
    expect(long.apple.calls).toHaveLength(1);
  });

  it('wait as long as Apple asks if their time allows it', async () => {
    let first = true;
    const { client, apple, done } = setUp(() => {
      const answer = first ? error(9729, 503, { 'retry-after': '90' }) : pageOf(0, 1, [asset(1)]);
      first = false;
      return answer;
    });
    expect((await done(client.assets(access))).ok).toBe(true);
    expect((apple.calls[1]?.at ?? 0) - (apple.calls[0]?.at ?? 0)).toBe(90_000);
  });

  it('read what was added to an asset since a version, and begin at that of the answer', async () => {
    const nine = { adamId: '9', pricingParam: 'STDQ' };
    const row = (adamId: string, serialNumber: string) => ({ adamId, pricingParam: 'STDQ', serialNumber });
    const { client, apple, done } = setUp(() =>
      pageOf(0, 1, [row('9', 'A'), row('8', 'B')], 'assignments', 'v2'),
    );
    const since = await done(client.assignmentsSince(access, nine, 'v1'));
    expect(apple.calls[0]?.url).toContain('sinceVersionId=v1');
    expect(since).toMatchObject({ value: { versionId: 'v2', records: [{ serialNumber: 'A' }] } });
  });

  it('report that the data moved', async () => {
    const { client, done } = setUp((seen) =>
      indexOf(seen) === 2
        ? error(9650, 400)
        : pageOf(indexOf(seen), 3, [asset(indexOf(seen))], 'assets', `v${indexOf(seen)}`),
    );
    expect(await done(client.assets(access))).toMatchObject({
      ok: true,
      value: { versionId: 'v0', moved: true, records: [{ adamId: '0' }, { adamId: '1' }] },
    });
  });

  it('treat an answer without records as unreadable, unless it says that there are none', async () => {
    const { client, done } = setUp(() => json({ ...envelope, versionId: 'v1' }));
    expect(failureOf(await done(client.assets(access)))).toMatchObject({ kind: 'transient' });
    const empty = setUp(() => json({ ...envelope, versionId: 'v1', size: 0, totalPages: 0 }));
    expect(await empty.done(empty.client.assets(access))).toMatchObject({ value: { records: [] } });
  });

  it('recognise unlimited assets', async () => {
    const { client, done } = setUp(() =>
      json({
        ...envelope,
        assets: [
          asset(1, { totalCount: 2_147_483_647, availableCount: 2_147_483_640, assignedCount: 7 }),
          asset(2, { totalCount: undefined, adamId: 2 }),
        ],
        unlimitedAssets: [{ adamId: '3', pricingParam: 'STDQ', assignedCount: 4 }],
        totalPages: 1,
        versionId: 'v1',
      }),
    );
    const result = await done(client.assets(access));
    expect(result.ok && result.value.records).toMatchObject([
      { adamId: '1', unlimited: true, total: 0, available: 0, assigned: 7 },
      { adamId: '2', unlimited: false, total: 3, available: 2 },
      { adamId: '3', unlimited: true, total: 0, available: 0, assigned: 4 },
    ]);
  });

  it('find one asset, and only that one', async () => {
    const { client, apple, done } = setUp(() => pageOf(0, 1, [asset(9, { pricingParam: 'PLUS' }), asset(9)]));
    const nine = { adamId: '9', pricingParam: 'STDQ' };
    expect(await done(client.asset(access, nine))).toMatchObject({ ok: true, value: nine });
    expect(Object.fromEntries(apple.calls[0]?.query ?? [])).toEqual(nine);
    expect(await done(client.asset(access, { ...nine, adamId: '8' }))).toEqual({ ok: true, value: null });
  });

  it('read the assignments of an asset or of one device', async () => {
    const pair = (more: object) => ({ adamId: '9', pricingParam: 'STDQ', ...more });
    const { client, apple, done } = setUp(() =>
      pageOf(
        0,
        1,
        [
          pair({ serialNumber: 'A' }),
          pair({ serialNumber: 'B' }),
          pair({ clientUserId: 'u-1' }),
          pair({ serialNumber: 'C', pricingParam: 'PLUS' }),
        ],
        'assignments',
      ),
    );
    const nine = { adamId: '9', pricingParam: 'STDQ' };
    const all = await done(client.assignments(access, nine));
    expect(all.ok && all.value.records).toEqual([
      { ...nine, serialNumber: 'A', clientUserId: null },
      { ...nine, serialNumber: 'B', clientUserId: null },
      { ...nine, serialNumber: null, clientUserId: 'u-1' },
    ]);
    const one = await done(client.assignments(access, nine, { serialNumber: 'B' }));
    expect(one.ok && one.value.records).toHaveLength(1);
    expect(apple.calls[1]?.query.get('serialNumber')).toBe('B');
  });

  it('keep several records of one user', async () => {
    const user = { clientUserId: 'u-1', status: 'Retired', idHash: 'h' };
    const { client, done } = setUp(() =>
      pageOf(0, 1, [user, { ...user, status: 'Associated', email: 'kim@example.test' }], 'users'),
    );
    const result = await done(client.users(access));
    expect(result.ok && result.value.records).toEqual([
      { ...user, email: null, inviteCode: null },
      { ...user, status: 'Associated', email: 'kim@example.test', inviteCode: null },
    ]);
  });
});

describe('persons', () => {
  it('are created with what is known of them, and retired by their names', async () => {
    const { client, apple, done } = setUp(() => json({ ...envelope, eventId: 'e-1' }));
    const kim = { clientUserId: 'u-1', email: 'kim@example.test', managedAppleId: null };
    const robin = { clientUserId: 'u-2', email: null, managedAppleId: 'robin@appleid.example.test' };
    const created = await done(client.createUsers(access, [kim, robin]));
    expect(created).toEqual({ ok: true, value: { eventId: 'e-1' } });
    await done(client.updateUsers(access, [{ ...kim, email: 'kim@other.test' }]));
    await done(client.retireUsers(access, ['u-1']));
    const writes = apple.seen.filter(({ path }) => path.includes('/users/'));
    expect(writes.map(({ path }) => path.split('/').slice(-2).join('/'))).toEqual([
      'users/create',
      'users/update',
      'users/retire',
    ]);
    expect(writes.map(({ body }) => JSON.parse(body ?? '') as unknown)).toEqual([
      {
        users: [
          { clientUserId: 'u-1', email: 'kim@example.test' },
          { clientUserId: 'u-2', managedAppleId: 'robin@appleid.example.test' },
        ],
      },
      { users: [{ clientUserId: 'u-1', email: 'kim@other.test' }] },
      { users: [{ clientUserId: 'u-1' }] },
    ]);
  });
});

describe('client/config and status', () => {
  it('are read', async () => {
    const { client, done } = setUp(() =>
      json({
        ...envelope,
        countryISO2ACode: 'DE',
        defaultPlatform: 'enterprisestore',
        locationName: 'Berlin Office',
        notificationUrl: 'https://mdm.example.test/n',
        notificationAuthToken: 'CANARY-secret',
        tokenExpirationDate: '2027-03-31T08:00:00+0000',
        websiteURL: 'https://business.apple.com',
      }),
    );
    const result = await done(client.clientConfig(access));
    expect(result).toEqual({
      ok: true,
      value: {
        uId,
        locationName: 'Berlin Office',
        countryCode: 'DE',
        defaultPlatform: 'enterprisestore',
        websiteUrl: 'https://business.apple.com',
        tokenExpiresAt: Date.UTC(2027, 2, 31, 8),
        mdmInfo: ours,
        notificationUrl: 'https://mdm.example.test/n',
      },
    });
  });

  it('subscribes to all types of notifications', async () => {
    const { client, apple, done } = setUp(() => json(envelope));
    expect((await done(client.subscribe(access, 'https://us.example.test/n', 'secret-of-ours'))).ok).toBe(
      true,
    );
    expect(apple.calls[0]).toMatchObject({
      method: 'POST',
      path: '/mdm/v2/client/config',
      json: {
        notificationUrl: 'https://us.example.test/n',
        notificationAuthToken: 'secret-of-ours',
        notificationTypes: ['ASSET_MANAGEMENT', 'ASSET_COUNT', 'USER_MANAGEMENT', 'USER_ASSOCIATED'],
      },
    });
  });

  it('reports partial failures', async () => {
    const { client, apple, done } = setUp(() =>
      json({
        ...envelope,
        eventStatus: 'FAILED',
        numRequested: 16,
        numCompleted: 14,
        failures: [{ errorNumber: 9609, errorInfo: { clientUserIds: ['u-1'] } }, { errorNumber: 9603 }],
      }),
    );
    expect(await done(client.status(access, 'event 1'))).toEqual({
      ok: true,
      value: {
        status: 'FAILED',
        requested: 16,
        completed: 14,
        failures: [
          {
            errorNumber: 9609,
            reason: 'user not found',
            assets: [],
            serialNumbers: [],
            clientUserIds: ['u-1'],
          },
          { errorNumber: 9603, reason: 'internal error', assets: [], serialNumbers: [], clientUserIds: [] },
        ],
      },
    });
    expect(apple.calls[0]?.query.get('eventId')).toBe('event 1');
  });

  it('does not guess a status', async () => {
    const { client, apple, done } = setUp(() => json({ ...envelope, eventStatus: 'WONDERING' }));
    expect(failureOf(await done(client.status(access, 'e')))).toMatchObject({ kind: 'transient' });
    expect(apple.calls).toHaveLength(1);
  });
});

describe('content metadata', () => {
  const storefront = { countryCode: 'DE', platform: 'enterprisestore' };

  it('is looked up in batches, in both forms', async () => {
    const { client, apple, done } = setUp(({ query }) => {
      const ids = (query.get('id') ?? '').split(',');
      const results = Object.fromEntries(
        ids.map((id) => [
          id,
          Number(id) % 2
            ? {
                id,
                name: `App ${id}`,
                bundleId: `com.example.${id}`,
                kind: 'iosSoftware',
                offers: [{ type: 'get', version: { display: '4.2.0', externalId: 870000123 } }],
                artistName: 'Example',
                deviceFamilies: ['iphone'],
                artwork: [
                  { width: 128, url: 'https://img.example.test/128.png' },
                  { width: 512, url: 'https://img.example.test/512.png' },
                  { width: 256, url: 'https://img.example.test/256.png' },
                ],
              }
            : { id: Number(id), artwork: { width: 1024, url: 'https://img.example.test/{w}x{h}bb.{f}' } },
        ]),
      );
      delete results['7'];
      return json({ results: { ...results, '555': { id: '555', name: 'not asked for' } } }, 200, {
        'content-type': 'text/javascript; charset=utf-8',
      });
    });
    const ids = Array.from({ length: 120 }, (_, i) => String(i + 1));
    const result = await done(client.contentMetadata(access, [...ids, '1'], storefront));
    const found = result.ok ? result.value : [];
    expect(found).toHaveLength(119);
    expect(found.find(({ adamId }) => adamId === '1')).toEqual({
      adamId: '1',
      name: 'App 1',
      bundleId: 'com.example.1',
      iconUrl: 'https://img.example.test/256.png',
      artistName: 'Example',
      deviceFamilies: ['iphone'],
      kind: 'iosSoftware',
      version: 870000123,
    });
    expect(found.find(({ adamId }) => adamId === '2')).toMatchObject({
      name: '2',
      bundleId: null,
      iconUrl: 'https://img.example.test/256x256bb.png',
    });
    expect(apple.calls).toHaveLength(3);
    const [first] = apple.calls;
    expect(first?.headers['cookie']).toBe(`itvt=${access.token}`);
    expect(first?.headers).not.toHaveProperty('authorization');
    expect(first?.url).toContain('https://uclient-api.itunes.apple.com/');
    expect(first?.url).toContain('id=1,2,3');
    expect(Object.fromEntries(first?.query ?? [])).toMatchObject({
      version: '2',
      p: 'mdm-lockup',
      caller: 'MDM',
      platform: 'enterprisestore',
      cc: 'de',
      l: 'en',
    });
  });

  it('never sends the token to an address that is not trusted', async () => {
    const { client, apple, done } = setUp(() => json({ results: {} }));
    apple.config = () => serviceConfig({}, { contentMetadataLookup: 'https://evil.example/lookup' });
    expect(await done(client.contentMetadata(access, ['1'], storefront))).toEqual({ ok: true, value: [] });
    expect(new URL(apple.calls[0]?.url ?? '').hostname).toBe('uclient-api.itunes.apple.com');
  });

  it('pauses neither the location nor the organisation when it fails', async () => {
    const { client, done } = setUp(({ path }) =>
      path.includes('lookup') ? json({}, 429, { 'retry-after': '600' }) : accepted(),
    );
    expect((await done(client.contentMetadata(access, ['1'], storefront))).ok).toBe(false);
    expect((await done(client.associate(access, request))).ok).toBe(true);
    for (const answer of [html(200), json({}), error(9621, 401)]) {
      const { client: other, done: wait } = setUp(({ path }) =>
        path.includes('lookup') ? answer : accepted(),
      );
      expect((await wait(other.contentMetadata(access, ['1'], storefront))).ok).toBe(false);
      expect((await wait(other.associate(access, request))).ok).toBe(true);
    }
  });
});

describe('secrets', () => {
  it('are in no failure and no line of the log, whatever Apple or the network echoes', async () => {
    const secret = 'CANARY-notification-secret';
    const echo = `${access.token} CANARY-abcdefghijklmnop ${secret}`;
    const answers: Answer[] = [
      ...[9601, 9602, 9603, 9621, 9637, 9646, 9709, 9729, 9999].flatMap((errorNumber) =>
        [200, 400, 503].map((status) =>
          json({ errorNumber, errorMessage: echo, errorInfo: { more: echo } }, status, {
            'retry-after': '1',
          }),
        ),
      ),
      json({ message: echo }, 500),
      { ...html(200), body: echo },
      new TransportError(true, `reset while sending ${echo}`),
    ];
    for (const answer of answers) {
      const { client, apple, done } = setUp(() => answer, { pageRetries: 0 });
      const results: unknown[] = await done(
        Promise.all([
          client.subscribe(access, 'https://us.example.test/n', secret),
          client.associate(access, request),
          client.assets(access),
          client.contentMetadata(access, ['1'], { countryCode: 'de', platform: 'x' }),
          client.clientConfig(access),
        ]),
      );
      const shown = JSON.stringify([results, apple.logged, client.pacing()]);
      expect(shown).not.toContain('CANARY-abc');
      expect(shown).not.toContain(access.token.slice(0, 16));
      expect(apple.calls.every(({ url }) => !url.includes('CANARY') && !url.includes(access.token))).toBe(
        true,
      );
      // A secret is known to the call that carries it.
      expect(JSON.stringify([results[0], apple.logged])).not.toContain(secret);
    }
  });
});

describe('shutdown', () => {
  it('answers every request: waiting ones are not sent, writes in flight still get their answer', async () => {
    const { client, apple, clock, done } = setUp(() => ({ after: 1_000, then: accepted() }), {
      maxRequestsPerSecond: 1,
    });
    const first = client.associate(access, request);
    await clock.pass(10);
    const second = client.associate(access, request);
    await clock.pass(10);
    await client.close();
    expect(failureOf(await done(second))).toMatchObject({ kind: 'transient', doubtful: false });
    expect(failureOf(await done(client.assets(access)))).toMatchObject({ kind: 'transient' });
    expect((await done(first)).ok).toBe(true);
    expect(apple.calls).toHaveLength(1);
  });
});

it('the class of every error number depends on the number alone', () => {
  expect(classOf(9646)).toMatchObject({ kind: 'transient', organisation: true });
  expect(classOf(9999)).toBeNull();
});
