import {
  START,
  earliest,
  type Clock,
  type Document,
  type Milliseconds,
  type Position,
  type ReadModel,
} from '@seatbook/kernel';
import type { EventLog } from './event-log.js';
import { ModelBuilder, type BuilderLimits } from './model-builder.js';
import type { ReadStore } from './read-store.js';
import type { Log } from './runner-health.js';
import { ALONE, type TenureOf } from './tenure.js';
import type { ModelStatus, Views } from './views.js';

export interface ProcessorLimits extends BuilderLimits {
  /** Events read at once. Larger pages outlive a collection of young garbage, which costs more than reading more often. */
  readonly batchEvents: number;
}

export const PROCESSOR_LIMITS: ProcessorLimits = {
  batchEvents: 250,
  batchKeys: 20_000,
  liveBatchKeys: 5_000,
  attempts: 5,
  retryDelayMs: 500,
};

export interface ProcessorOptions {
  readonly events: EventLog;
  readonly reads: ReadStore;
  readonly models: readonly ReadModel<Document>[];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<ProcessorLimits>;
  /** Whether this process builds a model; it builds all of them when absent. */
  readonly tenureOf?: TenureOf;
}

/**
 * Builds those of a group of read models that are this process's, in one pass over the log. While there is more to
 * read, changes stay in memory: a document that many events touch is read and written once. A model that fails is left
 * behind, says so and is tried again from where it is; the others go on.
 */
export class Processor implements Views {
  readonly #options: ProcessorOptions;
  readonly #builders: readonly ModelBuilder[];
  readonly #listeners = new Set<(model: string, position: Position) => void>();
  #running: Promise<void> | null = null;
  #stopped = true;
  /** Ends the round under way, or the pause between two. */
  #round = new AbortController();
  #unsubscribes: readonly (() => void)[] = [];

  constructor(options: ProcessorOptions) {
    const { reads, clock, log, models, tenureOf = () => ALONE } = options;
    const limits = { ...PROCESSOR_LIMITS, ...options.limits };
    this.#options = options;
    this.#builders = models.map((model) => {
      const advanced = (position: Position): void => {
        for (const listener of this.#listeners) listener(model.name, position);
      };
      return new ModelBuilder({ model, reads, clock, log, limits, advanced, tenure: tenureOf(model) });
    });
  }

  /** Resolves when it is known where the read models are, as far as this process may build them. */
  async start(): Promise<void> {
    await this.#options.reads.prepare(this.#options.models);
    this.#unsubscribes = this.#builders.map((builder) => builder.onGained(() => this.#round.abort()));
    await this.#begin(this.#builders);
    this.#stopped = false;
    this.#running = this.#run();
  }

  /** Ends after the page under way and writes what is folded. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribes.forEach((unsubscribe) => unsubscribe());
    this.#round.abort();
    await this.#running;
    for (const builder of this.#builders) if (builder.readyAt < Infinity) await builder.finish();
  }

  position(name: string): Position {
    return this.#builders.find((builder) => builder.name === name)?.position ?? START;
  }

  status(): readonly ModelStatus[] {
    return this.#builders.map(({ status }) => status);
  }

  onAdvance(listener: (model: string, position: Position) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#round = new AbortController();
      await this.#build();
    }
  }

  /** One round: all models of this process that can go on, until one that failed may go on too or another is gained. */
  async #build(): Promise<void> {
    const now = this.#options.clock.elapsed();
    const ready = this.#builders.filter(({ isOurs, readyAt }) => isOurs && readyAt <= now);
    let running = await this.#begin(ready);
    if (running.length === 0) {
      await this.#pause(this.#nextReadyAt() - now);
      return;
    }
    let wake = this.#endRoundAt(this.#nextReadyAt(running));
    try {
      for await (const page of this.#pages(running)) {
        const types = new Set(page.events.map(({ type }) => type));
        // Together, so that a store may write what they commit at once.
        const taken = await Promise.all(running.map((builder) => builder.take(page, types)));
        const still = running.filter((_builder, index) => taken[index]);
        if (still.length < running.length) {
          for (const builder of this.#builders) await builder.offerToNewerBuild();
          running = still;
          if (running.length === 0) return;
          wake();
          wake = this.#endRoundAt(this.#nextReadyAt(running));
        }
      }
    } catch (error) {
      // The log cannot be read: that concerns them all.
      for (const builder of running) builder.waitAfter(error);
    } finally {
      wake();
      this.#round.abort();
    }
  }

  /** Those of the builders that have their checkpoint. */
  async #begin(builders: readonly ModelBuilder[]): Promise<readonly ModelBuilder[]> {
    const begun: ModelBuilder[] = [];
    for (const builder of builders) if (await builder.begin()) begun.push(builder);
    return begun;
  }

  #pages(running: readonly ModelBuilder[]): ReturnType<EventLog['subscribe']> {
    const [first = START, ...others] = running.map(({ folded }) => folded);
    const { events, limits } = this.#options;
    const pageEvents = limits?.batchEvents ?? PROCESSOR_LIMITS.batchEvents;
    return events.subscribe(earliest(first, ...others), { signal: this.#round.signal, pageEvents });
  }

  /** When the next model of this process may go on that is not among these. */
  #nextReadyAt(running: readonly ModelBuilder[] = []): number {
    const others = this.#builders.filter((builder) => builder.isOurs && !running.includes(builder));
    return Math.min(Infinity, ...others.map(({ readyAt }) => readyAt));
  }

  #endRoundAt(at: number): () => void {
    const { clock } = this.#options;
    if (at === Infinity) return () => undefined;
    return clock.after(Math.max(0, at - clock.elapsed()), () => this.#round.abort());
  }

  async #pause(ms: Milliseconds): Promise<void> {
    const { signal } = this.#round;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const cancel = ms === Infinity ? () => undefined : this.#options.clock.after(Math.max(0, ms), resolve);
      signal.addEventListener('abort', () => {
        cancel();
        resolve();
      });
    });
  }
}
