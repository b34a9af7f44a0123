import { Refusal } from './apple-errors.js';
import { endpoints, type Endpoint } from './endpoints.js';
import type { ErrorRule } from './error-rules.js';
import { drawFrom, type RetryAfter, retryAfterText } from './faults.js';
import type { Location } from './location.js';
import { serviceConfig } from './service-config.js';
import { ShapeError } from './shape.js';
import { type Token, tokenDate } from './token.js';
import type { Call } from './traffic.js';
import type { SimulatorRequest, SimulatorResponse } from './transport.js';
import type { Answer, World } from './world.js';

const apiRoot = '/mdm/v2';
const lookupPath = '/WebObjects/MZStorePlatform.woa/wa/lookup';

/** An answer before the transport's view of it. */
interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
  errorNumber: number | null;
}

function json(status: number, answer: Answer, headers: Record<string, string> = {}): Reply {
  const errorNumber = typeof answer['errorNumber'] === 'number' ? answer['errorNumber'] : null;
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(answer),
    errorNumber,
  };
}

function html(status: number, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html', ...headers },
    body: `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`,
    errorNumber: null,
  };
}

/** Takes Apple's requests: faults first, then who asks, then the endpoint. All answers are counted and logged. */
export class FrontDoor {
  constructor(private readonly world: World) {}

  async handle(request: SimulatorRequest): Promise<SimulatorResponse> {
    const { world } = this;
    const method = request.method.toUpperCase();
    const url = new URL(request.path, 'http://simulator.invalid');
    const name = url.pathname.startsWith(apiRoot) ? url.pathname.slice(apiRoot.length) : url.pathname;
    const call = world.traffic.begin(
      method,
      request.path,
      `${method} ${name}`,
      Buffer.byteLength(request.body),
    );
    const bearer = world.tokens.find((request.headers['authorization'] ?? '').replace(/^Bearer /, ''));
    const rule = world.errorRules.take(method, request.path, bearer?.uId ?? null);
    let reply: Reply | null = null;
    try {
      const latency = drawFrom(world.faults.latencyMs, world.random);
      reply = await this.replyUnder(rule, call, method, name, url, request);
      await world.timers.pause(latency + (rule?.delayMs ?? 0));
      return this.leave(rule, reply);
    } finally {
      const silent = rule !== null && isSilent(rule);
      world.traffic.end(
        call,
        silent || reply === null ? null : reply.status,
        silent ? null : (reply?.errorNumber ?? null),
        silent ? 0 : Buffer.byteLength(reply?.body ?? ''),
      );
    }
  }

  private async replyUnder(
    rule: ErrorRule | null,
    call: Call,
    method: string,
    name: string,
    url: URL,
    request: SimulatorRequest,
  ): Promise<Reply> {
    if (rule === null || takesEffect(rule)) return this.answer(call, method, name, url, request);
    const headers = this.retryHeaders(rule.retryAfter ?? null);
    if (rule.errorNumber === undefined) return html(rule.status ?? 503, headers);
    const refusal = new Refusal(rule.errorNumber);
    if (rule.html === true) return html(rule.status ?? refusal.status, headers);
    return json(rule.as200 === true ? 200 : (rule.status ?? refusal.status), refusal.body(), headers);
  }

  private leave(rule: ErrorRule | null, reply: Reply): SimulatorResponse {
    const { status, headers } = reply;
    const body =
      rule?.truncated === true ? reply.body.slice(0, Math.floor(reply.body.length / 2)) : reply.body;
    return {
      status,
      headers,
      body,
      ...(rule?.resetBefore === true ? { reset: 'before' as const } : {}),
      ...(rule?.resetAfter === true ? { reset: 'after' as const } : {}),
      ...(rule?.dead === true || rule?.dead === 'before' ? { dead: 'before' as const } : {}),
      ...(rule?.dead === 'after' ? { dead: 'after' as const } : {}),
    };
  }

