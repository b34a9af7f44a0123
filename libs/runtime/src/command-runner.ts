import {
  Refusal,
  categoryOf,
  isRefusal,
  uuidOf,
  type Clock,
  type Command,
  type DomainEvent,
  type Due,
  type EventRegistry,
  type Metadata,
  type Position,
} from '@seatbook/kernel';
import {
  AppendTooLarge,
  CorruptEvent,
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  WrongExpectedRevision,
  type EventStore,
  type NewEvent,
  type StoredEvent,
} from './event-store.js';
import { FoldedCache, remember, type Folded } from './folded.js';
import type { ReadStore, Snapshot } from './read-store.js';
import type { StreamKind } from './stream-kind.js';

/** Who sends a command, why, and what it follows from. */
export interface CommandContext {
  /** The same id on the same stream is the same command: it changes the stream once. */
  readonly commandId: string;
  readonly principal: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly reason?: string;
  /** Hash of the request's body where a client chose the command's id. */
  readonly bodyHash?: string;
  readonly traceparent?: string;
}

export interface CommandOptions {
  /** The stream is most likely new: do not look first. Only saves a read, never decides. */
  readonly likelyAbsent?: boolean;
  /** Refuse with `CONFLICT_VERSION` unless the stream's last event has this revision (-1: no event). */
  readonly ifRevision?: number;
  /**
   * Commands of one sequence keep their order even where one fails: those behind it fail with `BehindFailure` and
   * are not decided. (A refusal is an answer, not a failure.)
   */
  readonly sequence?: object;
}

/** An earlier command of the same sequence failed; this one was not decided. */
export class BehindFailure extends Error {
  constructor() {
    super('an earlier command of the same sequence failed');
    this.name = 'BehindFailure';
  }
}

/** What became of a command that was not refused. */
export interface Outcome {
  readonly stream: string;
  readonly revision: number;
  /** Everything that this command did stands at or below this position. */
  readonly position: Position;
  /** Number of events that it caused; 0 when all was so already. */
  readonly events: number;
  /** It had been carried out before. */
  readonly repeated: boolean;
}

interface Pending {
  /** Null only asks for the state, behind all that was sent before. */
  readonly command: Command | null;
  readonly context: CommandContext;
  readonly options: CommandOptions;
  readonly resolve: (outcome: Outcome, folded: Folded) => void;
  readonly reject: (error: unknown) => void;
}

interface Draft {
  readonly event: DomainEvent;
  readonly data: string;
  readonly context: CommandContext;
  readonly index: number;
}

/** What a stream weighs in the cache beside its entries: about as much memory as ten of them. */
const STREAM_WEIGHT = 10;
const MAX_COMMANDS_TOGETHER = 256;
const MAX_ATTEMPTS = 5;
const FOLD_PAGE_EVENTS = 1_000;
/** Room for the metadata of one event, used before it is known exactly. */
const METADATA_BYTES = 800;
const SNAPSHOT_AFTER_EVENTS = 10_000;

/**
 * Carries commands to their streams. Commands for one stream queue up and are decided together, one after the other,
 * with one append; no answer leaves before the append that it rests on is durable.
 */
export class CommandRunner {
  readonly #lanes = new Map<string, Pending[]>();
  readonly #cache: FoldedCache;
  readonly #broken = new WeakSet<object>();
  readonly #kinds: ReadonlyMap<string, StreamKind>;

  constructor(
    private readonly store: EventStore,
    private readonly reads: ReadStore,
    private readonly registry: EventRegistry,
    kinds: readonly StreamKind[],
    private readonly clock: Clock,
    cacheWeight = 500_000,
  ) {
    this.#kinds = new Map(kinds.map((kind) => [kind.category, kind]));
    this.#cache = new FoldedCache(cacheWeight);
  }

  /** Streams that have commands under way. */
  get busy(): number {
    return this.#lanes.size;
  }

