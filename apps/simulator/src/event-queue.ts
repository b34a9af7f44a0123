import type { Timers } from './clock.js';
import type { EventFailures } from './event-failures.js';
import { drawFrom, type Faults } from './faults.js';
import type { Location } from './location.js';
import type { NotificationDraft, Notifier } from './notifier.js';

export type EventType = 'ASSOCIATE' | 'DISASSOCIATE' | 'REVOKE' | 'CREATE' | 'UPDATE' | 'RETIRE';

/** One accepted write. */
export interface AppleEvent {
  readonly eventId: string;
  /** Counts the events in the order in which they are accepted, from 1. */
  readonly number: number;
  readonly type: EventType;
  readonly location: Location;
  status: 'PENDING' | 'COMPLETE' | 'FAILED';
  numRequested: number;
  numCompleted: number;
  readonly failures: EventFailures;
}

/** The work of an event, in steps that each return how many tasks they did; it ends with its notifications. */
export type EventWork = Generator<number, readonly NotificationDraft[], void>;

interface Running {
  readonly event: AppleEvent;
  readonly work: EventWork;
  readonly applied: () => void;
}

/** This many events can be queried; older finished ones are forgotten. */
const retention = 20_000;

/** After this many tasks an event lets others run, so it never blocks for long. */
const tasksAtOnce = 2_000;

/** Runs events after their delay, each in its own time; nothing orders two events. */
export class EventQueue {
  private readonly events = new Map<string, AppleEvent>();
  private readonly pending = new Map<string, Running>();
  private readonly dueWhilePaused = new Set<Running>();
  private paused = false;
  private lastNumber = 0;

  constructor(
    private readonly timers: Timers,
    private readonly random: () => number,
    private readonly faults: Faults,
    private readonly notifier: Notifier,
  ) {}

  /** Takes an event. With early notifications it resolves only after the event and its notifications. */
  async accept(event: AppleEvent, work: EventWork, applied: () => void): Promise<void> {
    const running: Running = { event, work, applied };
    this.events.set(event.eventId, event);
    this.pending.set(event.eventId, running);
    this.forgetOldest();
    if (this.faults.notifications.early && !this.paused) {
      await this.finish(running, true);
      return;
    }
    if (this.faults.eventDelayMs === 'never') return;
    const delay =
      drawFrom(this.faults.eventDelayMs, this.random) + event.numRequested * this.faults.eventDelayPerTaskMs;
    this.timers.after(delay, () => this.due(running));
  }

  /** The number of the next event. */
  nextNumber(): number {
    return (this.lastNumber += 1);
  }

  find(eventId: string): AppleEvent | undefined {
    return this.events.get(eventId);
  }

  /** How many events are PENDING. */
  get pendingCount(): number {
    return this.pending.size;
  }

  /** Events that fall due wait from now on. */
  pause(): void {
    this.paused = true;
  }

  /** Runs what fell due during the pause. */
  resume(): void {
    this.paused = false;
    const due = [...this.dueWhilePaused];
    this.dueWhilePaused.clear();
    for (const running of due) this.advance(running);
  }

  /** Runs all pending events now, also those that would never have completed. Returns how many. */
  async completeAll(): Promise<number> {
    const all = [...this.pending.values()];
    for (const running of all) this.dueWhilePaused.delete(running);
    const announced = all.map(async (running) => this.finish(running, false));
    await Promise.all(announced);
    return all.length;
  }

  private due(running: Running): void {
    if (this.paused) this.dueWhilePaused.add(running);
    else this.advance(running);
  }

  private advance(running: Running): void {
    if (!this.pending.has(running.event.eventId)) return;
    for (let tasks = 0; tasks < tasksAtOnce;) {
      const step = running.work.next();
      if (step.done === true) {
        void this.notifier.announce(running.event.location, this.complete(running, step.value));
        return;
      }
      tasks += step.value;
    }
    this.timers.after(0, () => this.due(running));
  }

  private async finish(running: Running, atOnce: boolean): Promise<void> {
    let step = running.work.next();
    while (step.done !== true) step = running.work.next();
    const drafts = this.complete(running, step.value);
    const announced = this.notifier.announce(running.event.location, drafts, atOnce);
    // A notification that a switch delays must not hold up a caller who only waits for the events.
    if (atOnce) await announced;
  }

  private complete(running: Running, drafts: readonly NotificationDraft[]): readonly NotificationDraft[] {
    const { event } = running;
    this.pending.delete(event.eventId);
    event.status = event.failures.body() === undefined ? 'COMPLETE' : 'FAILED';
    running.applied();
    return drafts;
  }

  private forgetOldest(): void {
    if (this.events.size <= retention) return;
    for (const [eventId, event] of this.events) {
      if (this.events.size <= retention) return;
      if (event.status !== 'PENDING') this.events.delete(eventId);
    }
  }
}
