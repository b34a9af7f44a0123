/** Where a stream ends: its number in the file and its last revision. */
export interface StreamTail {
  readonly id: number;
  readonly revision: number;
}

/** The ends of the streams used last, so that an append needs no query. Right only because one process writes. */
export class StreamTails {
  readonly #tails = new Map<string, StreamTail>();
  readonly #limit: number;

  constructor(limit = 50_000) {
    this.#limit = limit;
  }

  get(stream: string): StreamTail | undefined {
    return this.#tails.get(stream);
  }

  /** The one set last is kept longest. */
  set(stream: string, tail: StreamTail): void {
    this.#tails.delete(stream);
    this.#tails.set(stream, tail);
    if (this.#tails.size > this.#limit) {
      for (const oldest of this.#tails.keys()) {
        this.#tails.delete(oldest);
        break;
      }
    }
  }

  clear(): void {
    this.#tails.clear();
  }
}
