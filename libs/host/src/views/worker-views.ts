import { Worker } from 'node:worker_threads';
import { START, type Clock, type Position } from '@seatbook/kernel';
import {
  joinViews,
  type ModelStatus,
  type ProcessorLimits,
  type Tenure,
  type TenureOf,
  type Views,
} from '@seatbook/runtime';
import { embeddedViews, type EmbeddedViews } from '@seatbook/application';
import { errorFacts, type Log } from '../log.js';
import type { ViewsDamaged } from '../stores/stores-context.js';
import type { Epochs, FromViewsThread, ToViewsThread, ViewsThreadData } from './view-messages.js';

export interface WorkerViewsOptions {
  readonly folder: string;
  /** What the thread builds. */
  readonly part: EmbeddedViews;
  readonly limits: ProcessorLimits;
  /** Announces new events in the log. Returns an unsubscribe function. */
  readonly onAppended: (listener: (position: Position) => void) => () => void;
  /** Whether this process builds a read model. */
  readonly tenureOf: TenureOf;
  /** Pause before the thread is started again; doubles up to the maximum. */
  readonly restartMs: number;
  readonly restartMaxMs: number;
  /** How long a stop waits for the current batch. */
  readonly stopMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** The thread has found that the stored read models are damaged. */
  readonly damaged?: ViewsDamaged | undefined;
  /** The program of the thread; another one in tests. */
  readonly entry?: URL;
}

/** Batches leave much garbage at once; a larger young generation only keeps it longer. */
const YOUNG_GENERATION_MB = 16;

/** Read models that are built in a separate thread, as the main thread sees them. A thread that dies is restarted. */
export class WorkerViews implements Views {
  readonly #models = new Map<string, ModelStatus>();
  readonly #tenures: readonly (readonly [name: string, Tenure])[];
  readonly #listeners = new Set<(model: string, position: Position) => void>();
  #worker: Worker | null = null;
  /** Why the thread is not alive; null while it is. */
  #failure: string | null = null;
  #failures = 0;
  /** What the thread must be sent in this turn. */
  #rung: Position | null = null;
  #unsubscribe: () => void = () => undefined;
  #stopping = false;
  #cancelRestart: () => void = () => undefined;

  constructor(private readonly options: WorkerViewsOptions) {
    const models = options.part.groups.flatMap((group) => group.models);
    this.#tenures = models.map((model) => [model.name, options.tenureOf(model)]);
    for (const { name, version } of models)
      this.#models.set(name, { name, version, position: START, halted: null, failure: null });
  }

  start(): Promise<void> {
    const tell = (): void => this.#tell({ kind: 'epochs', epochs: this.#epochs() });
    const unsubscribes = [
      this.options.onAppended((position) => this.#ring(position)),
      ...this.#tenures.map(([, tenure]) => tenure.onGained(tell)),
    ];
    this.#unsubscribe = () => unsubscribes.forEach((unsubscribe) => unsubscribe());
    return new Promise((resolve) => this.#spawn(resolve));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    this.#cancelRestart();
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#tell({ kind: 'stop' });
    // At most one uncommitted batch is lost, which the next start builds again.
    const cancel = this.options.clock.after(this.options.stopMs, () => void worker.terminate());
    await ended;
    cancel();
  }

  #ring(position: Position): void {
    // One message for all appends of a turn of the event loop.
    const ringing = this.#rung !== null;
    this.#rung = position;
    if (ringing) return;
    setImmediate(() => {
      if (this.#rung !== null) this.#tell({ kind: 'ring', position: this.#rung });
      this.#rung = null;
    });
  }

  position(model: string): Position {
    return this.#models.get(model)?.position ?? START;
  }

  status(): readonly ModelStatus[] {
    const models = [...this.#models.values()];
    const failure = this.#failure === null ? null : `read models are not being built: ${this.#failure}`;
    return failure === null ? models : models.map((model) => ({ ...model, failure }));
  }

  onAdvance(listener: (model: string, position: Position) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #epochs(): Epochs {
    return Object.fromEntries(this.#tenures.map(([name, tenure]) => [name, tenure.epoch()]));
  }

  #tell(message: ToViewsThread): void {
    this.#worker?.postMessage(message);
  }

  #spawn(started: () => void): void {
    const { folder, part, limits, log, entry = new URL('./views-thread.js', import.meta.url) } = this.options;
    const { file } = part;
    const data: ViewsThreadData = { folder, file, limits, epochs: this.#epochs() };
    const worker = new Worker(entry, {
      workerData: data,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker = worker;
    let reason = 'the thread ended';
    worker.on('message', (message: FromViewsThread) => {
      this.#hear(message);
      if (message.kind !== 'started') return;
      this.#failure = null;
      this.#failures = 0;
      started();
    });
    worker.on('error', (error) => {
      reason = error.message;
      log.error({ ...errorFacts(error), file }, 'the thread of the read models failed');
    });
    worker.on('exit', () => {
      this.#worker = null;
      if (this.#stopping) return;
      this.#failure = reason;
      this.#restart(started);
    });
  }

  #restart(started: () => void): void {
    const { restartMs, restartMaxMs, clock, log, part } = this.options;
    const delayMs = Math.min(restartMaxMs, restartMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    log.warn(
      { delayMs, reason: this.#failure, file: part.file },
      'the thread of the read models is started again',
    );
    this.#cancelRestart = clock.after(delayMs, () => this.#spawn(started));
  }

  #hear(message: FromViewsThread): void {
    if (message.kind === 'advanced') {
      this.#advance(message.model, message.position);
      return;
    }
    if (message.kind === 'log') {
      this.options.log.warn(message.facts, message.message);
      return;
    }
    if (message.kind === 'damaged') {
      this.options.damaged?.(message.reason);
      return;
    }
    for (const status of message.status) {
      const before = this.#models.get(status.name);
      this.#models.set(status.name, { ...status, position: before?.position ?? START });
      if (status.position > (before?.position ?? 0)) this.#advance(status.name, status.position);
    }
  }

  #advance(model: string, position: Position): void {
    const before = this.#models.get(model);
    if (!before) return;
    this.#models.set(model, { ...before, position });
    for (const listener of this.#listeners) listener(model, position);
  }
}

/** All embedded read models: one thread for each file of them. */
export const viewsInThreads = (options: Omit<WorkerViewsOptions, 'part'>): Views =>
  joinViews(embeddedViews.map((part) => new WorkerViews({ ...options, part })));
