import { Refusal, type Command, type Decider, type Instant } from '@seatbook/kernel';
import { isBook } from '../asset-description.js';
import { NOBODY, holderKeys, holdersOf, inParallel, type HolderKey, type Holders } from '../holder.js';
import type { PairFailure } from '../apple-call/call-events.js';
import type { AppleAsset, ContentMetadata } from '../ports.js';
import type { Action, AssetEvent, AssetTraits, Totals, Wish } from './asset-events.js';
import {
  emptyAsset,
  evolveAsset,
  freeFor,
  pairOf,
  takenElsewhere,
  unusedLicences,
  type Asset,
  type Pair,
} from './asset-state.js';
import { ended, followUpsEnded, followedBy, lotsOf, newLots } from './pairs-in-parallel.js';
import { driftDecided, driftFound, sourceOfCount, type FoundDrift } from './drift.js';
import { foundWaiting } from './found-waiting.js';
import { promisesEnded, reassign, type Reassignment } from './reassignment.js';
import { lackOf, reservationOf, returnOf } from './reservation.js';
import { installationsOf, rolledOut } from './rollout.js';
import { releaseClaims, settleCall } from './settle-call.js';
import {
  MAX_TOGETHER,
  endWaiting,
  leaveWaiting,
  moveWaiting,
  refuseShort,
  refused,
  serveWaiting,
  withdraw,
  type Move,
} from './waiting-list.js';

export type AssetCommand =
  | (Command<'RecordAsset'> & {
      readonly asset: AppleAsset;
      readonly readAt: Instant;
      /** When all totals were read before; null for the first time. */
      readonly since: Instant | null;
      readonly nothingAssigned: boolean;
    })
  | (Command<'DescribeAsset'> & { readonly metadata: ContentMetadata })
  | (Command<'AdoptAssignments'> & { readonly holders: Holders })
  | (Command<'CorrectAdoption'> & { readonly holders: Holders })
  | (Command<'RecordDrift'> & { readonly found: FoundDrift })
  | (Command<'DecideDrift'> & { readonly holders: Holders; readonly decision: 'accept' | 'restore' })
  | (Command<'CompleteBaseline'> & { readonly count: number; readonly unstable: boolean })
  | (Command<'ReserveLicenses'> &
      Wish & {
        readonly orderId: string;
        readonly part: number;
        readonly holders: Holders;
        /** Platform of the devices, where the order names one. */
        readonly platform: string | null;
        /** The app is mandatory: it is installed where its licence comes. */
        readonly install?: true | undefined;
      })
  | (Command<'ReturnLicenses'> & {
      readonly orderId: string;
      readonly part: number;
      readonly holders: Holders;
      /** The app is removed from devices when their licence has gone back. */
      readonly removeApp?: true | undefined;
    })
  | (Command<'ReassignLicense'> & Reassignment)
  | (Command<'AskInstallations'> & {
      readonly orderId: string;
      readonly part: number;
      readonly holders: Holders;
    })
  /** How many licences are kept back for orders that name the reserve. */
  | (Command<'SetReserve'> & { readonly licences: number })
  | Command<'ServeWaiting'>
  /** Apple's list was read to its end and lacks the asset. */
  | Command<'RefuseUnlisted'>
  /** It is certain that there is no licence for those whose orders want them refused then. */
  | Command<'RefuseShort'>
  | (Command<'EndWaiting'> & { readonly orderId: string })
  | (Command<'MoveWaiting'> & Move)
  /** These holders wait no longer, whatever they were ordered for. */
  | (Command<'LeaveWaiting'> & { readonly holders: Holders })
  /** Nothing is given away any more, and what no call has ends; `abandoned`: returns too. */
  | (Command<'CloseLedger'> & { readonly abandoned: boolean })
  | Command<'OpenLedger'>
  | (Command<'ClaimPairs'> & { readonly callId: string; readonly action: Action; readonly holders: Holders })
  | (Command<'ReleaseClaims'> & {
      readonly callId: string;
      readonly action: Action;
      readonly holders: Holders;
    })
  | (Command<'SettleCall'> & {
      readonly callId: string;
      readonly action: Action;
      readonly failures: readonly PairFailure[];
      readonly attempts: number;
    });

