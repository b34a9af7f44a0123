import { connect, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { systemClock } from '@seatbook/kernel';
import { hasHalfCharacter, isDeep } from '../../libs/nest/src/http/json-body.js';
import { eventually } from '@seatbook/test-support/eventually';
import { bareAnswer, type BareAnswer } from './bare-answer.js';
import { API, BERLIN, OWNER_KEY, StartedProduct } from './started-product.js';

let seatbook: StartedProduct;
beforeAll(async () => {
  seatbook = await StartedProduct.start({
    SEATBOOK_REQUEST_TIMEOUT_MS: '5000',
    SEATBOOK_HEADERS_TIMEOUT_MS: '3000',
  });
});
afterAll(() => seatbook.end());

const bare = (text: string): Promise<BareAnswer> => bareAnswer(seatbook.product.port, text);
const open = (): Socket => connect(seatbook.product.port, '127.0.0.1');

const head = (method: string, path: string, more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nhost: seatbook.test\r\nconnection: close\r\n${more}`;
const KEY = `authorization: Bearer ${OWNER_KEY}\r\n`;

function expectProblem(answer: BareAnswer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['content-security-policy']).toBeDefined();
  expect(answer.headers['x-correlation-id']).toBe(answer.body.correlationId);
}

const errorLines = (): string[] => seatbook.logLines.filter((line) => line.includes('"level":"error"'));

describe('every refusal has the same form, whichever layer refuses', () => {
  it.each([
    ['without a key', head('GET', `${API}/accounts`) + '\r\n', 401, 'UNAUTHENTICATED'],
    ['an address that is none', head('GET', `${API}/accounts/%zz`, KEY) + '\r\n', 400, 'INVALID_ADDRESS'],
    [
      'a part of an address that is too long',
      head('GET', `${API}/devices/${'x'.repeat(3_100)}`, KEY) + '\r\n',
      414,
      'INVALID_ADDRESS_TOO_LONG',
    ],
    ['an unknown method', 'FOO /nowhere HTTP/1.1\r\nhost: a\r\n\r\n', 400, 'INVALID_REQUEST'],
    ['a malformed head', 'GET / HTTP/1.1\r\nhost a\r\n\r\n', 400, 'INVALID_REQUEST'],
    [
      'headers that are too large',
      head('GET', '/livez', `x: ${'x'.repeat(20_000)}\r\n`) + '\r\n',
      431,
      'INVALID_HEADERS_TOO_LARGE',
    ],
    [
      'a body that is too large',
      head(
        'POST',
        `${API}/accounts`,
        `${KEY}content-type: application/json\r\ncontent-length: 99999999\r\n`,
      ) + '\r\n',
      413,
      'INVALID_BODY_TOO_LARGE',
    ],
    ['an address where there is nothing', head('GET', '/nowhere', KEY) + '\r\n', 404, 'NOT_FOUND_ROUTE'],
  ])('%s', async (_what, text, status, code) => {
    expectProblem(await bare(text), status, code);
  });

  it.each(['DELETE', 'QUERY', 'M-SEARCH', 'FOO'])(
    'names the allowed methods when it is not %s',
    async (method) => {
      const answer = await bare(head(method, `${API}/accounts/${BERLIN}/assets?x=1`, KEY) + '\r\n');
      expectProblem(answer, 405, 'INVALID_METHOD');
      expect(answer.headers['allow']).toBe('GET, HEAD');
    },
  );
});

describe('an open address', () => {
  it('says without a key which methods it takes', async () => {
    const answer = await bare(head('TRACE', '/livez') + '\r\n');
    expectProblem(answer, 405, 'INVALID_METHOD');
    expectProblem(await bare(head('TRACE', `${API}/orders`) + '\r\n'), 401, 'UNAUTHENTICATED');
  });
});

describe('bodies', () => {
  const form = 'content-type: multipart/form-data; boundary=b\r\ncontent-length: 1\r\n';

  it('a form is refused before it is read where no file is expected', async () => {
    const refused = await bare(head('POST', '/apple/notifications/x', form) + '\r\nx');
    expectProblem(refused, 401, 'UNAUTHENTICATED');
    expectProblem(await bare(head('POST', `${API}/orders`, KEY + form) + '\r\nx'), 415, 'INVALID_MEDIA_TYPE');
    expect(errorLines()).toEqual([]);
  });

  it('a form that is cut off is a mistake of the client', async () => {
    const cut = '--b\r\ncontent-disposition: form-data; name="name"\r\n\r\nBer';
    const headers = `${KEY}content-type: multipart/form-data; boundary=b\r\ncontent-length: ${cut.length}\r\n`;
    expectProblem(await bare(`${head('POST', `${API}/accounts`, headers)}\r\n${cut}`), 400, 'INVALID_BODY');
    expect(errorLines()).toEqual([]);
  });

  it('deep nesting is refused before it is parsed, in the time of one scan of the text', async () => {
    const levels = 2_000_000;
    const deep = '['.repeat(levels) + ']'.repeat(levels);
    const headers = `${KEY}content-type: application/json\r\ncontent-length: ${deep.length}\r\n`;
    const started = process.cpuUsage().user;
    const answer = await bare(`${head('POST', `${API}/orders`, headers)}\r\n${deep}`);
    expectProblem(answer, 400, 'INVALID_BODY_TOO_DEEP');
    // In processor time, which a busy machine does not stretch. Parsing and checking took minutes.
    expect(process.cpuUsage().user - started).toBeLessThan(5_000_000);
  });

  it('brackets inside strings do not count as nesting', () => {
    expect(isDeep(JSON.stringify({ reason: '['.repeat(100) }))).toBe(false);
    expect(isDeep(JSON.stringify({ reason: `\\"${'{'.repeat(100)}` }))).toBe(false);
    expect(isDeep('['.repeat(16) + ']'.repeat(16))).toBe(false);
    expect(isDeep('['.repeat(17) + ']'.repeat(17))).toBe(true);
    expect(isDeep('[],'.repeat(100))).toBe(false);
  });

  it.each([
    '{"reason":"\\ud83d"}',
    '{"a\\uDE00":1}',
    '{"notificationId":"n","notificationType":"ASSET_COUNT","notification":{"list":["\\udfff\\ud800"]}}',
  ])('half a character, which no store gives back as it was, is refused: %s', async (body) => {
    const answer = await seatbook
      .anonymous()
      .post(`${API}/orders`)
      .set({ authorization: `Bearer ${OWNER_KEY}`, 'content-type': 'application/json' })
      .send(body);
    expect([answer.status, answer.body]).toEqual([400, expect.objectContaining({ code: 'INVALID_BODY' })]);
  });

  it('whole characters are taken, however they are written', () => {
    for (const body of ['{"a":"\\ud83d\\ude00"}', '{"a":"\\\\ud83d"}', '{"a":"\\u00e9"}', '{"a":"\\ud83d'])
      expect(hasHalfCharacter(body)).toBe(false);
    expect(hasHalfCharacter('{"a":"\\ud83d"}')).toBe(true);
  });

  it.each(['a\u0000b', 'a\u202eb', 'a\nb', 'a\u2066b'])(
    'no text holds what cannot be shown: %j',
    async (name) => {
      const answer = await seatbook.post('/accounts', { token: 'x', name });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({
        code: 'INVALID_REQUEST',
        facts: { problems: [{ field: 'name' }] },
      });
    },
  );
});

