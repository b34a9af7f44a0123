import { Refusal, keptRefusal, type Command, type Decider, type Instant } from '@seatbook/kernel';
import type { AppleFailure, MdmInfo, TokenRefusal } from '../ports.js';
import type { Timings } from '../timings.js';
import type { AccountEvent, AccountSettings, LocationFacts } from './account-events.js';
import { accountExists, tokenOfOtherLocation, unknownAccount } from '../account-refusals.js';

export type AccountCommand =
  | (Command<'ImportToken'> & {
      readonly importId: string;
      readonly uId: string;
      readonly settings: AccountSettings;
      readonly facts: LocationFacts;
      readonly fingerprint: string;
      readonly expiresAt: Instant;
      readonly takenOverFrom: MdmInfo | null;
      readonly notificationUrl: string | null;
    })
  | (Command<'RenewToken'> & {
      readonly importId: string;
      /** The location of the token. */
      readonly uId: string;
      readonly fingerprint: string;
      readonly expiresAt: Instant;
    })
  | (Command<'RefuseToken'> & {
      readonly fingerprint: string;
      readonly state: TokenRefusal;
      readonly errorNumber: number | null;
    })
  | (Command<'ReportConflict'> & { readonly mdmInfo: MdmInfo | null })
  | Command<'TakeOver'>
  | (Command<'RecordOwned'> & { readonly mdmId: string })
  | (Command<'RecordOwningFailure'> & { readonly failure: AppleFailure; readonly fingerprint: string })
  | (Command<'WantNotifications'> & { readonly notificationUrl: string | null })
  | (Command<'RecordSubscribed'> & { readonly notificationUrl: string })
  | (Command<'RecordSubscriptionFailure'> & {
      readonly failure: AppleFailure;
      readonly fingerprint: string;
    });

export interface Account {
  exists: boolean;
  uId: string;
  countryCode: string | null;
  defaultPlatform: string | null;
  fingerprint: string;
  expiresAt: Instant;
  tokenState: 'active' | TokenRefusal;
  conflicted: boolean;
  /** The token works and the location is not another MDM's: Apple work may go on. */
  usable: boolean;
  /** Our `mdmInfo.id`, as soon as the location is marked as ours. */
  ownedAs: string | null;
  ownAt: Instant | null;
  notificationUrl: string | null;
  /** Apple knows where to send notifications. */
  subscribed: boolean;
  subscribeAt: Instant | null;
}

export const accountDecider = (timings: Timings): Decider<AccountCommand, Account, AccountEvent> => ({
  initial: () => ({
    exists: false,
    uId: '',
    countryCode: null,
    defaultPlatform: null,
    fingerprint: '',
    expiresAt: 0,
    tokenState: 'active',
    conflicted: false,
    usable: false,
    ownedAs: null,
    ownAt: null,
    notificationUrl: null,
    subscribed: false,
    subscribeAt: null,
  }),

  decide(command, account, at) {
    if (command.type === 'ImportToken') return importToken(command, account, at);
    if (!account.exists) throw unknownAccount();
    const { uId } = account;
    switch (command.type) {
      case 'RenewToken':
        return renewToken(command, account, at);
      case 'RefuseToken': {
        const { fingerprint, state, errorNumber } = command;
        if (fingerprint !== account.fingerprint || account.tokenState !== 'active') return [];
        return [{ type: 'account.token-refused', data: { uId, fingerprint, state, errorNumber } }];
      }
      case 'ReportConflict':
        return account.conflicted
          ? []
          : [{ type: 'account.conflicted', data: { uId, mdmInfo: command.mdmInfo } }];
      case 'TakeOver':
        if (!account.conflicted) {
          throw new Refusal(
            'REJECTED_NOT_CONFLICTED',
            'this location is ours already; there is nothing to take over',
          );
        }
        return account.ownAt !== null ? [] : [{ type: 'account.take-over-ordered', data: { uId, at } }];
      case 'RecordOwned':
        if (account.ownAt === null) return [];
        return [{ type: 'account.owned', data: { uId, mdmId: command.mdmId, at } }];
      case 'RecordOwningFailure':
        if (account.ownAt === null) return [];
        return [...stepFailed('account.owning-failed', command, account, at, timings)];
      case 'WantNotifications':
        if (command.notificationUrl === account.notificationUrl) return [];
        return [
          {
            type: 'account.notifications-wanted',
            data: { uId, notificationUrl: command.notificationUrl, at },
          },
        ];
      case 'RecordSubscribed':
        if (account.subscribeAt === null || command.notificationUrl !== account.notificationUrl) return [];
        return [{ type: 'account.subscribed', data: { uId, notificationUrl: command.notificationUrl } }];
      case 'RecordSubscriptionFailure':
        if (account.subscribeAt === null) return [];
        return [...stepFailed('account.subscription-failed', command, account, at, timings)];
    }
  },

  evolve(account, event) {
    switch (event.type) {
      case 'account.imported': {
        const { uId, countryCode, defaultPlatform, fingerprint, expiresAt, notificationUrl, at } = event.data;
        Object.assign(account, { exists: true, uId, countryCode, defaultPlatform, fingerprint, expiresAt });
        Object.assign(account, {
          notificationUrl,
          ownAt: at,
          subscribeAt: notificationUrl === null ? null : at,
        });
        break;
      }
      case 'account.token-renewed': {
        const { fingerprint, expiresAt } = event.data;
        Object.assign(account, { fingerprint, expiresAt, tokenState: 'active' });
        break;
      }
      case 'account.token-refused':
        account.tokenState = event.data.state;
        break;
      case 'account.conflicted':
        // Only an order to take it over makes us own it again.
        Object.assign(account, { conflicted: true, ownedAs: null, ownAt: null });
        break;
      case 'account.take-over-ordered':
        account.ownAt = event.data.at;
        break;
      case 'account.owned': {
        const { mdmId, at } = event.data;
        const again = account.conflicted && account.notificationUrl !== null;
        Object.assign(account, { ownedAs: mdmId, ownAt: null, conflicted: false });
        // Whoever had the location meanwhile may have pointed the notifications elsewhere.
        if (again) Object.assign(account, { subscribeAt: at, subscribed: false });
        break;
      }
      case 'account.owning-failed':
        account.ownAt = event.data.retryAt;
        break;
      case 'account.notifications-wanted': {
        const { notificationUrl, at } = event.data;
        Object.assign(account, {
          notificationUrl,
          subscribed: false,
          subscribeAt: notificationUrl === null ? null : at,
        });
        break;
      }
      case 'account.subscribed':
        Object.assign(account, { subscribed: true, subscribeAt: null });
        break;
      case 'account.subscription-failed':
        account.subscribeAt = event.data.retryAt;
        break;
      // Nothing changes.
      case 'account.token-kept':
      case 'account.import-refused':
        break;
    }
    account.usable = account.tokenState === 'active' && !account.conflicted;
    return account;
  },
});

