/** Names an asset on the wire. */
export interface AssetName {
  adamId: string;
  pricingParam: string;
}

/** What an error is about, as far as Apple says so. */
export interface ErrorInfo {
  assets?: readonly AssetName[];
  clientUserIds?: readonly string[];
  serialNumbers?: readonly string[];
}

interface AppleError {
  status: number;
  message: string;
  /** False for the numbers that service/config leaves out. */
  listed: boolean;
}

const listed = (status: number, message: string): AppleError => ({ status, message, listed: true });
const unlisted = (status: number, message: string): AppleError => ({ status, message, listed: false });

const table: ReadonlyMap<number, AppleError> = new Map([
  [9601, listed(401, 'Login required')],
  [9602, listed(400, 'Invalid argument')],
  [9603, listed(500, 'Internal error')],
  [9609, listed(400, 'Unable to find the registered user')],
  [9616, unlisted(400, 'License already assigned')],
  [9619, unlisted(400, 'License not associated')],
  [9621, listed(401, 'Expired token')],
  [9622, unlisted(401, 'Invalid token')],
  [9623, unlisted(400, 'Invalid APNs token')],
  [9625, listed(401, 'Revoked token')],
  [9634, listed(410, 'This service was removed')],
  [9635, unlisted(400, 'The account cannot be associated')],
  [9637, unlisted(403, 'Operation not allowed')],
  [9641, unlisted(400, 'The account is already associated with another user')],
  [9642, unlisted(403, 'The program administrator must accept the latest terms and conditions')],
  [9644, unlisted(503, 'Under maintenance')],
  [9646, listed(429, 'Too many requests')],
  [9647, unlisted(403, 'Legacy token not supported')],
  [9650, listed(400, 'Invalid page index')],
  [9700, listed(400, 'Too many assets')],
  [9701, listed(400, 'Too many client user ids')],
  [9702, listed(400, 'Too many serial numbers')],
  [9703, listed(400, 'Duplicate assets')],
  [9704, listed(400, 'Duplicate client user ids')],
  [9705, listed(400, 'Duplicate serial numbers')],
  [9706, listed(400, 'Asset is not revocable')],
  [9707, listed(400, 'Asset is not device assignable')],
  [9708, listed(400, 'Unknown event id')],
  [9709, listed(400, 'Not enough assets available')],
  [9710, listed(400, 'Notification URL and token must be given together')],
  [9711, listed(400, 'Notification URL or token too long')],
  [9712, listed(400, 'Invalid notification URL')],
  [9713, listed(400, 'MDM metadata too long')],
  [9714, listed(400, 'Too many users')],
  [9715, listed(400, 'Duplicate users')],
  [9716, listed(400, 'User already exists')],
  [9717, listed(400, 'Invalid email')],
  [9718, listed(400, 'Assets are missing')],
  [9719, listed(400, 'Client user ids or serial numbers are missing')],
  [9720, listed(400, 'Users are missing')],
  [9721, listed(400, 'Invalid version id')],
  [9722, listed(401, 'Malformed authorization header')],
  [9723, listed(400, 'MDM info is incomplete')],
  [9724, listed(400, 'MDM id too long')],
  [9725, listed(400, 'MDM name too long')],
  [9726, listed(405, 'HTTP method not allowed')],
  [9727, listed(415, 'Unsupported content type')],
  [9728, listed(400, 'Test notification could not be delivered')],
  [9729, unlisted(503, 'Service temporarily unavailable')],
]);

/** The HTTP status that goes with a number; 400 for a number that the table lacks. */
export function statusOf(errorNumber: number): number {
  return table.get(errorNumber)?.status ?? 400;
}

/** The human text of a number. */
export function messageOf(errorNumber: number): string {
  return table.get(errorNumber)?.message ?? `Error ${errorNumber}`;
}

/** The (incomplete) list that service/config shows. */
export function listedErrors(): { errorNumber: number; errorMessage: string }[] {
  return [...table]
    .filter(([, error]) => error.listed)
    .map(([errorNumber, { message }]) => ({ errorNumber, errorMessage: message }));
}

/** A request that Apple refuses as a whole. */
export class Refusal extends Error {
  constructor(
    readonly errorNumber: number,
    readonly errorInfo?: ErrorInfo,
    readonly status: number = statusOf(errorNumber),
  ) {
    super(messageOf(errorNumber));
  }

  /** The error body on the wire. */
  body(): Record<string, unknown> {
    return {
      errorNumber: this.errorNumber,
      errorMessage: this.message,
      ...(this.errorInfo === undefined ? {} : { errorInfo: this.errorInfo }),
    };
  }
}
