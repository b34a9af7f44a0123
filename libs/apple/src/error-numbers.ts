import type { TokenRefusal } from '@seatbook/licensing';

/** What an error number of Apple means for us. */
export type ErrorClass =
  /** The token cannot be used for this. */
  | { readonly kind: 'token'; readonly state: TokenRefusal; readonly meaning: string }
  /**
   * It may succeed later. `doubtful`: a write may have been done all the same. `organisation`: the limit is that of
   * the whole organisation, so all locations pause.
   */
  | {
      readonly kind: 'transient';
      readonly doubtful: boolean;
      readonly organisation: boolean;
      readonly meaning: string;
    }
  /** The request itself was refused. */
  | { readonly kind: 'refused'; readonly meaning: string };

const token = (state: TokenRefusal, meaning: string): ErrorClass => ({ kind: 'token', state, meaning });
const refused = (meaning: string): ErrorClass => ({ kind: 'refused', meaning });
const transient = (meaning: string, more: { doubtful?: true; organisation?: true } = {}): ErrorClass => ({
  kind: 'transient',
  doubtful: more.doubtful ?? false,
  organisation: more.organisation ?? false,
  meaning,
});

/**
 * Apple's error numbers of the v2 API, synchronous and asynchronous. Apple's rule: one number may come with several
 * texts and the texts change, so only the number counts.
 */
const classes: ReadonlyMap<number, ErrorClass> = new Map([
  [9601, token('invalid', 'login required')],
  [9602, refused('invalid argument')],
  // An internal error does not say how far the request got.
  [9603, transient('internal error', { doubtful: true })],
  [9609, refused('user not found')],
  [9610, refused('licence not found')],
  [9616, refused('licence already assigned')],
  [9619, refused('licence not assigned')],
  [9621, token('expired', 'token expired')],
  // Not in the tables of v2, but seen.
  [9622, token('invalid', 'token invalid')],
  [9623, refused('bad APNs token')],
  [9625, token('revoked', 'token revoked')],
  [9634, refused('service removed')],
  [9635, refused('account cannot be associated')],
  [9637, token('read-only', 'operation not allowed with this token')],
  [9641, refused('account already linked to another user')],
  [9642, refused('terms not accepted by the administrator')],
  [9644, transient('maintenance')],
  [9646, transient('too many requests from the organisation', { organisation: true })],
  [9647, token('invalid', 'legacy token unsupported')],
  [9650, refused('page index out of range')],
  [9700, refused('too many assets')],
  [9701, refused('too many users')],
  [9702, refused('too many serial numbers')],
  [9703, refused('duplicate assets')],
  [9704, refused('duplicate users')],
  [9705, refused('duplicate serial numbers')],
  [9706, refused('asset not revocable')],
  [9707, refused('asset not device-assignable')],
  [9708, refused('unknown event')],
  [9709, refused('not enough licences')],
  [9710, refused('notification URL and token must come together')],
  [9711, refused('notification URL or token too long')],
  [9712, refused('notification URL invalid or not HTTPS')],
  [9713, refused('metadata of the MDM too long')],
  [9714, refused('too many users')],
  [9715, refused('duplicate users')],
  [9716, refused('user already exists')],
  [9717, refused('invalid e-mail address')],
  [9718, refused('assets missing')],
  [9719, refused('users and serial numbers missing')],
  [9720, refused('users missing')],
  [9721, refused('unknown version')],
  [9722, token('invalid', 'malformed authorization')],
  [9723, refused('incomplete MDM information')],
  [9724, refused('id of the MDM too long')],
  [9725, refused('name of the MDM too long')],
  [9726, refused('wrong HTTP method')],
  [9727, refused('wrong content type')],
  [9728, refused('test notification not delivered')],
  [9729, transient('temporarily unavailable')],
]);

/** The error number for a token that turns out to belong to another location. */
export const wrongLocationNumber = 9622;

/** Apple's number for a page that does not exist. */
export const pageOutOfRange = 9650;

/** The class of a known number, else null. Apple's rule: new numbers may appear; we treat them as refusals. */
export const classOf = (errorNumber: number): ErrorClass | null => classes.get(errorNumber) ?? null;

/** Our words for an error number, for people. */
export const meaningOf = (errorNumber: number): string => classOf(errorNumber)?.meaning ?? 'unknown error';