describe('slow and hostile clients', () => {
  it('a notification without the secret is refused before its body has come', async () => {
    const headers =
      'content-type: application/json\r\ncontent-length: 1000\r\nauthorization: Bearer wrong\r\n';
    expectProblem(
      await bare(`${head('POST', `/apple/notifications/${BERLIN}`, headers)}\r\n{`),
      401,
      'UNAUTHENTICATED',
    );
  });

  it.each([
    ['a head', 'GET /livez HTTP/1.1\r\nhost: a\r\n'],
    [
      'a body',
      `${head('POST', `${API}/accounts`, `${KEY}content-type: application/json\r\ncontent-length: 9\r\n`)}\r\n{`,
    ],
  ])('%s that does not come to its end is given up', async (_what, text) => {
    const answer = await bare(text);
    expectProblem(answer, 408, 'INVALID_REQUEST_TIMEOUT');
  });

  it('a client that hangs up in the middle of a body causes no error line', async () => {
    const before = errorLines().length;
    const headers = `${KEY}content-type: application/json\r\ncontent-length: 100\r\n`;
    for (let client = 0; client < 20; client += 1) {
      const socket = open();
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      socket.write(`${head('POST', `${API}/orders`, headers)}\r\n{"a`);
      await new Promise<void>((resolve) => socket.end(() => resolve()));
      socket.destroy();
    }
    // An ordinary request behind them: all that they left behind has been dealt with.
    expect((await seatbook.get('/accounts')).status).toBe(200);
    expect(errorLines().length).toBe(before);
  });

  it('an attempt without a key is logged with the address of the client', async () => {
    await bare(head('GET', `${API}/accounts`, 'authorization: Bearer guess\r\n') + '\r\n');
    const line = seatbook.logLines.findLast((one) => one.includes('"status":401')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', status: 401, client: '127.0.0.1' });
    expect(line).not.toContain('guess');
  });
});

describe('too many connections', () => {
  const MOST = 10;
  let small: StartedProduct;
  beforeAll(async () => {
    small = await StartedProduct.start({ SEATBOOK_MAX_CONNECTIONS: String(MOST) });
  });
  afterAll(() => small.end());

  it('are closed at once, and make no difference once others have ended', async () => {
    const connected = async (): Promise<Socket> => {
      const socket = connect(small.product.port, '127.0.0.1')
        .on('error', () => undefined)
        .resume();
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      return socket;
    };
    const held = await Promise.all(Array.from({ length: MOST }, connected));
    const one = await connected();
    await new Promise<void>((resolve) => one.once('close', () => resolve()));
    for (const socket of held) expect(socket.destroyed).toBe(false);
    for (const socket of held) socket.destroy();
    await eventually('there is room again', () =>
      small
        .anonymous()
        .get('/livez')
        .then(
          ({ status }) => status === 200,
          () => false,
        ),
    );
  });
});

describe('too many requests', () => {
  const FAILURES = 5;
  /** Four seconds' requests may come at once. */
  const BURST = 20;
  let small: StartedProduct;
  /** The machine's speed must not decide how many requests come back meanwhile: time stands still, or is moved on here. */
  let now = 0;
  beforeAll(async () => {
    small = await StartedProduct.start({
      SEATBOOK_THROTTLE_FAILURES_PER_MINUTE: String(FAILURES),
      SEATBOOK_THROTTLE_REQUESTS_PER_SECOND: String(BURST / 4),
    });
    now = systemClock.elapsed();
    jest.spyOn(systemClock, 'elapsed').mockImplementation(() => now);
  });
  beforeEach(() => (now += 60_000));
  afterAll(async () => {
    jest.restoreAllMocks();
    await small.end();
  });

  /** How often each status is the answer to requests one after the other. */
  const statuses = async (
    times: number,
    ask: () => PromiseLike<{ readonly status: number }>,
  ): Promise<Record<number, number>> => {
    const seen: Record<number, number> = {};
    for (let time = 0; time < times; time += 1) {
      const { status } = await ask();
      seen[status] = (seen[status] ?? 0) + 1;
    }
    return seen;
  };

  it.each([
    ['without a key', () => small.anonymous().get(`${API}/accounts`)],
    [
      'to the address of notifications, with a wrong secret',
      () => small.anonymous().post(`/apple/notifications/${BERLIN}`).set('authorization', 'Bearer wrong'),
    ],
  ])('%s are refused, and a right key is not refused for them', async (_what, ask) => {
    const lines = small.logLines.length;
    expect(await statuses(12, ask)).toEqual({ 401: FAILURES, 429: 12 - FAILURES });
    const answer = await small.anonymous().get(`${API}/accounts`).set('authorization', 'Bearer wrong');
    expect([answer.status, answer.body]).toEqual([429, expect.objectContaining({ code: 'THROTTLED' })]);
    expect(Number(answer.headers['retry-after'])).toBe(60 / FAILURES);
    expect((await small.get('/accounts')).status).toBe(200);
    // One line for each door, not for each request.
    const refused = small.logLines.slice(lines).filter((line) => line.includes('"status":429'));
    expect(refused.length).toBeLessThanOrEqual(2);
    now += 60_000;
    expect((await ask()).status).toBe(401);
  });

  it('with one key, or without one where none is needed, are refused beyond a burst; liveness never is', async () => {
    expect(await statuses(40, () => small.get('/accounts'))).toEqual({ 200: BURST, 429: 40 - BURST });
    expect(await statuses(40, () => small.anonymous().get('/docs/errors'))).toEqual({
      200: BURST,
      429: 40 - BURST,
    });
    expect(await statuses(40, () => small.anonymous().get('/livez'))).toEqual({ 200: 40 });
    now += 1_000;
    expect(await statuses(10, () => small.get('/accounts'))).toEqual({ 200: BURST / 4, 429: 10 - BURST / 4 });
  });
});
