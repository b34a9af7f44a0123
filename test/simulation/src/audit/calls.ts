import { idOf, type Envelope, type Instant, type Milliseconds } from '@seatbook/kernel';
import {
  DEFAULT_TIMINGS,
  holderKeys,
  idOfAsset,
  type AccountEvent,
  type CallEvent,
  type Holders,
} from '@seatbook/licensing';

type Planned = Extract<CallEvent, { type: 'call.planned' }>['data'];

/** Half of the first pause before a retry: the least that jitter leaves of it. */
const LEAST_PAUSE_MS = DEFAULT_TIMINGS.firstRetryMs / 2;

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
  #inUse = '';
  /** The calls that carry pairs, by asset and holder, until what became of them is known. */
  readonly carried = new Map<string, string>();

  constructor(private readonly blame: (what: string) => void) {}

  follow(type: AccountEvent['type'], data: AccountEvent['data'], at: Instant): void {
    const { fingerprint = '' } = data as { readonly fingerprint?: string };
    switch (type) {
      case 'account.token-refused':
      case 'account.token-expired':
        if (fingerprint !== this.#inUse) this.blame('a token ended that is not in use');
        this.#token = { why: 'its token is dead', fingerprint, since: at };
        break;
      case 'account.token-renewed':
        this.#token = null;
        this.#reminders.delete(fingerprint);
        this.#inUse = fingerprint;
        break;
      case 'account.imported':
        this.#token = null;
        this.#conflict = null;
        this.#reminders.clear();
        this.#inUse = fingerprint;
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
      // What began at the same moment may have been decided before.
      if (!shut || at <= shut.since) continue;
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
  #pairs: string[] = [];

  constructor(
    private readonly callId: string,
    private readonly account: (uId: string) => AuditedAccount,
    private readonly workers: number,
    private readonly blame: (what: string) => void,
  ) {}

  follow({ type, data }: CallEvent, at: Instant): void {
    if (this.#over) this.blame('it was over');
    if (type === 'call.settled' || type === 'call.dropped') this.#over = true;
    if (type === 'call.planned') {
      this.#pairs = carriedBy(data.action, pairsIn(data.assets, data));
      if (this.workers === 1) this.#carry(data.uId);
    }
    if (type === 'call.ready') {
      const leaving = carriedBy(data.action, pairsIn(data.assets, data.leaving));
      this.#leave(data.uId, leaving);
      this.#pairs = this.#pairs.filter((pair) => !leaving.includes(pair));
      if (this.workers > 1) this.#carry(data.uId);
    }
    if (this.#over) this.#leave(data.uId, this.#pairs);
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

  /**
   * No pair is in two calls: not even planned where one worker plans, claimed where there are several. A worker that is
   * suspended as it plans has lost its lease when the plan arrives; what has the pairs by then is for their ledgers to say.
   */
  #carry(uId: string): void {
    const { carried } = this.account(uId);
    for (const pair of this.#pairs) {
      const other = carried.get(pair);
      if (other !== undefined) this.blame(`${pair} is in the call ${other} already`);
      carried.set(pair, this.callId);
    }
  }

  #leave(uId: string, pairs: readonly string[]): void {
    const { carried } = this.account(uId);
    for (const pair of pairs) if (carried.get(pair) === this.callId) carried.delete(pair);
  }

  #pauses(pause: Milliseconds, before: string): void {
    if (pause < LEAST_PAUSE_MS) this.blame(`${before} comes after only ${pause} ms`);
  }
}

/** Who leaves is retired also while Apple is told what has changed of them: what becomes of that is nobody's concern. */
const carriedBy = (action: Planned['action'], pairs: string[]): string[] =>
  action === 'update' ? pairs.map((pair) => `what has changed of ${pair}`) : pairs;

const pairsIn = (assets: Planned['assets'], holders: Holders): string[] =>
  assets.flatMap((asset) => holderKeys(holders).map((key) => `${idOfAsset(asset)} ${key}`));

/** What no call to Apple may do, whatever happens, with so many workers. */
export function auditCalls(log: readonly Envelope[], workers: number): string[] {
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
    const call =
      calls.get(stream) ??
      new AuditedCall(idOf(stream), accountOf, workers, (what) => wrong.push(`${where}: ${what}`));
    calls.set(stream, call);
    call.follow(envelope as Envelope & CallEvent, metadata.recordedAt);
  }
  return wrong;
}
