import {
  START,
  earliest,
  isUnreadableEvent,
  type Clock,
  type Document,
  type Envelope,
  type Position,
  type ReadModel,
} from '@seatbook/kernel';
import { hasCode } from './errors.js';
import { readable, type EventLog, type LoggedEvent } from './event-log.js';
import { PollLoop } from './poll-loop.js';
import type { Placed, ReadStore } from './read-store.js';
import { RunnerHealth, type Log } from './runner-health.js';
import type { ModelStatus, Views } from './views.js';

export interface ProcessorOptions {
  /** Events read at once. */
  readonly batchEvents: number;
  /** Documents touched between two commits. */
  readonly batchKeys: number;
  /** It looks at least this often, woken or not. */
  readonly pollMs: number;
  /** A model that fails this often in a row halts. */
  readonly attempts: number;
  readonly retryDelayMs: number;
}

export const PROCESSOR_DEFAULTS: ProcessorOptions = {
  batchEvents: 1_000,
  batchKeys: 5_000,
  pollMs: 1_000,
  attempts: 5,
  retryDelayMs: 500,
};

/** Events folded between two commits while there are more to read. */
const COMMIT_EVENTS = 20_000;
const EPOCH = 1;

interface Building {
  readonly model: ReadModel<Document>;
  readonly handles: ReadonlySet<string>;
  /** Up to where documents and checkpoint are written. */
  position: Position;
  /** Up to where events are folded in memory. */
  folded: Position;
  /** Events folded and documents changed since the last commit. */
  events: number;
  changes: Map<string, Placed<Document>>;
  failures: number;
  /** Not before this moment, after a failure. */
  retryAt: number;
  halted: string | null;
}

/**
 * Builds read models: one pass over the log for all models of a group, folded per key in memory; documents and
 * checkpoint are written together. A model that fails past its budget halts alone and says so.
 */
export class Processor implements Views {
  readonly #models: Building[];
  readonly #listeners = new Set<(model: string, position: Position) => void>();
  readonly #loop: PollLoop;

  constructor(
    private readonly events: EventLog,
    private readonly reads: ReadStore,
    models: readonly ReadModel<Document>[],
    private readonly clock: Clock,
    private readonly options: ProcessorOptions = PROCESSOR_DEFAULTS,
    log: Log = () => undefined,
  ) {
    this.#models = models.map((model) => ({
      model,
      handles: new Set(model.handles),
      position: START,
      folded: START,
      events: 0,
      changes: new Map(),
      failures: 0,
      retryAt: 0,
      halted: null,
    }));
    const names = models.map(({ name }) => name).join(', ');
    this.#loop = new PollLoop({
      clock,
      pollMs: options.pollMs,
      task: () => this.#pass(),
      health: new RunnerHealth(`builder of ${names}`, log),
    });
  }

  async start(): Promise<void> {
    await this.reads.prepare(this.#models.map(({ model }) => model));
    for (const building of this.#models) restart(building, await this.reads.takeOver(building.model, EPOCH));
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  ring(): void {
    this.#loop.wake();
  }

  position(name: string): Position {
    return this.#models.find(({ model }) => model.name === name)?.position ?? START;
  }

  status(): readonly ModelStatus[] {
    return this.#models.map(({ model, position, halted }) => ({
      name: model.name,
      version: model.version,
      position,
      halted,
    }));
  }

  onAdvance(listener: (model: string, position: Position) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * One page for all models that can go on. While there are more, changes stay in memory: a document that many events
   * touch is read and written once. True when there may be more.
   */
  async #pass(): Promise<boolean> {
    const now = this.clock.now();
    const running = this.#models.filter(({ halted, retryAt }) => halted === null && retryAt <= now);
    if (running.length === 0) return false;
    const [first = START, ...others] = running.map(({ folded }) => folded);
    for await (const page of this.events.pages(earliest(first, ...others), this.options.batchEvents)) {
      for (const building of running) await this.#take(building, page.events, page.upTo, page.caughtUp);
      return !page.caughtUp;
    }
    return false;
  }

  async #take(
    building: Building,
    events: readonly LoggedEvent[],
    upTo: Position,
    caughtUp: boolean,
  ): Promise<void> {
    try {
      await this.#fold(building, events);
      if (upTo > building.folded) building.folded = upTo;
      // After a failure each page is kept, so that only the one that fails is met again.
      const keep = caughtUp || building.failures > 0 || building.events >= COMMIT_EVENTS;
      if (keep) await this.#commit(building);
      building.failures = 0;
    } catch (error) {
      await this.#failed(building, error);
    }
  }

  async #fold(building: Building, events: readonly LoggedEvent[]): Promise<void> {
    const { model, handles } = building;
    let page: { envelope: Envelope; keys: readonly string[] }[] = [];
    let missing = new Set<string>();
    let end = building.folded;
    for (const event of events) {
      if (event.position <= building.folded) continue;
      end = event.position;
      building.events += 1;
      if (!handles.has(event.type) && !handles.has('*')) continue;
      const envelope = handles.has('*') ? event : readable(event);
      const keys = model.keysOf(envelope);
      if (keys.length === 0) continue;
      page.push({ envelope, keys });
      for (const key of keys) if (!building.changes.has(key)) missing.add(key);
      if (building.changes.size + missing.size >= this.options.batchKeys) {
        await this.#evolve(building, page, missing, end);
        await this.#commit(building);
        page = [];
        missing = new Set();
      }
    }
    await this.#evolve(building, page, missing, end);
  }

  async #evolve(
    building: Building,
    page: readonly { envelope: Envelope; keys: readonly string[] }[],
    missing: ReadonlySet<string>,
    end: Position,
  ): Promise<void> {
    const { model, changes } = building;
    if (missing.size > 0) {
      const before = await this.reads.getMany<Document>(model, [...missing]);
      for (const key of missing) changes.set(key, before.get(key) ?? { document: null, position: START });
    }
    for (const { envelope, keys } of page) {
      const { position } = envelope;
      for (const key of keys) {
        const before = changes.get(key);
        if (before && before.position >= position) continue;
        changes.set(key, { document: model.evolve(before?.document ?? null, envelope, key), position });
      }
    }
    building.folded = end;
  }

  async #commit(building: Building): Promise<void> {
    const { model, changes, position, folded } = building;
    if (folded === position) return;
    await this.reads.commit(model, changes, { from: position, to: folded, epoch: EPOCH });
    restart(building, folded);
    for (const listener of this.#listeners) listener(model.name, folded);
  }

  async #failed(building: Building, error: unknown): Promise<void> {
    building.failures += 1;
    // Another builder was faster, or a commit was done whose answer never came: it goes on from where the model is.
    if (hasCode(error, 'CHECKPOINT_MOVED')) {
      building.position = await this.reads.checkpoint(building.model).catch(() => building.position);
    }
    restart(building, building.position);
    const reason = error instanceof Error ? error.message : String(error);
    // A newer worker goes on where this one cannot: nothing is skipped and nothing is given up.
    const newer = isUnreadableEvent(error);
    if (building.failures >= this.options.attempts && !newer) building.halted = reason;
    else
      building.retryAt = this.clock.now() + this.options.retryDelayMs * 2 ** Math.min(building.failures, 6);
  }
}

/** Folds on from a checkpoint, forgetting what was folded and not written. */
function restart(building: Building, position: Position): void {
  building.position = position;
  building.folded = position;
  building.events = 0;
  building.changes = new Map();
}
