import type { Action, AssetEvent, Holders } from '@seatbook/licensing';
import { NOW } from './decider-spec.js';
import { READ_AT } from './licensing-builders.js';

/**
 * What a ledger wrote, written out: each function is one event with the facts that it is given. Nothing is decided
 * here, so a wrong decision cannot justify itself by the history that it made.
 */

type Data<T extends AssetEvent['type']> = Extract<AssetEvent, { type: T }>['data'];

const NOBODY: Holders = { serialNumbers: [], userIds: [] };

export const discovered = (more: Partial<Data<'asset.discovered'>> = {}): AssetEvent => ({
  type: 'asset.discovered',
  data: {
    productType: 'App',
    deviceAssignable: true,
    revocable: true,
    supportedPlatforms: ['iOS', 'macOS'],
    ...more,
  },
});

export const totalsRead = (total: number, more: Partial<Data<'asset.totals-read'>> = {}): AssetEvent => ({
  type: 'asset.totals-read',
  data: {
    unlimited: false,
    total,
    assigned: 0,
    available: total,
    retired: 0,
    takenElsewhere: 0,
    readAt: READ_AT,
    ...more,
  },
});

export const unlimitedRead = (): AssetEvent => totalsRead(0, { unlimited: true, available: 0 });

export const baselineCompleted = (count = 0): AssetEvent => ({
  type: 'asset.baseline-completed',
  data: { count, unstable: false },
});

/** An asset of which Apple held no pair when it was first read. */
export const owned = (
  total: number,
  traits: Partial<Data<'asset.discovered'>> = {},
): readonly AssetEvent[] => [discovered(traits), totalsRead(total), baselineCompleted()];

/** An asset whose pairs at Apple are not read yet. */
export const notRead = (total: number): readonly AssetEvent[] => [discovered(), totalsRead(total)];

export const adopted = (holders: Holders): AssetEvent => ({
  type: 'asset.assignments-adopted',
  data: { ...holders, failedBefore: 0 },
});

const answered = (
  orderId: string,
  lot: number,
  more: Partial<Data<'asset.licenses-reserved'>>,
): AssetEvent => ({
  type: 'asset.licenses-reserved',
  data: {
    orderId,
    part: 0,
    ifShort: 'wait',
    fromReserve: false,
    reserved: NOBODY,
    lot,
    waiting: NOBODY,
    waitingReason: null,
    following: NOBODY,
    alreadyHeld: NOBODY,
    heldBy: [],
    refused: NOBODY,
    refusal: null,
    free: 0,
    failedBefore: 0,
    ...more,
  },
});

export const reserved = (orderId: string, holders: Holders, lot: number): AssetEvent =>
  answered(orderId, lot, { reserved: holders, free: 10_000 });

/** So many of them are another try, after a failure. */
export const reservedAgain = (
  orderId: string,
  holders: Holders,
  lot: number,
  failedBefore: number,
): AssetEvent => answered(orderId, lot, { reserved: holders, free: 10_000, failedBefore });

export const waits = (
  orderId: string,
  holders: Holders,
  lot: number,
  waitingReason: Data<'asset.licenses-reserved'>['waitingReason'] = 'short',
): AssetEvent => answered(orderId, lot, { waiting: holders, waitingReason });

/** They wait for a licence as soon as their return has ended. */
export const follows = (orderId: string, holders: Holders, lot: number): AssetEvent =>
  answered(orderId, lot, { following: holders });

export const claimed = (
  callId: string,
  holders: Holders,
  fromLots: readonly number[],
  action: Action = 'associate',
): AssetEvent => ({
  type: 'asset.licenses-claimed',
  data: { ...holders, callId, action, fromLots, missed: NOBODY },
});

export const released = (
  callId: string,
  holders: Holders,
  lot: number,
  { action = 'associate', limit = 0 }: { action?: Action; limit?: number } = {},
): AssetEvent => ({
  type: 'asset.claims-released',
  data: { ...holders, callId, action, lot, limit, notBefore: NOW },
});

export const assigned = (callId: string, orderId: string, holders: Holders): AssetEvent => ({
  type: 'asset.licenses-assigned',
  data: { ...holders, orderId, callId },
});

export const failed = (callId: string, orderId: string, holders: Holders): AssetEvent => ({
  type: 'asset.licenses-failed',
  data: { ...holders, orderId, callId, action: 'associate', errorNumber: 9_610, reason: 'no' },
});

/** Apple refused these for lack of licences. */
export const foundShort = (callId: string, orderId: string, holders: Holders): AssetEvent => ({
  type: 'asset.found-short',
  data: { ...holders, orderId, callId },
});

export const described = (name: string, more: Partial<Data<'asset.described'>> = {}): AssetEvent => ({
  type: 'asset.described',
  data: {
    name,
    bundleId: 'com.apple.Pages',
    iconUrl: null,
    artistName: 'Apple',
    deviceFamilies: ['iphone'],
    kind: 'iosSoftware',
    version: 7,
    ...more,
  },
});

export const withdrawn = (orderId: string, holders: Holders, fromLots: readonly number[]): AssetEvent => ({
  type: 'asset.reservations-withdrawn',
  data: { ...holders, orderId, fromLots },
});

const returnAnswered = (
  orderId: string,
  lot: number,
  more: Partial<Data<'asset.licenses-returning'>>,
): AssetEvent => ({
  type: 'asset.licenses-returning',
  data: {
    orderId,
    part: 0,
    returning: NOBODY,
    lot,
    ended: 0,
    pending: NOBODY,
    alreadyHeld: NOBODY,
    heldBy: [],
    notHeld: NOBODY,
    refused: NOBODY,
    refusal: null,
    ...more,
  },
});

export const returning = (orderId: string, holders: Holders, lot: number): AssetEvent =>
  returnAnswered(orderId, lot, { returning: holders });

/** The return is remembered until the call that has the pairs is settled. */
export const returnPending = (orderId: string, holders: Holders, lot: number): AssetEvent =>
  returnAnswered(orderId, lot, { pending: holders });
