import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createAppleApi, undiciTransport, type AppleClient, type Transport } from '@seatbook/apple';
import { systemClock, type Clock, type Ids, type Instant } from '@seatbook/kernel';
import type { Views } from '@seatbook/runtime';
import { loadOrCreateKey, openSqliteStores, type SqliteStores } from '@seatbook/store-sqlite';
import { Seatbook, modelGroups } from '@seatbook/application';
import { OwnerKey } from './keys/owner-key.js';
import { errorFacts, type Log } from './log.js';
import type { Configuration } from './settings/configuration.js';
import { mdmIdOf } from './keys/mdm-id.js';
import { alignNotificationAddresses } from './notification-addresses.js';
import { viewBuilders } from './views/view-builders.js';
import { WorkerViews } from './views/worker-views.js';

export interface HostOptions {
  readonly configuration: Configuration;
  readonly log: Log;
  /** Where read models are built: in a thread of their own, or in this one (for tests). */
  readonly views: 'worker' | 'inline';
  /** How Apple is reached; HTTP when absent. */
  readonly transport?: Transport;
}

/** Where the product stands between start and end. */
export type HostPhase = 'opened' | 'starting' | 'ready' | 'stopping' | 'stopped';

const ids: Ids = { next: () => randomUUID() };

/**
 * The product in this process: stores, Apple's client and the system, opened in order and closed in order.
 * Opening makes commands and queries possible; `start` lets work be done.
 */
export class SeatbookHost {
  readonly clock: Clock = systemClock;
  readonly startedAt: Instant = this.clock.now();
  #phase: HostPhase = 'opened';
  readonly #closing = new AbortController();

  private constructor(
    readonly configuration: Configuration,
    readonly log: Log,
    readonly stores: SqliteStores,
    readonly ownerKey: OwnerKey,
    readonly apple: AppleClient,
    readonly seatbook: Seatbook,
    private readonly workerViews: WorkerViews | null,
    private readonly closeTransport: () => Promise<void>,
  ) {}

  /** @throws what the stores say of a folder that is locked or damaged, and of a key that does not fit */
  static async open({ configuration, log, views, transport }: HostOptions): Promise<SeatbookHost> {
    const { data, apple: appleSettings, mdm, http, owner, timings, due } = configuration;
    const { folder, keyFile, key } = data;
    const sealingKey = loadOrCreateKey({ folder, file: keyFile ?? undefined, env: key ?? undefined });
    const clock = systemClock;
    const stores = await openSqliteStores({
      folder,
      key: sealingKey,
      clock,
      ids,
      name: 'seatbook standalone',
    });
    try {
      for (const notice of stores.notices) log.warn(notice);
      const ownerKey = await OwnerKey.open(stores.secrets, owner);
      const { connectTimeoutMs, keepAliveMs, maxAnswerBytes, ...settings } = appleSettings;
      const connections = undiciTransport({ connectTimeoutMs, keepAliveMs, maxBodyBytes: maxAnswerBytes });
      const apple = createAppleApi({
        transport: transport ?? connections,
        clock,
        settings,
        log: ({ level, message, ...facts }) => log[level](facts, message),
      });
      await stores.reads.prepare(modelGroups.flat());
      const workerViews = views === 'worker' ? workerViewsOf(configuration, log, clock) : null;
      const built: Views =
        workerViews ?? viewBuilders(stores.events, stores.reads, clock, configuration.views);
      const seatbook = new Seatbook({
        stores,
        apple,
        clock,
        ids,
        random: Math.random,
        settings: {
          mdmInfo: { id: await mdmIdOf(mdm.id, stores.secrets, ids), name: mdm.name, metadata: 'seatbook' },
          publicUrl: http.publicUrl,
        },
        timings,
        dueRunner: due,
        views: built,
        positionWaitMs: http.positionWaitMs,
        log: (message, facts) => log.warn(facts, message),
        newSecret: () => randomBytes(32).toString('base64url'),
      });
      apple.onTokenRefused((uId) => seatbook.gates.shut(uId));
      seatbook.gates.onOpened((uId) => apple.reopen(uId));
      const closeTransport = (): Promise<void> => connections.close();
      return new SeatbookHost(
        configuration,
        log,
        stores,
        ownerKey,
        apple,
        seatbook,
        workerViews,
        closeTransport,
      );
    } catch (error) {
      await stores.close();
      throw error;
    }
  }

  get phase(): HostPhase {
    return this.#phase;
  }

  /** Aborts when the shutdown begins: whoever waits for outcomes answers with what is there. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Null while read models are being built; else why they are not. */
  get viewsFailure(): string | null {
    return this.workerViews?.failure ?? null;
  }

  /** Lets work be done. The HTTP server must be listening: Apple tries the notification address at once. */
  async start(): Promise<void> {
    this.#phase = 'starting';
    await this.seatbook.start();
    // A shutdown may have begun meanwhile.
    if (this.phase !== 'starting') return;
    this.#phase = 'ready';
    void alignNotificationAddresses(this.seatbook, this.apple, this.log).catch((error: unknown) =>
      this.log.warn(errorFacts(error), 'the notification addresses could not be looked at'),
    );
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
    const stopped = this.seatbook.stop();
    await this.apple.close();
    await stopped;
    await this.closeTransport();
    // Promises that were settled by the last steps run out before their stores go.
    await pause(0);
    await this.stores.close();
    this.#phase = 'stopped';
  }
}

function workerViewsOf({ data, views, http }: Configuration, log: Log, clock: Clock): WorkerViews {
  const { restartMs, restartMaxMs, ...processor } = views;
  const { folder } = data;
  return new WorkerViews({
    folder,
    processor,
    restartMs,
    restartMaxMs,
    stopMs: http.shutdownMs / 2,
    clock,
    log,
  });
}
