import { ApiProperty } from '@nestjs/swagger';
import { isoTime, type Instant } from '@seatbook/kernel';
import type { AccountDocument } from '@seatbook/licensing';
import type { AccountFound } from '@seatbook/application';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

const DAY_MS = 24 * 3_600_000;
const EXPIRING_DAYS = 30;

export class TokenAnswer {
  @ApiProperty({
    enum: ['active', 'expiring', 'expired', 'revoked', 'invalid', 'read-only'],
    description: `\`expiring\`: within ${EXPIRING_DAYS} days. In every state but active and expiring, the work of the account is held.`,
  })
  state!: string;

  @ApiProperty({ description: 'Identifies the token without revealing it.' })
  fingerprint!: string;

  @ApiProperty()
  expiresAt!: string;

  @ApiProperty({ description: 'Whole days until it expires; 0 if it has expired.' })
  daysLeft!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: "Apple's error number if it refused the token.",
  })
  errorNumber!: number | null;
}

export class NotificationsAnswer {
  @ApiProperty({
    enum: ['push', 'poll'],
    description: '`push`: Apple sends notifications; `poll`: Apple is polled.',
  })
  mode!: 'push' | 'poll';

  @ApiProperty({ type: String, nullable: true })
  url!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why Apple is polled.' })
  why!: string | null;
}

export class FirstReadAnswer {
  @ApiProperty()
  completed!: boolean;

  @ApiProperty({ type: String, nullable: true })
  completedAt!: string | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Number of assets listed by Apple; null until the list has been read.',
  })
  assets!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Of these, how many have their assignments in the ledger.',
  })
  assetsRead!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the last read failed; it is retried automatically.',
  })
  failure!: string | null;
}

export class MdmAnswer {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  name!: string;
}

export class AccountAnswer {
  @ApiProperty({ description: "Apple's id of the location (its uId)." })
  accountId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  platform!: string;

  @ApiProperty({ enum: ['device', 'user'] })
  assignmentType!: string;

  @ApiProperty()
  organisation!: string;

  @ApiProperty({ type: String, nullable: true })
  location!: string | null;

  @ApiProperty({ type: String, nullable: true })
  country!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Where to buy licences.' })
  websiteUrl!: string | null;

  @ApiProperty()
  importedAt!: string;

  @ApiProperty({ description: 'The token works and no other MDM manages the location.' })
  usable!: boolean;

  @ApiProperty({ type: TokenAnswer })
  token!: TokenAnswer;

  @ApiProperty({ description: 'The location is marked as ours at Apple.' })
  owned!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why marking it failed; it is retried automatically.',
  })
  owningFailure!: string | null;

  @ApiProperty({
    type: Object,
    nullable: true,
    description: 'Another MDM manages the location. `mdm` is null if Apple did not name it.',
  })
  conflict!: { mdm: MdmAnswer | null; advice: string } | null;

  @ApiProperty({ type: NotificationsAnswer })
  notifications!: NotificationsAnswer;

  @ApiProperty({ type: FirstReadAnswer })
  firstRead!: FirstReadAnswer;

  @ApiProperty({ type: String, nullable: true, description: 'When the totals of its assets were last read.' })
  totalsReadAt!: string | null;

  @ApiProperty({ type: Object })
  links!: { self: string; assets: string; pairs: string; orders: string; timeline: string };
}

export class AccountWithPosition extends AccountAnswer {
  @ApiProperty({ type: AsOfAnswer })
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
    notifications: notificationsAnswer(account),
    firstRead: {
      completed: firstReadAt !== null,
      completedAt: isoTime(firstReadAt),
      assets: account.assetCount,
      assetsRead: firstReadAt === null ? assetsRead : account.assetCount,
      failure: account.readFailure,
    },
    totalsReadAt: isoTime(account.totalsReadAt),
    links: {
      self,
      assets: `${self}/assets`,
      pairs: `${self}/pairs`,
      orders: `${API}/orders?accountId=${accountId}`,
      timeline: `${API}/timeline?accountId=${accountId}`,
    },
  };
}

function tokenAnswer(
  { tokenState, tokenErrorNumber, expiresAt, fingerprint }: AccountDocument,
  now: Instant,
): TokenAnswer {
  const left = expiresAt - now;
  const byDate = left <= 0 ? 'expired' : left <= EXPIRING_DAYS * DAY_MS ? 'expiring' : 'active';
  return {
    state: tokenState === 'active' ? byDate : tokenState,
    fingerprint,
    expiresAt: isoTime(expiresAt) ?? '',
    daysLeft: Math.max(0, Math.floor(left / DAY_MS)),
    errorNumber: tokenErrorNumber,
  };
}

function notificationsAnswer(account: AccountDocument): NotificationsAnswer {
  const { notificationUrl: url, subscribed, subscriptionFailure, owned } = account;
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
