import type { EventOf } from '@seatbook/kernel';
import { NOBODY, holdersOf, kindOfHolder, type HolderKey } from '../holder.js';
import type { AssetEvent, RefusalReason } from './asset-events.js';
import { asSpelled, freeFor, freeLicences, pairOf, type Asset } from './asset-state.js';
import { ended, newLots, ofOrders } from './pairs-in-parallel.js';
import { deviceRefusal, returnOf } from './reservation.js';
import { rolledOut } from './rollout.js';

/** One licence is to go from one holder to another. It has two answers, as a return and an assignment would have. */
export interface Reassignment {
  readonly orderId: string;
  readonly giver: HolderKey;
  readonly receiver: HolderKey;
  readonly fromReserve: boolean;
  /** Of the answer about the receiver; that about the giver is the one before. */
  readonly part: number;
}

/**
 * The giver returns the licence, and in the same append it is promised to the receiver, who gets it in the append that
 * has it back. A reservation that no call has goes over at once.
 */
export function reassign(asked: Reassignment, asset: Asset): AssetEvent[] {
  const giver = asSpelled(asked.giver, asset);
  const receiver = asSpelled(asked.receiver, asset);
  const has = asset.pairs.get(receiver);
  if (has && has.state !== 'failed') {
    const held = { alreadyHeld: holdersOf([receiver]), heldBy: [has.orderId] };
    return [refusedGiver('RECEIVER_HAS_ONE', giver, asked, asset), answered(held, asked, asset)];
  }
  const { sections, refusal } = returnOf(holdersOf([giver]), asset);
  const reason = asset.closed
    ? 'GIVEN_UP'
    : ((kindOfHolder(receiver) === 'device' ? deviceRefusal(asset) : null) ?? refusal);
  const refused = (why: RefusalReason) =>
    answered({ refused: holdersOf([receiver]), refusal: why }, asked, asset);
  if (reason !== null) return [refusedGiver(reason, giver, asked, asset), refused(reason)];
  if (sections.reserved.length > 0) {
    return [
      given({ ended: 1 }, asked, asset),
      ...ended('reserved', [giver], asked.orderId, asset),
      answered({ reserved: holdersOf([receiver]) }, asked, asset),
    ];
  }
  const { returning, pending, alreadyHeld } = sections;
  const promised = asset.receivers.has(giver);
  if (promised || returning.length + pending.length + alreadyHeld.length === 0)
    return [given({ notHeld: holdersOf([giver]) }, asked, asset), refused('NOTHING_TO_GIVE')];
  const gives = {
    returning: holdersOf(returning),
    pending: holdersOf(pending),
    alreadyHeld: holdersOf(alreadyHeld),
    heldBy: alreadyHeld.map((key) => pairOf(key, asset).followUp?.orderId ?? pairOf(key, asset).orderId),
    ...rolledOut(returning, asset),
  };
  const waits = { waiting: holdersOf([receiver]), waitingReason: 'promised', giver } as const;
  return [given(gives, asked, asset), answered(waits, asked, asset)];
}

type Returning = EventOf<AssetEvent, 'asset.licenses-returning'>['data'];
type Reserved = EventOf<AssetEvent, 'asset.licenses-reserved'>['data'];

const refusedGiver = (
  refusal: RefusalReason,
  giver: HolderKey,
  asked: Reassignment,
  asset: Asset,
): AssetEvent => given({ refused: holdersOf([giver]), refusal }, asked, asset);

/** Each of both answers has a lot of its own. */
function lotsOfAnswers(asset: Asset): readonly [number, number] {
  const openLot = newLots(asset);
  return [openLot(), openLot()];
}

function given(answer: Partial<Returning>, { orderId, part }: Reassignment, asset: Asset): AssetEvent {
  const nothing = { returning: NOBODY, pending: NOBODY, alreadyHeld: NOBODY, heldBy: [], notHeld: NOBODY };
  const none = { ended: 0, refused: NOBODY, refusal: null };
  const [lot] = lotsOfAnswers(asset);
  return {
    type: 'asset.licenses-returning',
    data: { orderId, part: part - 1, lot, ...nothing, ...none, ...answer },
  };
}

function answered(
  answer: Partial<Reserved>,
  { orderId, part, fromReserve, receiver }: Reassignment,
  asset: Asset,
): AssetEvent {
  const free = freeFor(fromReserve, freeLicences(asset), asset);
  const nobody = { reserved: NOBODY, waiting: NOBODY, following: NOBODY, alreadyHeld: NOBODY, heldBy: [] };
  const none = { waitingReason: null, refused: NOBODY, refusal: null };
  const failed = asset.pairs.get(asSpelled(receiver, asset))?.state === 'failed';
  const taken = answer.reserved !== undefined || answer.waiting !== undefined;
  return {
    type: 'asset.licenses-reserved',
    data: {
      orderId,
      part,
      ifShort: 'wait',
      fromReserve,
      lot: lotsOfAnswers(asset)[1],
      ...nobody,
      ...none,
      free: free === Infinity ? null : free,
      failedBefore: failed && taken ? 1 : 0,
      ...answer,
    },
  };
}

/** Who was promised the licences of these holders. */
const receiversOf = (givers: readonly HolderKey[], asset: Asset): HolderKey[] =>
  givers.flatMap((giver) => asset.receivers.get(giver) ?? []);

/** The licences are back: who was promised them has them in the same append. */
export function promisesKept(
  givers: readonly HolderKey[],
  openLot: () => number,
  asset: Asset,
): AssetEvent[] {
  const receivers = receiversOf(givers, asset);
  if (receivers.length === 0) return [];
  return [{ type: 'asset.licenses-served', data: { ...ofOrders(receivers, asset), lot: openLot() } }];
}

/** The licences never come back: their holders keep them. */
export function promisesBroken(givers: readonly HolderKey[], asset: Asset): AssetEvent[] {
  const receivers = receiversOf(givers, asset);
  if (receivers.length === 0) return [];
  const data = { ...ofOrders(receivers, asset), refusal: 'NOTHING_TO_GIVE' } as const;
  return [{ type: 'asset.waiting-refused', data }];
}

/** The givers never had a licence, or may have it after all: who was promised one waits in line, as anybody does. */
export const promisesEnded = (givers: readonly HolderKey[], asset: Asset): AssetEvent[] =>
  receiversOf(givers, asset).map((key) => {
    const { ifShort, fromReserve } = pairOf(key, asset);
    const wish = { ifShort, fromReserve };
    return { type: 'asset.waiting-listed', data: { ...ofOrders([key], asset), ...wish, promised: true } };
  });
