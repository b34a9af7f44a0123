import { queryModels, type AccountDocument } from '@seatbook/licensing';
import type { Clock, Milliseconds } from '@seatbook/kernel';
import {
  PollLoop,
  RunnerHealth,
  type Gates,
  type Log,
  type ReadStore,
  type Trouble,
  type Views,
} from '@seatbook/runtime';

const PAGE_ACCOUNTS = 200;
const POLL_MS: Milliseconds = 5_000;

/**
 * One gate per account, open while its token works and no other MDM has the location. It shuts in memory on the
 * refusing answer itself, before the event that says so is written; it opens when the account is usable again.
 */
export class AccountGates implements Gates {
  readonly #usable = new Map<string, string>();
  /** Fingerprint of the refused token, or of the one in use when another MDM was met. */
  readonly #shut = new Map<string, string>();
  readonly #listeners = new Set<(uId: string) => void>();
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;

  constructor(
    private readonly reads: ReadStore,
    views: Views,
    clock: Clock,
    log: Log,
  ) {
    this.#health = new RunnerHealth('gates of accounts', log);
    const task = async (): Promise<boolean> => {
      await this.#read();
      return false;
    };
    this.#loop = new PollLoop({ clock, pollMs: POLL_MS, task, health: this.#health });
    views.onAdvance((model) => {
      if (model === queryModels.accounts.name) this.#loop.wake();
    });
  }

  /** All gates are shut until the accounts have been read. */
  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  /** Why the accounts could not be read; gates stay as they are meanwhile. Null while all is well. */
  get failure(): string | null {
    return this.#health.failure;
  }

  get troubles(): readonly Trouble[] {
    return this.#health.troubles;
  }

  isOpen(uId: string): boolean {
    const usable = this.#usable.get(uId);
    return usable !== undefined && !this.#shut.has(uId);
  }

  open(): readonly string[] {
    return [...this.#usable.keys()].filter((uId) => !this.#shut.has(uId));
  }

  onOpened(listener: (uId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Apple refused the token, or another MDM has the location: nothing of this account starts any more. */
  shut(uId: string): void {
    this.#shut.set(uId, this.#usable.get(uId) ?? '');
  }

  /** Reads which accounts are usable. */
  async #read(): Promise<void> {
    const accounts: AccountDocument[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.reads.query(queryModels.accounts, {
        index: 'by-name',
        equals: [],
        limit: PAGE_ACCOUNTS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      accounts.push(...page.rows);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    const opened: string[] = [];
    for (const { uId, usable, fingerprint, conflict, tokenState } of accounts) {
      const wasOpen = this.isOpen(uId);
      // A refusal that the account has taken note of is over when the account is usable again.
      const noted = conflict !== null || tokenState !== 'active';
      if (this.#shut.has(uId) && (noted || this.#shut.get(uId) !== fingerprint)) this.#shut.delete(uId);
      if (usable) this.#usable.set(uId, fingerprint);
      else this.#usable.delete(uId);
      if (!wasOpen && this.isOpen(uId)) opened.push(uId);
    }
    for (const uId of opened) for (const listener of this.#listeners) listener(uId);
  }
}