export const assetDecider: Decider<AssetCommand, Asset, AssetEvent> = {
  initial: emptyAsset,
  evolve: evolveAsset,
  decide(command, asset, at) {
    switch (command.type) {
      case 'RecordAsset':
        return recordAsset(command, asset);
      case 'DescribeAsset':
        return describeAsset(command, asset);
      case 'AdoptAssignments':
        return adoptAssignments(command.holders, asset);
      case 'CorrectAdoption':
        return correctAdoption(command.holders, asset);
      case 'RecordDrift':
        return driftFound(command.found, asset);
      case 'DecideDrift':
        return driftDecided(command.decision, command.holders, asset);
      case 'CompleteBaseline':
        return asset.baseline
          ? []
          : [
              {
                type: 'asset.baseline-completed',
                data: { count: command.count, unstable: command.unstable },
              },
            ];
      case 'ReserveLicenses':
        return reserveLicenses(command, asset);
      case 'ReturnLicenses':
        return returnLicenses(command, asset);
      case 'ReassignLicense':
        return reassign(command, asset);
      case 'AskInstallations':
        return installationsOf(command, asset);
      case 'SetReserve':
        return setReserve(command.licences, asset);
      case 'ServeWaiting':
        return serveWaiting(asset);
      case 'RefuseUnlisted':
        return asset.traits ? [] : refused('UNKNOWN_ASSET', [...asset.waiting].slice(0, MAX_TOGETHER), asset);
      case 'RefuseShort':
        return refuseShort(asset);
      case 'EndWaiting':
        return endWaiting(command.orderId, asset);
      case 'MoveWaiting':
        return moveWaiting(command, asset);
      case 'LeaveWaiting':
        return leaveWaiting(command.holders, asset);
      case 'CloseLedger':
        return closeLedger(command.abandoned, asset);
      case 'OpenLedger':
        return asset.closed ? [{ type: 'asset.opened', data: {} }] : [];
      case 'ClaimPairs':
        return claimPairs(command, asset);
      case 'ReleaseClaims': {
        const { callId, action, holders } = command;
        return releaseClaims(callId, action, holderKeys(holders), at, asset);
      }
      case 'SettleCall':
        return settleCall(command.callId, command.action, command.failures, command.attempts, asset);
    }
  },
};

function recordAsset(
  { asset: seen, readAt, since, nothingAssigned }: AssetCommand & { type: 'RecordAsset' },
  asset: Asset,
): AssetEvent[] {
  const events: AssetEvent[] = [];
  const traits: AssetTraits = {
    productType: seen.productType,
    deviceAssignable: seen.deviceAssignable,
    revocable: seen.revocable,
    supportedPlatforms: seen.supportedPlatforms,
  };
  if (!asset.traits) events.push({ type: 'asset.discovered', data: traits });
  else if (JSON.stringify(asset.traits) !== JSON.stringify(traits)) {
    events.push({ type: 'asset.traits-changed', data: traits });
  }
  const { unlimited, total, assigned, available, retired } = seen;
  const totals = { unlimited, total, assigned, available, retired };
  const counted = countChanged(totals, since, readAt, asset);
  if (counted) events.push(counted);
  events.push({
    type: 'asset.totals-read',
    data: { ...totals, takenElsewhere: takenElsewhere(totals, asset), readAt },
  });
  if (nothingAssigned && !asset.baseline) {
    events.push({ type: 'asset.baseline-completed', data: { count: 0, unstable: false } });
  }
  if (!asset.short) return [...events, ...withdraw(unlimited ? 0 : asset.used - total, asset)];
  if (unlimited || available > 0)
    events.push({ type: 'asset.shortage-cleared', data: { available: unlimited ? null : available } });
  // What Apple called short is short: nobody was there to give a licence back meanwhile.
  else events.push(...refuseShort(asset));
  return [...events, ...withdraw(unlimited ? 0 : asset.used - total, asset)];
}

