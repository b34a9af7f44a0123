import {
  Refusal,
  START,
  categoryOf,
  causeOf,
  type Cause,
  type Clock,
  type Command,
  type Due,
  type Envelope,
  type Ids,
  type Instant,
  type Position,
  type StreamName,
  type UnreadableEvent,
} from '@seatbook/kernel';
import type { CommandContext } from './command-context.js';
import { decideAll, type Answer, type Asked, type CommandOptions } from './decide-all.js';
import { WrongExpectedRevision, hasCode } from './errors.js';
import { giveWay } from './give-way.js';
import type { EventLog, LoggedEvent } from './event-log.js';
import type { ReadStore } from './read-store.js';
import { RememberedCommands, type RememberedCommand } from './remembered-commands.js';
import { stampOf, type StreamKind } from './stream-kind.js';
import { StreamCache, evolve, newStream, noteLast, weightOf, type StreamState } from './stream-state.js';

/** What became of a command that was not refused. */
export interface Receipt {
  readonly stream: string;
  /** Of the stream after this command. */
  readonly revision: number;
  /** Everything that this command did is at or below this position. */
  readonly position: Position;
  /** Number of events that it caused; 0 when all was so already. */
  readonly events: number;
  /** It had been carried out before. */
  readonly repeated: boolean;
  /** The last event that it caused now, for what follows from it; null where it caused none. */
  readonly last: Cause | null;
  /**
   * The events that it caused now, where its sender asked for them. Each has the position of the last one of its append,
   * with which all of it was stored.
   */
  readonly written: readonly Envelope[];
}

/** A stream as it is on disk. What a caller has of it, it may keep: no later command changes it. */
export interface LoadedStream<S = unknown> {
  readonly state: S;
  /** Of the last event; -1 where there is none. */
  readonly revision: number;
  /** Of the last event. */
  readonly position: Position;
  /** What the stream waits for. */
  readonly next: Due | null;
  /** The last event, for what follows from it; null where there is none. */
  readonly last: Cause | null;
}

/** What is kept of streams. */
export interface StreamLimits {
  /** Memory for folded states, in bytes. */
  readonly cacheBytes: number;
  /** A snapshot is kept when more events than this would have to be folded, and more than the state has entries. */
  readonly snapshotAfterEvents: number;
  /** Commands that a stream remembers beside its first. One that is repeated later is decided again. */
  readonly rememberedCommands: number;
}

export const STREAM_LIMITS: StreamLimits = {
  cacheBytes: 128 * 2 ** 20,
  snapshotAfterEvents: 10_000,
  rememberedCommands: 10_000,
};

export interface CommandRunnerOptions {
  readonly events: EventLog;
  /** Keeps snapshots of long streams. */
  readonly reads: Pick<ReadStore, 'loadSnapshot' | 'saveSnapshot'>;
  readonly kinds: readonly StreamKind[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits?: Partial<StreamLimits> | undefined;
  /** Lets other work of the process have its turn, between two pages of a long fold. */
  readonly giveWay?: () => Promise<void>;
}

interface Pending extends Asked {
  readonly resolve: (receipt: Receipt, state: StreamState) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_COMMANDS_TOGETHER = 256;
const MAX_ATTEMPTS = 5;
const FOLD_PAGE_EVENTS = 1_000;
const RETRY_AFTER_SECONDS = 5;
const NEWER_BUILD_AFTER_SECONDS = 60;

/**
 * Carries commands to their streams. Commands for one stream queue up and are decided together, one after the other,
 * with one append; no answer leaves before the append that it rests on is durable. Only conflicts with other writers
 * are tried again here: a failure of the store goes to the caller at once.
 */
export class CommandRunner {
  readonly #options: CommandRunnerOptions;
  readonly #limits: StreamLimits;
  readonly #lanes = new Map<string, Pending[]>();
  readonly #cache: StreamCache;
  readonly #broken = new WeakSet<object>();
  readonly #kinds: ReadonlyMap<string, StreamKind>;
  readonly #giveWay: () => Promise<void>;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.category, kind]));
    this.#limits = { ...STREAM_LIMITS, ...options.limits };
    this.#cache = new StreamCache(this.#limits.cacheBytes);
    this.#giveWay = options.giveWay ?? giveWay;
  }

  /** Streams that have commands under way. */
  get busy(): number {
    return this.#lanes.size;
  }

  /** Memory that folded states take, in bytes, roughly. */
  get cachedBytes(): number {
    return this.#cache.weight;
  }

  /**
   * @throws Refusal when a rule says no, or the id was used for another body (`CONFLICT_IDEMPOTENCY_KEY`)
   * @throws Refusal `TRANSIENT_STORE` when the log cannot be read or written at present
   * @throws Refusal `TRANSIENT_NEWER_BUILD` when the stream holds an event that this build does not know
   */
  execute<C extends Command>(
    stream: StreamName<C>,
    command: NoInfer<C>,
    context: CommandContext,
    options: CommandOptions = {},
  ): Promise<Receipt> {
    return new Promise((resolve, reject) =>
      this.#queue(stream, { command, context, options, resolve, reject }),
    );
  }

