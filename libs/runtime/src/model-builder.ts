import {
  START,
  isUnreadableEvent,
  latest,
  type Change,
  type Clock,
  type Document,
  type Milliseconds,
  type Position,
  type ReadModel,
} from '@seatbook/kernel';
import { hasCode, longestPauseAfter } from './errors.js';
import { readable, type LoggedEvent } from './event-log.js';
import type { LogPage } from './event-store.js';
import { giveWay } from './give-way.js';
import type { ReadStore } from './read-store.js';
import { RunnerHealth, reasonOf, type Log } from './runner-health.js';
import type { Tenure } from './tenure.js';
import { builderOf, type ModelStatus } from './views.js';

export interface BuilderLimits {
  /** Documents touched between two commits; an event that touches more is a commit alone. */
  readonly batchKeys: number;
  /** As many where it keeps up with the log: other models of the process wait for as long as a commit takes. */
  readonly liveBatchKeys: number;
  /** A model that one event fails this often in a row halts. */
  readonly attempts: number;
  /** First pause after a failure; each next one is twice as long, up to `MAX_RETRY_DELAY_MS`. */
  readonly retryDelayMs: Milliseconds;
}

export interface ModelBuilderOptions {
  readonly model: ReadModel<Document>;
  readonly reads: ReadStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: BuilderLimits;
  readonly tenure: Tenure;
  /** Called when it is known where it is, and after each commit. */
  readonly advanced: (position: Position) => void;
}

const MAX_RETRY_DELAY_MS: Milliseconds = 30_000;
/** At an event of a newer build it offers its lease this often: meanwhile nobody may build it. */
const OFFER_EVERY_MS: Milliseconds = 10 * 60_000;
/** Events folded between two commits while there are more to read: rows of many of them share the pages that are written. */
const COMMIT_EVENTS = 50_000;

const NONE: readonly Change<Document>[] = [];

/** A commit of so many takes long. */
const MANY_DOCUMENTS = 1_000;

/** A document as far as it is folded, changed in place; at `START` where it never was and no event made it. */
interface Folded {
  document: Document | null;
  position: Position;
}

/** What an event does, once the documents that it touches are known. */
interface Effect {
  readonly position: Position;
  readonly changes: readonly Change<Document>[];
}

/**
 * Builds one read model: folds events per key in memory, then writes documents and checkpoint. What a document already
 * contains is passed over, so a commit that was cut off is built again without counting an event twice.
 */
export class ModelBuilder {
  readonly #options: ModelBuilderOptions;
  readonly #handles: ReadonlySet<string>;
  readonly #every: boolean;
  readonly #health: RunnerHealth;
  /** Up to where documents and checkpoint are written. */
  #position: Position = START;
  /** Up to where events are folded in memory. */
  #folded: Position = START;
  /** Events folded since the last commit, and the documents that they touched. */
  #events = 0;
  #documents = new Map<string, Folded>();
  /** In which it moves the checkpoint; null where it has to take that over first. */
  #epoch: number | null = null;
  /** Failures in a row, and those of them that one event is to blame for. */
  #failures = 0;
  #faults = 0;
  /** Only when it has passed this is it over what it failed at. */
  #failedAt: Position = START;
  #retryAt: Milliseconds = -Infinity;
  #halted: string | null = null;
  #waitsForNewerBuild = false;
  #offeredAt: Milliseconds = -Infinity;

  constructor(options: ModelBuilderOptions) {
    this.#options = options;
    this.#handles = new Set(options.model.handles);
    this.#every = this.#handles.has('*');
    this.#health = new RunnerHealth(builderOf(options.model.name), options.log);
  }

  get name(): string {
    return this.#options.model.name;
  }

  get position(): Position {
    return this.#position;
  }

  /** Where it goes on to read. */
  get folded(): Position {
    return this.#folded;
  }

  /** When it may go on, after a failure, by `elapsed()` of the clock; never, once it has halted. */
  get readyAt(): Milliseconds {
    return this.#halted === null ? this.#retryAt : Infinity;
  }

  /** Whether this process is the one that builds it. */
  get isOurs(): boolean {
    return this.#options.tenure.epoch() !== null;
  }

