import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createAppleApi, undiciTransport, type AppleClient, type Transport } from '@seatbook/apple';
import { Foundation, SeatbookEdge, SeatbookWorker, allModels, type TenureOf } from '@seatbook/application';
import { systemClock, type Clock, type Ids, type Instant } from '@seatbook/kernel';
import type { Log as LogLine, OpenedStores, Views } from '@seatbook/runtime';
import { mdmIdOf } from './keys/mdm-id.js';
import { OwnerKey } from './keys/owner-key.js';
import type { Log } from './log.js';
import type { Configuration } from './settings/configuration.js';
import { openStores } from './stores/open-stores.js';
import { viewBuilders } from './views/view-builders.js';
import { WorkerViews } from './views/worker-views.js';

export interface HostOptions {
  readonly configuration: Configuration;
  readonly log: Log;
  /** Where a worker half builds the read models: in a thread of its own, or in this one (for tests). */
  readonly views: 'worker' | 'inline';
  /** How Apple is reached; HTTP when absent. */
  readonly transport?: Transport;
}

/** The phases of the product's life. */
export type HostPhase = 'opened' | 'starting' | 'ready' | 'stopping' | 'stopped';

/** Which halves of the product a process has. */
export type Halves = 'edge' | 'worker' | 'both';

/** A process that has the edge half. */
export type EdgeHost = SeatbookHost & { readonly edge: SeatbookEdge; readonly ownerKey: OwnerKey };

/** A process that has the worker half. */
export type WorkerHost = SeatbookHost & { readonly worker: SeatbookWorker };

interface Parts {
  readonly stores: OpenedStores;
  readonly foundation: Foundation;
  readonly apple: AppleClient;
  readonly closeTransport: () => Promise<void>;
  readonly edge: SeatbookEdge | null;
  readonly ownerKey: OwnerKey | null;
  readonly worker: SeatbookWorker | null;
  readonly workerViews: WorkerViews | null;
}

const ids: Ids = { next: () => randomUUID() };

/**
 * The product in this process, one half of it or both: stores, Apple's client and the halves, opened in order and
 * closed in order. Opening makes commands and queries possible; `start` lets work be done.
 */
export class SeatbookHost {
  readonly clock: Clock = systemClock;
  readonly startedAt: Instant = this.clock.now();
  readonly stores: OpenedStores;
  readonly edge: SeatbookEdge | null;
  readonly ownerKey: OwnerKey | null;
  readonly worker: SeatbookWorker | null;
  #phase: HostPhase = 'opened';
  readonly #closing = new AbortController();

  private constructor(
    readonly configuration: Configuration,
    readonly log: Log,
    private readonly parts: Parts,
  ) {
    this.stores = parts.stores;
    this.edge = parts.edge;
    this.ownerKey = parts.ownerKey;
    this.worker = parts.worker;
  }

  /** @throws what the stores say when they are locked or damaged, or when the key is not theirs */
  static open(options: HostOptions, halves: 'both'): Promise<EdgeHost & WorkerHost>;
  static open(options: HostOptions, halves: 'edge'): Promise<EdgeHost>;
  static open(options: HostOptions, halves: 'worker'): Promise<WorkerHost>;
  static async open(options: HostOptions, halves: Halves): Promise<SeatbookHost> {
    const { configuration, log } = options;
    const stores = await openStores(configuration, { clock: systemClock, ids });
    try {
      for (const notice of stores.notices) log.warn(notice);
      return new SeatbookHost(configuration, log, await partsOf(stores, options, halves));
    } catch (error) {
      await stores.close();
      throw error;
    }
  }

  get phase(): HostPhase {
    return this.#phase;
  }

  /** Aborts when the shutdown begins: requests that wait for outcomes are answered with those known by then. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Null while read models are being built; else why they are not. */
  get viewsFailure(): string | null {
    return this.parts.workerViews?.failure ?? null;
  }

