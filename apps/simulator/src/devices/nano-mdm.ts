import { createHmac } from 'node:crypto';
import type { SimulatorClock, Timers } from '../clock.js';
import type { Identifiers } from '../identifiers.js';
import type { Deliver, SimulatorRequest, SimulatorResponse } from '../transport.js';
import { fromPlist, textOf, type PlistDict } from './plist.js';
import type { DeviceServer } from './virtual-device.js';

/** How the façade is reached and whom it tells. */
export interface NanoMdmSettings {
  apiKey: string;
  /** Null: nobody is told. */
  webhookUrl: string | null;
  webhookKey: string;
}

/** What goes wrong between the façade and its client. Counts are used up one by one. */
export interface NanoMdmFaults {
  /** So many next webhooks are lost, of commands' answers only. */
  loseWebhooks: number;
  /** Probabilities. */
  lose: number;
  double: number;
  /** Random delay of each webhook, up to. They overtake each other then. */
  shuffleMs: number;
  /** So many next requests to its API are answered 503, or take effect and are not answered. */
  failRequests: number;
  loseAnswers: number;
  /** There is no push certificate: everything is queued, nobody is pushed. */
  withoutPushCertificate: boolean;
}

/** An MDM server that does what it should. */
export const NO_MDM_FAULTS: NanoMdmFaults = {
  loseWebhooks: 0,
  lose: 0,
  double: 0,
  shuffleMs: 0,
  failRequests: 0,
  loseAnswers: 0,
  withoutPushCertificate: false,
};

interface Queued {
  readonly uuid: string;
  readonly xml: string;
  notNow: boolean;
}

interface Enrolment {
  readonly type: string;
  enabled: boolean;
  tally: number;
  queue: Queued[];
}

/** Below this path of the simulator. */
export const MDM_PATH = '/nanomdm';

/**
 * NanoMDM's API and webhook as v0.9.0 with its in-memory storage was seen to have them: an id that never enrolled is
 * accepted and forgotten, a command's id is taken once and for all, a push that fails alone is HTTP 500.
 */
export class NanoMdm {
  readonly settings: NanoMdmSettings = { apiKey: 'nanomdm', webhookUrl: null, webhookKey: 'webhook' };
  readonly faults: NanoMdmFaults = { ...NO_MDM_FAULTS };
  readonly counts = {
    requests: 0,
    enqueued: 0,
    pushes: 0,
    webhooks: 0,
    /** Webhooks that nobody has taken. */
    lost: 0,
    byType: {} as Record<string, number>,
  };
  /** Told to come and get their commands. */
  onPush: (enrolmentId: string) => void = () => undefined;
  /** Whether the webhook of the next answer of this enrolment is lost. */
  losesAnswer: (enrolmentId: string) => boolean = () => false;
  readonly #enrolments = new Map<string, Enrolment>();
  /** Enrolments of which a check-in message was lost: its client does not know what has become of them. */
  readonly unheard = new Set<string>();
  readonly #taken = new Set<string>();

  constructor(
    private readonly clock: SimulatorClock,
    private readonly timers: Timers,
    private readonly random: () => number,
    private readonly ids: Identifiers,
    private readonly deliver: Deliver,
  ) {}

  /** Commands that wait for a device. */
  queued(enrolmentId: string): number {
    return this.#enrolments.get(enrolmentId)?.queue.length ?? 0;
  }

  /** One request to the API. */
  handle({ method, path, headers, body }: SimulatorRequest): SimulatorResponse {
    const url = new URL(path, 'http://simulator.invalid');
    const [, call, list] = /^\/v1\/(enqueue|push)\/(.+)$/.exec(url.pathname.slice(MDM_PATH.length)) ?? [];
    if (
      call === undefined ||
      list === undefined ||
      (method !== 'PUT' && !(call === 'push' && method === 'GET'))
    )
      return plain(404, '404 page not found');
    const expected = `Basic ${Buffer.from(`nanomdm:${this.settings.apiKey}`).toString('base64')}`;
    if (headers['authorization'] !== expected) return plain(401, 'Unauthorized');
    this.counts.requests += 1;
    if (this.faults.failRequests > 0) {
      this.faults.failRequests -= 1;
      return plain(503, 'service unavailable');
    }
    const ids = list.split(',').map(decodeURIComponent);
    const push = url.searchParams.get('nopush') !== '1';
    const answer = call === 'push' ? this.#pushed(ids, {}) : this.#enqueue(ids, body, push);
    if (this.faults.loseAnswers === 0) return answer;
    this.faults.loseAnswers -= 1;
    return { ...answer, reset: 'after' };
  }

  #enqueue(ids: readonly string[], body: string, push: boolean): SimulatorResponse {
    const command = fromPlist(body);
    const uuid = command?.['CommandUUID'];
    const requestType = (command?.['Command'] as PlistDict | undefined)?.['RequestType'];
    if (typeof uuid !== 'string' || typeof requestType !== 'string')
      return json(500, { command_error: 'decoding command: invalid plist' });
    const named = { command_uuid: uuid, request_type: requestType };
    if (this.#taken.has(uuid))
      return json(500, { ...named, command_error: `command already exists: ${uuid}` });
    this.#taken.add(uuid);
    this.counts.enqueued += ids.length;
    this.counts.byType[requestType] = (this.counts.byType[requestType] ?? 0) + 1;
    for (const id of ids) {
      const enrolment = this.#enrolments.get(id);
      if (enrolment?.enabled) enrolment.queue.push({ uuid, xml: body, notNow: false });
    }
    return push ? this.#pushed(ids, named) : json(200, { no_push: true, ...named });
  }

