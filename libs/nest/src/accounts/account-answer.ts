import { isoTime, type Instant } from '@seatbook/kernel';
import { REMINDER_DAYS, TERMS_NOT_ACCEPTED, type AccountDocument } from '@seatbook/licensing';
import type { AccountFound } from '@seatbook/application';
import {
  Count,
  CountOrNull,
  Flag,
  Links,
  OneOf,
  Part,
  PartOrNull,
  Text,
  TextOrNull,
  Time,
  TimeOrNull,
} from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

const DAY_MS = 24 * 3_600_000;
type TokenState = AccountDocument['tokenState'] | 'expiring';
const EXPIRING_DAYS = Math.max(...REMINDER_DAYS);

export class TokenAnswer {
  @OneOf(
    ['active', 'expiring', 'expired', 'revoked', 'invalid', 'read-only'],
    'active',
    `\`expiring\`: within ${EXPIRING_DAYS} days. In every state but active and expiring, the work of the account is held.`,
  )
  state!: string;

  @Text('b1946ac92492d2347c6235b4d2611184', 'Identifies the token without revealing it.')
  fingerprint!: string;

  @Time(undefined, '2027-11-24T00:00:00.000Z')
  expiresAt!: string;

  @Count(364, 'Whole days until it expires; 0 if it has expired.')
  daysLeft!: number;

  @CountOrNull(null, "Apple's error number if it refused the token.")
  errorNumber!: number | null;

  @TextOrNull(null, 'What to do about it; null while there is nothing to do.')
  advice!: string | null;
}

export class NotificationsAnswer {
  @OneOf(['push', 'poll'], 'push', '`push`: Apple sends notifications; `poll`: Apple is polled.')
  mode!: 'push' | 'poll';

  @TextOrNull('https://seatbook.example.com/apple/notifications/7700000000000001')
  url!: string | null;

  @TextOrNull(null, 'Why Apple is polled.')
  why!: string | null;
}

export class FirstReadAnswer {
  @Flag(true)
  completed!: boolean;

  @TimeOrNull()
  completedAt!: string | null;

  @CountOrNull(8, 'Number of assets listed by Apple; null until the list has been read.')
  assets!: number | null;

  @CountOrNull(8, 'Of these, how many have their assignments in the ledger.')
  assetsRead!: number | null;

  @TextOrNull(null, 'Why the last read failed; it is retried automatically.')
  failure!: string | null;
}

export class MdmAnswer {
  @Text('3f2a6f0e-9d9b-4c4f-8f0d-0a6f3c1b2d4e')
  id!: string;

  @Text('Another MDM')
  name!: string;
}

export class ConflictAnswer {
  @PartOrNull(() => MdmAnswer, 'Null if Apple did not name it.')
  mdm!: MdmAnswer | null;

  @Text('nothing is sent to Apple; to take the location back: POST …/take-over')
  advice!: string;
}

export class GivenUpAnswer {
  @OneOf(['return', 'keep'], 'keep', 'What becomes of its licences.')
  licences!: string;

  @Time()
  orderedAt!: string;

  @TimeOrNull('Null while its work is ending and Apple has not been told.')
  completedAt!: string | null;

  @CountOrNull(null, 'Licences that stay with their holders; null until its work has ended.')
  keptLicences!: number | null;

  @Text('to go back on it: POST …/take-over; to remove the account: DELETE …')
  advice!: string;
}

export class WritesHeldAnswer {
  @Time()
  since!: string;

  @CountOrNull(9602, "Apple's error number; null where it gave none.")
  errorNumber!: number | null;

  @Text('9602 invalid argument (HTTP 400)', "Apple's text.")
  reason!: string;

  @Text('look the error up; one small call tries again from time to time, and work goes on by itself')
  advice!: string;
}

export class DriftPoliciesAnswer {
  @OneOf(['accept', 'restore', 'ask'], 'accept', 'What is done about pairs that others add.')
  added!: string;

  @OneOf(['accept', 'restore', 'ask'], 'ask', 'What is done about pairs that others take.')
  taken!: string;
}

export class DriftAlertAnswer {
  @Time()
  at!: string;

  @Count(2, 'Pairs that others had added.')
  added!: number;

