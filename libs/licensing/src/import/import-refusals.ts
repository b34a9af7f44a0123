import { Refusal, type ErrorCode } from '@seatbook/kernel';
import { TERMS_NOT_ACCEPTED, type AppleFailure, type MdmInfo, type TokenRefusal } from '../ports.js';

const APPLE_AGAIN_MS = 10_000;

const ADVICE: Readonly<Record<TokenRefusal, string>> = {
  expired: 'it has expired; download a new one in Apple Business Manager',
  revoked: 'it was revoked; download a new one in Apple Business Manager',
  invalid:
    'it is not valid (any more, e.g. after a password change); download a new one in Apple Business Manager',
  'read-only': 'it may only read; download one with an account that may manage licences',
};

const CODES: Readonly<Record<TokenRefusal, ErrorCode>> = {
  expired: 'REJECTED_TOKEN_EXPIRED',
  revoked: 'REJECTED_TOKEN_REVOKED',
  invalid: 'REJECTED_TOKEN_INVALID',
  'read-only': 'REJECTED_TOKEN_READ_ONLY',
};

/** What Apple's no means for an import. */
export function refusedByApple(failure: AppleFailure): Refusal {
  switch (failure.kind) {
    case 'token': {
      const { state, errorNumber } = failure;
      return new Refusal(CODES[state], `Apple refuses this token: ${ADVICE[state]}`, { errorNumber, state });
    }
    case 'conflict':
      return ownedByOther(failure.mdmInfo);
    case 'transient': {
      const { reason, retryAfterMs } = failure;
      const seconds = Math.ceil((retryAfterMs ?? APPLE_AGAIN_MS) / 1_000);
      const message = 'Apple cannot be asked at present; send the request again';
      return new Refusal('TRANSIENT_APPLE', message, { reason }, seconds);
    }
    case 'refused': {
      const { errorNumber, reason } = failure;
      if (errorNumber === TERMS_NOT_ACCEPTED) return termsNotAccepted(reason);
      return new Refusal('REJECTED_BY_APPLE', `Apple refuses the request: ${reason}`, { errorNumber });
    }
  }
}

const termsNotAccepted = (reason: string): Refusal =>
  new Refusal(
    'REJECTED_TERMS_NOT_ACCEPTED',
    `Apple wants its terms accepted first, by an administrator in Apple Business Manager: ${reason}`,
    { errorNumber: TERMS_NOT_ACCEPTED },
  );

/** Another MDM manages the location, and nobody said that it is to be taken over. */
export function ownedByOther(mdmInfo: MdmInfo | null): Refusal {
  if (!mdmInfo) return new Refusal('REJECTED_OWNED_BY_OTHER_MDM', 'another MDM manages this location');
  const { id, name } = mdmInfo;
  return new Refusal(
    'REJECTED_OWNED_BY_OTHER_MDM',
    `this location is managed by ${name || 'another MDM'}; stop it there first, or import with "takeOver": true`,
    { mdmId: id, mdmName: name },
  );
}

/** The sealed token is not there: it was deleted while the same request was made once more. */
export const tokenGone = (): Refusal =>
  new Refusal('TRANSIENT_TOKEN_GONE', 'the token is not kept any more; send the request again', {}, 1);