  /** The durable state of a stream, behind all that was sent to it before. @throws as `execute` does */
  load<S>(stream: StreamName<never, S>): Promise<LoadedStream<S>> {
    return new Promise((resolve, reject) => {
      const kind = this.kindOf(stream);
      const loaded = (_receipt: Receipt, kept: StreamState): void => {
        const { state, revision, position, last } = kept;
        kept.lent = true;
        const next = stampOf(kind, state, this.#options.clock.now(), kept) ?? null;
        // The stream's name says what its states are.
        resolve({ state: state as S, revision, position, last, next });
      };
      this.#queue(stream, { command: null, context: NOBODY, options: {}, resolve: loaded, reject });
    });
  }

  /**
   * What a function makes of the durable state of a stream. It must neither change the state nor keep any of it; so
   * nothing is copied, however large the state is. @throws as `execute` and the function do
   */
  look<S, T>(stream: StreamName<never, S>, at: (state: S) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const seen = (_receipt: Receipt, { state }: StreamState): void => {
        try {
          // The stream's name says what its states are.
          resolve(at(state as S));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#queue(stream, { command: null, context: NOBODY, options: {}, resolve: seen, reject });
    });
  }

  get kinds(): readonly StreamKind[] {
    return this.#options.kinds;
  }

  kindOf(stream: string): StreamKind {
    const kind = this.#kinds.get(categoryOf(stream));
    if (!kind) throw new Error(`no decider for the stream ${stream}`);
    return kind;
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

  async #work(stream: string, lane: Pending[]): Promise<void> {
    while (lane.length > 0) {
      // A request for the state is answered before the next command changes it.
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

  /** Takes out of the batch what is answered. After a conflict the rest is decided again on what the log holds now. */
  async #decideTogether(stream: string, batch: Pending[]): Promise<void> {
    const kind = this.kindOf(stream);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#attempt(stream, kind, batch, attempt === 1);
        return;
      } catch (error) {
        if (!hasCode(error, 'WRONG_EXPECTED_REVISION')) throw error;
        this.#cache.drop(stream);
        if (attempt === MAX_ATTEMPTS) throw keepsChanging(stream, error);
      }
    }
  }

  async #attempt(stream: string, kind: StreamKind, batch: Pending[], first: boolean): Promise<void> {
    const { events: log, clock, ids } = this.#options;
    const { registry } = log;
    const trustAbsent = first && batch[0]?.options.likelyAbsent === true;
    const known = this.#cache.get(stream) ?? (trustAbsent ? this.#newStream(kind) : undefined);
    const state = known ?? (await this.#fold(stream, kind));
    if (state.lent && batch.some(({ command }) => command !== null)) {
      state.state = structuredClone(state.state);
      state.lent = false;
    }
    let from = state.revision;
    // What is known from before may be behind what another process wrote: an append finds out, other answers must look.
    let current = known === undefined;
    const broken = (sequence: object): boolean => this.#broken.has(sequence);
    const at = clock.now();
    const parts = decideAll(batch, state, { stream, kind, registry, at, nonce: ids.next(), broken });
    for (const { events, answers } of parts) {
      if (events.length > 0) {
        const expected = from < 0 ? 'absent' : from;
        const appended = await fromStore(log.append(stream, events, expected));
        state.position = appended.position;
        from = appended.revision;
      } else if (!current) {
        const [newer] = await this.#read(stream, from + 1, 1);
        if (newer) throw new WrongExpectedRevision(stream, from, newer.revision);
      }
      current = true;
      for (const answer of answers) this.#answer(batch.shift() as Pending, answer, stream, state);
    }
    if (state.revision < 0) return;
    this.#cache.put(stream, state, weightOf(kind, state));
    await this.#snapshot(stream, kind, state);
  }

  #answer(pending: Pending, answer: Answer, stream: string, state: StreamState): void {
    switch (answer.kind) {
      case 'state':
        return pending.resolve({ ...NOTHING, stream }, state);
      case 'done': {
        const { revision, events, repeated, last } = answer;
        const { position } = state;
        const written = answer.written.map((event) => ({ ...event, position }));
        return pending.resolve({ stream, revision, position, events, repeated, last, written }, state);
      }
      case 'refused':
        return pending.reject(answer.refusal);
      case 'failed':
        return this.#fail(pending, answer.error);
    }
  }

