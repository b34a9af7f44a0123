import { type Envelope } from '@seatbook/kernel';
import {
  PairDifferences,
  queryModels,
  type AssetEvent,
  type PairDocument,
  type PairState,
} from '@seatbook/licensing';

/** Moments of a ledger between which it is looked at. */
const MOMENTS = 6;

type States = ReadonlyMap<string, string>;

/** What is wrong with the differences of one ledger between any two moments: pairs that were folded from the beginning say. */
export function differencesWrong(ledger: readonly Envelope[]): string[] {
  const events = ledger as readonly Envelope<AssetEvent>[];
  const step = Math.max(1, Math.ceil(events.length / (MOMENTS - 1)));
  const moments = [
    ...new Set(Array.from({ length: MOMENTS }, (_m, index) => Math.min(events.length, index * step))),
  ];
  const states = new Map(moments.map((moment) => [moment, statesAfter(events.slice(0, moment))]));
  const wrong: string[] = [];
  for (const from of moments)
    for (const to of moments.filter((moment) => moment >= from)) {
      const [then, now] = [states.get(from) as States, states.get(to) as States];
      const expected = differing(then, now);
      const told = toldOf(events.slice(from, to), then);
      if (told.join() !== expected.join())
        wrong.push(`from ${from} to ${to} differ ${expected.join()}, and ${told.join()} is told`);
    }
  return wrong;
}

/** States of two moments, as `asset|holder before after`, where they are not the same. */
export const differing = (before: States, after: States): string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .flatMap((key) => {
      const [was, is] = [before.get(key) ?? 'none', after.get(key) ?? 'none'];
      return was === is ? [] : [`${key} ${was} ${is}`];
    })
    .sort();

/** What a pair counts as: a claim is a reservation. */
export const countedAs = (state: PairState): string => (state === 'claimed' ? 'reserved' : state);

function statesAfter(events: readonly Envelope<AssetEvent>[]): States {
  const pairs = new Map<string, PairDocument>();
  for (const event of events)
    for (const { key, evolve } of queryModels.pairs.changesBy(event)) {
      const pair = evolve(pairs.get(key) ?? null);
      if (pair) pairs.set(key, pair);
      else pairs.delete(key);
    }
  return new Map([...pairs].map(([key, { state }]) => [key, countedAs(state)]));
}

function toldOf(events: readonly Envelope<AssetEvent>[], then: States): string[] {
  const differences = new PairDifferences();
  for (const event of events) differences.follow(event);
  return [...differences.different()]
    .flatMap(({ asset, holder, before, after }) => {
      const key = `${asset}|${holder}`;
      const was = (before === 'absent-or-failed' ? then.get(key) : before) ?? 'none';
      const is = after ?? 'none';
      return was === is ? [] : [`${key} ${was} ${is}`];
    })
    .sort();
}
