import { Refusal } from '@seatbook/kernel';

/** There is no account of that id. */
export const unknownAccount = (): Refusal =>
  new Refusal('NOT_FOUND_ACCOUNT', 'there is no such account; import its content token first');

/** The account is not what the principal has seen of it. */
export const accountChanged = (): Refusal =>
  new Refusal('CONFLICT_VERSION', 'the account has changed; read it again');

/** The location is an account already. */
export const accountExists = (uId: string, sameToken: boolean): Refusal =>
  new Refusal(
    'REJECTED_ACCOUNT_EXISTS',
    'this location is imported already; to replace its token, renew it (PUT /api/v1/accounts/{accountId}/token)',
    { accountId: uId, sameToken },
  );

/** The token is another location's than the account's. */
export const tokenOfOtherLocation = (uId: string, tokenOf: string): Refusal =>
  new Refusal(
    'REJECTED_TOKEN_OTHER_LOCATION',
    'this token belongs to another location; download the token of this location, or import that one as an account of its own',
    { accountId: uId, tokenOf },
  );