  #fail(pending: Pending, error: unknown): void {
    if (pending.options.sequence) this.#broken.add(pending.options.sequence);
    pending.reject(error);
  }

  #read(stream: string, from: number, limit: number): Promise<readonly LoggedEvent[]> {
    return fromStore(this.#options.events.readStream(stream, from, limit));
  }

  #newStream(kind: StreamKind): StreamState {
    return newStream(kind, this.#limits.rememberedCommands);
  }

  async #fold(stream: string, kind: StreamKind): Promise<StreamState> {
    const state = (await this.#fromSnapshot(stream, kind)) ?? this.#newStream(kind);
    for (;;) {
      const page = await this.#read(stream, state.revision + 1, FOLD_PAGE_EVENTS);
      this.#foldPage(stream, kind, state, page);
      if (page.length < FOLD_PAGE_EVENTS) return state;
      await this.#giveWay();
    }
  }

  #foldPage(stream: string, kind: StreamKind, state: StreamState, page: readonly LoggedEvent[]): void {
    for (const event of page) {
      if (event.problem) throw newerBuild(stream, event.problem);
      const { type, data, metadata } = event;
      evolve(kind, state, { type, data });
      state.commands.add(metadata.commandId, metadata.bodyHash);
      state.position = event.position;
      noteLast(state, causeOf(event), metadata.cause);
      if (metadata.next === undefined) continue;
      state.stamp = metadata.next;
      state.stampedAt = metadata.recordedAt;
    }
  }

  async #fromSnapshot(stream: string, kind: StreamKind): Promise<StreamState | null> {
    if (!kind.snapshot) return null;
    // A cache that cannot be read is none.
    const kept = await this.#options.reads.loadSnapshot(stream).catch(() => null);
    if (!kept || kept.schema !== schemaOf(kind)) return null;
    const [head, ...chunks] = kept.chunks as [SnapshotHead, ...unknown[]];
    // A log that was restored from a backup may hold another event there, or none: the snapshot is then of no use.
    const [event] = await this.#read(stream, kept.revision, 1);
    if (event?.id !== kept.eventId) return null;
    return {
      state: kind.snapshot.load(chunks),
      revision: kept.revision,
      position: kept.position,
      last: head.last,
      entry: head.entry,
      stamp: head.stamp,
      stampedAt: head.stampedAt,
      commands: new RememberedCommands(this.#limits.rememberedCommands, head.firstCommand, head.lastCommands),
      snapshotRevision: kept.revision,
      lent: false,
    };
  }

  /** Keeps a snapshot when what would have to be folded after a restart has become long. */
  async #snapshot(stream: string, kind: StreamKind, state: StreamState): Promise<void> {
    const { snapshot } = kind;
    if (!snapshot) return;
    const tail = state.revision - state.snapshotRevision;
    const { position, last, entry, stamp, stampedAt, commands, revision } = state;
    if (tail <= this.#limits.snapshotAfterEvents || last === null) return;
    if (tail <= snapshot.entries(state.state)) return;
    const remembered = { firstCommand: commands.first, lastCommands: commands.last };
    const head: SnapshotHead = { last, entry, stamp, stampedAt, ...remembered };
    const chunks = [head, ...snapshot.save(state.state)];
    // A snapshot that could not be kept is not tried again at once: it is a cache.
    state.snapshotRevision = revision;
    await this.#options.reads
      .saveSnapshot({ stream, schema: schemaOf(kind), revision, position, eventId: last.eventId, chunks })
      .catch(() => undefined);
  }
}

interface SnapshotHead {
  readonly last: Cause;
  readonly entry: Cause | null;
  readonly stamp: Due | null;
  readonly stampedAt: Instant;
  readonly firstCommand: RememberedCommand | null;
  readonly lastCommands: readonly RememberedCommand[];
}

const schemaOf = (kind: StreamKind): string => `${kind.category}@${kind.snapshot?.version}`;

/** For reading the state in turn: it never decides. */
const NOBODY: CommandContext = { commandId: '', principal: '', correlationId: '', causationId: '' };
const NOTHING = { revision: -1, position: START, events: 0, repeated: false, last: null, written: [] };

/** No state of a store: whatever is asked of it again fails again. */
const isBug = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;

/** A failure of the store becomes a refusal; a bug, and what a store names apart, stays what it is. */
async function fromStore<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const named =
      hasCode(error, 'WRONG_EXPECTED_REVISION') ||
      hasCode(error, 'APPEND_TOO_LARGE') ||
      hasCode(error, 'CORRUPT_EVENT');
    if (named || isBug(error)) throw error;
    const message = 'the log cannot be reached at present; send the command again';
    throw caused(error, new Refusal('TRANSIENT_STORE', message, {}, RETRY_AFTER_SECONDS));
  }
}

const keepsChanging = (stream: string, cause: unknown): Refusal =>
  caused(
    cause,
    new Refusal('CONFLICT_VERSION', `${stream} keeps changing; send the command again`, { stream }),
  );

const newerBuild = (stream: string, cause: UnreadableEvent): Refusal =>
  caused(
    cause,
    new Refusal(
      'TRANSIENT_NEWER_BUILD',
      cause.message,
      { stream, type: cause.type },
      NEWER_BUILD_AFTER_SECONDS,
    ),
  );

function caused(cause: unknown, refusal: Refusal): Refusal {
  refusal.cause = cause;
  return refusal;
}
