import type { Clock, Milliseconds } from '@seatbook/kernel';
import type { HeldLease, Lease, Leases } from './leases.js';
import { PollLoop } from './poll-loop.js';
import { RunnerHealth, type Log } from './runner-health.js';
import { writeTroubles, type Trouble } from './trouble.js';

export interface LeaseKeeperOptions {
  readonly leases: Leases;
  /** Names this process, and no other one that ever ran. */
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<LeaseKeeperLimits> | undefined;
}

/** A partition that this process wants to work on. */
interface Wanted {
  readonly lengthMs: Milliseconds;
  held: Held | null;
  /** The lease of another holder, and how long it has been like that. */
  seen: { readonly lease: Lease; readonly since: Milliseconds } | null;
  /** It was given away: others come first until then. */
  notBefore: Milliseconds;
}

interface Held {
  readonly epoch: number;
  /** Before the last renewal was sent, by both clocks: the larger of the two counts. */
  readonly elapsed: Milliseconds;
  readonly wall: Milliseconds;
}

export interface LeaseKeeperLimits {
  /** Between two beats, and between two looks at leases that others hold. */
  readonly beatMs: Milliseconds;
}

export const LEASE_KEEPER_LIMITS: LeaseKeeperLimits = { beatMs: 5_000 };

/**
 * Holds the leases of a process with one heartbeat, and takes over those that others hold no more: a beat that has not
 * changed for the length of the lease, by this process's own clock, belongs to a holder that is gone. A holder counts
 * from before its renewal was sent, so it has stopped before anybody else can begin. Runners ask before each piece of
 * work; a lease saves work and fences nothing.
 */
export class LeaseKeeper {
  readonly health: RunnerHealth;
  readonly #options: LeaseKeeperOptions;
  readonly #wanted = new Map<string, Wanted>();
  readonly #loop: PollLoop;
  readonly #listeners = new Set<(name: string) => void>();
  #troubles: () => readonly Trouble[] = () => [];
  #stopping = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    const { clock, log } = options;
    const { beatMs } = { ...LEASE_KEEPER_LIMITS, ...options.limits };
    this.health = new RunnerHealth('lease keeper', log);
    const task = (): Promise<boolean> => this.#pass();
    // Another pause than the beat would lose leases that could be kept.
    this.#loop = new PollLoop({ clock, pollMs: beatMs, maxPauseMs: beatMs, task, health: this.health });
  }

  /** Wants a partition until the process stops; it takes the lease as soon as that is free. */
  want(name: string, lengthMs: Milliseconds): void {
    if (this.#wanted.has(name)) return;
    this.#wanted.set(name, { lengthMs, held: null, seen: null, notBefore: 0 });
    this.#loop.wake();
  }

  /** With each beat all who read a lease of this process learn what keeps the process from its work. */
  tell(troubles: () => readonly Trouble[]): void {
    this.#troubles = troubles;
  }

  /** The epoch in which this process holds a lease; null where it does not, or cannot be sure any more. */
  epochOf(name: string): number | null {
    return this.leftOf(name) > 0 ? (this.#wanted.get(name)?.held?.epoch ?? null) : null;
  }

  /** How long a lease is surely still held, in milliseconds; 0 where it is not. */
  leftOf(name: string): Milliseconds {
    const wanted = this.#wanted.get(name);
    if (!wanted?.held) return 0;
    const { clock } = this.#options;
    const passed = Math.max(clock.elapsed() - wanted.held.elapsed, clock.now() - wanted.held.wall);
    if (passed < wanted.lengthMs) return wanted.lengthMs - passed;
    // Who hears this stops until it is gained again: a clock that is put right does not give it back.
    wanted.held = null;
    return 0;
  }

  /** Called when a lease was gained. Returns an unsubscribe function. */
  onGained(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Gives a lease away: it cannot be used here, or another epoch has been seen. Others come first for the length of
   * the lease; then this process tries again.
   */
  async giveAway(name: string): Promise<void> {
    const wanted = this.#wanted.get(name);
    if (!wanted?.held) return;
    const { epoch } = wanted.held;
    wanted.held = null;
    wanted.seen = null;
    wanted.notBefore = this.#options.clock.elapsed() + wanted.lengthMs;
    // One that could not be freed runs out by itself.
    await this.#options.leases.release(name, epoch).catch((error: unknown) => this.health.failed(error));
  }

  start(): void {
    this.#stopping = false;
    this.#loop.start();
  }

  /** Frees all leases at once, so that others need not wait for them to run out. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#loop.stop();
    await Promise.all([...this.#wanted.keys()].map((name) => this.giveAway(name)));
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  async #pass(): Promise<boolean> {
    await this.#renew();
    await this.#contend();
    return false;
  }

  async #renew(): Promise<void> {
    const { leases, holder, clock } = this.#options;
    const elapsed = clock.elapsed();
    const wall = clock.now();
    const status = writeTroubles([...this.health.troubles, ...this.#troubles()]);
    const held: Required<HeldLease>[] = [];
    for (const [name, wanted] of this.#wanted) {
      // One that ran out may be somebody else's by now: it is contended for like any other.
      if (wanted.held && this.leftOf(name) === 0) wanted.held = null;
      if (wanted.held) held.push({ name, epoch: wanted.held.epoch, status });
    }
    if (held.length === 0) return;
    const still = new Set(await leases.beat(holder, held));
    for (const { name, epoch } of held) {
      const wanted = this.#wanted.get(name);
      if (wanted?.held?.epoch !== epoch) continue;
      wanted.held = still.has(name) ? { epoch, elapsed, wall } : null;
    }
  }

  async #contend(): Promise<void> {
    const { leases, clock } = this.#options;
    const now = clock.elapsed();
    const names = [...this.#wanted].flatMap(([name, { held, notBefore }]) =>
      held === null && notBefore <= now ? name : [],
    );
    if (names.length === 0) return;
    const found = await leases.read(names);
    const takeable = names.filter((name) => this.#mayTake(name, found.get(name)));
    if (!this.#stopping) await Promise.all(takeable.map((name) => this.#take(name, found.get(name))));
  }

  /** Whether a lease is free, or its holder has not been heard of for its whole length. */
  #mayTake(name: string, lease: Lease | undefined): boolean {
    const { clock, holder } = this.#options;
    const wanted = this.#wanted.get(name) as Wanted;
    // Its own name: it took the lease and the answer was lost.
    if (!lease || lease.holder === null || lease.holder === holder) return true;
    const now = clock.elapsed();
    const { seen } = wanted;
    if (seen?.lease.epoch !== lease.epoch || seen.lease.beat !== lease.beat) {
      wanted.seen = { lease, since: now };
      return false;
    }
    return now - seen.since >= wanted.lengthMs;
  }

  async #take(name: string, lease: Lease | undefined): Promise<void> {
    const { leases, holder, clock } = this.#options;
    const wanted = this.#wanted.get(name) as Wanted;
    const sent = { elapsed: clock.elapsed(), wall: clock.now() };
    const epoch = await leases.acquire(name, holder, lease ?? 'absent');
    wanted.seen = null;
    if (epoch === null) return;
    wanted.held = { epoch, ...sent };
    for (const listener of this.#listeners) listener(name);
  }
}
