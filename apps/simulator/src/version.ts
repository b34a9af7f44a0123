import type { Identifiers } from './identifiers.js';

/**
 * The state counter behind the `versionId` of one paged endpoint. The id holds the counter in its last twelve
 * digits after a random prefix, so any version ever given out can be recognised without keeping a list.
 */
export class Version {
  private readonly prefix: string;
  private counter = 0;

  constructor(ids: Identifiers) {
    this.prefix = ids.uuid().slice(0, 24);
  }

  /** Moves on by one write and returns the new counter. */
  bump(): number {
    this.counter += 1;
    return this.counter;
  }

  /** The `versionId` of the present state. */
  get id(): string {
    return this.prefix + this.counter.toString(16).padStart(12, '0');
  }

  /** The counter behind a `versionId` that this endpoint gave out; null for any other text. */
  counterOf(versionId: string): number | null {
    if (!versionId.startsWith(this.prefix)) return null;
    const digits = versionId.slice(this.prefix.length);
    if (!/^[0-9a-f]{12}$/.test(digits)) return null;
    const counter = Number.parseInt(digits, 16);
    return counter <= this.counter ? counter : null;
  }
}
