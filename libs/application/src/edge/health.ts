import type { Instant, Milliseconds, Position } from '@seatbook/kernel';
import {
  builderOf,
  readStatus,
  reasonOf,
  timesModel,
  type Lease,
  type Pace,
  type Trouble,
} from '@seatbook/runtime';
import type { Foundation } from '../foundation/foundation.js';
import { allModels } from '../foundation/model-groups.js';
import { PARTITIONS, modelLease } from '../foundation/partitions.js';

/** The stores are looked at once a second at most, however many ask. */
const LOOK_EVERY_MS: Milliseconds = 1_000;
/** The log is probed less often: each probe is a write. */
const PROBE_EVERY_MS: Milliseconds = 2_000;
/** Stores that have not answered by then are not usable. */
const ANSWER_MS: Milliseconds = 5_000;

export interface ModelHealth {
  readonly model: string;
  readonly version: number;
  /** Up to where it reflects the log. */
  readonly position: Position;
  /** Since the first event that it does not reflect was recorded; 0 where it reflects all. */
  readonly lagMs: Milliseconds;
  /** Why it has halted permanently. */
  readonly halted: string | null;
  /** Why it makes no progress. It keeps trying. */
  readonly failure: string | null;
}

export interface PartitionHealth {
  readonly partition: string;
  /** The worker that does this work; null while nobody does. */
  readonly worker: string | null;
  /** Since that worker was last heard of, or since nobody is there, as far as this process has seen. */
  readonly silentMs: Milliseconds;
}

/** A runner that fails, and whose. */
export interface WorkerTrouble extends Trouble {
  readonly worker: string;
}

/** What requests to Apple wait for, and whose they are. */
export interface WorkerPace extends Pace {
  readonly worker: string;
}

export interface HealthReport {
  /** Why the product is not ready; empty when it is. */
  readonly reasons: readonly string[];
  readonly models: readonly ModelHealth[];
  readonly partitions: readonly PartitionHealth[];
  /** Runners that fail. They keep trying, so they do not end readiness; read models are told of apart. */
  readonly troubles: readonly WorkerTrouble[];
  /** Of the locations where requests to Apple are on their way, wait or are held, as workers last told. */
  readonly paces: readonly WorkerPace[];
  /** Number of parked items. */
  readonly parked: number;
  /** What is wrong with the clock; null: nothing that the log shows. It does not end readiness. */
  readonly clock: string | null;
}

/** A part of the report, or what stands for it, and why it could not be read. */
interface Tried<T> {
  readonly value: T;
  readonly reason: string | null;
}

/** Where a read model is, and since when. */
type Place = Pick<ModelHealth, 'position' | 'lagMs'>;

/** A lease as it was when it last changed. */
interface Seen {
  readonly epoch: number;
  readonly beat: number;
  readonly since: Milliseconds;
}

const NOTHING: HealthReport = {
  reasons: [],
  models: [],
  partitions: [],
  troubles: [],
  paces: [],
  parked: 0,
  clock: null,
};

/**
 * How the whole product is, as the stores tell it: workers say with their leases what keeps them from their work, so
 * that the answer is the same whether they run in this process, in others, or not at all. Apple being down is no reason
 * not to be ready: orders are taken and wait.
 */
export class Health {
  readonly #seen = new Map<string, Seen>();
  #lookedAt: Milliseconds = -Infinity;
  #looking: Promise<HealthReport> = Promise.resolve(NOTHING);
  #probedAt: Milliseconds = -Infinity;
  #probing: Promise<void> = Promise.resolve();

  constructor(
    private readonly foundation: Foundation,
    /** What makes no progress for longer ends readiness: a read model, or work that no worker does. */
    private readonly patienceMs: Milliseconds,
  ) {}

  /** Never rejects: what cannot be read is a reason. */
  look(): Promise<HealthReport> {
    const now = this.foundation.clock.elapsed();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return this.#looking;
    this.#lookedAt = now;
    this.#looking = this.#look();
    return this.#looking;
  }

