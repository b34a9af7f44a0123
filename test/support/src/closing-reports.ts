import { idOf, type Envelope } from '@seatbook/kernel';
import {
  addEvent,
  noMovements,
  ownedIn,
  queryModels,
  usedIn,
  usedOf,
  type AssetDocument,
  type AssetEvent,
  type Movements,
  type OwnedInPeriod,
  type UsedInPeriod,
} from '@seatbook/licensing';

/** Periods are tried between so many moments of a ledger. */
const MOMENTS = 6;

interface Report {
  readonly owned: OwnedInPeriod;
  readonly used: UsedInPeriod;
}

/**
 * What is wrong with the reports of one ledger: in any period its sums close, with the counts that the ledger had at
 * the beginning and at the end; and two periods in a row add up to the one that they are together.
 */
export function reportsWrong(ledger: readonly Envelope[]): string[] {
  const events = ledger as readonly Envelope<AssetEvent>[];
  const counts = countsAfterEach(events);
  const moments = momentsOf(events.length);
  const wrong: string[] = [];
  const told = new Map<string, Report>();
  for (const from of moments)
    for (const to of moments.filter((moment) => moment >= from)) {
      const report = reportOf(events, from, to);
      told.set(`${from} ${to}`, report);
      wrong.push(...sumsOpen(report).map((what) => `${from} to ${to}: ${what}`));
      const ends = [report.owned.opening, report.used.opening, report.owned.closing, report.used.closing];
      const expected = [...(counts[from] ?? []), ...(counts[to] ?? [])];
      if (ends.join() !== expected.join())
        wrong.push(`${from} to ${to}: from and to ${ends.join()}, not ${expected.join()}`);
    }
  for (const [name, whole] of told) {
    const [from = 0, to = 0] = name.split(' ').map(Number);
    for (const between of moments.filter((moment) => moment >= from && moment <= to)) {
      const parts = [told.get(`${from} ${between}`), told.get(`${between} ${to}`)] as [Report, Report];
      wrong.push(...partsDiffer(parts, whole).map((what) => `${from} to ${between} to ${to}: ${what}`));
    }
  }
  return wrong;
}

/** Which sums of a report do not close. */
export function sumsOpen({ owned, used }: Report): string[] {
  const ownedSum =
    owned.opening + owned.found + owned.bought - owned.refunded - owned.movedAway + owned.recounted;
  const gained = used.adopted + used.assigned + used.driftAdded;
  const usedSum = used.opening + gained - used.returned - used.driftTaken + used.reserved;
  return [
    ...(ownedSum === owned.closing ? [] : [`owned come to ${ownedSum}: ${JSON.stringify(owned)}`]),
    ...(usedSum === used.closing ? [] : [`used come to ${usedSum}: ${JSON.stringify(used)}`]),
  ];
}

/** What of two reports in a row does not add up to that of the whole period. */
export function partsDiffer([earlier, later]: readonly [Report, Report], whole: Report): string[] {
  const added = (one: object, other: object): object => ({
    ...Object.fromEntries(
      Object.entries(one).map(([name, count]) => [
        name,
        (count as number) + ((other as Record<string, number>)[name] ?? 0),
      ]),
    ),
    opening: (one as { opening: number }).opening,
    closing: (other as { closing: number }).closing,
  });
  const sum = { owned: added(earlier.owned, later.owned), used: added(earlier.used, later.used) };
  const [told, expected] = [JSON.stringify(sum), JSON.stringify({ owned: whole.owned, used: whole.used })];
  return told === expected ? [] : [`${told} is not ${expected}`];
}

function reportOf(events: readonly Envelope<AssetEvent>[], from: number, to: number): Report {
  const earlier = movedBy(events.slice(0, from));
  const moved = movedBy(events.slice(from, to));
  return { owned: ownedIn(earlier, moved), used: usedIn(earlier, moved) };
}

function movedBy(events: readonly Envelope<AssetEvent>[]): Movements {
  const moved = noMovements();
  for (const event of events) addEvent(moved, event);
  return moved;
}

/** Licences owned and used before the first event, and after each one, as the asset's document counts them. */
function countsAfterEach(events: readonly Envelope<AssetEvent>[]): readonly (readonly [number, number])[] {
  let asset: AssetDocument | null = null;
  const counts: [number, number][] = [[0, 0]];
  for (const event of events) {
    for (const { key, evolve } of queryModels.assets.changesBy(event))
      if (key === idOf(event.stream)) asset = evolve(asset);
    // A document has the number only with the read that follows in the same append.
    const owned = event.type === 'asset.count-changed' ? event.data.after.total : (asset?.owned ?? 0);
    counts.push([owned, asset === null ? 0 : usedOf(asset)]);
  }
  return counts;
}

/** The first and the last, and some between. */
function momentsOf(events: number): readonly number[] {
  const step = Math.max(1, Math.ceil(events / (MOMENTS - 1)));
  const moments = Array.from({ length: MOMENTS }, (_moment, index) => Math.min(events, index * step));
  return [...new Set(moments)];
}
