import { ERROR_CODES } from '@seatbook/kernel';
import { bareAnswer, type BareAnswer } from './bare-answer.js';
import { API, BERLIN, OWNER_KEY, StartedProduct } from './started-product.js';

let seatbook: StartedProduct;
beforeAll(async () => {
  seatbook = await StartedProduct.start({
    SEATBOOK_THROTTLE_REQUESTS_PER_SECOND: '100000',
    SEATBOOK_REQUEST_TIMEOUT_MS: '2000',
    SEATBOOK_HEADERS_TIMEOUT_MS: '2000',
  });
});
afterAll(() => seatbook.end());

type Door = readonly [method: string, path: string];

/** One of each kind: commands, queries, streams, Apple's, those that are open, and none. */
const DOORS: readonly Door[] = [
  ['POST', `${API}/orders`],
  ['GET', `${API}/accounts`],
  ['GET', `${API}/history`],
  ['PUT', `${API}/accounts/${BERLIN}/token`],
  ['POST', `/apple/notifications/${BERLIN}`],
  ['GET', '/livez'],
  ['GET', '/readyz'],
  ['GET', '/docs'],
  ['GET', '/docs/json'],
  ['GET', '/docs/errors/THROTTLED'],
  ['GET', '/'],
  ['GET', '/nowhere'],
];

/** Everything that is sent with a request of the kind; `key` is a header line, or nothing. */
type Request = (door: Door, key: string) => string | Buffer;

const HOST = 'host: seatbook.test\r\n';
const CLOSE = 'connection: close\r\n';
const JSON_BODY = 'content-type: application/json\r\n';

/** A request with this head, and this body behind it. */
const withHead =
  (more: string, body = ''): Request =>
  ([method, path], key) =>
    `${method} ${path} HTTP/1.1\r\n${HOST}${CLOSE}${key}${more}\r\n${body}`;

const withLine =
  (line: (door: Door) => string, host = HOST): Request =>
  (door, key) =>
    `${line(door)}\r\n${host}${CLOSE}${key}\r\n`;

const withMethod = (method: string): Request => withLine(([, path]) => `${method} ${path} HTTP/1.1`);

const withPath = (path: (path: string) => string): Request =>
  withLine(([method, own]) => `${method} ${path(own)} HTTP/1.1`);

/** What is refused by whoever reads it first, at every door. */
const MALFORMED: Readonly<Record<string, Request>> = {
  'HTTP/9.9': withLine(([method, path]) => `${method} ${path} HTTP/9.9`),
  'the preface of HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'no protocol': withLine(([method, path]) => `${method} ${path} FTP/1.1`),
  'a greeting of TLS': () => Buffer.from('16030100c8010000c40303', 'hex'),
  'a method that is none': withMethod('BREW'),
  'a method in small letters': withMethod('get'),
  CONNECT: () => `CONNECT seatbook.test:443 HTTP/1.1\r\nhost: seatbook.test:443\r\n\r\n`,
  'an address with a space': withPath((path) => `${path} x`),
  'an address that does not begin with a slash': withPath((path) => path.slice(1) || 'x'),
  'no header Host': withLine(([method, path]) => `${method} ${path} HTTP/1.1`, ''),
  'two headers Host': withLine(([method, path]) => `${method} ${path} HTTP/1.1`, `${HOST}${HOST}`),
  'a Host that is none': withLine(([method, path]) => `${method} ${path} HTTP/1.1`, 'host: a b/c?d\r\n'),
  'a header without a colon': withHead('nothing\r\n'),
  'a header with a space in its name': withHead('a b: c\r\n'),
  'a header with a NUL': withHead('a: b\u0000c\r\n'),
  'a bare carriage return': withHead('a: b\rc: d\r\n'),
  'headers that are too large': withHead(`a: ${'x'.repeat(20_000)}\r\n`),
  'a length that is none': withHead('content-length: some\r\n', '{}'),
  'a negative length': withHead('content-length: -1\r\n', '{}'),
  'two lengths': withHead('content-length: 2\r\ncontent-length: 3\r\n', '{}'),
  'a length beside chunks': withHead('content-length: 5\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\n'),
  'an encoding that is none': withHead('transfer-encoding: gzip\r\n', '{}'),
  'chunks that end the encodings too early': withHead('transfer-encoding: chunked, gzip\r\n', '0\r\n\r\n'),
  'a chunk that is none': withHead(`${JSON_BODY}transfer-encoding: chunked\r\n`, 'zz\r\n{}\r\n0\r\n\r\n'),
  'a chunk of unearthly size': withHead(
    `${JSON_BODY}transfer-encoding: chunked\r\n`,
    `${'f'.repeat(17)}\r\n{}`,
  ),
};

