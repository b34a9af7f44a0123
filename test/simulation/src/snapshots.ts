import { categoryOf, type Envelope } from '@seatbook/kernel';
import { assetStream, licensingStreams, DEFAULT_TIMINGS } from '@seatbook/licensing';
import type { StreamKind } from '@seatbook/runtime';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { World } from './world.js';

/** Kinds of streams of which snapshots are kept, by category. */
const KEPT = new Map(
  (Object.values(licensingStreams(DEFAULT_TIMINGS)) as readonly StreamKind[]).flatMap(
    ({ category, decider, snapshot }) => (snapshot ? [[category, { decider, snapshot }] as const] : []),
  ),
);

const schemaOf = (stream: string): string =>
  `${categoryOf(stream)}@${KEPT.get(categoryOf(stream))?.snapshot.version}`;

/** A kept snapshot is what its stream is folded to. */
export async function snapshotsHoldWhatIsFolded(world: World, log: readonly Envelope[]): Promise<string[]> {
  const wrong: string[] = [];
  const streams = new Map<string, Envelope[]>();
  for (const event of log)
    if (KEPT.has(categoryOf(event.stream)))
      streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
  for (const [stream, events] of streams) {
    const kind = KEPT.get(categoryOf(stream));
    const kept = await world.virtual.stores.reads.loadSnapshot(stream);
    if (!kind || !kept || events[kept.revision]?.id !== kept.eventId || kept.schema !== schemaOf(stream))
      continue;
    world.covered.add('snapshot: kept');
    const { decider, snapshot } = kind;
    let state: unknown = decider.initial();
    for (const event of events.slice(0, kept.revision + 1)) state = decider.evolve(state, event);
    const [there, folded] = [snapshot.load(kept.chunks.slice(1)), state].map(textOf);
    if (there !== folded)
      wrong.push(`the snapshot of ${stream} at ${kept.revision} is ${there}, folded ${folded}`);
  }
  return wrong;
}

/** A state as text: the order of maps and sets counts, for some wait in one; that of fields does not. */
const textOf = (state: unknown): string =>
  JSON.stringify(state, (_name, value: unknown) => {
    if (value instanceof Map || value instanceof Set) return [...(value as Iterable<unknown>)];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
  });

const AWRY = ['of another version', 'of another log', 'damaged'] as const;

/** Snapshots of ledgers that must not be used: each says of a ledger what is not so. */
export async function spoilSnapshots(world: World): Promise<void> {
  const awry = world.dice.of(AWRY);
  let spoilt = 0;
  for (const { uId, adamIds } of world.sites)
    for (const adamId of adamIds)
      if (await isSpoilt(world, assetStream(uId, stdq(adamId)), awry)) spoilt += 1;
  if (spoilt === 0) return;
  world.tell(`${spoilt} snapshots are ${awry}`);
  world.covered.add(`snapshot: ${awry}`);
}

/** Whether there was one. */
async function isSpoilt({ virtual }: World, stream: string, awry: (typeof AWRY)[number]): Promise<boolean> {
  const { reads } = virtual.stores;
  const kept = await reads.loadSnapshot(stream);
  if (!kept) return false;
  if (awry === 'damaged') return virtual.backEnd.damageSnapshot(stream);
  // The head of a ledger without its pairs.
  const bare = { ...kept, chunks: kept.chunks.slice(0, 2) };
  await reads.saveSnapshot(
    awry === 'of another log'
      ? { ...bare, eventId: 'of another log' }
      : { ...bare, schema: `${schemaOf(stream)}.0` },
  );
  return true;
}