  /**
   * @throws Refusal when a rule says no, or the id was used for another body (`CONFLICT_IDEMPOTENCY_KEY`)
   * @throws Refusal `TRANSIENT_STORE` when the log cannot be written at present
   */
  execute(
    stream: string,
    command: Command,
    context: CommandContext,
    options: CommandOptions = {},
  ): Promise<Outcome> {
    return new Promise((resolve, reject) =>
      this.#queue(stream, { command, context, options, resolve, reject }),
    );
  }

  /**
   * The durable state of a stream as of now. It is shared and may change with the next command: take from it what you
   * need before you wait for anything.
   */
  load(stream: string): Promise<{ state: unknown; revision: number; position: Position; next: Due | null }> {
    return new Promise((resolve, reject) => {
      const { decider } = this.kindOf(stream);
      const loaded = (_outcome: Outcome, { state, revision, position }: Folded): void =>
        resolve({ state, revision, position, next: decider.next?.(state) ?? null });
      this.#queue(stream, { command: null, context: NOBODY, options: {}, resolve: loaded, reject });
    });
  }

  #queue(stream: string, pending: Pending): void {
    const lane = this.#lanes.get(stream);
    if (lane) {
      lane.push(pending);
    } else {
      const opened = [pending];
      this.#lanes.set(stream, opened);
      void this.#work(stream, opened);
    }
  }

  kindOf(stream: string): StreamKind {
    const kind = this.#kinds.get(categoryOf(stream));
    if (!kind) throw new Error(`no decider for the stream ${stream}`);
    return kind;
  }

  async #work(stream: string, lane: Pending[]): Promise<void> {
    while (lane.length > 0) {
      // Whoever asks for the state has his turn with it before the next command changes it.
      const asking = lane.findIndex(({ command }) => command === null) + 1;
      const batch = lane.splice(0, Math.min(asking || MAX_COMMANDS_TOGETHER, MAX_COMMANDS_TOGETHER));
      try {
        await this.#decideTogether(stream, batch);
      } catch (error) {
        this.#cache.drop(stream);
        for (const pending of batch) this.#fail(pending, error);
      }
    }
    this.#lanes.delete(stream);
  }

  async #decideTogether(stream: string, batch: readonly Pending[]): Promise<void> {
    const kind = this.kindOf(stream);
    let undecided = batch;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#attempt(stream, kind, undecided, attempt);
        return;
      } catch (error) {
        this.#cache.drop(stream);
        if (!(error instanceof StoreFailed)) throw error;
        undecided = error.undecided ?? undecided;
        if (error.cause instanceof AppendTooLarge || error.cause instanceof CorruptEvent) throw error.cause;
        if (attempt < MAX_ATTEMPTS) continue;
        const conflict = error.cause instanceof WrongExpectedRevision;
        const refusal = conflict
          ? new Refusal('CONFLICT_VERSION', `${stream} keeps changing; send the command again`, { stream })
          : new Refusal(
              'TRANSIENT_STORE',
              'the log cannot be reached at present; send the command again',
              {},
              5,
            );
        refusal.cause = error.cause;
        for (const pending of undecided) this.#fail(pending, refusal);
        return;
      }
    }
  }

  /** Decides all commands and appends what they decide; answers each when what it rests on is durable. */
  async #attempt(
    stream: string,
    kind: StreamKind,
    batch: readonly Pending[],
    attempt: number,
  ): Promise<void> {
    const { decider } = kind;
    const trustAbsent = attempt === 1 && batch[0]?.options.likelyAbsent === true;
    const known = this.#cache.get(stream) ?? (trustAbsent ? absent(kind) : undefined);
    const folded = known ?? (await this.#fold(stream, kind));
    // What is known from before may be behind what another process wrote: an append finds out, other answers must look.
    let current = known === undefined;
    const at = this.clock.now();
    let drafts: Draft[] = [];
    let bytes = 0;
    let answers: (() => void)[] = [];
    let from = 0;

    const flush = async (upTo: number): Promise<void> => {
      if (drafts.length > 0) {
        const events = this.#sealed(
          stream,
          drafts,
          at,
          decider.next ? (decider.next(folded.state) ?? null) : undefined,
        );
        const before = folded.revision - drafts.length;
        try {
          const appended = await this.store.append(stream, events, before < 0 ? 'absent' : before);
          folded.position = appended.position;
        } catch (cause) {
          throw new StoreFailed(cause, batch.slice(from));
        }
        current = true;
      } else if (!current && answers.length > 0) {
        const [newer] = await this.#read(stream, folded.revision + 1, 1);
        if (newer)
          throw new StoreFailed(
            new WrongExpectedRevision(stream, folded.revision, newer.revision),
            batch.slice(from),
          );
        current = true;
      }
      for (const answer of answers) answer();
      from = upTo;
      drafts = [];
      bytes = 0;
      answers = [];
    };

    for (const [index, pending] of batch.entries()) {
      const { command, context, options } = pending;
      const decided = ((): readonly DomainEvent[] | (() => void) => {
        if (options.sequence && this.#broken.has(options.sequence))
          return () => pending.reject(new BehindFailure());
        if (command === null) return () => pending.resolve(this.#outcome(stream, folded, 0, false), folded);
        const repeated = folded.commands.get(context.commandId);
        if (repeated !== undefined) {
          if (repeated === (context.bodyHash ?? ''))
            return () => pending.resolve(this.#outcome(stream, folded, 0, true), folded);
          return () => pending.reject(reusedKey());
        }
        if (options.ifRevision !== undefined && options.ifRevision !== folded.revision) {
          const refusal = staleRevision(stream, options.ifRevision, folded.revision);
          return () => pending.reject(refusal);
        }
        try {
          return decider.decide(command, folded.state, at) as readonly DomainEvent[];
        } catch (error) {
          if (isRefusal(error)) return () => pending.reject(error);
          this.#fail(pending, error);
          return () => undefined;
        }
      })();
      if (typeof decided === 'function') {
        answers.push(decided);
        continue;
      }
      const texts = decided.map((event) => JSON.stringify(event.data));
      const beside = METADATA_BYTES + Buffer.byteLength(context.reason ?? '');
      const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + beside, 0);
      if (size > MAX_APPEND_BYTES || decided.length > MAX_APPEND_EVENTS) {
        // Alone it is to blame; those that were sent with it are not.
        const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
        if (decided.length > MAX_APPEND_EVENTS || bytes > MAX_APPEND_BYTES) {
          this.#fail(pending, new AppendTooLarge(stream, decided.length, bytes));
          continue;
        }
      }
      if (
        drafts.length > 0 &&
        (bytes + size > MAX_APPEND_BYTES || drafts.length + decided.length > MAX_APPEND_EVENTS)
      ) {
        await flush(index);
      }
      decided.forEach((event, position) => {
        drafts.push({ event, data: texts[position] as string, context, index: position });
        folded.state = decider.evolve(folded.state, event);
      });
      bytes += size;
      folded.revision += decided.length;
      if (decided.length > 0) remember(folded, context.commandId, context.bodyHash);
      answers.push(() => pending.resolve(this.#outcome(stream, folded, decided.length, false), folded));
    }
    await flush(batch.length);
    if (folded.revision >= 0)
      this.#cache.put(stream, folded, STREAM_WEIGHT + (kind.snapshot?.entries(folded.state) ?? 0));
  }

  #fail(pending: Pending, error: unknown): void {
    if (pending.options.sequence) this.#broken.add(pending.options.sequence);
    pending.reject(error);
  }

  #outcome(stream: string, folded: Folded, events: number, repeated: boolean): Outcome {
    return { stream, revision: folded.revision, position: folded.position, events, repeated };
  }

  #sealed(
    stream: string,
    drafts: readonly Draft[],
    recordedAt: number,
    next: Due | null | undefined,
  ): NewEvent[] {
    const last = drafts.length - 1;
    return drafts.map(({ event, data, context, index }, place) => {
      const metadata: Metadata = {
        version: this.registry.versionOf(event.type),
        commandId: context.commandId,
        principal: context.principal,
        correlationId: context.correlationId,
        causationId: context.causationId,
        recordedAt,
        // What is undefined is left out of the text.
        bodyHash: context.bodyHash,
        reason: context.reason,
        traceparent: context.traceparent,
        next: place === last ? next : undefined,
      };
      return {
        id: uuidOf(`${context.commandId}/${stream}/${index}`),
        type: event.type,
        data,
        metadata: JSON.stringify(metadata),
      };
    });
  }

  async #read(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]> {
    try {
      return await this.store.readStream(stream, from, limit);
    } catch (cause) {
      throw new StoreFailed(cause);
    }
  }

  async #fold(stream: string, kind: StreamKind): Promise<Folded> {
    const { decider, snapshot } = kind;
    const folded = (snapshot && (await this.#fromSnapshot(stream, kind))) || absent(kind);
    const snapshotRevision = folded.revision;
    for (;;) {
      const events = await this.#read(stream, folded.revision + 1, FOLD_PAGE_EVENTS);
      for (const event of events) {
        folded.state = decider.evolve(folded.state, { type: event.type, data: this.registry.upcast(event) });
        folded.revision = event.revision;
        folded.position = event.position;
        remember(folded, event.metadata.commandId, event.metadata.bodyHash);
      }
      if (events.length < FOLD_PAGE_EVENTS) break;
    }
    if (snapshot) {
      const tail = folded.revision - snapshotRevision;
      if (tail > SNAPSHOT_AFTER_EVENTS && tail > snapshot.entries(folded.state))
        await this.#keep(stream, kind, folded);
    }
    return folded;
  }

  async #fromSnapshot(stream: string, kind: StreamKind): Promise<Folded | null> {
    // A cache that cannot be read is none.
    const kept = await this.reads.loadSnapshot(stream).catch(() => null);
    if (!kept || !kind.snapshot || kept.schema !== schemaOf(kind)) return null;
    const [head, ...chunks] = kept.chunks as [
      { position: Position; commands: [string, string][] },
      ...unknown[],
    ];
    return {
      state: kind.snapshot.load(chunks),
      revision: kept.revision,
      position: head.position,
      commands: new Map(head.commands),
    };
  }

  async #keep(stream: string, kind: StreamKind, folded: Folded): Promise<void> {
    if (!kind.snapshot) return;
    const head = { position: folded.position, commands: [...folded.commands] };
    const snapshot: Snapshot = {
      stream,
      schema: schemaOf(kind),
      revision: folded.revision,
      chunks: [head, ...kind.snapshot.save(folded.state)],
    };
    await this.reads.saveSnapshot(snapshot).catch(() => undefined);
  }
}

/** For reading the state in turn: it never decides. */
const NOBODY: CommandContext = { commandId: '', principal: '', correlationId: '', causationId: '' };

const absent = ({ decider }: StreamKind): Folded => ({
  state: decider.initial() as unknown,
  revision: -1,
  position: 0,
  commands: new Map(),
});

/** The log could not be read or appended to; `undecided` commands have no answer yet, all where it says nothing. */
class StoreFailed extends Error {
  constructor(
    override readonly cause: unknown,
    readonly undecided?: readonly Pending[],
  ) {
    super('the log could not be read or appended to');
  }
}

const schemaOf = (kind: StreamKind): string => `${kind.category}@${kind.snapshot?.version}`;

const reusedKey = (): Refusal =>
  new Refusal(
    'CONFLICT_IDEMPOTENCY_KEY',
    'this Idempotency-Key was used for another request; use a new key for a new request',
  );

const staleRevision = (stream: string, expected: number, actual: number): Refusal =>
  new Refusal('CONFLICT_VERSION', `${stream} has changed; read it again`, { stream, expected, actual });
