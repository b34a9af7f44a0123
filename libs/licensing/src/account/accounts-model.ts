import { readModel, type Instant, type Position } from '@seatbook/kernel';
import type { MdmInfo, TokenRefusal } from '../ports.js';
import type { ReconciliationEvent } from '../reconciliation/reconciliation-events.js';
import type { AccountEvent, Platform } from './account-events.js';

/** An account as its users see it. Secrets are not in it: the fingerprint only names the token. */
export interface AccountDocument {
  uId: string;
  name: string;
  platform: Platform;
  assignmentType: 'device' | 'user';
  orgName: string;
  locationName: string | null;
  countryCode: string | null;
  defaultPlatform: string | null;
  websiteUrl: string | null;
  importedAt: Instant;
  fingerprint: string;
  tokenState: 'active' | TokenRefusal;
  tokenErrorNumber: number | null;
  expiresAt: Instant;
  conflict: { mdmInfo: MdmInfo | null } | null;
  usable: boolean;
  owned: boolean;
  owningFailure: string | null;
  notificationUrl: string | null;
  subscribed: boolean;
  subscriptionFailure: string | null;
  /** Totals are of this moment; null before the first read. */
  totalsReadAt: Instant | null;
  assetCount: number | null;
  /** All that Apple held is in the ledger. */
  firstReadAt: Instant | null;
  readFailure: string | null;
  position: Position;
}

type AccountModelEvent = AccountEvent | ReconciliationEvent;

export const accountsModel = readModel<AccountDocument, AccountModelEvent>()({
  name: 'accounts',
  version: 1,
  handles: [
    'account.imported',
    'account.token-renewed',
    'account.token-refused',
    'account.conflicted',
    'account.owned',
    'account.owning-failed',
    'account.notifications-wanted',
    'account.subscribed',
    'account.subscription-failed',
    'reconciliation.totals-completed',
    'reconciliation.first-read-completed',
    'reconciliation.read-failed',
  ],
  keysOf: ({ data }) => [data.uId],
  evolve(before, envelope) {
    const event = envelope as AccountModelEvent;
    const { position } = envelope;
    if (event.type === 'account.imported') {
      const { data } = event;
      return {
        uId: data.uId,
        name: data.name,
        platform: data.platform,
        assignmentType: data.assignmentType,
        orgName: data.orgName,
        locationName: data.locationName,
        countryCode: data.countryCode,
        defaultPlatform: data.defaultPlatform,
        websiteUrl: data.websiteUrl,
        importedAt: data.at,
        fingerprint: data.fingerprint,
        expiresAt: data.expiresAt,
        notificationUrl: data.notificationUrl,
        tokenState: 'active',
        tokenErrorNumber: null,
        conflict: null,
        usable: true,
        owned: false,
        owningFailure: null,
        subscribed: false,
        subscriptionFailure: null,
        totalsReadAt: null,
        assetCount: null,
        firstReadAt: null,
        readFailure: null,
        position,
      };
    }
    if (!before) return null;
    const account: AccountDocument = { ...before, position, ...changeBy(event, before) };
    return { ...account, usable: account.tokenState === 'active' && account.conflict === null };
  },
  indexes: [{ name: 'by-name', fields: ['name'] }],
});

function changeBy(event: AccountModelEvent, account: AccountDocument): Partial<AccountDocument> {
  switch (event.type) {
    case 'account.token-renewed': {
      const { fingerprint, expiresAt } = event.data;
      return { fingerprint, expiresAt, tokenState: 'active', tokenErrorNumber: null };
    }
    case 'account.token-refused':
      return { tokenState: event.data.state, tokenErrorNumber: event.data.errorNumber };
    case 'account.conflicted':
      return { conflict: { mdmInfo: event.data.mdmInfo }, owned: false };
    case 'account.owned':
      return { owned: true, owningFailure: null, conflict: null };
    case 'account.owning-failed':
      return { owningFailure: event.data.reason };
    case 'account.notifications-wanted': {
      const { notificationUrl } = event.data;
      return { notificationUrl, subscribed: false, subscriptionFailure: null };
    }
    case 'account.subscribed':
      return { subscribed: true, subscriptionFailure: null };
    case 'account.subscription-failed':
      return { subscriptionFailure: event.data.reason };
    case 'reconciliation.totals-completed':
      return { totalsReadAt: event.data.readAt, assetCount: event.data.assets, readFailure: null };
    case 'reconciliation.first-read-completed':
      return { firstReadAt: event.data.at, readFailure: null };
    case 'reconciliation.read-failed':
      return { readFailure: event.data.reason };
    default:
      return account;
  }
}
