import type { Clock, Instant, Milliseconds, Random } from '@seatbook/kernel';
import type { AccountRefusal, AppleAccess, AppleFailure, AppleResult } from '@seatbook/licensing';
import { configuredUrl, type Endpoint, withQuery } from './apple-urls.js';
import { fullJitter } from './backoff.js';
import { wrongLocationNumber } from './error-numbers.js';
import { type JsonObject, textOf } from './json-shape.js';
import type { AppleLog } from './log.js';
import { mdmInfoOf } from './mdm-info.js';
import { OrganisationGate } from './organisation-gate.js';
import { type Lane, Pacer, type PacerReport } from './pacer.js';
import { Refusals } from './refusals.js';
import { readReply, type ReplyContext, type ReplyReading, tokenFailure, unanswered } from './reply.js';
import { ServiceConfigReader } from './service-config.js';
import type { AppleSettings } from './settings.js';
import { SlidingWindow } from './sliding-window.js';
import { fingerprintOf } from './token-file.js';
import { notSent } from './transient-failure.js';
import { isTransportError, type Transport, TransportError, type TransportReply } from './transport.js';

/** One request to Apple. */
export interface AppleRequest {
  readonly endpoint: Endpoint;
  readonly lane: Lane;
  readonly query?: Readonly<Record<string, string>>;
  /** Makes it a POST. */
  readonly body?: JsonObject;
  /** By elapsed time: it is not sent after that; default: `maxQueueMs` from now. */
  readonly deadline?: Milliseconds;
  /**
   * `check` is sent even if the token or the location was refused before, to learn whether it still is; `own` even if
   * it is refused while the request waits.
   */
  readonly insistence?: 'check' | 'own';
  /** The answer must say who manages the location. Apple's rule: once a location is owned, every answer does. */
  readonly namesOwner?: boolean;
  /** Must not appear in a reason, and neither must the token. */
  readonly secrets?: readonly string[];
}

/** Whether a request may start. It is asked when its turn has come. */
export type MayStart = (uId: string, endpoint: Endpoint) => boolean;

export interface CallerOptions {
  readonly transport: Transport;
  readonly mayStart: MayStart;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: AppleSettings;
  readonly log: AppleLog;
}

interface Location {
  /** For the Apps and Books API, and for the store's lookup, which is another service. */
  readonly api: Pacer;
  readonly lookup: Pacer;
  /** Both count as one, in case Apple counts them so. */
  readonly window: SlidingWindow;
}

const LEFT_TO_OTHERS = notSent('the work of this account may be another process’s by now');

/** Error numbers for more than service/config allows: assets, users, serial numbers. */
const OVER_LIMIT = new Set([9700, 9701, 9702]);

/** Apple says something else than its service/config did: about its limits, its addresses or its rate. */
function contradictsConfig({ result }: ReplyReading, status: number): boolean {
  if (status === 404 || status === 429) return true;
  const failure = result.ok ? null : result.failure;
  return failure?.kind === 'refused' && OVER_LIMIT.has(failure.errorNumber);
}

/** State of the pacing. */
export interface PacingReport {
  readonly organisation: { readonly closedMs: Milliseconds; readonly throttlings: number };
  readonly locations: readonly (PacerReport & { readonly uId: string })[];
}

/** Requests of a location that are on their way or wait for their turn. */
export interface LocationPace {
  /** The location's uId; '' for tokens that are being checked. */
  readonly of: string;
  readonly queuedWrites: number;
  readonly queuedReads: number;
  readonly writesInFlight: number;
  readonly readsInFlight: number;
  /** How long the one has waited that waits for longest; 0 where none does. */
  readonly oldestWaitMs: Milliseconds;
  /** Nothing is sent before, because Apple asked us to wait; null where it does not. */
  readonly heldUntil: Instant | null;
}

/** Makes single requests: paces them, parses the answer, checks which location it is for. Retries nothing. */
export class Caller {
  readonly config: ServiceConfigReader;
  readonly #gate: OrganisationGate;
  readonly #refusals = new Refusals();
  readonly #locations = new Map<string, Location>();
  readonly #listeners = new Set<(uId: string, refusal: AccountRefusal) => void>();
  readonly #reads = new AbortController();
  #closed = false;