  #pushed(ids: readonly string[], named: object): SimulatorResponse {
    if (this.faults.withoutPushCertificate)
      return json(500, { ...named, push_error: 'retrieving push cert for topic: no push cert' });
    const status: Record<string, object> = {};
    let failed = 0;
    for (const id of ids) {
      if (this.#enrolments.get(id)?.enabled) {
        this.counts.pushes += 1;
        status[id] = { push_result: this.ids.uuid() };
        this.timers.after(0, () => this.onPush(id));
      } else {
        failed += 1;
        status[id] = { push_error: 'push info not found' };
      }
    }
    return json(failed === 0 ? 200 : failed === ids.length ? 500 : 207, { status, ...named });
  }

  /** What devices talk to. */
  server(): DeviceServer {
    return {
      checkIn: async (body) => this.#checkIn(body),
      connect: async (body) => this.#connect(body),
    };
  }

  #checkIn(body: string): void {
    const message = fromPlist(body) ?? {};
    const { id, type } = idsOf(message);
    const kind = textOf(message['MessageType']);
    if (id === '' || (kind === 'TokenUpdate' && !hasTokens(message)))
      throw new Error('the MDM server answered HTTP 400');
    const enrolment = this.#enrolments.get(id) ?? { type, enabled: false, tally: 0, queue: [] };
    this.#enrolments.set(id, enrolment);
    if (kind === 'Authenticate') {
      // What was queued is lost, and nobody is told.
      Object.assign(enrolment, { enabled: false, tally: 0, queue: [] });
    } else if (kind === 'TokenUpdate') {
      enrolment.enabled = true;
      enrolment.tally += 1;
    } else if (kind === 'CheckOut') Object.assign(enrolment, { enabled: false, queue: [] });
    const more = kind === 'TokenUpdate' ? { token_update_tally: enrolment.tally } : {};
    this.#tell(`mdm.${kind}`, 'checkin_event', body, message, more);
  }

  #connect(body: string): string {
    const report = fromPlist(body) ?? {};
    const { id } = idsOf(report);
    const status = textOf(report['Status']);
    const uuid = report['CommandUUID'];
    const enrolment = this.#enrolments.get(id);
    if (!enrolment?.enabled) return '';
    if (status === 'NotNow') {
      for (const command of enrolment.queue) if (command.uuid === uuid) command.notNow = true;
    } else if (typeof uuid === 'string') {
      enrolment.queue = enrolment.queue.filter((command) => command.uuid !== uuid);
    }
    const about = typeof uuid === 'string' ? { command_uuid: uuid } : {};
    this.#tell('mdm.Connect', 'acknowledge_event', body, report, { status, ...about });
    // What was put off is passed over only right after something was put off.
    return enrolment.queue.find((command) => !(status === 'NotNow' && command.notNow))?.xml ?? '';
  }

  #tell(topic: string, member: string, body: string, message: PlistDict, more: object): void {
    const { webhookUrl, webhookKey } = this.settings;
    if (webhookUrl === null) return;
    const { faults } = this;
    const { id, type } = idsOf(message);
    const udid = typeof message['UDID'] === 'string' ? { udid: id } : { enrollment_id: id };
    // A check-out carries ids only.
    const payload = topic === 'mdm.CheckOut' ? {} : { raw_payload: Buffer.from(body).toString('base64') };
    const text = JSON.stringify({
      topic,
      event_id: this.ids.hex(16),
      created_at: new Date(this.clock.now()).toISOString(),
      [member]: { ids: { id, type }, ...udid, ...payload, url_params: {}, ...more },
    });
    const signature = createHmac('sha256', webhookKey).update(text).digest('base64');
    const headers = { 'content-type': 'application/json; charset=utf-8', 'x-hmac-signature': signature };
    const isAnswer = topic === 'mdm.Connect' && message['CommandUUID'] !== undefined;
    const counted = isAnswer && faults.loseWebhooks > 0;
    if (counted) faults.loseWebhooks -= 1;
    if (counted || (isAnswer && this.losesAnswer(id)) || (faults.lose > 0 && this.random() < faults.lose)) {
      this.counts.lost += 1;
      if (topic !== 'mdm.Connect') this.unheard.add(id);
      return;
    }
    const copies = faults.double > 0 && this.random() < faults.double ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delay = faults.shuffleMs > 0 ? this.random() * faults.shuffleMs : 0;
      this.counts.webhooks += 1;
      this.timers.after(delay, () => void this.#deliver({ url: webhookUrl, headers, body: text }));
    }
  }

  /** Nothing is sent again, whatever the client answers. */
  async #deliver(webhook: Parameters<Deliver>[0]): Promise<void> {
    const taken = await this.deliver(webhook).then(
      ({ status }) => status < 300,
      () => false,
    );
    if (!taken) this.counts.lost += 1;
  }
}

/** NanoMDM reads tokens as data; text in their place is no message to it. */
const hasTokens = ({ Token: token, UnlockToken: unlockToken }: PlistDict): boolean =>
  token instanceof Uint8Array && (unlockToken === undefined || unlockToken instanceof Uint8Array);

function idsOf(message: PlistDict): { id: string; type: string } {
  const { UDID: udid, EnrollmentID: enrolmentId } = message;
  if (typeof udid === 'string') return { id: udid, type: 'Device' };
  return { id: typeof enrolmentId === 'string' ? enrolmentId : '', type: 'User Enrollment (Device)' };
}

const plain = (status: number, body: string): SimulatorResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});

const json = (status: number, body: object): SimulatorResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
