import { meaningOf } from '@seatbook/apple/formats';
import { storyOf, type AssetId, type LicensingEvent } from '@seatbook/licensing';
import type { LoggedEvent } from '@seatbook/runtime';

type Level = 'debug' | 'info' | 'warn';

/** Writes a line of the worker's log. */
export type News = (level: Level, message: string, facts: object) => void;

/** What an operator cares about, and how much. All else is in the history. */
const LEVELS: Partial<Record<LicensingEvent['type'], Level>> = {
  'account.imported': 'info',
  'account.import-refused': 'warn',
  'account.owned': 'info',
  'account.owning-failed': 'warn',
  'account.conflicted': 'warn',
  'account.give-up-ordered': 'info',
  'account.work-ended': 'info',
  'account.release-failed': 'warn',
  'account.given-up': 'info',
  'account.removed': 'info',
  'account.subscribed': 'info',
  'account.subscription-failed': 'warn',
  'account.address-lost': 'warn',
  'account.writes-held': 'warn',
  'account.writes-accepted': 'info',
  'account.token-renewed': 'info',
  'account.token-refused': 'warn',
  'account.token-expiring': 'warn',
  'account.token-expired': 'warn',
  'account.expiry-revised': 'warn',
  'import.refused': 'warn',
  'reconciliation.first-read-completed': 'info',
  'order.finished': 'info',
  'order.abandoned': 'warn',
  'call.started': 'debug',
  'call.settled': 'debug',
  'call.dropped': 'warn',
  'appleEvent.stalled': 'warn',
};

/** By its number: names are looked up where people read, and a line must not wait for that. */
const context = {
  holder: null,
  errorMeaning: meaningOf,
  assetName: (_uId: string, { adamId, pricingParam }: AssetId): string => `${adamId}.${pricingParam}`,
};

/** Tells what of these events is news: one sentence each, with where to read more. */
export function tellNews(events: readonly LoggedEvent[], news: News): void {
  const levels: Readonly<Record<string, Level | undefined>> = LEVELS;
  for (const event of events) {
    const level = levels[event.type];
    if (level === undefined || event.problem) continue;
    const { stream, position, type, metadata } = event;
    news(level, storyOf(event, context), {
      event: type,
      stream,
      position,
      correlationId: metadata.correlationId,
    });
  }
}
