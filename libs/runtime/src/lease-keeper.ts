import type { Clock, Milliseconds } from '@seatbook/kernel';
import { fairShare, kindOf, surplusOf } from './fair-share.js';
import type { HeldLease, Lease, Leases } from './leases.js';
import { PollLoop } from './poll-loop.js';
import { RunnerHealth, type Log } from './runner-health.js';
import { writeStatus, type WorkerStatus } from './worker-status.js';

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
  /** Nothing new begins under it: another process shall have it, as soon as nothing under way needs it here. */
  leaving: boolean;
  /** It was given away: others come first until then. */
  notBefore: Milliseconds;
}

interface Held {
  readonly epoch: number;
  /** Before the last renewal was sent, by both clocks: the larger of the two counts. */
  readonly elapsed: Milliseconds;
  readonly wall: Milliseconds;
}

/** A lease that is not this process's, and how long it has been like that. */
interface Seen extends Pick<Lease, 'epoch' | 'beat' | 'holder'> {
  readonly since: Milliseconds;
}

export interface LeaseKeeperLimits {
  /** Between two beats. Leases that others hold are looked at twice as often. */
  readonly beatMs: Milliseconds;
}

export const LEASE_KEEPER_LIMITS: LeaseKeeperLimits = { beatMs: 5_000 };

/** Where processes say that they are there, so that the others know among how many the work is to be shared. */
const PLACES: readonly string[] = Array.from({ length: 64 }, (_place, number) => `workers/${number}`);
const NOBODY = { epoch: 0, beat: 0, holder: null };
/** Work that was offered and that nobody took is offered again after so many beats, then twice as many, and so on. */
const OFFER_AFTER_BEATS = 4;
const MAX_OFFER_PAUSE_MS: Milliseconds = 10 * 60_000;

/**
 * Holds the leases of a process with one heartbeat, and takes over those that others hold no more: a beat that has not
 * changed for the length of the lease, by this process's own clock, belongs to a holder that is gone. A holder counts
 * from before its renewal was sent, so it has stopped before anybody else can begin. Runners ask before each piece of
 * work; a lease saves work and fences nothing.
 *
 * Among several processes each takes its fair share of the leases of each kind, and gives away what it has beyond that.
 */