  constructor(private readonly options: CallerOptions) {
    const { clock, random, settings } = options;
    this.config = new ServiceConfigReader(options);
    this.#gate = new OrganisationGate({
      clock,
      random,
      baseMs: settings.organisationBackoffMs,
      capMs: settings.organisationBackoffCapMs,
    });
  }

  async call(access: AppleAccess, request: AppleRequest): Promise<AppleResult<JsonObject>> {
    if (this.#closed) return { ok: false, failure: notSent('the client is shutting down') };
    const { clock, settings } = this.options;
    await this.config.current();
    const write = request.lane === 'write';
    const asking = {
      uId: access.uId,
      fingerprint: fingerprintOf(access.token),
      write,
      owned: access.mdmId !== null,
    };
    const refusal = request.insistence ? null : this.#refusals.refusalOf(asking);
    if (refusal) return { ok: false, failure: refusal };

    // Where it goes is decided when its turn has come: addresses and limits may be others by then.
    const url = (): string =>
      this.config.latest.urls.get(request.endpoint) ?? configuredUrl(request.endpoint, settings);
    const location = this.#location(access.pacedAs ?? access.uId);
    const lookup = request.endpoint === 'contentMetadataLookup';
    return (lookup ? location.lookup : location.api).run(
      {
        lane: request.lane,
        deadline: request.deadline ?? clock.elapsed() + settings.maxQueueMs,
        refusal: () => (request.insistence === 'own' ? null : this.#refusals.refusalOf(asking)),
      },
      async () => {
        if (!this.options.mayStart(access.uId, request.endpoint))
          return { ok: false, failure: LEFT_TO_OTHERS };
        return lookup
          ? this.#lookUp(access, request, url(), location)
          : this.#send(access, request, url(), location, asking.fingerprint);
      },
    );
  }

  /** A pause before a page is fetched again. Ends early on shutdown. */
  pause(attempt: number, retryAfterMs: Milliseconds | null): Promise<void> {
    const { clock, random, settings } = this.options;
    const wait = Math.max(retryAfterMs ?? 0, fullJitter(settings.pageBackoffMs, attempt, 60_000, random));
    return new Promise((resolve) => {
      if (this.#closed) return resolve();
      const onClose = (): void => {
        cancel();
        resolve();
      };
      const cancel = clock.after(wait, () => {
        this.#reads.signal.removeEventListener('abort', onClose);
        resolve();
      });
      this.#reads.signal.addEventListener('abort', onClose, { once: true });
    });
  }

  onRefused(listener: (uId: string, refusal: AccountRefusal) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  reopen(uId: string): void {
    this.#refusals.reopen(uId);
  }

  /** Until now another process may have asked for a location: nothing is sent before that counts no more. */
  tookOver(uId: string): void {
    this.#location(uId).api.shut(this.options.settings.windowMs);
  }

  /** A token has turned out to be usable, for a write too or for a read alone. */
  accept(access: AppleAccess, lane: Lane): void {
    this.#refusals.acceptToken(access.uId, fingerprintOf(access.token), lane === 'write');
  }

  /** The location has turned out to be ours. */
  endConflict(uId: string): void {
    this.#refusals.endConflict(uId);
  }

  pacing(): PacingReport {
    return {
      organisation: { closedMs: this.#gate.closedMs(), throttlings: this.#gate.throttlings },
      locations: [...this.#locations].map(([uId, { api }]) => ({ uId, ...api.report() })),
    };
  }

  /** Of the locations where something is on its way, waits or is held. */
  paces(): readonly LocationPace[] {
    const { clock } = this.options;
    const closedMs = this.#gate.closedMs();
    return [...this.#locations].flatMap(([of, { api, lookup }]): LocationPace[] => {
      const [one, other] = [api.report(), lookup.report()];
      const pace = {
        queuedWrites: one.queuedWrites,
        queuedReads: one.queuedReads + other.queuedReads,
        writesInFlight: one.writesInFlight,
        readsInFlight: one.readsInFlight + other.readsInFlight,
        oldestWaitMs: Math.max(one.oldestWaitMs, other.oldestWaitMs),
      };
      const heldMs = Math.max(one.shutMs, closedMs);
      if (heldMs === 0 && Object.values(pace).every((count) => count === 0)) return [];
      return [{ of, ...pace, heldUntil: heldMs === 0 ? null : clock.now() + heldMs }];
    });
  }

  /** Rejects what waits and aborts reads; writes in flight go on, because their answers are needed. */
  close(): void {
    this.#closed = true;
    for (const { api, lookup } of this.#locations.values()) {
      api.close();
      lookup.close();
    }
    this.#reads.abort();
  }

  async #send(
    access: AppleAccess,
    request: AppleRequest,
    url: string,
    location: Location,
    fingerprint: string,
  ): Promise<AppleResult<JsonObject>> {
    const pass = this.#gate.begin();
    const era = this.#refusals.era(access.uId);
    const { version } = this.config;
    const answer = await this.#exchange(request, url, access, { authorization: `Bearer ${access.token}` });
    if (!('reading' in answer)) {
      this.#gate.end(pass, 'unanswered', null);
      return { ok: false, failure: answer.failure };
    }
    const { reading, status } = answer;
    if (contradictsConfig(reading, status)) this.config.doubt(version);
    this.#countIn(access, reading);
    const upToDate = this.#refusals.era(access.uId) === era;
    const verdict = this.#verdict(access, request, reading, upToDate);
    // Whatever this answer forbids takes effect before any waiting request may go.
    if (!reading.throttled && reading.retryAfterMs !== null && reading.retryAfterMs > 0) {
      this.#warn('Apple asked to wait', access, request, status, reading.retryAfterMs);
      location.api.shut(reading.retryAfterMs);
    }
    if (verdict.refusal && upToDate)
      this.#remember(access, fingerprint, verdict.refusal, request.endpoint, status);
    this.#gate.end(pass, reading.throttled ? 'throttled' : 'answered', reading.retryAfterMs);
    if (!reading.throttled || verdict.result.ok || verdict.result.failure.kind !== 'transient')
      return verdict.result;
    // A retry before the pause is over only meets the closed gate.
    const waitMs = Math.max(this.#gate.closedMs(), reading.retryAfterMs ?? 0);
    this.#warn(
      'too many requests from the organisation; all locations pause',
      access,
      request,
      status,
      waitMs,
    );
    return { ok: false, failure: { ...verdict.result.failure, retryAfterMs: waitMs } };
  }

  /** What asked whose token it is counts for that location as well. */
  #countIn({ uId, pacedAs }: AppleAccess, { body }: ReplyReading): void {
    const found = textOf(body?.['uId']);
    if (uId === '' && found !== null && found !== pacedAs) this.#location(found).window.take();
  }

  /** The store's lookup takes the token as a cookie and tells nothing about token, location or organisation. */
  async #lookUp(
    access: AppleAccess,
    request: AppleRequest,
    url: string,
    location: Location,
  ): Promise<AppleResult<JsonObject>> {
    const answer = await this.#exchange(request, url, access, { cookie: `itvt=${access.token}` });
    if (!('reading' in answer)) return { ok: false, failure: answer.failure };
    const { reading } = answer;
    const wait =
      reading.retryAfterMs ?? (reading.throttled ? this.options.settings.organisationBackoffMs : null);
    if (wait !== null) location.lookup.shut(wait);
    return reading.result;
  }

  async #exchange(
    request: AppleRequest,
    url: string,
    access: AppleAccess,
    authorisation: Readonly<Record<string, string>>,
  ): Promise<
    { readonly reading: ReplyReading; readonly status: number } | { readonly failure: AppleFailure }
  > {
    const { transport, clock, settings } = this.options;
    const write = request.lane === 'write';
    const context = (): ReplyContext => ({
      write,
      secrets: [access.token, ...(request.secrets ?? [])],
      now: clock.now(),
      maxRetryAfterMs: settings.maxRetryAfterMs,
    });
    let reply: TransportReply;
    try {
      reply = await transport({
        method: request.body ? 'POST' : 'GET',
        url: request.query ? withQuery(url, request.query) : url,
        headers: {
          accept: 'application/json',
          ...(request.body ? { 'content-type': 'application/json' } : {}),
          ...authorisation,
        },
        ...(request.body ? { body: JSON.stringify(request.body) } : {}),
        timeoutMs: write ? settings.writeTimeoutMs : settings.readTimeoutMs,
        ...(write ? {} : { signal: this.#reads.signal }),
      });
    } catch (error) {
      // A transport that breaks its contract may have sent it, and its message may quote anything.
      const known = isTransportError(error) ? error : new TransportError(true, 'the connection failed');
      return { failure: unanswered(known, context()) };
    }
    return { reading: readReply(reply, context()), status: reply.status };
  }

  /**
   * What the caller gets, and what is remembered about the token or the location. They differ if a write failed and
   * its answer names another MDM: `conflict` would say that the write was done.
   */
  #verdict(
    access: AppleAccess,
    request: AppleRequest,
    { result, body }: ReplyReading,
    upToDate: boolean,
  ): { readonly result: AppleResult<JsonObject>; readonly refusal: AppleFailure | null } {
    if (!result.ok && result.failure.kind === 'token') return { result, refusal: result.failure };
    const refused = (failure: AppleFailure) => ({
      result: { ok: false, failure } as const,
      refusal: failure,
    });

    const uId = textOf(body?.['uId']);
    if (uId !== null && access.uId !== '' && uId !== access.uId)
      return refused(tokenFailure('invalid', wrongLocationNumber));

    const mdmInfo = mdmInfoOf(body?.['mdmInfo']);
    const foreign =
      upToDate &&
      access.mdmId !== null &&
      (mdmInfo === null ? result.ok && request.namesOwner === true : mdmInfo.id !== access.mdmId);
    if (!foreign) return { result, refusal: null };
    const conflict: AppleFailure = { kind: 'conflict', mdmInfo };
    return !result.ok && request.lane === 'write' ? { result, refusal: conflict } : refused(conflict);
  }

  #remember(
    access: AppleAccess,
    fingerprint: string,
    failure: AppleFailure,
    endpoint: Endpoint,
    status: number,
  ): void {
    // A token that is being checked belongs to no location yet.
    if (access.uId === '') return;
    if (failure.kind !== 'token' && failure.kind !== 'conflict') return;
    const news =
      failure.kind === 'token'
        ? this.#refusals.refuseToken(access.uId, fingerprint, failure)
        : this.#refusals.refuseLocation(access.uId, failure);
    this.#locations.get(access.uId)?.api.recheck();
    this.#locations.get(access.uId)?.lookup.recheck();
    if (!news) return;
    this.options.log({
      level: 'warn',
      message:
        failure.kind === 'conflict' ? 'another MDM manages the location' : `the token is ${failure.state}`,
      uId: access.uId,
      endpoint,
      status,
      ...(failure.kind === 'token' ? { errorNumber: failure.errorNumber } : {}),
    });
    for (const listener of this.#listeners)
      try {
        listener(access.uId, { ...failure, fingerprint });
      } catch {
        // What Apple answered must reach its caller all the same.
        this.options.log({ level: 'warn', message: 'a listener to refusals failed', uId: access.uId });
      }
  }

  #warn(
    message: string,
    access: AppleAccess,
    request: AppleRequest,
    status: number,
    waitMs: Milliseconds,
  ): void {
    this.options.log({ level: 'warn', message, uId: access.uId, endpoint: request.endpoint, status, waitMs });
  }

  #location(uId: string): Location {
    // All tokens that are being checked share one, so there are never more pacers than locations.
    const known = this.#locations.get(uId);
    if (known) return known;
    const { clock, settings } = this.options;
    const pacing = {
      clock,
      window: new SlidingWindow(clock, settings.windowMs),
      limit: () => {
        const allowed = this.config.latest.maxRequestPerSecond;
        return Math.max(1, Math.min(allowed, settings.maxRequestsPerSecond ?? allowed));
      },
      maxParallelPages: settings.maxParallelPages,
      maxInFlight: settings.maxInFlight,
      maxQueued: settings.maxQueued,
    };
    const location: Location = {
      api: new Pacer({ ...pacing, gate: this.#gate }),
      lookup: new Pacer({ ...pacing, gate: null }),
      window: pacing.window,
    };
    this.#locations.set(uId, location);
    if (this.#closed) this.close();
    return location;
  }
}
