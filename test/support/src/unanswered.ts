import { START, latest, type Position } from '@seatbook/kernel';
import type { Appended, LogPage, Stores } from '@seatbook/runtime';

/** A subscription as its reader has it. */
interface Reader {
  upTo: Position;
  caughtUp: boolean;
  /** For the next page. */
  waits: boolean;
}

/** What was asked of stores and has no answer yet, subscriptions that are behind included. */
export class Unanswered {
  #calls = 0;
  /** The last event that is known to be stored. */
  #head: Position = START;
  readonly #readers = new Set<Reader>();

  get none(): boolean {
    if (this.#calls > 0) return false;
    for (const { waits, caughtUp, upTo } of this.#readers)
      if (waits && (!caughtUp || upTo < this.#head)) return false;
    return true;
  }

  /** The same ports, counted. */
  ofAll({ events, reads, progress, leases, secrets, directory }: Stores): Stores {
    return {
      events: this.of(events),
      reads: this.of(reads),
      progress: this.of(progress),
      leases: this.of(leases),
      secrets: this.of(secrets),
      directory: this.of(directory),
    };
  }

  of<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]): unknown => {
          const answer: unknown = Reflect.apply(member, target, parameters);
          if (name === 'subscribe') return this.#followed(answer as AsyncIterable<LogPage>);
          if (!(answer instanceof Promise)) return answer;
          this.#calls += 1;
          const counted = answer.finally(() => (this.#calls -= 1));
          return name === 'append' ? this.#appended(counted as Promise<Appended>) : counted;
        };
      },
    });
  }

  async #appended(answer: Promise<Appended>): Promise<Appended> {
    const appended = await answer;
    this.#head = latest(this.#head, appended.position);
    return appended;
  }

  async *#followed(pages: AsyncIterable<LogPage>): AsyncGenerator<LogPage> {
    const reader: Reader = { upTo: START, caughtUp: false, waits: true };
    this.#readers.add(reader);
    try {
      for await (const page of pages) {
        Object.assign(reader, { upTo: page.upTo, caughtUp: page.caughtUp, waits: false });
        yield page;
        reader.waits = true;
      }
    } finally {
      this.#readers.delete(reader);
    }
  }
}
