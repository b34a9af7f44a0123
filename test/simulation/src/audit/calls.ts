import { idOf, type Envelope, type Instant, type Milliseconds } from '@seatbook/kernel';
import { DEFAULT_TIMINGS, type AccountEvent, type CallEvent } from '@seatbook/licensing';

/** Half of the first pause before a retry: the least that jitter leaves of it. */
const LEAST_PAUSE_MS = DEFAULT_TIMINGS.firstRetryMs / 2;
/** An attempt that began at the moment when its account was told no. */
const AT_ONCE_MS = 1_000;

/** Why nothing may be written for an account, and since when. */
interface Shut {
  readonly why: string;
  /** The token that is dead; null where the location is another MDM's. */
  readonly fingerprint: string | null;
  readonly since: Instant;
}

/** What an account's own events say of writing for it. */
class AuditedAccount {
  #token: Shut | null = null;
  #conflict: Shut | null = null;
  /** Days before the date of a token of which was reminded, by its fingerprint. */
  readonly #reminders = new Map<string, readonly number[]>();

  constructor(private readonly blame: (what: string) => void) {}

  follow(type: AccountEvent['type'], data: AccountEvent['data'], at: Instant): void {
    const { fingerprint = '' } = data as { readonly fingerprint?: string };
    switch (type) {
      case 'account.token-refused':
      case 'account.token-expired':
        this.#token = { why: 'its token is dead', fingerprint, since: at };
        break;
      case 'account.token-renewed':
        this.#token = null;
        this.#reminders.delete(fingerprint);
        break;
      case 'account.imported':
        this.#token = null;
        this.#conflict = null;
        this.#reminders.clear();
        break;
      case 'account.conflicted':
        this.#conflict = { why: "the location is another MDM's", fingerprint: null, since: at };
        break;
      case 'account.given-up':
      case 'account.removed':
        this.#conflict = { why: 'the account had ended', fingerprint: null, since: at };
        break;
      case 'account.token-expiring': {
        const { reminders } = data as { readonly reminders: readonly number[] };
        const before = this.#reminders.get(fingerprint) ?? [];
        for (const days of reminders)
          if (before.some((earlier) => earlier <= days)) this.blame(`it was reminded of ${days} days again`);
        this.#reminders.set(fingerprint, [...before, ...reminders]);
        break;
      }
      case 'account.owned':
        this.#conflict = null;
        break;
      default:
        break;
    }
  }

  /** Why an attempt with this token should not have begun; null where it may. */
  forbids(fingerprint: string, at: Instant): string | null {
    for (const shut of [this.#token, this.#conflict]) {
      if (!shut || at - shut.since <= AT_ONCE_MS) continue;
      if (shut.fingerprint === null || shut.fingerprint === fingerprint) return shut.why;
    }
    return null;
  }
}

/** One call, followed event by event: it pauses before it asks again, and is over when it is settled. */
class AuditedCall {
  #last: CallEvent['type'] = 'call.planned';
  #attempt = 0;
  #over = false;

  constructor(
    private readonly account: (uId: string) => AuditedAccount,
    private readonly blame: (what: string) => void,
  ) {}

  follow({ type, data }: CallEvent, at: Instant): void {
    if (this.#over) this.blame('it was over');
    if (type === 'call.settled' || type === 'call.dropped') this.#over = true;
    if (type === 'call.started') {
      const forbidden = this.account(data.uId).forbids(data.fingerprint, at);
      if (forbidden !== null) this.blame(`an attempt began although ${forbidden}`);
      if (data.attempt !== this.#attempt + 1)
        this.blame(`attempt ${data.attempt} came after ${this.#attempt}`);
      this.#attempt = data.attempt;
    }
    // What Apple has accepted and does not end is sent again at once.
    if (type === 'call.attempt-failed' && this.#last === 'call.started')
      this.#pauses(data.retryAt - at, 'the next attempt');
    if (type === 'call.outcome-open' && data.lookAt < data.until)
      this.#pauses(data.lookAt - at, 'the next look');
    if (type === 'call.verification-failed') this.#pauses(data.retryAt - at, 'the next look');
    this.#last = type;
  }

  #pauses(pause: Milliseconds, before: string): void {
    if (pause < LEAST_PAUSE_MS) this.blame(`${before} comes after only ${pause} ms`);
  }
}

/** What no call to Apple may do, whatever happens. */
export function auditCalls(log: readonly Envelope[]): string[] {
  const wrong: string[] = [];
  const calls = new Map<string, AuditedCall>();
  const accounts = new Map<string, AuditedAccount>();
  let where = '';
  const accountOf = (uId: string): AuditedAccount => {
    const account = accounts.get(uId) ?? new AuditedAccount((what) => wrong.push(`${where}: ${what}`));
    accounts.set(uId, account);
    return account;
  };
  for (const envelope of log) {
    const { stream, type, position, metadata } = envelope;
    where = `${stream}, ${type} at ${position}`;
    if (type.startsWith('account.')) {
      const { type: told, data } = envelope as Envelope & AccountEvent;
      accountOf(idOf(stream)).follow(told, data, metadata.recordedAt);
    }
    if (!type.startsWith('call.')) continue;
    const call = calls.get(stream) ?? new AuditedCall(accountOf, (what) => wrong.push(`${where}: ${what}`));
    calls.set(stream, call);
    call.follow(envelope as Envelope & CallEvent, metadata.recordedAt);
  }
  return wrong;
}
