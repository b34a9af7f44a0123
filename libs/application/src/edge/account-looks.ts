import { queryModels, type AccountDocument } from '@seatbook/licensing';
import type { Clock, Milliseconds } from '@seatbook/kernel';
import type { ReadStore } from '@seatbook/runtime';
import { RecentlyUsed } from './recently-used.js';

const LOOK_EVERY_MS: Milliseconds = 50;
/** Some 2 MB of documents. */
const MAX_ACCOUNTS = 1_000;

interface Look {
  /** By elapsed time: setting the clock changes nothing. */
  readonly at: Milliseconds;
  readonly found: Promise<AccountDocument | null>;
}

/**
 * Accounts as their read model has them, for answers that say of something new whether it is held. All who ask for an
 * account within a twentieth of a second share one look: by itself each would cost as much as the append that it follows.
 */
export class AccountLooks {
  readonly #looks = new RecentlyUsed<Look>(MAX_ACCOUNTS);

  constructor(
    private readonly reads: Pick<ReadStore, 'get'>,
    private readonly clock: Clock,
  ) {}

  get(uId: string): Promise<AccountDocument | null> {
    const at = this.clock.elapsed();
    const shared = this.#looks.get(uId);
    if (shared && at - shared.at < LOOK_EVERY_MS) return shared.found;
    const found = this.reads.get(queryModels.accounts, uId);
    const look = { at, found };
    this.#looks.set(uId, look);
    found.catch(() => {
      // One that failed is no answer for those who come later.
      if (this.#looks.get(uId) === look) this.#looks.delete(uId);
    });
    return found;
  }
}
