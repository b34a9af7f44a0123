import type { FaultsPatch } from '../faults.js';
import { seededRandom } from '../seeded-random.js';
import { createSimulator, type Simulator } from '../simulator.js';
import type { SimulatorAdmin } from '../admin.js';
import type { SimulatorResponse } from '../transport.js';
import { VirtualClock } from './virtual-clock.js';

/** An answer with its body parsed. */
export interface Answered {
  status: number;
  headers: Record<string, string>;
  body: Wire;
}

/** JSON from the wire as the specs read it. */
export interface Wire {
  [member: string]: unknown;
  errorNumber?: number;
  errorInfo?: unknown;
  eventId?: string;
  versionId?: string;
  nextPageIndex?: number;
  totalPages?: number;
  size?: number;
  assets?: (Record<string, unknown> & { adamId: string; assignedCount: number; availableCount: number })[];
  assignments?: { adamId: string; serialNumber?: string; clientUserId?: string }[];
  users?: Record<string, unknown>[];
  failures?: { errorNumber: number; errorInfo: Record<string, unknown> }[];
}

export interface ReceivedNotification {
  at: number;
  url: string;
  authorization: string | undefined;
  notificationId: string;
  notificationType: string;
  uId: string;
  notification: Wire & { result?: string; type?: string; error?: { errorNumber: number } };
}

/** A simulator under a virtual clock with one location and a client that receives notifications. */
export class Rig {
  readonly clock = new VirtualClock();
  readonly received: ReceivedNotification[] = [];
  /** How the client answers the notifications to come; 200 when the list is used up. */
  answers: (number | 'unreachable')[] = [];
  readonly simulator: Simulator;
  readonly admin: SimulatorAdmin;
  readonly uId: string;
  token: string;

  constructor(seed = 1, faults: FaultsPatch = {}) {
    this.simulator = createSimulator({
      clock: this.clock,
      random: seededRandom(seed),
      baseUrl: 'https://simulator.example.test',
      deliver: async ({ url, headers, body }) => {
        const answer = this.answers.shift() ?? 200;
        if (answer === 'unreachable') throw new Error('unreachable');
        const parsed = JSON.parse(body) as Omit<ReceivedNotification, 'at' | 'url' | 'authorization'>;
        this.received.push({
          at: this.clock.now(),
          url,
          authorization: headers['authorization'],
          ...parsed,
        });
        return { status: answer };
      },
    });
    this.admin = this.simulator.admin;
    // Time does not pass here, so every spec would hit Apple's limit.
    this.admin.setFaults({ rateLimit: { perSecond: 100_000 } });
    this.admin.setFaults(faults);
    const issued = this.admin.createLocation({ name: 'Berlin Office' });
    this.uId = issued.uId;
    this.token = issued.token;
    this.admin.addAssets(this.uId, [
      { adamId: '900000001', name: 'Field Notes', total: 50 },
      { adamId: '900000002', name: 'Ledgerline', total: 2 },
      { adamId: '900000003', name: 'Safety at Heights', productType: 'Book', total: 5 },
      { adamId: '900000004', name: 'Quickscan', unlimited: true },
    ]);
  }

  /** A request as it is answered, with faults of the connection. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<SimulatorResponse> {
    return this.simulator.handle({
      method,
      path: path.startsWith('/mdm') || path.startsWith('/admin') ? path : `/mdm/v2${path}`,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answered> {
    return parsed(await this.send('GET', path, undefined, headers));
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answered> {
    return parsed(await this.send('POST', path, body, headers));
  }

  /** Subscribes the client to everything. */
  async subscribe(): Promise<void> {
    const { status } = await this.post('/client/config', {
      notificationUrl: 'https://mdm.example.test/apple/notify',
      notificationAuthToken: 'shared-secret',
      notificationTypes: ['ASSET_MANAGEMENT', 'ASSET_COUNT', 'USER_MANAGEMENT', 'USER_ASSOCIATED'],
    });
    if (status !== 200) throw new Error(`subscribing was answered ${status}`);
    this.received.length = 0;
  }

  /** Posts a write, waits until its event has run, and returns its status. */
  async run(path: string, body: unknown): Promise<Wire> {
    const { status, body: accepted } = await this.post(path, body);
    if (status !== 200) throw new Error(`refused with ${JSON.stringify(accepted)}`);
    await this.clock.advance(2_000);
    return (await this.get(`/status?eventId=${accepted.eventId}`)).body;
  }

  async associate(adamIds: readonly string[], serialNumbers: readonly string[]): Promise<Wire> {
    return this.run('/assets/associate', { assets: adamIds.map((adamId) => ({ adamId })), serialNumbers });
  }

  /** All records of a paged endpoint. */
  async walk(path: string): Promise<Wire[]> {
    const pages: Wire[] = [];
    for (let index: number | undefined = 0; index !== undefined;) {
      const { status, body }: Answered = await this.get(
        `${path}${path.includes('?') ? '&' : '?'}pageIndex=${index}`,
      );
      if (status !== 200) throw new Error(`page ${index} was answered ${status}`);
      pages.push(body);
      index = body.nextPageIndex;
    }
    return pages;
  }
}

export function parsed({ status, headers, body }: SimulatorResponse): Answered {
  return { status, headers, body: JSON.parse(body) as Wire };
}

/** `count` serial numbers from `first` on. */
export function serials(count: number, first = 1, prefix = 'SIMT'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(first + index).padStart(7, '0')}`);
}
