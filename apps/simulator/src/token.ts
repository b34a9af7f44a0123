import type { Identifiers } from './identifiers.js';
import { Refusal } from './apple-errors.js';
import { SlidingSecond } from './sliding-second.js';

/** What an administrator can do to a token. A token past its date is expired in any state. */
export type TokenState = 'active' | 'expired' | 'revoked' | 'invalid' | 'login-required';

const refusals: Readonly<Record<Exclude<TokenState, 'active'>, number>> = {
  expired: 9621,
  revoked: 9625,
  invalid: 9622,
  'login-required': 9601,
};

/** A content token of a location. */
export interface Token {
  /** The whole Base64 text, which is the file's content and the bearer credential. */
  readonly text: string;
  readonly uId: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly readOnly: boolean;
  state: TokenState;
  /** Requests that the rate limit let through. */
  readonly admitted: SlidingSecond;
}

/** A date in the form of the token file and of every answer, e.g. `2027-03-31T08:00:00+0000`. */
export function tokenDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, '+0000');
}

/** All tokens of a simulator. */
export class TokenRegistry {
  private readonly tokens = new Map<string, Token>();

  constructor(private readonly ids: Identifiers) {}

  /** Makes a token for a location; `organisation` is the `orgName` in the file. */
  issue(uId: string, organisation: string, expiresAt: number, readOnly: boolean): Token {
    const content = {
      token: Buffer.from(`SIM-${uId}-${this.ids.hex(32)}`).toString('base64'),
      expDate: tokenDate(expiresAt),
      orgName: organisation,
    };
    return this.register(uId, Buffer.from(JSON.stringify(content)).toString('base64'), expiresAt, readOnly);
  }

  /** A token that an earlier simulator issued; undefined if the text is not a token. It expires when its file says. */
  adopt(uId: string, text: string, readOnly: boolean): Token | undefined {
    try {
      const { expDate } = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as { expDate?: unknown };
      const expiresAt = Date.parse(String(expDate).replace(/\+0000$/, 'Z'));
      return Number.isNaN(expiresAt) ? undefined : this.register(uId, text, expiresAt, readOnly);
    } catch {
      return undefined;
    }
  }

  private register(uId: string, text: string, expiresAt: number, readOnly: boolean): Token {
    const token: Token = {
      text,
      uId,
      expiresAt,
      readOnly,
      state: 'active',
      admitted: new SlidingSecond(),
    };
    this.tokens.set(text, token);
    return token;
  }

  /** All tokens ever issued for a location, oldest first. */
  of(uId: string): Token[] {
    return [...this.tokens.values()].filter((token) => token.uId === uId);
  }

  /** The token with this text, in whatever state; undefined for an unknown one. */
  find(text: string): Token | undefined {
    return this.tokens.get(text);
  }

  /** The usable token of an `Authorization` header. Refuses with 9601, 9621, 9622, 9625 or 9722. */
  authorise(header: string | undefined, now: number): Token {
    if (header === undefined || header === '') throw new Refusal(9601);
    const text = /^Bearer ([A-Za-z0-9+/]+={0,2})$/.exec(header)?.[1];
    if (text === undefined) throw new Refusal(9722);
    const token = this.tokens.get(text);
    if (token === undefined) throw new Refusal(9622);
    if (token.state !== 'active') throw new Refusal(refusals[token.state]);
    if (now >= token.expiresAt) throw new Refusal(9621);
    return token;
  }

  /** The usable token of an `itvt` cookie; null if there is none. */
  ofCookie(header: string | undefined, now: number): Token | null {
    const value = /(?:^|;\s*)itvt=([^;]+)/.exec(header ?? '')?.[1];
    if (value === undefined) return null;
    const token = this.tokens.get(
      value.trim().replace(/%2B/gi, '+').replace(/%2F/gi, '/').replace(/%3D/gi, '='),
    );
    return token !== undefined && token.state === 'active' && now < token.expiresAt ? token : null;
  }
}
