import { isoTime } from '@seatbook/kernel';
import type { AccountDocument } from '@seatbook/licensing';
import { Text, Time } from '../document/fields.js';
import { API } from '../http/api-root.js';

/** Nothing of it is sent to Apple at present. Nothing has failed: it goes on by itself. */
export class HoldAnswer {
  @Time('Since when.')
  since!: string;

  @Text('the token of the account is revoked', 'Why.')
  why!: string;

  @Text('a new token: PUT /api/v1/accounts/7700000000000001/token', 'What ends it.')
  ends!: string;
}

/** Why an account holds its work. */
export function holdAnswer(account: AccountDocument): HoldAnswer | null {
  const { uId, conflict, givenUp, tokenState, heldSince, writesHeld } = account;
  const self = `${API}/accounts/${uId}`;
  if (heldSince !== null) {
    const since = isoTime(heldSince) ?? '';
    if (givenUp?.at != null)
      return { since, why: 'the location was given up', ends: `a take-over: POST ${self}/take-over` };
    if (!conflict)
      return {
        since,
        why: `the token of the account is ${tokenState}`,
        ends: `a new token: PUT ${self}/token`,
      };
    const mdm = conflict.mdmInfo?.name ?? 'another MDM';
    return { since, why: `the location is managed by ${mdm}`, ends: `a take-over: POST ${self}/take-over` };
  }
  return (
    writesHeld && {
      since: isoTime(writesHeld.since) ?? '',
      why: `Apple accepts no call: ${writesHeld.reason}`,
      ends: 'Apple: one small call after the other tries whether it is over',
    }
  );
}