/** Licences were bought, refunded or moved since Apple's list was read before. */
function countChanged(
  { unlimited, total, retired }: Totals,
  since: Instant | null,
  readAt: Instant,
  asset: Asset,
): AssetEvent | null {
  if (!asset.totals) return null;
  const before = {
    unlimited: asset.totals.unlimited,
    total: asset.totals.total,
    retired: asset.totals.retired,
  };
  const after = { unlimited, total, retired };
  if (before.unlimited === unlimited && before.total === total && before.retired === retired) return null;
  const source = sourceOfCount(before, after);
  return { type: 'asset.count-changed', data: { before, after, from: since ?? readAt, to: readAt, source } };
}

function describeAsset({ metadata }: AssetCommand & { type: 'DescribeAsset' }, asset: Asset): AssetEvent[] {
  const { name, bundleId, iconUrl, artistName, deviceFamilies, kind, version } = metadata;
  const data = { name, bundleId, iconUrl, artistName, deviceFamilies, kind, version };
  return asset.descriptionJson === JSON.stringify(data) ? [] : [{ type: 'asset.described', data }];
}

function adoptAssignments(holders: Holders, asset: Asset): AssetEvent[] {
  // A list that moved while it was read may name a pair twice.
  const keys = [...new Set(holderKeys(holders))];
  const { unknown, events } = foundWaiting(keys, asset);
  if (unknown.length === 0) return [...events];
  const failedBefore = unknown.filter((key) => asset.pairs.has(key)).length;
  return [{ type: 'asset.assignments-adopted', data: { ...holdersOf(unknown), failedBefore } }, ...events];
}

/** Only of pairs that are still as they were adopted: what an order is about, its call will tell. */
function correctAdoption(holders: Holders, asset: Asset): AssetEvent[] {
  const keys = holderKeys(holders).filter((key) => {
    const pair = asset.pairs.get(key);
    return pair?.state === 'assigned' && pair.orderId === '' && !pair.callId && !pair.followUp;
  });
  return keys.length === 0 ? [] : [{ type: 'asset.adoption-corrected', data: holdersOf(keys) }];
}

function reserveLicenses(command: AssetCommand & { type: 'ReserveLicenses' }, asset: Asset): AssetEvent[] {
  const { orderId, part, holders, ifShort, fromReserve, install } = command;
  const { sections, refusal, free, failedBefore, overruled } = reservationOf(holders, command, asset);
  const { reserved, waiting, following, refused } = sections;
  const held = inParallel(sections.alreadyHeld.map((key) => [key, holdingOrder(pairOf(key, asset))]));
  return [
    {
      type: 'asset.licenses-reserved',
      data: {
        orderId,
        part,
        ifShort,
        fromReserve,
        reserved: holdersOf(reserved),
        lot: newLots(asset)(),
        waiting: holdersOf(waiting),
        waitingReason: waiting.length === 0 ? null : lackOf(fromReserve, asset),
        following: holdersOf(following),
        alreadyHeld: held.holders,
        heldBy: held.values,
        refused: holdersOf(refused),
        refusal,
        free: free === Infinity ? null : free,
        failedBefore,
        ...(install && !isBook(asset) && { install }),
      },
    },
    ...followUpsEnded('pending', overruled, orderId, asset),
    ...promisesEnded(overruled, asset),
    ...(waiting.length > 0 || refusal === 'SHORT' ? doubted(reserved.length, fromReserve, asset) : []),
  ];
}

/** `more`: licences that the same decision gives away. */
function doubted(more: number, fromReserve: boolean, asset: Asset): AssetEvent[] {
  if (!asset.baseline || asset.short || asset.takenElsewhere === 0) return [];
  if (freeFor(fromReserve, unusedLicences(asset), asset) <= more) return [];
  return [{ type: 'asset.totals-doubted', data: { takenElsewhere: asset.takenElsewhere } }];
}

