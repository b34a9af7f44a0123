import { kindOfHolder, type HolderKey, type Holders } from '../holder.js';
import type { RefusalReason, WaitingReason, Wish } from './asset-events.js';
import { freeFor, freeLicences, isAwaited, namedIn, type Asset } from './asset-state.js';

/** What an order to assign says of its pairs beside their holders. */
export interface ReservationTerms extends Wish {
  /** Platform of the devices; null: not checked. */
  readonly platform: string | null;
}

/** What a ledger answers to an order to assign, or would answer. */
export interface Reservation {
  readonly sections: Readonly<
    Record<'reserved' | 'waiting' | 'following' | 'alreadyHeld' | 'refused', readonly HolderKey[]>
  >;
  /** Why, where some are refused. */
  readonly refusal: RefusalReason | null;
  /** Licences free for it before it; infinite for an unlimited asset. */
  readonly free: number;
  /** Of reserved and waiting ones: how many had failed before. */
  readonly failedBefore: number;
  /** Of those already held: a return was remembered, which a new order overrules. */
  readonly overruled: readonly HolderKey[];
}

/** Why there is no licence now for a holder, by whether its order names the reserve. */
export function lackOf(fromReserve: boolean, asset: Asset): WaitingReason {
  if (!asset.baseline) return 'not-read-yet';
  return !fromReserve && asset.reserve > 0 && freeLicences(asset) > 0 ? 'reserved' : 'short';
}

export function reservationOf(holders: Holders, terms: ReservationTerms, asset: Asset): Reservation {
  const refusal = asset.closed ? 'GIVEN_UP' : refusalOf(terms.platform, asset);
  const sections: Record<keyof Reservation['sections'], HolderKey[]> = {
    reserved: [],
    waiting: [],
    following: [],
    alreadyHeld: [],
    refused: [],
  };
  const overruled: HolderKey[] = [];
  const inAll = freeLicences(asset);
  const free = freeFor(terms.fromReserve, inAll, asset);
  // Who waits goes first, also where the list is about to be served.
  let left = isAwaited(inAll, asset) ? 0 : free;
  let short = false;
  let failedBefore = 0;
  for (const key of namedIn(holders, asset)) {
    const pair = asset.pairs.get(key);
    const impossible = refusal ?? (kindOfHolder(key) === 'device' ? deviceRefusal(asset) : null);
    if (pair && pair.state !== 'failed') {
      const follows = pair.state === 'returning' && pair.followUp === null;
      sections[follows ? 'following' : 'alreadyHeld'].push(key);
      if (pair.followUp?.action === 'return') overruled.push(key);
    } else if (impossible) {
      sections.refused.push(key);
    } else if (left > 0) {
      left -= 1;
      sections.reserved.push(key);
      if (pair) failedBefore += 1;
    } else if (terms.ifShort === 'wait') {
      sections.waiting.push(key);
      if (pair) failedBefore += 1;
    } else {
      short = true;
      sections.refused.push(key);
    }
  }
  const lacking = asset.baseline ? 'SHORT' : 'NOT_READ_YET';
  const reason = refusal ?? (short ? lacking : deviceRefusal(asset));
  return {
    sections,
    refusal: sections.refused.length === 0 ? null : reason,
    free,
    failedBefore,
    overruled,
  };
}

function refusalOf(platform: string | null, { traits }: Asset): RefusalReason | null {
  if (platform === null || !traits || traits.supportedPlatforms.length === 0) return null;
  return traits.supportedPlatforms.includes(platform) ? null : 'PLATFORM';
}

export const deviceRefusal = ({ traits }: Asset): RefusalReason | null =>
  traits && !traits.deviceAssignable ? 'NOT_DEVICE_ASSIGNABLE' : null;

/** What a ledger answers to an order to return, or would answer. */
export interface Return {
  readonly sections: Readonly<
    Record<
      'returning' | 'reserved' | 'waiting' | 'following' | 'pending' | 'alreadyHeld' | 'notHeld' | 'refused',
      readonly HolderKey[]
    >
  >;
  readonly refusal: RefusalReason | null;
}

/** A return of an unclaimed reservation or of a place in the waiting list ends it; one of a claimed pair is remembered. */
export function returnOf(holders: Holders, asset: Asset): Return {
  const irrevocable = asset.traits?.revocable === false;
  const sections: Record<keyof Return['sections'], HolderKey[]> = {
    returning: [],
    reserved: [],
    waiting: [],
    following: [],
    pending: [],
    alreadyHeld: [],
    notHeld: [],
    refused: [],
  };
  for (const key of namedIn(holders, asset)) {
    const pair = asset.pairs.get(key);
    if (!pair || pair.state === 'failed') sections.notHeld.push(key);
    else if (pair.state === 'waiting') sections.waiting.push(key);
    else if (pair.state === 'reserved' && pair.callId === null) sections.reserved.push(key);
    else if (irrevocable) sections.refused.push(key);
    else if (pair.state === 'assigned') sections.returning.push(key);
    else if (pair.state === 'reserved' && pair.followUp === null) sections.pending.push(key);
    else {
      sections.alreadyHeld.push(key);
      if (pair.followUp?.action === 'assign') sections.following.push(key);
    }
  }
  return { sections, refusal: sections.refused.length > 0 ? 'NOT_REVOCABLE' : null };
}
