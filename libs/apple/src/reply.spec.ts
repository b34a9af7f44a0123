import { readReply, unanswered } from './reply.js';
import { TransportError, type TransportReply } from './transport.js';
import { error, html, json, tokenText } from './doubles/scripted-apple.js';

const context = { secrets: [tokenText()], now: 0, maxRetryAfterMs: 86_400_000 };
const failureOf = (reply: TransportReply, write = true) => {
  const { result } = readReply(reply, { ...context, write });
  if (result.ok) throw new Error('it is a success');
  return result.failure;
};

describe('error numbers', () => {
  it.each([
    [9601, 401, 'invalid'],
    [9621, 401, 'expired'],
    [9622, 401, 'invalid'],
    [9625, 401, 'revoked'],
    [9637, 403, 'read-only'],
    [9647, 403, 'invalid'],
    [9722, 401, 'invalid'],
  ])('%d makes the token unusable', (errorNumber, status, state) => {
    const failure = { kind: 'token', state, errorNumber };
    expect(failureOf(error(errorNumber, status))).toEqual(failure);
    // The form that was seen in production.
    expect(failureOf(error(errorNumber, 200))).toEqual(failure);
    expect(failureOf(error(errorNumber, 500))).toEqual(failure);
  });

  it.each([
    9602, 9609, 9634, 9650, 9700, 9703, 9706, 9707, 9708, 9709, 9716, 9721, 9726, 9727, 9728, 9811, 12345,
  ])('%d refuses the request', (errorNumber) => {
    for (const status of [200, 400])
      expect(failureOf(error(errorNumber, status))).toMatchObject({ kind: 'refused', errorNumber });
  });

  it('reports what errorInfo names', () => {
    const errorInfo = {
      assets: [{ adamId: 900000001 }, { pricingParam: 'PLUS' }],
      serialNumbers: ['C02A'],
      clientUserIds: ['u-1'],
    };
    expect(failureOf(error(9707, 400, {}, { errorInfo }))).toMatchObject({
      assets: [{ adamId: '900000001', pricingParam: 'STDQ' }],
      serialNumbers: ['C02A'],
      clientUserIds: ['u-1'],
    });
  });

  it('goes by the number, never by the text', () => {
    const reply = json({ errorNumber: 9709, errorMessage: 'token expired 9621' }, 200);
    expect(failureOf(reply)).toMatchObject({ kind: 'refused', errorNumber: 9709 });
  });

  it('reads a number that is written as text, and ignores 0', () => {
    expect(failureOf(json({ errorNumber: '9621' }))).toMatchObject({ kind: 'token' });
    expect(readReply(json({ errorNumber: 0, eventId: 'e' }), { ...context, write: true }).result.ok).toBe(
      true,
    );
    expect(failureOf(json({ errorNumber: {}, eventId: 'e' }))).toMatchObject({
      kind: 'transient',
      doubtful: true,
    });
  });
});

describe('whether a write may have been done', () => {
  const cut: TransportReply = { ...json({}), body: '{"eventId":"5a0d' };
  const table: [string, TransportReply, boolean][] = [
    ['9603', error(9603, 500), true],
    ['9603 with 200', error(9603, 200), true],
    ['9644', error(9644, 503), false],
    ['9646', error(9646, 429), false],
    ['9646 with 200', error(9646, 200), false],
    ['9729', error(9729, 503), false],
    ['a new number with 500', error(9999, 500), true],
    ['a new number with 503', error(9999, 503), false],
    ['a new number with 429', error(9999, 429), false],
    ['500 without a number', json({}, 500), true],
    ['502, HTML', html(502), true],
    ['503, HTML', html(503), true],
    ['429, HTML', html(429), false],
    ['401, HTML', html(401), false],
    ['403, JSON without a number', json({ message: 'no' }, 403), false],
    ['a redirect', { ...html(302), body: '' }, false],
    ['200, HTML', html(200), true],
    ['200, cut', cut, true],
    ['200, empty', { ...json({}), body: '' }, true],
    ['200, a list', { ...json([]) }, true],
    ['200, JSON called text', { ...json({ eventId: 'e' }), headers: { 'content-type': 'text/plain' } }, true],
  ];
  it.each(table)('%s', (_, reply, doubtful) => {
    expect(failureOf(reply, true)).toMatchObject({ kind: 'transient', doubtful });
    expect(failureOf(reply, false)).toMatchObject({ kind: 'transient', doubtful: false });
  });

  it('depends on whether it was sent, if there was no answer', () => {
    const read = (sent: boolean, write: boolean) =>
      unanswered(new TransportError(sent, 'reset'), { ...context, write });
    expect(read(true, true)).toMatchObject({ kind: 'transient', doubtful: true });
    expect(read(false, true)).toMatchObject({ doubtful: false });
    expect(read(true, false)).toMatchObject({ doubtful: false });
  });
});

describe('Retry-After of an answer', () => {
  it('counts on 429 and 5xx, with and without a number', () => {
    const headers = { 'retry-after': '120' };
    for (const reply of [
      error(9729, 503, headers),
      error(9646, 429, headers),
      json({}, 500, headers),
      json({}, 429, headers),
    ])
      expect(readReply(reply, { ...context, write: false })).toMatchObject({
        retryAfterMs: 120_000,
        result: { failure: { retryAfterMs: 120_000 } },
      });
    expect(readReply(json({}, 200, headers), { ...context, write: false }).retryAfterMs).toBeNull();
    expect(readReply(json({}, 503, { 'Retry-After': '7' }), { ...context, write: false }).retryAfterMs).toBe(
      7_000,
    );
  });
});

describe('reasons', () => {
  it('contain no part of a secret, whatever Apple echoes', () => {
    const secret = tokenText();
    for (const echo of [
      secret,
      secret.slice(5, 60),
      'CANARY-abcdefghijklmnop',
      'abcdefghijklmnop',
      `x${secret}`,
    ]) {
      const failure = failureOf(json({ errorNumber: 9602, errorMessage: `bad: ${echo}\nnext` }, 400));
      const text = JSON.stringify(failure);
      expect(text).not.toContain(echo);
      expect(text).not.toContain('abcdefgh');
      expect(text).not.toContain('\\n');
    }
  });

  it('keep what people can use', () => {
    expect(failureOf(error(9728, 400))).toMatchObject({
      reason: '9728 test notification not delivered (HTTP 400): text for humans',
    });
  });
});

it('half a character in what Apple says is replaced, since nothing could store it', () => {
  const body = '{"name":"Caf\\u00e9 \\ud83d\\ude00 \\ud83d"}';
  const { result } = readReply(
    { status: 200, headers: { 'content-type': 'application/json' }, body },
    { ...context, write: false },
  );
  expect(result.ok && result.value['name']).toBe('Café 😀 \ufffd');
});
