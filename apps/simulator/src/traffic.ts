import { SlidingSecond } from './sliding-second.js';

/** One line of the request log. It never holds a token. */
export interface LoggedRequest {
  /** Counts from 1 over the life of the simulator. */
  n: number;
  /** Epoch ms of the receipt. */
  at: number;
  method: string;
  path: string;
  uId: string | null;
  /** Null if no answer was sent. */
  status: number | null;
  errorNumber: number | null;
  eventId: string | null;
  requestBytes: number;
  responseBytes: number;
  /** Ms from receipt to answer. */
  tookMs: number;
}

export interface WriteCounts {
  /** Requests that arrived, refused ones included. */
  received: number;
  /** Requests that became an event. */
  accepted: number;
  /** Events that ran. */
  applied: number;
}

export interface Stats {
  /** Epoch ms of the last reset of the counters. */
  since: number;
  requests: {
    total: number;
    byEndpoint: Record<string, number>;
    byStatus: Record<string, number>;
    byErrorNumber: Record<string, number>;
  };
  associateReceived: number;
  associateApplied: number;
  writes: { associate: WriteCounts; disassociate: WriteCounts; revoke: WriteCounts; users: WriteCounts };
  pairs: {
    associated: number;
    alreadyAssociated: number;
    disassociated: number;
    alreadyAbsent: number;
    failedByErrorNumber: Record<string, number>;
  };
  /** The most requests within any 1,000 ms, over all tokens and for the busiest location. */
  maxRequestsInAnySecond: number;
  maxRequestsInAnySecondByLocation: Record<string, number>;
  rateLimitViolations: number;
  /** The most page requests at once on one paged endpoint of a location, by endpoint. */
  maxParallelPages: Record<string, number>;
  parallelPageViolations: number;
  inFlight: number;
  inFlightByEndpoint: Record<string, number>;
  /** Associate and disassociate requests received and not yet answered. */
  inFlightWrites: number;
  maxInFlight: number;
  notifications: {
    created: number;
    dropped: number;
    attempts: number;
    delivered: number;
    failedAttempts: number;
    abandoned: number;
    waiting: number;
  };
}

/** One request, from receipt to answer. */
export interface Call {
  readonly endpoint: string;
  readonly entry: LoggedRequest;
  uId: string | null;
  eventId: string | null;
  pagesKey: string | null;
}

const logSize = 10_000;
const writeEndpoints: readonly string[] = ['POST /assets/associate', 'POST /assets/disassociate'];

function increase(counts: Record<string, number>, key: string | number): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

const noWrites = (): WriteCounts => ({ received: 0, accepted: 0, applied: 0 });

function emptyStats(since: number) {
  return {
    since,
    requests: { total: 0, byEndpoint: {}, byStatus: {}, byErrorNumber: {} },
    writes: { associate: noWrites(), disassociate: noWrites(), revoke: noWrites(), users: noWrites() },
    pairs: {
      associated: 0,
      alreadyAssociated: 0,
      disassociated: 0,
      alreadyAbsent: 0,
      failedByErrorNumber: {},
    },
    maxRequestsInAnySecond: 0,
    maxRequestsInAnySecondByLocation: {} as Record<string, number>,
    rateLimitViolations: 0,
    maxParallelPages: {} as Record<string, number>,
    parallelPageViolations: 0,
    maxInFlight: 0,
    notifications: { created: 0, dropped: 0, attempts: 0, delivered: 0, failedAttempts: 0, abandoned: 0 },
  };
}

/** Counts and logs what goes over the wire. */
export class Traffic {
  counts: ReturnType<typeof emptyStats>;
  notificationsWaiting = 0;
  private readonly log: LoggedRequest[] = [];
  private lastN = 0;
  private readonly open = new Set<Call>();
  private readonly parallelPages = new Map<string, number>();
  private readonly second = new SlidingSecond();
  private readonly secondByLocation = new Map<string, SlidingSecond>();

  constructor(private readonly now: () => number) {
    this.counts = emptyStats(now());
  }

