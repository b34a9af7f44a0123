import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createAppleApi, undiciTransport, type Transport } from '@seatbook/apple';
import { Foundation, SeatbookEdge, SeatbookWorker, allModels, modelGroups } from '@seatbook/application';
import { nanoMdm as clientOfNanoMdm, type MdmTransport } from '@seatbook/mdm';
import { systemClock, type Clock, type Ids, type Instant } from '@seatbook/kernel';
import type { Log as LogLine, OpenedStores, TenureOf, Views } from '@seatbook/runtime';
import { mdmIdOf } from './keys/mdm-id.js';
import { OwnerKey } from './keys/owner-key.js';
import type { Log } from './log.js';
import { usesServers, type Configuration } from './settings/configuration.js';
import { refuseUnfinishedCopy } from './stores/copy.js';
import type { ViewsDamaged } from './stores/stores-context.js';
import { openStores } from './stores/open-stores.js';
import { viewBuilders } from './views/view-builders.js';
import { viewsInThreads } from './views/worker-views.js';

export interface HostOptions {
  readonly configuration: Configuration;
  readonly log: Log;
  /**
   * Where a worker half builds the read models of an embedded store: in a thread of its own, or in this one (for tests).
   * Those on servers are built in this one: most of that time is spent waiting.
   */
  readonly views: 'worker' | 'inline';
  /** How Apple is reached; HTTP when absent. */
  readonly transport?: Transport;
  /** How NanoMDM is reached; HTTP when absent. */
  readonly mdmTransport?: MdmTransport;
  /**
   * Called when the stored read models turn out to be damaged. They are made again from the log by the next host; this
   * one can only say that it cannot read them.
   */
  readonly viewsDamaged?: ViewsDamaged | undefined;
  /** Stores that are open already and outlive the host. Those of the configuration are opened when absent. */
  readonly stores?: OpenedStores;
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
  readonly edge: SeatbookEdge | null;
  readonly ownerKey: OwnerKey | null;
  readonly work: Work | null;
  /** Stores that were opened elsewhere are closed there. */
  readonly closeStores: () => Promise<void>;
}

/** The worker half with its connections to Apple. */
interface Work {
  readonly worker: SeatbookWorker;
  readonly closeApple: () => Promise<void>;
  readonly closeTransport: () => Promise<void>;
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
    this.worker = parts.work?.worker ?? null;
  }

  /** @throws what the stores say when they are locked or damaged, or when the key is not theirs */
  static open(options: HostOptions, halves: 'both'): Promise<EdgeHost & WorkerHost>;
  static open(options: HostOptions, halves: 'edge'): Promise<EdgeHost>;
  static open(options: HostOptions, halves: 'worker'): Promise<WorkerHost>;
  static async open(options: HostOptions, halves: Halves): Promise<SeatbookHost> {
    const { configuration, log, viewsDamaged } = options;
    const notice = (line: string): void => log.warn(line);
    const context = { clock: systemClock, ids, notice, viewsDamaged };
    const stores = options.stores ?? (await openStores(configuration, context));
    const closeStores = async (): Promise<void> => {
      if (!options.stores) await stores.close();
    };
    try {
      stores.notices.forEach(notice);
      await refuseUnfinishedCopy(stores.secrets);
      const parts = { stores, closeStores, ...(await partsOf(stores, options, halves)) };
      return new SeatbookHost(configuration, log, parts);
    } catch (error) {
      await closeStores();
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
    const { work, closeStores } = this.parts;
    const stopped = work?.worker.stop();
    await work?.closeApple();
    await stopped;
    await work?.closeTransport();
    // Let pending promises settle before the stores are closed.
    await pause(0);
    await closeStores();
    this.#phase = 'stopped';
  }
}