function importToken(
  command: AccountCommand & { type: 'ImportToken' },
  account: Account,
  at: Instant,
): AccountEvent[] {
  const { importId, uId, settings, facts, fingerprint, expiresAt, takenOverFrom, notificationUrl } = command;
  if (account.exists) {
    const refusal = keptRefusal(accountExists(uId, account.fingerprint === fingerprint));
    return [{ type: 'account.import-refused', data: { uId, importId, refusal } }];
  }
  const token = { fingerprint, expiresAt, takenOverFrom, notificationUrl };
  return [{ type: 'account.imported', data: { uId, importId, ...settings, ...facts, ...token, at } }];
}

function renewToken(
  { importId, uId, fingerprint, expiresAt }: AccountCommand & { type: 'RenewToken' },
  account: Account,
  at: Instant,
): AccountEvent[] {
  if (uId !== account.uId) {
    const refusal = keptRefusal(tokenOfOtherLocation(account.uId, uId));
    return [{ type: 'account.import-refused', data: { uId: account.uId, importId, refusal } }];
  }
  if (fingerprint === account.fingerprint && account.tokenState === 'active')
    return [{ type: 'account.token-kept', data: { uId, importId, fingerprint } }];
  return [{ type: 'account.token-renewed', data: { uId, importId, fingerprint, expiresAt, at } }];
}

function stepFailed(
  type: 'account.owning-failed' | 'account.subscription-failed',
  { failure, fingerprint }: { failure: AppleFailure; fingerprint: string },
  account: Account,
  at: Instant,
  { firstRetryMs, maxRetryMs }: Timings,
): AccountEvent[] {
  const { uId } = account;
  switch (failure.kind) {
    case 'token': {
      const { state, errorNumber } = failure;
      // The token may have been renewed while Apple refused the old one.
      const current = fingerprint === account.fingerprint && account.tokenState === 'active';
      return [
        ...(current
          ? [{ type: 'account.token-refused' as const, data: { uId, fingerprint, state, errorNumber } }]
          : []),
        { type, data: { uId, reason: `Apple refused the token (${errorNumber})`, retryAt: at } },
      ];
    }
    case 'conflict': {
      const conflicted: AccountEvent = {
        type: 'account.conflicted',
        data: { uId, mdmInfo: failure.mdmInfo },
      };
      if (type === 'account.owning-failed') return [conflicted];
      const failed: AccountEvent = {
        type,
        data: { uId, reason: 'another MDM manages the location', retryAt: at },
      };
      return account.conflicted ? [failed] : [conflicted, failed];
    }
    case 'transient':
      return [
        {
          type,
          data: {
            uId,
            reason: failure.reason,
            retryAt: at + Math.max(firstRetryMs, failure.retryAfterMs ?? 0),
          },
        },
      ];
    case 'refused':
      return [
        {
          type,
          data: { uId, reason: `${failure.errorNumber}: ${failure.reason}`, retryAt: at + maxRetryMs },
        },
      ];
  }
}
