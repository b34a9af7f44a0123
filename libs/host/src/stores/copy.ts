import { createHash, type Hash } from 'node:crypto';
import { START, type Position } from '@seatbook/kernel';
import {
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  REACTOR_LEASE,
  bytesOf,
  type EventStore,
  type NewEvent,
  type ParkedWork,
  type PersonEntry,
  type PlaceInDirectory,
  type Secrets,
  type StoredEvent,
  type Stores,
} from '@seatbook/runtime';

const PAGE = 1_000;
/** Of a checkpoint that no worker has had yet; one that has had it makes the copy fail. */
const FIRST_EPOCH = 1;
/** There while a copy into these stores is not complete. */
const UNFINISHED = 'deployment/unfinished-copy';

/** What was copied, after it was read again and compared. */
export interface CopiedStores {
  readonly events: number;
  readonly streams: number;
  /** SHA-256 over every event of the log, in order, as hexadecimal text; the same in source and target. */
  readonly digest: string;
  readonly secrets: number;
  readonly persons: number;
  readonly parked: number;
}

/** The target holds something else than the beginning of what is copied. */
export class CopyRefused extends Error {
  constructor(why: string) {
    super(`nothing is copied: ${why}`);
    this.name = 'CopyRefused';
  }
}

/** @throws CopyRefused while a copy into these stores is not complete: the work would begin with half a history */
export async function refuseUnfinishedCopy(secrets: Pick<Secrets, 'get'>): Promise<void> {
  if ((await secrets.get(UNFINISHED)) === null) return;
  throw new CopyRefused(
    'a copy into these servers has not ended. Run the same copy again until it says that it is complete',
  );
}

/**
 * Copies a deployment into other, empty stores: every event with its id, stream, revision, data and metadata in the order
 * of the log; secrets, sealed with the key of the target; persons; parked work and how far reactions have come. Read
 * models and snapshots are not copied: they are built again from the log. A copy that broke off is run again, and goes on.
 * The source must not be in use, or what happens meanwhile is missing.
 * @param tell hears now and then how many events are in the target
 * @throws CopyRefused when the target holds anything but the beginning of this copy
 */
export async function copyStores(
  from: Stores,
  to: Stores,
  tell: (events: number) => void = () => undefined,
): Promise<CopiedStores> {
  const parked = await parkedOf(from);
  const reactedTo = await from.progress.checkpoint(REACTOR_LEASE);
  const places = new Places([reactedTo, ...parked.map(({ source }) => source)]);
  const begin = (): Promise<void> => to.secrets.put(UNFINISHED, 'copy');
  const source = await copyLog(from.events, to.events, { places, begin, tell });
  await begin();
  const target = await digestOf(to.events);
  if (source.digest !== target.digest) {
    throw new CopyRefused(
      `the target differs from the source after the copy (${target.events} events, ${source.events} in the source)`,
    );
  }
  const [secrets, persons] = [await copySecrets(from, to), await copyPersons(from, to)];
  await to.progress.park(parked.map((work) => ({ ...work, source: places.inTarget(work.source) })));
  const at = await to.progress.takeOver(REACTOR_LEASE, FIRST_EPOCH);
  const move = { from: at, to: places.inTarget(reactedTo), epoch: FIRST_EPOCH };
  if (move.to !== at) await to.progress.saveCheckpoint(REACTOR_LEASE, move);
  await to.secrets.delete(UNFINISHED);
  return { ...source, secrets, persons, parked: parked.length };
}

/** Positions of the source that mean something elsewhere, and where in the target that is. */
class Places {
  readonly #wanted: readonly Position[];
  readonly #found = new Map<Position, Position>([[START, START]]);
  #next = 0;

  constructor(wanted: readonly Position[]) {
    this.#wanted = [...new Set(wanted)]
      .filter((place) => place !== START)
      .sort((one, other) => (one < other ? -1 : 1));
  }

  /** The event of this position is at that one in the target. */
  met(inSource: Position, inTarget: Position): void {
    if (!this.wants(inSource)) return;
    this.#found.set(inSource, inTarget);
    this.#next += 1;
  }

  /** Whether somebody asks for this one. */
  wants(inSource: Position | undefined): boolean {
    return inSource !== undefined && this.#wanted[this.#next] === inSource;
  }

  inTarget(place: Position): Position {
    const found = this.#found.get(place);
    if (found === undefined) throw new CopyRefused(`no event of the source is at position ${place}`);
    return found;
  }
}

