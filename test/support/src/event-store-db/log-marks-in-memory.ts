import type { LogMark, LogMarks } from '@seatbook/runtime';

/** Marks of a deployment, as if beside its checkpoints: they outlive the processes that write them. */
export class LogMarksInMemory implements LogMarks {
  #mark: LogMark | null = null;
  saved = 0;

  async load(): Promise<LogMark | null> {
    return this.#mark;
  }

  async save(mark: LogMark): Promise<void> {
    this.saved += 1;
    if (!this.#mark || mark.position > this.#mark.position) this.#mark = mark;
  }
}