export class LeaseKeeper {
  readonly health: RunnerHealth;
  readonly #options: LeaseKeeperOptions;
  readonly #beatMs: Milliseconds;
  readonly #wanted = new Map<string, Wanted>();
  readonly #seen = new Map<string, Seen>();
  /** By kind: how often leases of it were offered to others in vain, and when the next may be. */
  readonly #offers = new Map<string, { readonly inVain: number; readonly nextAt: Milliseconds }>();
  readonly #loop: PollLoop;
  readonly #listeners = new Set<(name: string) => void>();
  readonly #needs = new Set<(name: string) => boolean>();
  #place: string | null = null;
  #status: () => WorkerStatus = () => ({ troubles: [], paces: [] });
  #stopping = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#beatMs = { ...LEASE_KEEPER_LIMITS, ...options.limits }.beatMs;
    this.health = new RunnerHealth('lease keeper', log);
    const task = (): Promise<boolean> => this.#pass();
    // Another pause than the beat would lose leases that could be kept.
    const pollMs = this.#beatMs;
    this.#loop = new PollLoop({ clock, pollMs, maxPauseMs: pollMs, task, health: this.health });
  }

  /** Wants a partition until the process stops; it takes the lease as soon as that is free and its share allows. */
  want(name: string, lengthMs: Milliseconds): void {
    if (this.#wanted.has(name)) return;
    this.#wanted.set(name, { lengthMs, held: null, leaving: false, notBefore: 0 });
    this.#loop.wake();
  }

  /**
   * With each beat all who read a lease of this process learn what keeps the process from its work; its place among
   * the processes says, once, what its requests wait for.
   */
  tell(status: () => WorkerStatus): void {
    this.#status = status;
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

  /** Whether another process shall have a lease: what is under way goes on, and nothing new begins. */
  isLeaving(name: string): boolean {
    return this.#wanted.get(name)?.leaving ?? false;
  }

  /** A lease for which one of these says that work is under way is not handed to another process before that ends. */
  whileNeeded(needs: (name: string) => boolean): void {
    this.#needs.add(needs);
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
    if (wanted?.held) await this.#release(name, wanted, wanted.held, wanted.lengthMs);
  }

  async #release(name: string, wanted: Wanted, { epoch }: Held, othersFirstMs: Milliseconds): Promise<void> {
    wanted.held = null;
    wanted.leaving = false;
    wanted.notBefore = this.#options.clock.elapsed() + othersFirstMs;
    this.#seen.delete(name);
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
    if (this.#place !== null) this.#wanted.delete(this.#place);
    this.#place = null;
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  async #pass(): Promise<boolean> {
    if (this.#wanted.size === 0) return false;
    await this.#renew();
    const found = await this.#options.leases.all();
    for (const name of [...PLACES, ...this.#wanted.keys()]) this.#look(name, found.get(name));
    if (!this.#stopping) await this.#takePlace(found);
    const processes = this.#processes();
    const failures: unknown[] = [];
    for (const [kind, names] of this.#kinds()) {
      if (this.#stopping) break;
      // What is wrong with one lease keeps no other from having a holder.
      const took = await this.#contend(names, found, processes.size).catch((error: unknown) => {
        failures.push(error);
        return true;
      });
      // Where something was taken it is not known yet what the others have now.
      if (!took) await this.#shareOut(kind, names, found, processes);
    }
    this.#lookAgain();
    if (failures.length > 0) throw failures[0];
    return false;
  }

  async #renew(): Promise<void> {
    const { leases, holder, clock } = this.#options;
    const elapsed = clock.elapsed();
    const wall = clock.now();
    const { troubles, paces } = this.#status();
    const all = [...this.health.troubles, ...troubles];
    const status = writeStatus({ troubles: all, paces: [] });
    const ofPlace = writeStatus({ troubles: all, paces });
    const held: Required<HeldLease>[] = [];
    for (const [name, wanted] of this.#wanted) {
      // One that ran out may be somebody else's by now: it is contended for like any other.
      if (wanted.held && this.leftOf(name) === 0) wanted.held = null;
      if (wanted.held)
        held.push({
          name,
          epoch: wanted.held.epoch,
          status: name === this.#place ? ofPlace : status,
        });
    }
    if (held.length === 0) return;
    const still = new Set(await leases.beat(holder, held));
    for (const { name, epoch } of held) {
      const wanted = this.#wanted.get(name);
      if (wanted?.held?.epoch !== epoch) continue;
      wanted.held = still.has(name) ? { epoch, elapsed, wall } : null;
    }
  }

  /** Notes how a lease is, if it is another process's or free, and since when it has been so. */
  #look(name: string, lease: Lease | undefined): void {
    if (this.#wanted.get(name)?.held) {
      this.#seen.delete(name);
      return;
    }
    const { epoch, beat, holder } = lease ?? NOBODY;
    const seen = this.#seen.get(name);
    if (seen?.epoch === epoch && seen.beat === beat && seen.holder === holder) return;
    this.#seen.set(name, { epoch, beat, holder, since: this.#options.clock.elapsed() });
  }

  /** For how long a lease could have been taken by now; negative while its holder may be there. */
  #freeFor(name: string, lengthMs: Milliseconds): Milliseconds {
    const { clock, holder } = this.#options;
    const seen = this.#seen.get(name);
    if (!seen) return -Infinity;
    // Its own name: it took the lease and the answer was lost.
    const isFree = seen.holder === null || seen.holder === holder;
    return clock.elapsed() - seen.since - (isFree ? 0 : lengthMs);
  }

  /** Says that this process is there, in the first place that is free. It counts as gone with the shortest lease. */
  async #takePlace(found: ReadonlyMap<string, Lease>): Promise<void> {
    if (this.#place !== null && this.#wanted.get(this.#place)?.held) return;
    if (this.#place !== null) this.#wanted.delete(this.#place);
    this.#place = null;
    const lengthMs = this.#shortest();
    for (const name of PLACES) {
      if (this.#freeFor(name, lengthMs) < 0) continue;
      this.#wanted.set(name, { lengthMs, held: null, leaving: false, notBefore: 0 });
      this.#place = name;
      await this.#take(name, found.get(name));
      if (this.#wanted.get(name)?.held) return;
      this.#wanted.delete(name);
      this.#place = null;
    }
  }

  /** All others have looked twice at a lease that has been free for so long. */
  get #untilUnwantedMs(): Milliseconds {
    return 2 * this.#beatMs;
  }

  #shortest(): Milliseconds {
    return Math.min(...[...this.#wanted.values()].map(({ lengthMs }) => lengthMs));
  }

  /** Those that are there, as far as can be seen: this one and all whose place is beating. */
  #processes(): ReadonlySet<string> {
    const processes = new Set([this.#options.holder]);
    const lengthMs = this.#shortest();
    for (const name of PLACES) {
      const holder = this.#seen.get(name)?.holder ?? null;
      if (holder !== null && this.#freeFor(name, lengthMs) < 0) processes.add(holder);
    }
    return processes;
  }

  /** What is wanted, by what it is: each kind is shared out by itself. */
  #kinds(): ReadonlyMap<string, readonly string[]> {
    const kinds = new Map<string, string[]>();
    for (const name of this.#wanted.keys()) {
      if (name === this.#place) continue;
      const names = kinds.get(kindOf(name));
      if (names) names.push(name);
      else kinds.set(kindOf(name), [name]);
    }
    return kinds;
  }

  #heldOf(names: readonly string[]): string[] {
    return names.filter((name) => this.#wanted.get(name)?.held);
  }

  /** Takes free leases up to the fair share, and beyond that those that nobody else wants. True where there were any. */
  async #contend(
    names: readonly string[],
    found: ReadonlyMap<string, Lease>,
    processes: number,
  ): Promise<boolean> {
    const now = this.#options.clock.elapsed();
    let room = fairShare(names.length, processes) - this.#heldOf(names).length;
    const takes: Promise<void>[] = [];
    for (const name of names) {
      const { held, notBefore, lengthMs } = this.#wanted.get(name) as Wanted;
      const freeFor = this.#freeFor(name, lengthMs);
      if (held || notBefore > now || freeFor < 0) continue;
      const unwanted = freeFor >= this.#untilUnwantedMs;
      if (room <= 0 && !unwanted) continue;
      // It was offered to the others in vain.
      if (room <= 0 && notBefore > 0) this.#offeredInVain(kindOf(name));
      room -= 1;
      takes.push(this.#take(name, found.get(name)));
    }
    await Promise.all(takes);
    return takes.length > 0;
  }

  /** Gives away what is beyond the fair share: first what is not in use, else as soon as it is not in use any more. */
  async #shareOut(
    kind: string,
    names: readonly string[],
    found: ReadonlyMap<string, Lease>,
    processes: ReadonlySet<string>,
  ): Promise<void> {
    const held = this.#heldOf(names);
    const { holder, clock } = this.#options;
    const others = new Map([...processes].flatMap((name) => (name === holder ? [] : [[name, 0]])));
    for (const name of names) {
      const other = found.get(name)?.holder ?? null;
      const has = other === null ? undefined : others.get(other);
      if (other !== null && has !== undefined) others.set(other, has + 1);
    }
    const beyond = surplusOf([holder, held.length], others, names.length);
    if (beyond === 0) this.#offers.delete(kind);
    const surplus = (this.#offers.get(kind)?.nextAt ?? 0) <= clock.elapsed() ? beyond : 0;
    if (surplus === 0) {
      // What is in use need not be found out.
      for (const name of held) (this.#wanted.get(name) as Wanted).leaving = false;
      return;
    }
    const needed = (name: string): boolean => [...this.#needs].some((needs) => needs(name));
    const inUse = new Map(held.map((name) => [name, needed(name)]));
    const leaving = [...held].sort((one, other) => Number(inUse.get(one)) - Number(inUse.get(other)));
    for (const [index, name] of leaving.entries()) {
      const wanted = this.#wanted.get(name) as Wanted;
      wanted.leaving = index < surplus;
      if (wanted.leaving && wanted.held && inUse.get(name) === false)
        await this.#release(name, wanted, wanted.held, this.#untilUnwantedMs);
    }
  }

  #offeredInVain(kind: string): void {
    const now = this.#options.clock.elapsed();
    const { inVain, nextAt } = this.#offers.get(kind) ?? { inVain: 0, nextAt: 0 };
    // One offer is of several leases.
    if (nextAt > now) return;
    const pause = Math.min(OFFER_AFTER_BEATS * this.#beatMs * 2 ** Math.min(inVain, 20), MAX_OFFER_PAUSE_MS);
    this.#offers.set(kind, { inVain: inVain + 1, nextAt: now + pause });
  }

  async #take(name: string, lease: Lease | undefined): Promise<void> {
    const { leases, holder, clock } = this.#options;
    const wanted = this.#wanted.get(name) as Wanted;
    const sent = { elapsed: clock.elapsed(), wall: clock.now() };
    const epoch = await leases.acquire(name, holder, lease ?? 'absent');
    // Whoever was faster is seen at the next look.
    this.#seen.delete(name);
    if (epoch === null) return;
    wanted.held = { epoch, ...sent };
    wanted.leaving = false;
    wanted.notBefore = 0;
    this.#gained(name);
  }

  #gained(name: string): void {
    if (name === this.#place) return;
    for (const listener of this.#listeners) listener(name);
  }

  /** Leases of others are looked at more often than they beat, and when the first of them runs out. */
  #lookAgain(): void {
    let next = Infinity;
    for (const [name, { held, lengthMs }] of this.#wanted) {
      if (held) continue;
      const freeFor = this.#freeFor(name, lengthMs);
      next = Math.min(next, this.#beatMs / 2, freeFor < 0 && freeFor > -Infinity ? -freeFor : Infinity);
    }
    if (next < Infinity) this.#loop.wakeIn(next);
  }
}
