import { idOf, type Envelope, type Position } from '@seatbook/kernel';

/** Where events are that others follow from, and when orders were cancelled. */
export class Causes {
  readonly #positions = new Map<string, Position>();
  readonly #cancelled = new Map<string, Position>();
  readonly #followed = new Set<string>();

  constructor(log: readonly Envelope[]) {
    for (const { stream, revision, position, type, metadata } of log) {
      this.#positions.set(`${stream} ${revision}`, position);
      if (type === 'order.cancellation-asked' && !this.#cancelled.has(idOf(stream)))
        this.#cancelled.set(idOf(stream), position);
      const { cause } = metadata;
      if (cause) this.#followed.add(`${cause.stream} ${cause.revision} ${stream} ${type}`);
    }
  }

  /** Of the event that another one follows from; null where it begins something. */
  positionOfCause({ metadata: { cause } }: Envelope): Position | null {
    return cause ? (this.#positions.get(`${cause.stream} ${cause.revision}`) ?? null) : null;
  }

  /** Whether an order had been cancelled before a position. */
  cancelledBefore(orderId: string, position: Position): boolean {
    const at = this.#cancelled.get(orderId);
    return at !== undefined && at < position;
  }

  /** Whether an event of this type and stream follows from another one. */
  followed({ stream, revision }: Envelope, by: { readonly stream: string; readonly type: string }): boolean {
    return this.#followed.has(`${stream} ${revision} ${by.stream} ${by.type}`);
  }
}