  @Count(1, 'Pairs that others had taken.')
  taken!: number;

  @Count(1, 'Number of assets with such pairs.')
  assets!: number;
}

export const driftPolicies = ({ driftPolicies: { added, taken } }: AccountDocument): DriftPoliciesAnswer => ({
  added,
  taken,
});

export class AccountAnswer {
  @Text('7700000000000001', "Apple's id of the location (its uId).")
  accountId!: string;

  @Text('Berlin')
  name!: string;

  @Text('iOS')
  platform!: string;

  @OneOf(['device', 'user'], 'device')
  assignmentType!: string;

  @Text('Berlin Office')
  organisation!: string;

  @TextOrNull('Berlin')
  location!: string | null;

  @TextOrNull('DE')
  country!: string | null;

  @TextOrNull('https://business.apple.com', 'Where to buy licences.')
  websiteUrl!: string | null;

  @Time()
  importedAt!: string;

  @Flag(true, 'The token works and no other MDM manages the location.')
  usable!: boolean;

  @Part(() => TokenAnswer)
  token!: TokenAnswer;

  @Flag(true, 'The location is marked as ours at Apple.')
  owned!: boolean;

  @TextOrNull(null, 'Why marking it failed; it is retried automatically.')
  owningFailure!: string | null;

  @PartOrNull(() => ConflictAnswer, 'Another MDM manages the location.')
  conflict!: ConflictAnswer | null;

  @PartOrNull(() => GivenUpAnswer, 'The location is being given up, or was.')
  givenUp!: GivenUpAnswer | null;

  @PartOrNull(
    () => WritesHeldAnswer,
    'Apple accepts no call of this account. Work goes on by itself when that is over.',
  )
  writesHeld!: WritesHeldAnswer | null;

  @Part(() => NotificationsAnswer)
  notifications!: NotificationsAnswer;

  @Part(() => FirstReadAnswer)
  firstRead!: FirstReadAnswer;

  @TimeOrNull('When the totals of its assets were last read.')
  totalsReadAt!: string | null;

  @Part(() => DriftPoliciesAnswer)
  driftPolicies!: DriftPoliciesAnswer;

  @PartOrNull(
    () => DriftAlertAnswer,
    'The last alert about licences that others changed; one for each burst.',
  )
  driftAlert!: DriftAlertAnswer | null;

  @Links({
    self: '/api/v1/accounts/7700000000000001',
    assets: '/api/v1/accounts/7700000000000001/assets',
    pairs: '/api/v1/accounts/7700000000000001/pairs',
    orders: '/api/v1/orders?accountId=7700000000000001',
    drift: '/api/v1/accounts/7700000000000001/drift',
    syncs: '/api/v1/accounts/7700000000000001/syncs',
    timeline: '/api/v1/timeline?accountId=7700000000000001',
  })
  links!: {
    self: string;
    assets: string;
    pairs: string;
    orders: string;
    drift: string;
    syncs: string;
    timeline: string;
  };
}

