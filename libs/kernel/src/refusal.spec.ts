import { ERROR_CODES, type ErrorCode } from './error-codes.js';
import { Refusal, isRefusal } from './refusal.js';

describe('a refusal', () => {
  it.each([
    ['INVALID_SERIAL_NUMBER', 'INVALID'],
    ['UNAUTHENTICATED', 'UNAUTHENTICATED'],
    ['FORBIDDEN_ADDRESS', 'FORBIDDEN'],
    ['NOT_FOUND_ACCOUNT', 'NOT_FOUND'],
    ['REJECTED_UNKNOWN_ASSET', 'REJECTED'],
    ['CONFLICT_VERSION', 'CONFLICT'],
    ['THROTTLED', 'THROTTLED'],
    ['TRANSIENT_STORE', 'TRANSIENT'],
  ] as const)('with the code %s is of the kind %s', (code, kind) => {
    expect(new Refusal(code, 'no').kind).toBe(kind);
  });

  it.each(['OOPS', 'INVALIDATED', 'REJECTEDX_A', ''])(
    'cannot have the code "%s", which begins with no kind',
    (code) => {
      expect(() => new Refusal(code as ErrorCode, 'no')).toThrow(/begins with none of/);
    },
  );

  it('has a code that is explained, and only such codes compile', () => {
    for (const [code, { means, advice }] of Object.entries(ERROR_CODES)) {
      if (!/^(BUG|CORRUPT)_/.test(code)) expect(new Refusal(code as ErrorCode, 'no').code).toBe(code);
      expect([means, advice]).toEqual([expect.stringMatching(/^\S.*\.$/), expect.stringMatching(/^\S.*\.$/)]);
    }
    // @ts-expect-error nobody has explained it
    expect(new Refusal('REJECTED_ON_A_WHIM', 'no').kind).toBe('REJECTED');
  });

  it('is recognised by its name, so that two copies of the module agree', () => {
    const foreign = Object.assign(new Error('no'), { name: 'Refusal', code: 'REJECTED_BY_APPLE' });
    expect(isRefusal(foreign)).toBe(true);
    expect(isRefusal(new Refusal('THROTTLED', 'later', { limit: 5 }, 3))).toBe(true);
  });

  it('is told apart from other errors', () => {
    expect(isRefusal(new Error('Refusal'))).toBe(false);
    expect(isRefusal({ name: 'Refusal', code: 'THROTTLED' })).toBe(false);
    expect(isRefusal(null)).toBe(false);
  });

  it('carries its facts and the time after which a repeat makes sense', () => {
    const { facts, retryAfterSeconds } = new Refusal('THROTTLED', 'later', { limit: 5 }, 3);
    expect({ facts, retryAfterSeconds }).toEqual({ facts: { limit: 5 }, retryAfterSeconds: 3 });
  });
});
