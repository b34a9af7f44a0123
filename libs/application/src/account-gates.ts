import { accountsModel, type AccountDocument } from '@seatbook/licensing';
import type { Gates, ReadStore, Views } from '@seatbook/runtime';

const PAGE_ACCOUNTS = 200;

/**
 * One gate per account, open while its token works and no other MDM has the location. It shuts in memory on the
 * refusing answer itself, before the event that says so is written; it opens when the account is usable again.
 */
export class AccountGates implements Gates {
  readonly #usable = new Map<string, string>();
  /** Fingerprint of the refused token, or of the one in use when another MDM was met. */
  readonly #shut = new Map<string, string>();
  readonly #listeners = new Set<(uId: string) => void>();
  #reading: Promise<void> | null = null;
  #again = false;

  constructor(
    private readonly reads: ReadStore,
    views: Views,
  ) {
    views.onAdvance((model) => {
      if (model === accountsModel.name) void this.refresh();
    });
  }

  isOpen(uId: string): boolean {
    const usable = this.#usable.get(uId);
    return usable !== undefined && !this.#shut.has(uId);
  }

  onOpened(listener: (uId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Apple refused the token, or another MDM has the location: nothing of this account starts any more. */
  shut(uId: string): void {
    this.#shut.set(uId, this.#usable.get(uId) ?? '');
  }

  /** Reads which accounts are usable. Calls during a read lead to one more. */
  refresh(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (this.#again) {
        this.#again = false;
        void this.refresh();
      }
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const accounts: AccountDocument[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.reads.query<AccountDocument>(accountsModel, {
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
