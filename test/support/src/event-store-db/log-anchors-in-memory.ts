import type { LogAnchor, LogAnchors } from '@seatbook/runtime';

/** Anchors of a deployment, as if beside its checkpoints: they outlive the processes that write them. */
export class LogAnchorsInMemory implements LogAnchors {
  #anchor: LogAnchor | null = null;
  saved = 0;

  async load(): Promise<LogAnchor | null> {
    return this.#anchor;
  }

  async save(anchor: LogAnchor): Promise<void> {
    this.saved += 1;
    if (!this.#anchor || anchor.position > this.#anchor.position) this.#anchor = anchor;
  }
}