/** The order that a pair is, or will be, held for. */
const holdingOrder = ({ followUp, orderId }: Pair): string =>
  followUp?.action === 'assign' ? followUp.orderId : orderId;

function returnLicenses(
  { orderId, part, holders, removeApp }: AssetCommand & { type: 'ReturnLicenses' },
  asset: Asset,
): AssetEvent[] {
  const { sections, refusal } = returnOf(holders, asset);
  const { returning, reserved, waiting, following, pending, notHeld, refused } = sections;
  const held = inParallel(sections.alreadyHeld.map((key) => [key, returningOrder(pairOf(key, asset))]));
  return [
    {
      type: 'asset.licenses-returning',
      data: {
        orderId,
        part,
        returning: holdersOf(returning),
        lot: newLots(asset)(),
        ended: reserved.length + waiting.length,
        pending: holdersOf(pending),
        alreadyHeld: held.holders,
        heldBy: held.values,
        notHeld: holdersOf(notHeld),
        refused: holdersOf(refused),
        refusal,
        ...rolledOut(returning, asset),
        ...(removeApp && { removeApp }),
      },
    },
    ...ended('reserved', reserved, orderId, asset),
    ...ended('waiting', waiting, orderId, asset),
    ...followUpsEnded('following', following, orderId, asset),
  ];
}

const returningOrder = ({ state, followUp, orderId }: Pair): string =>
  state === 'returning' ? orderId : (followUp?.orderId ?? orderId);

/** What is left when an append is full ends in the account's next round. */
function closeLedger(abandoned: boolean, asset: Asset): AssetEvent[] {
  const keys: Record<'waiting' | 'reserved' | 'returning', HolderKey[]> = {
    waiting: [],
    reserved: [],
    returning: [],
  };
  let room = MAX_TOGETHER;
  for (const [key, { state, callId }] of asset.pairs) {
    if (room === 0) break;
    if (callId !== null || state === 'assigned' || state === 'failed') continue;
    if (state === 'returning' && !abandoned) continue;
    keys[state].push(key);
    room -= 1;
  }
  return [
    ...(asset.closed ? [] : [{ type: 'asset.closed', data: {} } as const]),
    ...followUpsEnded('following', followedBy('assign', keys.returning, asset), '', asset),
    ...ended('waiting', keys.waiting, '', asset),
    ...ended('reserved', keys.reserved, '', asset),
    ...ended('returning', keys.returning, '', asset),
  ];
}

/** More than the location owns is a wish for later: until then, nobody else gets a licence. */
function setReserve(licences: number, asset: Asset): AssetEvent[] {
  if (!asset.traits)
    throw new Refusal('NOT_FOUND_ASSET', 'the licences of this asset have not been read at Apple');
  return asset.reserve === licences ? [] : [{ type: 'asset.reserve-set', data: { licences } }];
}

function claimPairs(
  { callId, action, holders }: AssetCommand & { type: 'ClaimPairs' },
  asset: Asset,
): AssetEvent[] {
  const wanted = action === 'associate' ? 'reserved' : 'returning';
  const keys = holderKeys(holders);
  const own = keys.filter((key) => {
    const pair = asset.pairs.get(key);
    return pair?.state === wanted && pair.callId === null;
  });
  const claimed = new Set(own);
  return [
    {
      type: 'asset.licenses-claimed',
      data: {
        ...holdersOf(own),
        callId,
        action,
        fromLots: lotsOf(own, asset),
        missed: claimed.size === keys.length ? NOBODY : holdersOf(keys.filter((key) => !claimed.has(key))),
      },
    },
  ];
}

/** Refused at the door: an asset that a completely read list does not have. */
export const unknownAsset = (adamId: string, pricingParam: string): Refusal =>
  new Refusal(
    'REJECTED_UNKNOWN_ASSET',
    'this location owns no licences of that asset; buy it in Apple Business Manager, then sync the account',
    { adamId, pricingParam },
  );
