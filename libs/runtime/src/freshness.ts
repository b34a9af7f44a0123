import { START, type Clock, type Milliseconds, type Position, type ModelRef } from '@seatbook/kernel';
import { RunnerHealth, type Log } from './runner-health.js';
import type { ReadStore } from './read-store.js';

/** Time between two looks: at most 20 a second, however many wait. */
export const LOOK_EVERY_MS: Milliseconds = 50;
/** Time until the next look after one that failed. */
export const LOOK_AGAIN_MS: Milliseconds = 1_000;

interface Watch {
  readonly model: ModelRef;
  readonly moved: (position: Position) => void;
  /** What the last look found; null before the first. */
  seen: Position | null;
}

/**
 * How far the read models are, by their checkpoints in the store: wherever they are built, this is the truth. All who
 * wait in a process share one look at all checkpoints, and nothing is looked at while nobody waits.
 */
export class Freshness {
  readonly #watches = new Set<Watch>();
  #cancel: (() => void) | null = null;
  #looking = false;
  /** By elapsed time: setting the clock changes nothing. */
  #notBefore: Milliseconds = -Infinity;
  readonly #health: RunnerHealth;

  constructor(
    private readonly reads: Pick<ReadStore, 'checkpoint' | 'checkpoints'>,
    private readonly clock: Clock,
    log: Log,
  ) {
    this.#health = new RunnerHealth('freshness', log);
  }

  /** The position that the documents of a model reflect now. */
  position(model: ModelRef): Promise<Position> {
    return this.reads.checkpoint(model);
  }

  /** Why the last look failed, or null. It is repeated while anybody waits. */
  get failure(): string | null {
    return this.#health.failure;
  }

  /** Waits until a model reflects a position. False when `timeoutMs` passed first. */
  async reached(model: ModelRef, position: Position, timeoutMs: Milliseconds): Promise<boolean> {
    if ((await this.position(model)) >= position) return true;
    return new Promise((resolve) => {
      const settle = (answer: boolean): void => {
        cancel();
        unsubscribe();
        resolve(answer);
      };
      const unsubscribe = this.onMoved(model, (at) => {
        if (at >= position) settle(true);
      });
      const cancel = this.clock.after(timeoutMs, () => settle(false));
    });
  }

  /** Calls back after the first look and after each that finds the model further on. Returns an unsubscribe function. */
  onMoved(model: ModelRef, moved: (position: Position) => void): () => void {
    const watch: Watch = { model, moved, seen: null };
    this.#watches.add(watch);
    this.#schedule();
    return () => {
      this.#watches.delete(watch);
      if (this.#watches.size > 0) return;
      this.#cancel?.();
      this.#cancel = null;
    };
  }

  #schedule(): void {
    if (this.#watches.size === 0 || this.#looking || this.#cancel !== null) return;
    const delay = Math.max(0, this.#notBefore - this.clock.elapsed());
    this.#cancel = this.clock.after(delay, () => {
      this.#cancel = null;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#notBefore = this.clock.elapsed() + LOOK_EVERY_MS;
    try {
      const positions = await this.#checkpoints();
      this.#health.worked();
      for (const watch of this.#watches) {
        const position = positions.get(watch.model.name);
        if (position === undefined || position === watch.seen) continue;
        watch.seen = position;
        watch.moved(position);
      }
    } catch (error) {
      this.#health.failed(error);
      this.#notBefore = this.clock.elapsed() + LOOK_AGAIN_MS;
    } finally {
      this.#looking = false;
    }
    this.#schedule();
  }

  async #checkpoints(): Promise<ReadonlyMap<string, Position>> {
    const models = [...new Map([...this.#watches].map(({ model }) => [model.name, model])).values()];
    const positions = await this.reads.checkpoints(models);
    return new Map(models.map(({ name }, index) => [name, positions[index] ?? START]));
  }
}
