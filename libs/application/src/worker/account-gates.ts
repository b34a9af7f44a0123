import {
  accountOfGate,
  queryModels,
  writeGateOf,
  type AccountDocument,
  type AccountRefusal,
} from '@seatbook/licensing';
import type { Clock, Instant, Milliseconds, Position } from '@seatbook/kernel';
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
/** Clocks of several machines differ: what one calls over is over, unless its date is further ahead than this. */
const CLOCK_SKEW_MS: Milliseconds = 60_000;
/** Where a clock of ours stays ahead, it and the others contradict each other no more often. */
const REVISE_EVERY_MS: Milliseconds = 600_000;

export interface AccountGatesOptions {
  readonly reads: ReadStore;
  readonly views: Views;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the account what Apple refused. What the account made of it is at or below the position. */
  readonly report: (uId: string, refusal: AccountRefusal) => Promise<Position>;
  /** Tells the account that the date of its token has not come after all. */
  readonly revise: (uId: string, fingerprint: string) => Promise<void>;
}

/** The token of an account that may read. */
interface Token {
  readonly fingerprint: string;
  readonly expiresAt: Instant;
  /** It may write as well: no other MDM has the location. */
  readonly usable: boolean;
}

/** What Apple refused, and where the account has taken note of it; null until it has. */
interface Shut {
  readonly uId: string;
  readonly refusal: AccountRefusal;
  notedAt: Position | null;
}

/**
 * Two gates per account: that of its reads is open while its token works, that of its writes only while no other MDM has
 * the location. Both shut in memory on the refusing answer itself, and at the token's date. What was refused is reported
 * to the account, which knows whether that is still its token; what it still may do goes on when it has taken note. A
 * token that was over by a clock that was ahead is taken back into use when the clock is right.
 */
export class AccountGates implements Gates {
  readonly #options: AccountGatesOptions;
  readonly #tokens = new Map<string, Token>();
  readonly #shut = new Set<Shut>();
  readonly #listeners = new Set<(gate: string) => void>();
  /** When which account was last told, by elapsed time. */
  readonly #revisedAt = new Map<string, Milliseconds>();
  /** All accounts, as they were when their read model was at this position: until it moves they stay so. */
  #found: { readonly at: Position; readonly accounts: readonly AccountDocument[] } | null = null;
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;

  constructor(options: AccountGatesOptions) {
    this.#options = options;
    const { clock, log, views } = options;
    this.#health = new RunnerHealth('gates of accounts', log);
    const task = async (): Promise<boolean> => {
      await this.#report();
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

  /** Why accounts could not be read or told; gates stay as they are meanwhile. Null while all is well. */
  get failure(): string | null {
    return this.#health.failure;
  }

  get troubles(): readonly Trouble[] {
    return this.#health.troubles;
  }

  isOpen(gate: string): boolean {
    const uId = accountOfGate(gate);
    const token = this.#tokens.get(uId);
    if (token === undefined || token.expiresAt <= this.#options.clock.now()) return false;
    if (!token.usable && gate === writeGateOf(uId)) return false;
    for (const { uId: of, refusal } of this.#shut) {
      // A late answer about a token that was replaced says nothing of the one in use.
      const old = refusal.kind === 'token' && refusal.fingerprint !== token.fingerprint;
      if (of === uId && !old) return false;
    }
    return true;
  }

  open(): readonly string[] {
    return [...this.#tokens.keys()]
      .flatMap((uId) => [uId, writeGateOf(uId)])
      .filter((gate) => this.isOpen(gate));
  }

  onOpened(listener: (gate: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The gates of writes alone, by account. */
  readonly writes: Gates = {
    isOpen: (uId) => this.isOpen(writeGateOf(uId)),
    open: () => [...this.#tokens.keys()].filter((uId) => this.isOpen(writeGateOf(uId))),
    onOpened: (listener) =>
      this.onOpened((gate) => {
        const uId = accountOfGate(gate);
        if (gate === writeGateOf(uId)) listener(uId);
      }),
  };

  /** Apple refused the token, or another MDM has the location: nothing of this account starts with it any more. */
  shut(uId: string, refusal: AccountRefusal): void {
    this.#shut.add({ uId, refusal, notedAt: null });
    this.#loop.wake();
  }

  async #report(): Promise<void> {
    for (const shut of this.#shut) shut.notedAt ??= await this.#options.report(shut.uId, shut.refusal);
  }

  /** Reads which accounts may read, and which may write. */
  async #read(): Promise<void> {
    // Before the accounts: what they took note of up to here is in all that is read.
    const known = await this.#options.reads.checkpoint(queryModels.accounts);
    if (this.#found?.at !== known) this.#found = { at: known, accounts: await this.#accounts() };
    const { accounts } = this.#found;
    const wasOpen = new Set(this.open());
    for (const shut of this.#shut)
      if (shut.notedAt !== null && shut.notedAt <= known) this.#shut.delete(shut);
    // An account that was removed is not among them.
    this.#tokens.clear();
    for (const { uId, usable, tokenState, givenUp, fingerprint, expiresAt } of accounts) {
      if (tokenState === 'active' && givenUp?.at == null)
        this.#tokens.set(uId, { fingerprint, expiresAt, usable });
    }
    for (const account of accounts) await this.#revise(account);
    for (const gate of this.open())
      if (!wasOpen.has(gate)) for (const listener of this.#listeners) listener(gate);
  }

  async #revise({
    uId,
    fingerprint,
    tokenState,
    tokenErrorNumber,
    expiresAt,
  }: AccountDocument): Promise<void> {
    const { clock, revise } = this.#options;
    const byDate = tokenState === 'expired' && tokenErrorNumber === null;
    if (!byDate || expiresAt <= clock.now() + CLOCK_SKEW_MS) return;
    if (clock.elapsed() - (this.#revisedAt.get(uId) ?? -Infinity) < REVISE_EVERY_MS) return;
    await revise(uId, fingerprint);
    this.#revisedAt.set(uId, clock.elapsed());
  }

  async #accounts(): Promise<AccountDocument[]> {
    const accounts: AccountDocument[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#options.reads.query(queryModels.accounts, {
        index: 'by-import',
        equals: [],
        limit: PAGE_ACCOUNTS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      accounts.push(...page.rows);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return accounts;
  }
}
