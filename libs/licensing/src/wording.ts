import { isoTime, type Instant } from '@seatbook/kernel';
import { holderCount, holderKeys, type HolderKey, type Holders } from './holder.js';
import type { AssetId } from './ports.js';
import { canonicalHolder } from './serial-number.js';

/** What stories need to know beside their event. */
export interface StoryContext {
  /** The name of an asset where it is known, else its id. */
  readonly assetName: (uId: string, asset: AssetId) => string;
  /** Apple's error number in words. */
  readonly errorMeaning: (errorNumber: number) => string;
  /** The one holder whose life is shown, in the canonical spelling; null: everybody's. */
  readonly holder: HolderKey | null;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  number === 1 ? `1 ${one}` : `${number.toLocaleString('en')} ${many}`;

export const countOf = (holders: Holders, one: string, many?: string): string =>
  count(holderCount(holders), one, many);

export const licences = (holders: Holders): string => countOf(holders, 'licence');

/** The verb that goes with a number of holders. */
export const were = (holders: Holders): string => (holderCount(holders) === 1 ? 'was' : 'were');

export const includes = (holders: Holders, holder: HolderKey): boolean =>
  holderKeys(holders).some((key) => canonicalHolder(key) === holder);

export const moment = (at: Instant): string => isoTime(at) ?? '';

export const failed = (what: string, { reason, retryAt }: { reason: string; retryAt: Instant }): string =>
  `${what} failed: ${reason}. Next attempt at ${moment(retryAt)}.`;

/** `3 assigned, 1 failed`: what there is of it. */
export function listed(parts: readonly (readonly [number: number, what: string])[]): string {
  const some = parts.filter(([number]) => number > 0);
  return some.length === 0
    ? 'none'
    : some.map(([number, what]) => `${number.toLocaleString('en')} ${what}`).join(', ');
}
