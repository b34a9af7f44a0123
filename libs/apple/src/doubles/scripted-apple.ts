import type { Milliseconds } from '@seatbook/kernel';
import type { AppleAccess } from '@seatbook/licensing';
import { createAppleApi, type AppleClient } from '../apple-api.js';
import type { MayStart } from '../caller.js';
import type { AppleLogLine } from '../log.js';
import type { AppleSettings } from '../settings.js';
import { TransportError, type TransportReply, type TransportRequest } from '../transport.js';
import { VirtualClock } from './virtual-clock.js';

/** A request that Apple got to see. */
export interface SeenRequest extends TransportRequest {
  readonly at: number;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly json: Record<string, unknown>;
}

/** What is answered: a reply, an error, or either after a while. */
export type Answer =
  TransportReply | TransportError | { readonly after: Milliseconds; readonly then: Answer };

export const uId = '7700000000000001';
export const otherUId = '7700000000000002';
export const ours = { id: 'mdm-ours', name: 'Seatbook', metadata: 'test' };
export const foreign = { id: 'mdm-other', name: 'Other MDM', metadata: '' };

/** Base64 of a content token, as it would be sent. */
export const tokenText = (inner = 'CANARY-abcdefghijklmnop', expDate = '2027-03-31T08:00:00+0000'): string =>
  Buffer.from(JSON.stringify({ token: inner, expDate, orgName: 'Example' })).toString('base64');

export const access: AppleAccess = { uId, token: tokenText(), mdmId: ours.id };

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): TransportReply => ({
  status,
  headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
  body: JSON.stringify(body),
});

export const error = (
  errorNumber: number,
  status: number,
  headers: Record<string, string> = {},
  more: Record<string, unknown> = {},
): TransportReply => json({ errorNumber, errorMessage: 'text for humans', ...more }, status, headers);

export const html = (status: number): TransportReply => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html>Service Unavailable</html>',
});

export const accepted = (eventId = 'event-1'): TransportReply => json({ eventId, uId, mdmInfo: ours });

export const serviceConfig = (
  limits: Record<string, number> = { maxAssets: 25, maxSerialNumbers: 1_000, maxClientUserIds: 1_000 },
  urls: Record<string, string> = {},
): TransportReply => json({ limits, urls });

/** An Apple that answers as the test says, and counts what it sees. */
export class ScriptedApple {
  readonly seen: SeenRequest[] = [];
  readonly logged: AppleLogLine[] = [];
  readonly client: AppleClient;
  inFlight = 0;
  maxInFlight = 0;
  config: () => Answer = () => serviceConfig();
  mayStart: MayStart = () => true;

  constructor(
    readonly clock: VirtualClock,
    public answer: (request: SeenRequest) => Answer,
    settings: Partial<AppleSettings> = {},
    random: () => number = () => 0.5,
  ) {
    this.client = createAppleApi({
      clock,
      random,
      settings,
      transport: (request) => this.#receive(request),
      log: (line) => this.logged.push(line),
      mayStart: (...asked) => this.mayStart(...asked),
    });
  }

  /** Requests without those for service/config. */
  get calls(): readonly SeenRequest[] {
    return this.seen.filter(({ path }) => !path.endsWith('/service/config'));
  }

  async #receive(request: TransportRequest): Promise<TransportReply> {
    const url = new URL(request.url);
    const seen: SeenRequest = {
      ...request,
      at: this.clock.now(),
      path: url.pathname,
      query: url.searchParams,
      json: request.body === undefined ? {} : (JSON.parse(request.body) as Record<string, unknown>),
    };
    this.seen.push(seen);
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    try {
      let answer = seen.path.endsWith('/service/config') ? this.config() : this.answer(seen);
      while ('after' in answer) {
        const { after } = answer;
        await new Promise<void>((resolve) => this.clock.after(after, resolve));
        answer = answer.then;
      }
      if (answer instanceof TransportError) throw answer;
      return answer;
    } finally {
      this.inFlight -= 1;
    }
  }
}

/** The most starts within any 1,000 ms. */
export function busiestSecond(requests: readonly SeenRequest[]): number {
  const at = requests.map((request) => request.at).sort((a, b) => a - b);
  return Math.max(0, ...at.map((start, i) => at.slice(i).filter((later) => later - start <= 1_000).length));
}