  /** The answer of a simulator without injected errors. */
  private async answer(
    call: Call,
    method: string,
    name: string,
    url: URL,
    request: SimulatorRequest,
  ): Promise<Reply> {
    const { world } = this;
    let whose: { token: Token; location: Location } | null = null;
    try {
      if (url.pathname === lookupPath) return this.lookup(url.searchParams, request.headers['cookie']);
      if (url.pathname === `${apiRoot}/service/config`) {
        if (method !== 'GET') throw new Refusal(9726);
        return json(200, serviceConfig(world));
      }
      const methods = url.pathname.startsWith(apiRoot) ? endpoints.get(name) : undefined;
      if (methods === undefined) return html(404);
      const endpoint = methods[method];
      if (endpoint === undefined) throw new Refusal(9726);
      whose = this.whoAsks(call, request.headers['authorization']);
      this.admit(whose.token, whose.location, endpoint);
      if (endpoint.paged) world.traffic.page(call, world.faults.maxParallelPages);
      const answer = await endpoint.run({
        world,
        location: whose.location,
        token: whose.token,
        query: url.searchParams,
        body: method === 'POST' ? bodyOf(request) : undefined,
        applied: () => world.traffic.applied(call.endpoint),
      });
      if (typeof answer['eventId'] === 'string') call.eventId = answer['eventId'];
      return json(200, { ...answer, ...this.signature(whose) });
    } catch (error) {
      const refusal = error instanceof ShapeError ? new Refusal(9602) : error;
      if (!(refusal instanceof Refusal)) throw error;
      const status = world.faults.errorsAs200 ? 200 : refusal.status;
      const headers =
        refusal.errorNumber === 9646 ? this.retryHeaders(world.faults.rateLimit.retryAfter) : {};
      return json(status, { ...refusal.body(), ...(whose === null ? {} : this.signature(whose)) }, headers);
    }
  }

  private whoAsks(call: Call, authorization: string | undefined): { token: Token; location: Location } {
    const { world } = this;
    const token = world.tokens.authorise(authorization, world.clock.now());
    const location = world.locations.get(token.uId);
    if (location === undefined) throw new Error(`token of an unknown location ${token.uId}`);
    world.traffic.identified(call, token.uId);
    return { token, location };
  }

  /** Refuses above the rate limit (9646) and what a read-only token may not do (9637). */
  private admit(token: Token, location: Location, endpoint: Endpoint): void {
    const { faults, traffic, clock } = this.world;
    const now = clock.now();
    const second = faults.rateLimit.scope === 'token' ? token.admitted : location.admitted;
    if (second.count(now) >= faults.rateLimit.perSecond) {
      traffic.counts.rateLimitViolations += 1;
      throw new Refusal(9646);
    }
    token.admitted.add(now);
    location.admitted.add(now);
    const lenient = faults.readOnlyToken === 'no-writes' && endpoint.readOnly === 'lenient';
    if (token.readOnly && endpoint.readOnly !== 'yes' && !lenient) throw new Refusal(9637);
  }

  /** What every authorised answer carries. */
  private signature({ token, location }: { token: Token; location: Location }): Answer {
    return {
      tokenExpirationDate: tokenDate(token.expiresAt),
      uId: token.uId,
      ...(location.mdmInfo === null ? {} : { mdmInfo: location.mdmInfo }),
    };
  }

  private lookup(query: URLSearchParams, cookie: string | undefined): Reply {
    const { world } = this;
    const token = world.tokens.ofCookie(cookie, world.clock.now());
    const location = token === null ? undefined : world.locations.get(token.uId);
    const owned =
      location === undefined ? null : new Set([...location.assets.values()].map(({ facts }) => facts.adamId));
    return json(200, world.catalogue.lookup(query, { owned, ...world.faults.lookup }));
  }

  private retryHeaders(retryAfter: RetryAfter | null): Record<string, string> {
    return retryAfter === null ? {} : { 'retry-after': retryAfterText(retryAfter, this.world.clock.now()) };
  }
}

function isSilent(rule: ErrorRule): boolean {
  return (
    rule.resetBefore === true || rule.resetAfter === true || (rule.dead !== undefined && rule.dead !== false)
  );
}

function takesEffect(rule: ErrorRule): boolean {
  if (rule.resetBefore === true || rule.dead === true || rule.dead === 'before') return false;
  return rule.errorNumber === undefined && rule.html !== true && rule.status === undefined;
}

/** The parsed JSON body. Refuses another content type with 9727 and what is no JSON with 9602. */
function bodyOf({ headers, body }: SimulatorRequest): unknown {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new Refusal(9727);
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new Refusal(9602);
  }
}
