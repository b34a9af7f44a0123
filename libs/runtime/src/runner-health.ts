import { isRefusal } from '@seatbook/kernel';
import type { Trouble } from './trouble.js';

const MAX_REASON_LENGTH = 500;

/** Where runners write what an operator should see: a sentence and its facts. */
export type Log = (message: string, facts: object) => void;

/** What a failure says, cut to what a list can show. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, MAX_REASON_LENGTH);
  return `${isRefusal(error) ? error.code : error.name}: ${error.message}`.slice(0, MAX_REASON_LENGTH);
}

/**
 * Whether a runner's last attempt worked. Status and readiness show its failure; the log gets one line when it begins
 * to fail and one when it recovers.
 */
export class RunnerHealth {
  #failure: string | null = null;

  constructor(
    private readonly runner: string,
    private readonly log: Log,
  ) {}

  /** Why the last attempt failed; null while all is well. */
  get failure(): string | null {
    return this.#failure;
  }

  /** The same for those who read what a worker tells; empty while all is well. */
  get troubles(): readonly Trouble[] {
    if (this.#failure === null) return [];
    return [{ runner: this.runner, reason: this.#failure, halted: false }];
  }

  failed(error: unknown): void {
    const before = this.#failure;
    this.#failure = reasonOf(error);
    if (before === null)
      this.log('a runner fails and keeps trying', { runner: this.runner, reason: this.#failure });
  }

  worked(): void {
    if (this.#failure === null) return;
    this.log('a runner works again', { runner: this.runner, reason: this.#failure });
    this.#failure = null;
  }
}
