import type { Milliseconds } from '@seatbook/kernel';
import { accountStream, notificationUrlOf, queryModels } from '@seatbook/licensing';
import { PollLoop, RunnerHealth, type IndexQuery, type Trouble } from '@seatbook/runtime';
import type { Foundation } from '../foundation/foundation.js';

const POLL_MS: Milliseconds = 60_000;
const PAGE_ACCOUNTS = 200;

/**
 * Tells every account, once after each start, the address for notifications that the configuration gives it. For an
 * account that has this address nothing changes; the others give theirs to Apple, by steps of their own.
 */
export class NotificationAddresses {
  readonly #foundation: Foundation;
  readonly #publicUrl: string | null;
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;
  #done = false;

  constructor(foundation: Foundation, publicUrl: string | null) {
    const { clock, log } = foundation;
    this.#foundation = foundation;
    this.#publicUrl = publicUrl;
    this.#health = new RunnerHealth('notification addresses', log);
    const task = async (): Promise<boolean> => {
      if (!this.#done) await this.#tellAll();
      this.#done = true;
      return false;
    };
    this.#loop = new PollLoop({ clock, pollMs: POLL_MS, task, health: this.#health });
  }

  start(): void {
    this.#done = false;
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  /** Why not all accounts could be told; it keeps trying. Null while all is well. */
  get failure(): string | null {
    return this.#health.failure;
  }

  get troubles(): readonly Trouble[] {
    return this.#health.troubles;
  }

  async #tellAll(): Promise<void> {
    const { reads } = this.#foundation.stores;
    let query: IndexQuery<'by-import'> = { index: 'by-import', equals: [], limit: PAGE_ACCOUNTS };
    for (;;) {
      const { rows, next } = await reads.query(queryModels.accounts, query);
      for (const { uId, notificationUrl } of rows) {
        const wanted = notificationUrlOf(this.#publicUrl, uId);
        if (notificationUrl !== wanted) await this.#tell(uId, wanted);
      }
      if (next === null) return;
      query = { ...query, cursor: next };
    }
  }

  async #tell(uId: string, notificationUrl: string | null): Promise<void> {
    const command = { type: 'WantNotifications', notificationUrl } as const;
    const reason = 'the configured public URL has changed';
    await this.#foundation.begin(accountStream(uId), command, { reason });
  }
}