  get status(): ModelStatus {
    const { name, version } = this.#options.model;
    const { failure } = this.#health;
    return { name, version, position: this.#position, halted: this.#halted, failure };
  }

  /** Called when this process has become the one that builds it. Returns an unsubscribe function. */
  onGained(listener: () => void): () => void {
    return this.#options.tenure.onGained(listener);
  }

  /**
   * Takes the checkpoint over, where another epoch has it or it is not known where it is. False when that failed, or
   * another process builds it.
   */
  async begin(): Promise<boolean> {
    const epoch = this.#options.tenure.epoch();
    if (epoch === null) return false;
    if (this.#epoch === epoch) return true;
    try {
      const position = await this.#options.reads.takeOver(this.#options.model, epoch);
      const moved = position !== this.#position;
      this.#restart(position);
      this.#epoch = epoch;
      if (moved) this.#options.advanced(position);
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /**
   * Folds a page, as far as it has not done so, and commits where that is due. False when that failed, or the epoch in
   * which it began is over.
   * @param types those of the page's events: most models need none of most pages
   */
  async take({ events, upTo, caughtUp }: LogPage<LoggedEvent>, types: ReadonlySet<string>): Promise<boolean> {
    if (!this.#mayCommit) return false;
    try {
      if (this.#needsSome(types)) await this.#fold(events, caughtUp);
      else this.#events += events.length;
      this.#folded = latest(this.#folded, upTo);
      // After a failure each page is kept, so that only the one that fails is met again.
      if (caughtUp || this.#failures > 0 || this.#events >= COMMIT_EVENTS) await this.#commit();
      if (this.#folded >= this.#failedAt) this.#recovered();
      return true;
    } catch (error) {
      this.#failedAt = latest(this.#failedAt, upTo);
      this.#failed(error);
      return false;
    }
  }

  get #mayCommit(): boolean {
    return this.#epoch !== null && this.#options.tenure.epoch() === this.#epoch;
  }

  /** Where it is at an event that this build cannot read, a newer worker may have come meanwhile: that comes first. */
  async offerToNewerBuild(): Promise<void> {
    const now = this.#options.clock.elapsed();
    if (!this.#waitsForNewerBuild || now - this.#offeredAt < OFFER_EVERY_MS) return;
    this.#offeredAt = now;
    await this.#options.tenure.giveAway();
  }

  /** Writes what is folded, before a stop. */
  async finish(): Promise<void> {
    try {
      if (this.#mayCommit) await this.#commit();
    } catch (error) {
      this.#failed(error);
    }
  }

  /**
   * What is wrong with one event halts the model in the end. A store that fails, or an event that only a newer build
   * can read, is waited for however long it takes.
   */
  #failed(error: unknown): void {
    // Another builder has it, or the answer to a commit was lost: where it is has to be found out.
    if (hasCode(error, 'CHECKPOINT_MOVED')) this.#epoch = null;
    else if (isUnreadableEvent(error)) this.#waitsForNewerBuild = true;
    else if (!hasCode(error, 'STORE_UNAVAILABLE')) this.#faults += 1;
    this.waitAfter(error);
    const { limits, log, model } = this.#options;
    if (this.#faults < limits.attempts) return;
    this.#halted = reasonOf(error);
    log('a read model has halted', { model: model.name, version: model.version, reason: this.#halted });
  }

  #recovered(): void {
    this.#failures = 0;
    this.#faults = 0;
    this.#failedAt = START;
    this.#waitsForNewerBuild = false;
    this.#health.worked();
  }

  /** Goes back to what is written and pauses, for a failure that it is not to blame for: nothing could be read. */
  waitAfter(error: unknown): void {
    const { clock, limits } = this.#options;
    this.#failures += 1;
    this.#restart(this.#position);
    this.#health.failed(error);
    const delay = limits.retryDelayMs * 2 ** Math.min(this.#failures - 1, 20);
    this.#retryAt = clock.elapsed() + Math.min(delay, longestPauseAfter(error, MAX_RETRY_DELAY_MS));
  }

  async #fold(events: readonly LoggedEvent[], caughtUp: boolean): Promise<void> {
    const { model, limits } = this.#options;
    const batchKeys = caughtUp ? Math.min(limits.liveBatchKeys, limits.batchKeys) : limits.batchKeys;
    let batch: Effect[] = [];
    let missing = new Set<string>();
    let end = this.#folded;
    for (const event of events) {
      const { position } = event;
      if (position <= this.#folded) continue;
      // Most models need few of the events.
      const changes = this.#needs(event) ? model.changesBy(event) : NONE;
      if (changes.length === 0) {
        this.#events += 1;
        end = position;
        continue;
      }
      const touched = this.#documents.size + missing.size;
      if (touched > 0 && touched + changes.length > batchKeys) {
        await this.#evolve(batch, missing, end);
        const isLong = this.#documents.size >= MANY_DOCUMENTS;
        await this.#commit();
        // A store in this process has kept everybody else from their work: who waits for another model comes first.
        if (isLong) await giveWay();
        batch = [];
        missing = new Set();
      }
      if (model.overwrites) this.#overwrite(position, changes);
      else {
        for (const { key } of changes) if (!this.#documents.has(key)) missing.add(key);
        batch.push({ position, changes });
      }
      this.#events += 1;
      end = position;
    }
    await this.#evolve(batch, missing, end);
  }

  #needsSome(types: ReadonlySet<string>): boolean {
    if (this.#every) return true;
    for (const type of types) if (this.#handles.has(type)) return true;
    return false;
  }

  /** @throws UnreadableEvent where it needs an event that this build cannot read */
  #needs(event: LoggedEvent): boolean {
    if (!this.#every && !this.#handles.has(event.type)) return false;
    if (!this.#options.model.metadataOnly) readable(event);
    return true;
  }

  /** Nothing that was there before is asked for, so these are folded as they come. */
  #overwrite(position: Position, changes: readonly Change<Document>[]): void {
    for (const { key, evolve } of changes) this.#documents.set(key, { document: evolve(null), position });
  }

  async #evolve(batch: readonly Effect[], missing: ReadonlySet<string>, end: Position): Promise<void> {
    const { model, reads } = this.#options;
    const documents = this.#documents;
    if (missing.size > 0) {
      const before = await reads.getMany(model, [...missing]);
      for (const key of missing) documents.set(key, before.get(key) ?? { document: null, position: START });
    }
    for (const { position, changes } of batch) {
      for (const change of changes) {
        const folded = documents.get(change.key) as Folded;
        if (folded.position >= position) continue;
        const { document } = folded;
        folded.document = change.evolve(document);
        if (document !== null || folded.document !== null) folded.position = position;
      }
    }
    this.#folded = end;
  }

  async #commit(): Promise<void> {
    const { model, reads, advanced } = this.#options;
    if (this.#folded === this.#position || this.#epoch === null) return;
    const move = { from: this.#position, to: this.#folded, epoch: this.#epoch };
    for (const [key, { position }] of this.#documents) if (position === START) this.#documents.delete(key);
    await reads.commit(model, this.#documents, move);
    this.#restart(move.to);
    advanced(move.to);
  }

  /** Folds on from a checkpoint, forgetting what was folded and not written. */
  #restart(position: Position): void {
    this.#position = position;
    this.#folded = position;
    this.#events = 0;
    this.#documents = new Map();
  }
}