/** All events that there are, in order. */
async function* eventsOf(store: EventStore): AsyncGenerator<StoredEvent> {
  const ending = new AbortController();
  for await (const page of store.subscribe(START, {
    signal: ending.signal,
    pageEvents: PAGE,
  })) {
    yield* page.events;
    if (page.caughtUp) break;
  }
  ending.abort();
}

/** Counts and digest of a log, as its events go by. */
class Tally {
  readonly #hash: Hash = createHash('sha256');
  readonly #streams = new Set<string>();
  #events = 0;

  add({ id, stream, revision, type, data, metadata }: StoredEvent): void {
    this.#hash.update(`${JSON.stringify([stream, revision, id, type, data, metadata])}\n`);
    this.#streams.add(stream);
    this.#events += 1;
  }

  get events(): number {
    return this.#events;
  }

  result(): Pick<CopiedStores, 'events' | 'streams' | 'digest'> {
    return { events: this.#events, streams: this.#streams.size, digest: this.#hash.digest('hex') };
  }
}

async function digestOf(store: EventStore): Promise<Pick<CopiedStores, 'events' | 'digest'>> {
  const tally = new Tally();
  for await (const event of eventsOf(store)) tally.add(event);
  return tally.result();
}

interface LogCopy {
  readonly places: Places;
  /** Called before the first event that is written: what the target holds is the beginning of this copy. */
  readonly begin: () => Promise<void>;
  readonly tell: (events: number) => void;
}

/**
 * First over what the target has already, event by event; then what is missing is appended, one append after the other,
 * since only that keeps the order between streams.
 */
async function copyLog(
  from: EventStore,
  to: EventStore,
  { places, begin, tell }: LogCopy,
): Promise<Pick<CopiedStores, 'events' | 'streams' | 'digest'>> {
  const tally = new Tally();
  const there = eventsOf(to);
  let behind = true;
  let run: StoredEvent[] = [];
  let writing: NewEvent[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const [first, last] = [run[0], run.at(-1)];
    if (!first || !last) return;
    const expected = first.revision === 0 ? 'absent' : first.revision - 1;
    const { position } = await to.append(first.stream, writing, expected);
    // A place that is asked for is the end of a run, see below.
    places.met(last.position, position);
    run = [];
    writing = [];
    bytes = 0;
    tell(tally.events);
  };
  for await (const event of eventsOf(from)) {
    tally.add(event);
    if (behind) {
      const known = await there.next();
      if (known.done !== true) {
        if (known.value.id !== event.id || known.value.stream !== event.stream) {
          throw new CopyRefused(
            `event ${tally.events} of the target is ${known.value.type} of ${known.value.stream}, and the one of the source ${event.type} of ${event.stream}: copy into an empty server, or under another SEATBOOK_EVENTSTOREDB_PREFIX`,
          );
        }
        places.met(event.position, known.value.position);
        continue;
      }
      behind = false;
      await begin();
    }
    const written = asNew(event);
    const size = bytesOf(written);
    const full = run.length === MAX_APPEND_EVENTS || bytes + size > MAX_APPEND_BYTES;
    if (full || run[0]?.stream !== event.stream || places.wants(run.at(-1)?.position)) await flush();
    run.push(event);
    writing.push(written);
    bytes += size;
  }
  await flush();
  if (behind && (await there.next()).done !== true) {
    throw new CopyRefused(
      'the target holds more events than the source: it is in use, or belongs to another copy',
    );
  }
  return tally.result();
}

const asNew = ({ id, type, data, metadata }: StoredEvent): NewEvent => ({
  id,
  type,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
});

async function copySecrets(from: Stores, to: Stores): Promise<number> {
  const names = (await from.secrets.names('')).filter((name) => name !== UNFINISHED);
  for (const name of names) {
    const secret = await from.secrets.get(name);
    if (secret !== null) await to.secrets.put(name, secret);
  }
  return names.length;
}

async function copyPersons(from: Stores, to: Stores): Promise<number> {
  let count = 0;
  let after: PlaceInDirectory | null = null;
  for (;;) {
    const entries: readonly PersonEntry[] = await from.directory.everybody(after, PAGE);
    if (entries.length === 0) return count;
    await to.directory.keep(entries);
    count += entries.length;
    after = entries.at(-1) ?? null;
  }
}

async function parkedOf({ progress }: Stores): Promise<readonly ParkedWork[]> {
  const parked: ParkedWork[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await progress.parked({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    parked.push(...page.rows);
    if (page.next === null) return parked;
    cursor = page.next;
  }
}
