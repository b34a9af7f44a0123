import { isRefusal, Refusal } from '@seatbook/kernel';
import fc from 'fast-check';
import { tokenText } from './doubles/scripted-apple.js';
import { decodeToken, fingerprintOf } from './token-file.js';

const now = Date.UTC(2026, 10, 1);
const token = tokenText();
const wrapped = token.replace(/(.{40})/g, '$1\r\n');
const packed = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64');
const refusalOf = (file: string | Uint8Array): Refusal => {
  try {
    decodeToken(file, now);
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  throw new Error('it is accepted');
};

describe('a content token', () => {
  const forms: [string, string | Uint8Array][] = [
    ['as downloaded', token],
    ['with a line end', `${token}\r\n`],
    ['with a byte order mark', `\ufeff${token}`],
    ['wrapped and indented', `\n   ${wrapped}  \t`],
    ['without its padding', token.replace(/=+$/, '')],
    ['as a file', Buffer.from(token)],
    ['as a file with a byte order mark', Buffer.from(`\ufeff${wrapped}`)],
    ['as UTF-16', Buffer.from(`\ufeff${token}`, 'utf16le')],
    ['as UTF-16, big-endian', Buffer.from(`\ufeff${token}`, 'utf16le').swap16()],
  ];
  it.each(forms)('is read %s', (_, form) => {
    expect(decodeToken(form, now)).toEqual({
      token,
      orgName: 'Example',
      expiresAt: Date.UTC(2027, 2, 31, 8),
    });
  });

  it('may have more than the three keys, and another offset', () => {
    const more = packed({ token: 'x', expDate: '2027-03-31T08:00:00-0700', orgName: ' A ', more: 1 });
    expect(decodeToken(more, now)).toEqual({
      token: more,
      orgName: 'A',
      expiresAt: Date.UTC(2027, 2, 31, 15),
    });
  });

  const mime =
    'MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name="smime.p7m"\r\n\r\nMIAGCSqGSIb3';
  const wrong: [string, string, string | Uint8Array][] = [
    ['nothing', 'INVALID_TOKEN_EMPTY', ''],
    ['blanks', 'INVALID_TOKEN_EMPTY', ' \r\n\ufeff'],
    ['an S/MIME file', 'INVALID_TOKEN_DEP_P7M', mime],
    ['an S/MIME file as bytes', 'INVALID_TOKEN_DEP_P7M', Buffer.from(mime)],
    ['a PEM file', 'INVALID_TOKEN_DEP_P7M', '-----BEGIN PKCS7-----\nMIAGCSqGSIb3DQ\n-----END PKCS7-----'],
    ['a CMS file', 'INVALID_TOKEN_DEP_P7M', '-----BEGIN CMS-----\nMIAG\n-----END CMS-----'],
    ['BER', 'INVALID_TOKEN_DEP_P7M', Uint8Array.of(0x30, 0x80, 0x06, 0x09)],
    ['DER', 'INVALID_TOKEN_DEP_P7M', Uint8Array.of(0x30, 0x82, 0x10, 0x00)],
    ['DER as Base64', 'INVALID_TOKEN_DEP_P7M', 'MIAGCSqGSIb3DQEHA6CAMIAC'],
    ['the decoded JSON', 'INVALID_TOKEN_NOT_BASE64', JSON.stringify({ token: 'x' })],
    ['base64url', 'INVALID_TOKEN_NOT_BASE64', 'eyJ0-_8'],
    ['padding in the middle', 'INVALID_TOKEN_NOT_BASE64', `${token}=${token}`],
    [
      'a certificate',
      'INVALID_TOKEN_NOT_BASE64',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    ],
    ['far too much', 'INVALID_TOKEN_NOT_BASE64', 'A'.repeat(70_000)],
    ['half of it', 'INVALID_TOKEN_NOT_JSON', token.slice(0, 40)],
    ['text', 'INVALID_TOKEN_NOT_JSON', 'aGVsbG8='],
    ['a list', 'INVALID_TOKEN_NOT_JSON', packed([1])],
    ['no orgName', 'INVALID_TOKEN_KEYS', packed({ token: 'x', expDate: '2027-03-31T08:00:00+0000' })],
    [
      'no token',
      'INVALID_TOKEN_KEYS',
      packed({ token: '', expDate: '2027-03-31T08:00:00+0000', orgName: 'A' }),
    ],
    ['a bad date', 'INVALID_TOKEN_DATE', packed({ token: 'x', expDate: 'soon', orgName: 'A' })],
    ['one that has expired', 'REJECTED_TOKEN_EXPIRED', tokenText('x', '2026-10-31T08:00:00+0000')],
  ];
  it.each(wrong)('is not %s', (_, code, file) => {
    const refusal = refusalOf(file);
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain('Content Tokens');
  });

  it('is refused in no other way, and never quoted', () => {
    const canary = 'CANARY-abcdefghijklmnop';
    const pieces = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.base64String(),
        fc.constantFrom(
          canary,
          token,
          packed(canary),
          packed({ token: canary }),
          '{',
          '"',
          '-----BEGIN PKCS7-----',
        ),
        fc.json().map((text) => Buffer.from(text).toString('base64')),
      ),
      { maxLength: 4 },
    );
    const file = fc.oneof(
      pieces.map((parts) => parts.join('')),
      fc.uint8Array({ maxLength: 200 }),
    );
    fc.assert(
      fc.property(file, (content) => {
        try {
          decodeToken(content, now);
        } catch (error) {
          expect(isRefusal(error)).toBe(true);
          const { message, facts } = error as Refusal;
          const shown = message + JSON.stringify(facts);
          expect(shown).not.toContain('CANARY');
          expect(shown).not.toContain(token.slice(0, 20));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('has a fingerprint that reveals nothing of it', () => {
    expect(fingerprintOf(token)).toMatch(/^[0-9a-f]{32}$/);
    expect(fingerprintOf(token)).toBe(fingerprintOf(decodeToken(`${wrapped}\n`, now).token));
    expect(fingerprintOf(token)).not.toBe(fingerprintOf(tokenText('other')));
  });
});
