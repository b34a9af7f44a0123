import {
  NewerEventVersion,
  type Clock,
  type Document,
  type DomainEvent,
  type Envelope,
  type EventRegistry,
  type Position,
  type ReadModel,
} from '@seatbook/kernel';
import { Bell } from './bell.js';
import type { EventStore, StoredEvent } from './event-store.js';
import { CheckpointMoved, type ReadStore } from './read-store.js';
import type { ModelStatus, Views } from './views.js';

export interface ProcessorOptions {
  /** Events read at once. */
  readonly batchEvents: number;
  /** Documents touched between two commits. */
  readonly batchKeys: number;
  /** It looks by itself this often, bell or no bell. */
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

interface Building {
  readonly model: ReadModel<Document>;
  readonly handles: ReadonlySet<string>;
  position: Position;
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
  readonly #bell: Bell;

  constructor(
    private readonly store: EventStore,
    private readonly reads: ReadStore,
    private readonly registry: EventRegistry,
    models: readonly ReadModel<Document>[],
    private readonly clock: Clock,
    private readonly options: ProcessorOptions = PROCESSOR_DEFAULTS,
  ) {
    this.#models = models.map((model) => ({
      model,
      handles: new Set(model.handles),
      position: 0,
      failures: 0,
      retryAt: 0,
      halted: null,
    }));
    this.#bell = new Bell(clock, options.pollMs, () => this.#pass());
  }

  async start(): Promise<void> {
    await this.reads.prepare(this.#models.map(({ model }) => model));
    for (const building of this.#models) building.position = await this.reads.checkpoint(building.model);
    this.#bell.start();
  }

  stop(): Promise<void> {
    return this.#bell.stop();
  }

  ring(): void {
    this.#bell.ring();
  }

  position(name: string): Position {
    return this.#models.find(({ model }) => model.name === name)?.position ?? 0;
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

  /** One batch for all models that can go on. True when there may be more. */
  async #pass(): Promise<boolean> {
    const now = this.clock.now();
    const running = this.#models.filter(({ halted, retryAt }) => halted === null && retryAt <= now);
    if (running.length === 0) return false;
    const after = Math.min(...running.map(({ position }) => position));
    const events = await this.store.readAll(after, this.options.batchEvents);
    const last = events.at(-1);
    if (!last) return false;
    for (const building of running) {
      if (building.position >= last.position) continue;
      try {
        await this.#apply(building, events);
        building.failures = 0;
      } catch (error) {
        await this.#failed(building, error);
      }
    }
    return events.length === this.options.batchEvents;
  }

  async #apply(building: Building, events: readonly StoredEvent[]): Promise<void> {
    const { model, handles } = building;
    let batch: { envelope: Envelope; keys: readonly string[] }[] = [];
    let touched = new Set<string>();
    let end = building.position;
    for (const event of events) {
      if (event.position <= building.position) continue;
      end = event.position;
      if (!handles.has(event.type) && !handles.has('*')) continue;
      const envelope: Envelope<DomainEvent> = { ...event, data: this.registry.upcast(event) };
      const keys = model.keysOf(envelope);
      if (keys.length === 0) continue;
      batch.push({ envelope, keys });
      for (const key of keys) touched.add(key);
      if (touched.size >= this.options.batchKeys) {
        await this.#commit(building, batch, touched, end);
        batch = [];
        touched = new Set();
      }
    }
    await this.#commit(building, batch, touched, end);
  }

  async #commit(
    building: Building,
    batch: readonly { envelope: Envelope; keys: readonly string[] }[],
    touched: ReadonlySet<string>,
    end: Position,
  ): Promise<void> {
    if (end === building.position) return;
    const { model } = building;
    const changes = new Map<string, Document | null>();
    if (touched.size > 0) {
      const before = await this.reads.getMany<Document>(model, [...touched]);
      for (const { envelope, keys } of batch) {
        for (const key of keys) {
          const document = changes.has(key) ? changes.get(key) : before.get(key);
          changes.set(key, model.evolve(document ?? null, envelope, key));
        }
      }
    }
    await this.reads.commit(model, changes, building.position, end);
    building.position = end;
    for (const listener of this.#listeners) listener(model.name, end);
  }

  async #failed(building: Building, error: unknown): Promise<void> {
    building.failures += 1;
    // Another builder was faster, or a commit was done whose answer never came: it goes on from where the model is.
    if (error instanceof CheckpointMoved) {
      building.position = await this.reads.checkpoint(building.model).catch(() => building.position);
    }
    const reason = error instanceof Error ? error.message : String(error);
    // A newer worker goes on where this one cannot: nothing is skipped and nothing is given up.
    const newer = error instanceof NewerEventVersion;
    if (building.failures >= this.options.attempts && !newer) building.halted = reason;
    else
      building.retryAt = this.clock.now() + this.options.retryDelayMs * 2 ** Math.min(building.failures, 6);
  }
}
