import type { Clock, Milliseconds, Position } from '@seatbook/kernel';
import { StoreUnavailable, type EventStore, type Stores } from '@seatbook/runtime';
import type { Machine } from './machine.js';
import type { VirtualClock } from './virtual-clock.js';

/**
 * What becomes of a call: done and answered; refused; done, its answer lost; the process dies around it; or the machine
 * that it is made on is suspended there.
 */
export type Fate =
  'well' | 'fails' | 'answer-lost' | 'dies-before' | 'dies-after' | 'sleeps-before' | 'sleeps-after';

/** Decides that for a call by e.g. `events.append`, of the worker of that number, or of an edge (-1). */
export type FateOf = (call: string, parameters: readonly unknown[], process: number) => Fate;

export const never = (): Promise<never> => new Promise(() => undefined);

const storeFailure = (call: string): Error => new StoreUnavailable(`${call}: the disk fails`, 'SQLITE_IOERR');

/** A subscription whose first page cannot be read. */
const broken = (call: string): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(storeFailure(call)) }),
});

/** A subscription of a dead process. */
const silent: AsyncIterable<never> = { [Symbol.asyncIterator]: () => ({ next: never }) };

/** The process dies at this append of its life: `before` it reaches the disk, or `after`, unanswered. */
export interface Death {
  readonly append: number;
  readonly when: 'before' | 'after';
}

/** What befalls calls of a port. */
export interface Calls {
  readonly fateOf: (call: string, parameters: readonly unknown[]) => Fate;
  readonly carriedOut?: ((call: string, parameters: readonly unknown[]) => void) | undefined;
}

/** One life of a process. When it has ended, none of its pending work has any effect. */
export class Life {
  appends = 0;
  /** Resolves when it is over. */
  readonly ended: Promise<void>;
  #over = false;
  #end: () => void = () => undefined;

  constructor(
    private readonly time: VirtualClock,
    /** Of its worker, where that can be suspended. */
    readonly machine: Machine | null,
    private readonly sleepMs: Milliseconds,
  ) {
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  get over(): boolean {
    return this.#over;
  }

  get asleep(): boolean {
    return this.machine?.asleep ?? false;
  }

  end(): void {
    this.#over = true;
    this.#end();
  }

  /** Its machine is suspended for a while. */
  sleep(ms = this.sleepMs): void {
    const { machine } = this;
    if (!machine) throw new Error('no machine of this process can be suspended');
    machine.suspend();
    this.time.after(ms, () => machine.resume());
  }

  /** The clock of what runs on this machine, or on one that is never suspended. */
  clockOn(machine: Machine | null): Clock {
    const clock: Clock = machine ?? this.time;
    return {
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      after: (delay, run) => clock.after(delay, () => (this.#over ? undefined : run())),
    };
  }

  /** Stores as this process has them, on this machine or on one that is never suspended. */
  storesOn(
    machine: Machine | null,
    { events, reads, progress, leases, secrets, directory }: Stores,
    calls: (port: string) => Calls,
    dieAt: () => Death | null,
  ): Stores {
    const stores = {
      events: this.port<EventStore>(this.#mortalLog(events, dieAt), calls('events')),
      reads: this.port(reads, calls('reads')),
      progress: this.port(progress, calls('progress')),
      leases: this.port(leases, calls('leases')),
      secrets: this.port(secrets, calls('secrets')),
      directory: this.port(directory, calls('directory')),
    };
    return machine?.stores(stores) ?? stores;
  }

  #mortalLog(events: EventStore, dieAt: () => Death | null): EventStore {
    const append: EventStore['append'] = async (stream, drafts, expected) => {
      this.appends += 1;
      const death = dieAt();
      const dying = death?.append === this.appends ? death.when : null;
      if (dying === 'before') this.end();
      if (this.#over) return never();
      const appended = await events.append(stream, drafts, expected);
      if (dying === 'after') this.end();
      return appended;
    };
    return new Proxy(events, {
      get(target, name) {
        if (name === 'append') return append;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function'
          ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
          : member;
      },
    });
  }

  /** Calls of a dead process never come back; those of a living one end as their fate is. */
  port<T extends object>(port: T, { fateOf, carriedOut }: Calls): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]): unknown => {
          const call = String(name);
          const unanswered = (): unknown => (call === 'subscribe' ? silent : never());
          if (this.#over) return unanswered();
          const fate = fateOf(call, parameters);
          if (fate === 'dies-before') this.end();
          if (this.#over) return unanswered();
          if (fate === 'fails')
            return call === 'subscribe' ? broken(call) : Promise.reject(storeFailure(call));
          const apply = (): unknown => Reflect.apply(member, target, parameters);
          if (fate === 'sleeps-before') {
            this.sleep();
            return this.#awake().then(apply);
          }
          const answer = apply();
          if (!(answer instanceof Promise)) return answer;
          return this.#ended(answer, call, fate, () => carriedOut?.(call, parameters));
        };
      },
    });
  }

  #ended(answer: Promise<unknown>, call: string, fate: Fate, carriedOut: () => void): Promise<unknown> {
    const ended = <R>(settle: () => R | Promise<R>): R | Promise<R> => {
      if (fate === 'dies-after') this.end();
      if (this.#over) return never();
      if (fate === 'sleeps-after') {
        this.sleep();
        return this.#awake().then(settle);
      }
      return fate === 'answer-lost' ? Promise.reject(storeFailure(call)) : settle();
    };
    return answer.then(
      (value: unknown) => {
        carriedOut();
        return ended(() => value);
      },
      (error: unknown) => ended(() => Promise.reject(error as Error)),
    );
  }

  #awake(): Promise<void> {
    return this.machine?.awake() ?? Promise.resolve();
  }
}

/** The log as one of several processes has it: appends of the others are not announced here. */
export function withHintsOfItsOwn(events: EventStore): EventStore {
  const listeners = new Set<(position: Position) => void>();
  return new Proxy(events, {
    get(target, name) {
      if (name === 'append') {
        return async (...asked: Parameters<EventStore['append']>) => {
          const appended = await target.append(...asked);
          for (const listener of listeners) listener(appended.position);
          return appended;
        };
      }
      if (name === 'onAppended') {
        return (listener: (position: Position) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        };
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function'
        ? (...asked: unknown[]): unknown => Reflect.apply(member, target, asked)
        : member;
    },
  });
}