  /** A request arrived. */
  begin(method: string, path: string, endpoint: string, requestBytes: number): Call {
    this.lastN += 1;
    const at = this.now();
    const call: Call = {
      endpoint,
      uId: null,
      eventId: null,
      pagesKey: null,
      entry: {
        n: this.lastN,
        at,
        method,
        path,
        uId: null,
        status: null,
        errorNumber: null,
        eventId: null,
        requestBytes,
        responseBytes: 0,
        tookMs: 0,
      },
    };
    this.open.add(call);
    const { counts } = this;
    counts.requests.total += 1;
    increase(counts.requests.byEndpoint, endpoint);
    counts.maxInFlight = Math.max(counts.maxInFlight, this.open.size);
    counts.maxRequestsInAnySecond = Math.max(counts.maxRequestsInAnySecond, this.second.add(at));
    const write = this.writeOf(endpoint);
    if (write !== null) write.received += 1;
    return call;
  }

  /** The request has a token of this location. */
  identified(call: Call, uId: string): void {
    call.uId = uId;
    let second = this.secondByLocation.get(uId);
    if (second === undefined) {
      second = new SlidingSecond();
      this.secondByLocation.set(uId, second);
    }
    const { maxRequestsInAnySecondByLocation: most } = this.counts;
    most[uId] = Math.max(most[uId] ?? 0, second.add(call.entry.at));
  }

  /** The request asks for a page; `allowed` is how many may do so at once. */
  page(call: Call, allowed: number): void {
    call.pagesKey = `${call.uId} ${call.endpoint}`;
    const parallel = (this.parallelPages.get(call.pagesKey) ?? 0) + 1;
    this.parallelPages.set(call.pagesKey, parallel);
    const { counts } = this;
    counts.maxParallelPages[call.endpoint] = Math.max(counts.maxParallelPages[call.endpoint] ?? 0, parallel);
    if (parallel > allowed) counts.parallelPageViolations += 1;
  }

  /** An event that a request to this endpoint started has run. */
  applied(endpoint: string): void {
    const write = this.writeOf(endpoint);
    if (write !== null) write.applied += 1;
  }

  /** The answer is sent; `status` is null if there is none. */
  end(call: Call, status: number | null, errorNumber: number | null, responseBytes: number): void {
    this.open.delete(call);
    if (call.pagesKey !== null) {
      this.parallelPages.set(call.pagesKey, (this.parallelPages.get(call.pagesKey) ?? 1) - 1);
    }
    const { counts } = this;
    increase(counts.requests.byStatus, status ?? 'none');
    if (errorNumber !== null) increase(counts.requests.byErrorNumber, errorNumber);
    const write = call.eventId === null ? null : this.writeOf(call.endpoint);
    if (write !== null) write.accepted += 1;
    const { entry } = call;
    entry.uId = call.uId;
    entry.eventId = call.eventId;
    entry.status = status;
    entry.errorNumber = errorNumber;
    entry.responseBytes = responseBytes;
    entry.tookMs = this.now() - entry.at;
    this.log.push(entry);
    // Cut in bulk: a shift per request would cost more.
    if (this.log.length >= logSize * 2) this.log.splice(0, this.log.length - logSize);
  }

  /** The last `limit` answered requests with a number above `since`, in the order of their answers. */
  requests(since: number, limit: number): LoggedRequest[] {
    return this.log
      .slice(-logSize)
      .filter((entry) => entry.n > since)
      .slice(-limit);
  }

  stats(): Stats {
    const { counts } = this;
    const inFlightByEndpoint: Record<string, number> = {};
    for (const call of this.open) increase(inFlightByEndpoint, call.endpoint);
    return structuredClone({
      ...counts,
      associateReceived: counts.writes.associate.received,
      associateApplied: counts.writes.associate.applied,
      inFlight: this.open.size,
      inFlightByEndpoint,
      inFlightWrites: [...this.open].filter((call) => writeEndpoints.includes(call.endpoint)).length,
      notifications: { ...counts.notifications, waiting: this.notificationsWaiting },
    });
  }

  /** Resets all counters. Requests in flight stay in flight, and the log is kept. */
  reset(): void {
    this.counts = emptyStats(this.now());
  }

  failedPair(errorNumber: number): void {
    increase(this.counts.pairs.failedByErrorNumber, errorNumber);
  }

  private writeOf(endpoint: string): WriteCounts | null {
    const { writes } = this.counts;
    switch (endpoint) {
      case 'POST /assets/associate':
        return writes.associate;
      case 'POST /assets/disassociate':
        return writes.disassociate;
      case 'POST /assets/revoke':
        return writes.revoke;
      case 'POST /users/create':
      case 'POST /users/update':
      case 'POST /users/retire':
        return writes.users;
      default:
        return null;
    }
  }
}