export class AccountWithPosition extends AccountAnswer {
  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const accountFound = (
  { account, assetsRead, asOf }: AccountFound,
  now: Instant,
): AccountWithPosition => ({
  ...accountAnswer(account, now, assetsRead),
  asOf: asOfAnswer(asOf),
});

/** An account as its users see it. `assetsRead` is counted by who asks for one account. */
export function accountAnswer(
  account: AccountDocument,
  now: Instant,
  assetsRead: number | null,
): AccountAnswer {
  const { uId: accountId, conflict, firstReadAt } = account;
  const self = `${API}/accounts/${accountId}`;
  return {
    accountId,
    name: account.name,
    platform: account.platform,
    assignmentType: account.assignmentType,
    organisation: account.orgName,
    location: account.locationName,
    country: account.countryCode,
    websiteUrl: account.websiteUrl,
    importedAt: isoTime(account.importedAt) ?? '',
    usable: account.usable && account.expiresAt > now,
    token: tokenAnswer(account, now),
    owned: account.owned,
    owningFailure: account.owningFailure,
    conflict: conflict && {
      mdm: conflict.mdmInfo && { id: conflict.mdmInfo.id, name: conflict.mdmInfo.name },
      advice: `nothing is sent to Apple; to take the location back: POST ${self}/take-over`,
    },
    givenUp: account.givenUp && {
      licences: account.givenUp.licences,
      orderedAt: isoTime(account.givenUp.orderedAt) ?? '',
      completedAt: isoTime(account.givenUp.at),
      keptLicences: account.givenUp.kept,
      advice: `to go back on it: POST ${self}/take-over; to remove the account: DELETE ${self}`,
    },
    writesHeld: account.writesHeld && {
      since: isoTime(account.writesHeld.since) ?? '',
      errorNumber: account.writesHeld.errorNumber,
      reason: account.writesHeld.reason,
      advice: writesAdvice(account.writesHeld.errorNumber),
    },
    notifications: notificationsAnswer(account),
    firstRead: {
      completed: firstReadAt !== null,
      completedAt: isoTime(firstReadAt),
      assets: account.assetCount,
      assetsRead: firstReadAt === null ? assetsRead : account.assetCount,
      failure: account.readFailure,
    },
    totalsReadAt: isoTime(account.totalsReadAt),
    driftPolicies: driftPolicies(account),
    driftAlert: account.driftAlert && {
      at: isoTime(account.driftAlert.at) ?? '',
      added: account.driftAlert.added,
      taken: account.driftAlert.taken,
      assets: account.driftAlert.assetCount,
    },
    links: {
      self,
      assets: `${self}/assets`,
      pairs: `${self}/pairs`,
      orders: `${API}/orders?accountId=${accountId}`,
      drift: `${self}/drift`,
      syncs: `${self}/syncs`,
      timeline: `${API}/timeline?accountId=${accountId}`,
    },
  };
}

function tokenAnswer(
  { uId, tokenState, tokenErrorNumber, expiresAt, fingerprint }: AccountDocument,
  now: Instant,
): TokenAnswer {
  const left = expiresAt - now;
  const byDate = left <= 0 ? 'expired' : left <= EXPIRING_DAYS * DAY_MS ? 'expiring' : 'active';
  const state = tokenState === 'active' ? byDate : tokenState;
  return {
    state,
    fingerprint,
    expiresAt: isoTime(expiresAt) ?? '',
    daysLeft: Math.max(0, Math.floor(left / DAY_MS)),
    errorNumber: tokenErrorNumber,
    advice: state === 'active' ? null : `${TOKEN_ADVICE[state]}: PUT ${API}/accounts/${uId}/token`,
  };
}

const NEW_TOKEN = 'download a new token of the location in Apple Business Manager and send it';

const TOKEN_ADVICE: Readonly<Record<Exclude<TokenState, 'active'>, string>> = {
  expiring: NEW_TOKEN,
  expired: NEW_TOKEN,
  revoked: `somebody revoked it; ${NEW_TOKEN}`,
  invalid: `the password of the account that downloaded it was changed, or the account was closed; ${NEW_TOKEN}`,
  'read-only': `it may only read; give the account that downloads it the right to manage licences, ${NEW_TOKEN}`,
};

const writesAdvice = (errorNumber: number | null): string =>
  errorNumber === TERMS_NOT_ACCEPTED
    ? "sign in to Apple Business Manager as an administrator and accept Apple's terms; work goes on by itself"
    : 'see what Apple says; one small call tries again from time to time, and work goes on by itself';

function notificationsAnswer(account: AccountDocument): NotificationsAnswer {
  const { notificationUrl: url, subscribed, subscriptionFailure, owned } = account;
  if (account.conflict) {
    const why = 'another MDM manages the location, and Apple sends notifications to it';
    return { mode: 'poll', url, why };
  }
  if (account.givenUp?.at != null)
    return { mode: 'poll', url, why: 'the location was given up, and nothing is asked of Apple' };
  if (subscribed) return { mode: 'push', url, why: null };
  if (url === null) {
    const why = 'no public URL is configured (SEATBOOK_PUBLIC_URL), so Apple cannot reach this server';
    return { mode: 'poll', url, why };
  }
  const pending = owned
    ? 'Apple has not confirmed the address yet'
    : 'the location is not marked as ours yet';
  return { mode: 'poll', url, why: subscriptionFailure ?? pending };
}