/** What may be answered in many ways, by door and by key, but always as everything else is. */
const UNUSUAL: Readonly<Record<string, Request>> = {
  'nothing unusual': withHead(''),
  'HTTP/0.9': ([method, path]) => `${method} ${path}\r\n\r\n`,
  'HTTP/2.0': withLine(([method, path]) => `${method} ${path} HTTP/2.0`),
  'HTTP/1.0': withLine(([method, path]) => `${method} ${path} HTTP/1.0`, ''),
  ...Object.fromEntries(
    [
      'HEAD',
      'OPTIONS',
      'PATCH',
      'DELETE',
      'PUT',
      'TRACE',
      'PROPFIND',
      'PURGE',
      'LINK',
      'M-SEARCH',
      'QUERY',
    ].map((method) => [method, withMethod(method)]),
  ),
  'the address *': withLine(() => 'OPTIONS * HTTP/1.1'),
  'a whole URL as address': withPath((path) => `http://elsewhere.test${path}`),
  'a URL of another kind as address': withPath((path) => `ftp://elsewhere.test${path}`),
  'an address that climbs': withPath((path) => `/docs/../..${path}`),
  'an address that climbs in secret': withPath((path) => `/docs/%2e%2e/%2e%2e${path}`),
  'an address with two slashes': withPath((path) => `/${path}`),
  'an address with a backslash': withPath((path) => `/\\${path}`),
  'an address with a NUL': withPath((path) => `${path}%00`),
  'an address that is badly encoded': withPath((path) => `${path}%zz`),
  'an address that is not UTF-8': withPath((path) => `${path}/%ff`),
  'a long part of an address': withPath((path) => `${path}/${'x'.repeat(400)}`),
  'a long query': withPath((path) => `${path}?${'x'.repeat(8_000)}`),
  'a query of brackets': withPath((path) => `${path}?${'a[]='.repeat(500)}`),
  'an empty Host': withLine(([method, path]) => `${method} ${path} HTTP/1.1`, 'host: \r\n'),
  'an expectation': withHead('expect: 100-continue\r\n'),
  'an expectation that is none': withHead('expect: the unexpected\r\n'),
  'an upgrade to WebSocket': withHead('connection: upgrade\r\nupgrade: websocket\r\n'),
  'an upgrade to HTTP/2': withHead(
    'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: x\r\n',
  ),
  'a body that is no JSON': withHead(`${JSON_BODY}content-length: 2\r\n`, '{]'),
  'a body that is not UTF-8': withHead(`${JSON_BODY}content-length: 4\r\n`, '"\u00ff\u00fe"'),
  'a body in a charset that is none': withHead(
    'content-type: application/json; charset=none\r\ncontent-length: 2\r\n',
    '{}',
  ),
  'a body that is too large': withHead(`${JSON_BODY}content-length: 99999999\r\n`),
  'a media type that is none': withHead('content-type: \u0001\r\ncontent-length: 2\r\n', '{}'),
  'a form without a boundary': withHead('content-type: multipart/form-data\r\ncontent-length: 1\r\n', 'x'),
  'a body packed in a way that is none': withHead(
    `${JSON_BODY}content-encoding: rar\r\ncontent-length: 2\r\n`,
    '{}',
  ),
  'media types that nobody has': withHead(
    'accept: image/*, nothing/at-all;q=\r\naccept-encoding: rar;q=9\r\n',
  ),
  'an id of its own that is a script': withHead('x-correlation-id: <script>\r\ntraceparent: 00-x-y-z\r\n'),
  'two keys': withHead('authorization: Bearer one\r\nauthorization: Bearer two\r\n'),
};

/** Says which answers are not as all answers have to be. */
function faultsOf({ status, headers, body }: BareAnswer, isHead: boolean): readonly string[] {
  const faults: string[] = [];
  const check = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  check(status >= 200 && status < 500, `status ${status}`);
  for (const name of [
    'x-correlation-id',
    'x-content-type-options',
    'content-security-policy',
    'x-frame-options',
  ])
    check((headers[name] ?? '') !== '', `${name}: ${headers[name]}`);
  check(!/script/.test(headers['x-correlation-id'] ?? ''), 'the id of the client is echoed');
  if (status < 400) return faults;
  check(/^application\/problem\+json/.test(headers['content-type'] ?? ''), `type ${headers['content-type']}`);
  check(status !== 405 || 'allow' in headers, 'no allow');
  check(status !== 401 || 'www-authenticate' in headers, 'no challenge');
  if (isHead) return faults;
  check(Object.hasOwn(ERROR_CODES, body.code ?? ''), `code ${body.code}`);
  check(body.status === status, `status ${status} of a body that says ${body.status}`);
  check(body.correlationId === headers['x-correlation-id'], `correlation id ${body.correlationId}`);
  return faults;
}

const KEYS = { 'without a key': '', 'with a key': `authorization: Bearer ${OWNER_KEY}\r\n` };

describe.each(Object.entries(KEYS))('every answer %s has its form and its headers', (_which, key) => {
  it.each(Object.entries({ ...MALFORMED, ...UNUSUAL }))('%s', async (what, request) => {
    const wrong: string[] = [];
    for (const door of DOORS) {
      const answer = await bareAnswer(seatbook.product.port, request(door, key));
      const faults = [...faultsOf(answer, what === 'HEAD')];
      if (what in MALFORMED && ![400, 405, 431].includes(answer.status))
        faults.push(`answered ${answer.status}`);
      wrong.push(...faults.map((fault) => `${door.join(' ')}: ${fault}`));
    }
    expect(wrong).toEqual([]);
  });
});

it.each(['null', 'true', '1', '"a text"', '[]', '[{}]'])(
  'a body %s is not one without fields',
  async (body) => {
    for (const [method, path] of [
      ['POST', `${API}/persons`],
      ['POST', `${API}/orders`],
      ['PUT', `${API}/devices/C02AAAAAAAA1`],
    ] as const) {
      const answer = await bareAnswer(
        seatbook.product.port,
        withHead(`${JSON_BODY}content-length: ${body.length}\r\n`, body)([method, path], KEYS['with a key']),
      );
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'INVALID_BODY']);
    }
  },
);

it('none of it was taken for a fault of ours', async () => {
  expect(seatbook.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  await seatbook.anonymous().get('/livez').expect(200, { alive: true });
});