async function partsOf(
  stores: OpenedStores,
  options: HostOptions,
  halves: Halves,
): Promise<Pick<Parts, 'edge' | 'ownerKey' | 'work'>> {
  const { configuration, log } = options;
  const { http, health, owner, expectAbove, timings, nanoMdm } = configuration;
  await stores.reads.prepare(allModels);
  const lines: LogLine = (message, facts) => log.warn(facts, message);
  const foundation = new Foundation({ stores, clock: systemClock, ids, timings, log: lines });
  const { importWaitMs, positionWaitMs } = http;
  const hasEdge = halves !== 'worker';
  return {
    edge: hasEdge
      ? new SeatbookEdge(foundation, {
          importWaitMs,
          positionWaitMs,
          patienceMs: health.patienceMs,
          expectAbove,
          ...(nanoMdm.webhookKey !== null && {
            mdm: { webhookKey: nanoMdm.webhookKey, requireEnrolled: nanoMdm.requireEnrolled },
          }),
        })
      : null,
    ownerKey: hasEdge
      ? await OwnerKey.open(stores.secrets, { ...owner, mayMake: !usesServers(configuration) })
      : null,
    work: halves === 'edge' ? null : await workOf(foundation, stores, options),
  };
}

/** Only the worker speaks to Apple: a process without it has no client of Apple's API. */
async function workOf(
  foundation: Foundation,
  stores: OpenedStores,
  { configuration, log, views, transport, mdmTransport, viewsDamaged }: HostOptions,
): Promise<Work> {
  const { apple: appleSettings, mdm, http, reactor, planner, due, leases } = configuration;
  const { clock } = foundation;
  const { connectTimeoutMs, keepAliveMs, maxAnswerBytes, ...requests } = appleSettings;
  const connections = undiciTransport({ connectTimeoutMs, keepAliveMs, maxBodyBytes: maxAnswerBytes });
  const apple = createAppleApi({
    transport: transport ?? connections,
    clock,
    settings: requests,
    log: ({ level, message, ...facts }) => log[level](facts, message),
    mayStart: (uId, endpoint) => worker.mayAsk(uId, endpoint === 'clientConfig' ? 'account' : 'licences'),
  });
  const viewsOf = (tenureOf: TenureOf): Views => {
    if (views === 'worker' && !usesServers(configuration))
      return workerViewsOf(configuration, { log, stores, tenureOf, viewsDamaged });
    const { events, reads } = stores;
    const limits = configuration.views;
    return viewBuilders({ events, reads, clock, limits, log: foundation.log, tenureOf, groups: modelGroups });
  };
  const { url, apiKey, timeoutMs } = configuration.nanoMdm;
  const forDevices =
    url === null || apiKey === null
      ? null
      : clientOfNanoMdm({ url, apiKey, timeoutMs, ...(mdmTransport && { transport: mdmTransport }) });
  const worker = new SeatbookWorker(foundation, {
    apple,
    mdm: forDevices,
    random: Math.random,
    settings: {
      mdmInfo: { id: await mdmIdOf(mdm.id, stores.secrets, ids), name: mdm.name, metadata: 'seatbook' },
      publicUrl: http.publicUrl,
    },
    newSecret: () => randomBytes(32).toString('base64url'),
    limits: { reactor, due, planner, leases, buildersLeaseMs: leases.buildersMs },
    paces: () => apple.paces(),
    news: (level, message, facts) => log[level](facts, message),
    views: viewsOf,
  });
  apple.onRefused((uId, refusal) => worker.gates.shut(uId, refusal));
  worker.gates.writes.onOpened((uId) => apple.reopen(uId));
  worker.onTookOver((uId) => apple.tookOver(uId));
  return { worker, closeApple: () => apple.close(), closeTransport: () => connections.close() };
}

interface ViewsParts extends Pick<HostOptions, 'log' | 'viewsDamaged'> {
  readonly stores: OpenedStores;
  readonly tenureOf: TenureOf;
}

function workerViewsOf(
  { data, views, http }: Configuration,
  { log, stores, tenureOf, viewsDamaged }: ViewsParts,
): Views {
  const { restartMs, restartMaxMs, ...limits } = views;
  const { folder } = data;
  const { events } = stores;
  return viewsInThreads({
    folder,
    limits,
    onAppended: (listener) => events.onAppended(listener),
    tenureOf,
    restartMs,
    restartMaxMs,
    stopMs: http.shutdownMs / 2,
    clock: systemClock,
    log,
    damaged: viewsDamaged,
  });
}
