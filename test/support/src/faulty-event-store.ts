import type { Position } from '@seatbook/kernel';
import type {
  Appended,
  EventReference,
  EventStore,
  ExpectedRevision,
  LogPage,
  NewEvent,
  StoredEvent,
  SubscribeOptions,
} from '@seatbook/runtime';

export type Fault =
  /** Nothing is written. */
  | 'fails'
  /** It is written and the answer is lost. */
  | 'doubtful'
  /** It waits until `release` is called. */
  | 'held';

/** A real store whose appends and reads fail on demand. */
export class FaultyEventStore implements EventStore {
  /** What the next appends do, in order; then all is well. */
  readonly appends: (Fault | 'well')[] = [];
  /** That many reads of a stream fail. */
  failingReads = 0;
  /** Streams that can be neither read nor appended to, whatever becomes of the others. */
  readonly broken = new Set<string>();
  /** That many looks at the whole log fail. */
  failingSubscriptions = 0;
  readonly sizes: number[] = [];
  reads = 0;
  #held: (() => void)[] = [];

  constructor(private readonly store: EventStore) {}

  get holding(): boolean {
    return this.#held.length > 0;
  }

  release(): void {
    for (const go of this.#held.splice(0)) go();
  }

  async append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    this.#check(stream);
    const fault = this.appends.shift() ?? 'well';
    if (fault === 'fails') throw new Error('the disk is full');
    if (fault === 'held') await new Promise<void>((resolve) => this.#held.push(resolve));
    const appended = await this.store.append(stream, events, expected);
    this.sizes.push(events.length);
    if (fault === 'doubtful') throw new Error('the connection broke');
    return appended;
  }

  async readStream(stream: string, from: number, limit: number): Promise<readonly StoredEvent[]> {
    this.reads += 1;
    this.#check(stream);
    if (this.failingReads > 0) {
      this.failingReads -= 1;
      throw new Error('the connection broke');
    }
    return this.store.readStream(stream, from, limit);
  }

  async *subscribe(after: Position, options: SubscribeOptions): AsyncGenerator<LogPage> {
    if (this.failingSubscriptions > 0) {
      this.failingSubscriptions -= 1;
      throw new Error('the connection broke');
    }
    yield* this.store.subscribe(after, options);
  }

  readReferences(references: readonly EventReference[]): Promise<readonly StoredEvent[]> {
    return this.store.readReferences(references);
  }

  readAt(position: Position): Promise<StoredEvent | null> {
    return this.store.readAt(position);
  }

  /** Fails as the next append or read would. */
  async probe(): Promise<void> {
    if (this.appends[0] === 'fails' || this.failingReads > 0) throw new Error('the disk is full');
    await this.store.probe();
  }

  #check(stream: string): void {
    if (this.broken.has(stream)) throw new Error('the page of this stream is damaged');
  }

  head(): Promise<Position> {
    return this.store.head();
  }

  onAppended(listener: (position: Position) => void): () => void {
    return this.store.onAppended(listener);
  }
}