  /** Lets work be done. The HTTP server must be listening: Apple tries the notification address at once. */
  async start(): Promise<void> {
    this.#phase = 'starting';
    await this.worker?.start();
    // A shutdown may have begun meanwhile.
    if (this.phase !== 'starting') return;
    this.#phase = 'ready';
  }

  /** Not ready any more; requests that wait are answered. */
  beginShutdown(): void {
    if (this.#phase === 'stopped') return;
    this.#phase = 'stopping';
    this.#closing.abort();
  }

  /** Takes nothing more, finishes what is under way, saves the checkpoints, closes the stores. */
  async stop(): Promise<void> {
    if (this.#phase === 'stopped') return;
    this.beginShutdown();
    const stopped = this.worker?.stop();
    await this.parts.apple.close();
    await stopped;
    await this.parts.closeTransport();
    // Let pending promises settle before the stores are closed.
    await pause(0);
    await this.stores.close();
    this.#phase = 'stopped';
  }
}

async function partsOf(
  stores: OpenedStores,
  { configuration, log, views, transport }: HostOptions,
  halves: Halves,
): Promise<Parts> {
  const { apple: appleSettings, mdm, http, owner, timings, reactor, planner, due } = configuration;
  const clock = systemClock;
  const { connectTimeoutMs, keepAliveMs, maxAnswerBytes, ...requests } = appleSettings;
  const connections = undiciTransport({ connectTimeoutMs, keepAliveMs, maxBodyBytes: maxAnswerBytes });
  const apple = createAppleApi({
    transport: transport ?? connections,
    clock,
    settings: requests,
    log: ({ level, message, ...facts }) => log[level](facts, message),
  });
  await stores.reads.prepare(allModels);
  const lines: LogLine = (message, facts) => log.warn(facts, message);
  const foundation = new Foundation({ stores, clock, ids, timings, log: lines });
  const settings = {
    mdmInfo: { id: await mdmIdOf(mdm.id, stores.secrets, ids), name: mdm.name, metadata: 'seatbook' },
    publicUrl: http.publicUrl,
  };
  const hasEdge = halves !== 'worker';
  const hasWorker = halves !== 'edge';
  let workerViews: WorkerViews | null = null;
  const viewsOf = (tenureOf: TenureOf): Views => {
    const { events, reads } = stores;
    const { views: limits } = configuration;
    if (views === 'inline') return viewBuilders({ events, reads, clock, limits, log: lines, tenureOf });
    return (workerViews = workerViewsOf(configuration, log, stores, tenureOf));
  };
  const worker = hasWorker
    ? new SeatbookWorker(foundation, {
        apple,
        random: Math.random,
        settings,
        newSecret: () => randomBytes(32).toString('base64url'),
        limits: { reactor, due, planner },
        views: viewsOf,
      })
    : null;
  if (worker) {
    apple.onTokenRefused((uId) => worker.gates.shut(uId));
    worker.gates.onOpened((uId) => apple.reopen(uId));
  }
  return {
    stores,
    foundation,
    apple,
    closeTransport: () => connections.close(),
    edge: hasEdge
      ? new SeatbookEdge(foundation, {
          importWaitMs: http.importWaitMs,
          positionWaitMs: http.positionWaitMs,
        })
      : null,
    ownerKey: hasEdge ? await OwnerKey.open(stores.secrets, owner) : null,
    worker,
    workerViews,
  };
}

function workerViewsOf(
  { data, views, http }: Configuration,
  log: Log,
  { events }: OpenedStores,
  tenureOf: TenureOf,
): WorkerViews {
  const { restartMs, restartMaxMs, ...limits } = views;
  const { folder } = data;
  return new WorkerViews({
    folder,
    limits,
    onAppended: (listener) => events.onAppended(listener),
    tenureOf,
    restartMs,
    restartMaxMs,
    stopMs: http.shutdownMs / 2,
    clock: systemClock,
    log,
  });
}
