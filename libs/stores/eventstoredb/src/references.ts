import type { EventReference, StoredEvent } from '@seatbook/runtime';

/** Between two references of a stream this many revisions are read along: cheaper than another call. */
const MERGED_GAP = 50;
/** Revisions of one read at most. */
const MAX_RUN = 500;

/** Revisions of one stream that are read together. */
export interface Run {
  readonly stream: string;
  readonly from: number;
  readonly to: number;
}

/** As few reads as cover all references. */
export function runsOf(references: readonly EventReference[]): readonly Run[] {
  const byStream = new Map<string, number[]>();
  for (const { stream, revision } of references) {
    const revisions = byStream.get(stream);
    if (revisions) revisions.push(revision);
    else byStream.set(stream, [revision]);
  }
  return [...byStream].flatMap(([stream, revisions]) => {
    revisions.sort((a, b) => a - b);
    const runs: { stream: string; from: number; to: number }[] = [];
    for (const revision of revisions) {
      const run = runs.at(-1);
      if (run && revision - run.to <= MERGED_GAP + 1 && revision - run.from < MAX_RUN) run.to = revision;
      else runs.push({ stream, from: revision, to: revision });
    }
    return runs;
  });
}

const keyOf = ({ stream, revision }: EventReference): string => `${revision} ${stream}`;

/** What was read, in the order in which it was asked for; what was not found is left out. */
export function inOrderOf(
  references: readonly EventReference[],
  events: readonly StoredEvent[],
): readonly StoredEvent[] {
  const found = new Map(events.map((event) => [keyOf(event), event]));
  return references.flatMap((reference) => found.get(keyOf(reference)) ?? []);
}