  /** All parts at once: one that cannot be read says so, whatever becomes of the others. */
  async #look(): Promise<HealthReport> {
    const { leases: store, progress } = this.foundation.stores;
    const none: ReadonlyMap<string, Lease> = new Map();
    const [log, { value: leases, reason }, places, parked, clock] = await Promise.all([
      this.#tried('the log cannot be used', () => this.#probe(), undefined),
      this.#tried('the leases cannot be read', () => store.all(), none),
      this.#tried('the read models cannot be read', () => this.#places(), []),
      this.#tried('parked work cannot be read', () => progress.countParked(), 0),
      this.#tried('the read models cannot be read', () => this.#clock(), null),
    ]);
    const partitions = leases === none ? [] : this.#partitions(leases);
    const models = modelsAt(places.value, leases);
    const unread = [log.reason, reason, places.reason, parked.reason, clock.reason];
    return {
      reasons: [
        ...new Set(unread.filter((why) => why !== null)),
        ...this.#lagging(models),
        ...this.#silent(partitions),
      ],
      models,
      partitions,
      troubles: troublesOf(leases),
      paces: pacesOf(leases),
      parked: parked.value,
      clock: clock.value,
    };
  }

  async #tried<T>(what: string, work: () => Promise<T>, otherwise: T): Promise<Tried<T>> {
    let cancel = (): void => undefined;
    const late = new Promise<Tried<T>>((resolve) => {
      const reason = `${what}: no answer within ${ANSWER_MS / 1_000} s`;
      cancel = this.foundation.clock.after(ANSWER_MS, () => resolve({ value: otherwise, reason }));
    });
    const trying = async (): Promise<Tried<T>> => ({ value: await work(), reason: null });
    try {
      return await Promise.race([trying(), late]);
    } catch (error) {
      return { value: otherwise, reason: `${what}: ${reasonOf(error)}` };
    } finally {
      cancel();
    }
  }

  #probe(): Promise<void> {
    const { clock, stores } = this.foundation;
    const now = clock.elapsed();
    if (now - this.#probedAt >= PROBE_EVERY_MS) {
      this.#probedAt = now;
      this.#probing = stores.events.probe();
    }
    return this.#probing;
  }

  /** Where each read model is, in the order in which they are declared. */
  async #places(): Promise<readonly Place[]> {
    const { stores, events, clock } = this.foundation;
    const positions = await stores.reads.checkpoints(allModels);
    const head = await events.head();
    const now = clock.now();
    const lags = new Map<Position, Milliseconds>();
    for (const position of positions) {
      if (position >= head || lags.has(position)) continue;
      const next = await events.firstAfter(position);
      if (next) lags.set(position, lagOf(next.metadata.recordedAt, now));
    }
    return positions.map((position) => ({ position, lagMs: lags.get(position) ?? 0 }));
  }

  /** An event that is recorded later than now: the clock that recorded it was ahead, or this one was set back. */
  async #clock(): Promise<string | null> {
    const { stores, clock } = this.foundation;
    const { rows } = await stores.reads.query(timesModel, {
      index: 'by-time',
      equals: ['minute'],
      descending: true,
      limit: 1,
    });
    const aheadMs = (rows[0]?.from ?? 0) - clock.now();
    if (aheadMs <= 0) return null;
    return `the clock went back: the log has events that are recorded ${seconds(aheadMs)} later than now`;
  }

  #partitions(leases: ReadonlyMap<string, Lease>): readonly PartitionHealth[] {
    const now = this.foundation.clock.elapsed();
    return PARTITIONS.map((partition) => {
      const { holder, epoch, beat } = leases.get(partition) ?? { holder: null, epoch: 0, beat: 0 };
      let seen = this.#seen.get(partition);
      const heard = holder !== null && (seen?.epoch !== epoch || seen.beat !== beat);
      if (!seen || heard) this.#seen.set(partition, (seen = { epoch, beat, since: now }));
      return { partition, worker: holder, silentMs: now - seen.since };
    });
  }

  #lagging(models: readonly ModelHealth[]): readonly string[] {
    return models.flatMap(({ model, lagMs, halted, failure }) => {
      if (halted !== null) return `the read model ${model} has halted: ${halted}`;
      if (lagMs <= this.patienceMs) return [];
      const why = failure === null ? '' : `: ${failure}`;
      return `the read model ${model} is ${seconds(lagMs)} behind${why}`;
    });
  }

  #silent(partitions: readonly PartitionHealth[]): readonly string[] {
    const silent = partitions.filter(({ silentMs }) => silentMs > this.patienceMs);
    if (silent.length === 0) return [];
    const longest = Math.max(...silent.map(({ silentMs }) => silentMs));
    const names = silent.map(({ partition }) => partition).join(', ');
    return [`no worker has been heard of for ${seconds(longest)} that works on ${names}`];
  }
}

const lagOf = (recordedAt: Instant, now: Instant): Milliseconds => Math.max(0, now - recordedAt);

const seconds = (ms: Milliseconds): string => `${Math.round(ms / 1_000)} s`;

/** What workers tell of their other runners. A worker tells it with each of its leases, and it is shown once. */
function troublesOf(leases: ReadonlyMap<string, Lease>): readonly WorkerTrouble[] {
  const troubles = new Map<string, WorkerTrouble>();
  const builders = new Set(allModels.map(({ name }) => builderOf(name)));
  for (const { holder: worker, status } of leases.values()) {
    if (worker === null) continue;
    for (const trouble of readStatus(status).troubles) {
      if (!builders.has(trouble.runner)) troubles.set(`${worker} ${trouble.runner}`, { worker, ...trouble });
    }
  }
  return [...troubles.values()];
}

/** What workers told with their last beats. */
const pacesOf = (leases: ReadonlyMap<string, Lease>): readonly WorkerPace[] =>
  [...leases.values()].flatMap(({ holder: worker, status }) =>
    worker === null ? [] : readStatus(status).paces.map((pace) => ({ worker, ...pace })),
  );

/** Read models at their places, with what keeps those who build them from going on. No places: they could not be read. */
function modelsAt(places: readonly Place[], leases: ReadonlyMap<string, Lease>): readonly ModelHealth[] {
  return places.flatMap((place, index) => {
    const model = allModels[index];
    if (!model) return [];
    const { name, version } = model;
    const told = readStatus(leases.get(modelLease(model))?.status ?? null).troubles;
    const { reason = null, halted = false } = told.find(({ runner }) => runner === builderOf(name)) ?? {};
    const why = halted ? { halted: reason, failure: null } : { halted: null, failure: reason };
    return [{ model: name, version, ...place, ...why }];
  });
}
