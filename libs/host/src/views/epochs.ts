import type { TenureOf } from '@seatbook/runtime';
import type { Epochs } from './view-messages.js';

/** The leases of the main thread, as it tells the thread that builds read models of them. */
export class ToldEpochs {
  readonly #listeners = new Set<() => void>();

  constructor(private epochs: Epochs) {}

  /** What the main thread has told. An epoch that ran out is fenced by the store, so nobody tells of that. */
  tell(epochs: Epochs): void {
    this.epochs = epochs;
    for (const listener of this.#listeners) listener();
  }

  readonly tenureOf: TenureOf = ({ name }) => ({
    epoch: () => this.epochs[name] ?? null,
    onGained: (listener) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
    // The folder is this process's alone: no newer worker can come.
    giveAway: async () => undefined,
  });
}
