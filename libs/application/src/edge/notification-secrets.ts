import type { Clock, Milliseconds } from '@seatbook/kernel';
import type { Secrets } from '@seatbook/runtime';
import { notificationSecretName } from '../foundation/secret-names.js';
import { RecentlyUsed } from './recently-used.js';

const MAX_ACCOUNTS = 10_000;
/** A secret that was replaced or taken away ends after this long in every process. */
const FRESH_MS: Milliseconds = 60_000;

/** Bearer secrets of the accounts' notifications, kept for a while: Apple sends hundreds of notifications for one call. */
export class NotificationSecrets {
  readonly #opened = new RecentlyUsed<{ readonly secret: string; readonly until: Milliseconds }>(
    MAX_ACCOUNTS,
  );

  constructor(
    private readonly secrets: Pick<Secrets, 'get'>,
    private readonly clock: Clock,
  ) {}

  /** Null for an account that does not exist; that is looked up each time. */
  async of(uId: string): Promise<string | null> {
    const opened = this.#opened.get(uId);
    if (opened && opened.until > this.clock.elapsed()) return opened.secret;
    const secret = await this.secrets.get(notificationSecretName(uId));
    if (secret === null) this.#opened.delete(uId);
    else this.#opened.set(uId, { secret, until: this.clock.elapsed() + FRESH_MS });
    return secret;
  }
}
