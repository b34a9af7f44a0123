import type { Clock } from '@seatbook/kernel';
import type { ParkedWork, Progress } from './progress.js';

/** Work that failed past its budget. What comes later for the same stream waits behind it. */
export class Parking {
  readonly #streams = new Map<string, number>();

  constructor(
    private readonly progress: Progress,
    private readonly clock: Clock,
  ) {}

  /** Reads what was parked before the process started. */
  async load(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.progress.parked({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
      for (const { kind, stream } of page.rows) this.#count(kind, stream, 1);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  has(kind: ParkedWork['kind'], stream: string): boolean {
    return this.#streams.has(`${kind} ${stream}`);
  }

  get count(): number {
    let sum = 0;
    for (const count of this.#streams.values()) sum += count;
    return sum;
  }

  /** The first thousand parked works of a stream, in their order. */
  async of(stream: string): Promise<readonly ParkedWork[]> {
    return (await this.progress.parked({ stream, limit: 1_000 })).rows;
  }

  async park(work: Omit<ParkedWork, 'parkedAt'>): Promise<void> {
    const known = (await this.of(work.stream)).some(({ id }) => id === work.id);
    await this.progress.park([{ ...work, parkedAt: this.clock.now() }]);
    if (!known) this.#count(work.kind, work.stream, 1);
  }

  async done(work: ParkedWork): Promise<void> {
    const deleted = await this.progress.unpark([work.id]);
    this.#count(work.kind, work.stream, -deleted);
  }

  #count(kind: ParkedWork['kind'], stream: string, change: number): void {
    const key = `${kind} ${stream}`;
    const count = (this.#streams.get(key) ?? 0) + change;
    if (count > 0) this.#streams.set(key, count);
    else this.#streams.delete(key);
  }
}
