import type { SimulatorClock, Timers } from './clock.js';
import type { Faults } from './faults.js';
import type { Identifiers } from './identifiers.js';
import type { Location } from './location.js';
import type { Traffic } from './traffic.js';
import type { Deliver } from './transport.js';

export const notificationTypes = [
  'TEST_NOTIFICATION',
  'ASSET_MANAGEMENT',
  'USER_MANAGEMENT',
  'USER_ASSOCIATED',
  'ASSET_COUNT',
  'SUBSCRIPTION_MANAGEMENT',
  'SUBSCRIPTION_COUNT',
  'UNLIMITED_ASSET',
] as const;

export type NotificationType = (typeof notificationTypes)[number];

/** A notification before it has an id; the body is built when it leaves. */
export interface NotificationDraft {
  readonly type: NotificationType;
  readonly body: () => Record<string, unknown>;
}

/** When an undelivered notification is tried, in ms after its first attempt. */
const attemptOffsets: readonly number[] = [0, 60_000, 240_000];

interface Delivery {
  readonly location: Location;
  readonly notificationId: string;
  readonly draft: NotificationDraft;
  attempts: number;
  firstAttemptAt: number;
  readonly firstAttemptOver: () => void;
}

/** Sends notifications to the locations' URLs, at most three attempts each, some at a time. */
export class Notifier {
  private waiting: Delivery[] = [];
  private taken = 0;
  private inFlight = 0;
  private stopped = false;

  constructor(
    private readonly clock: SimulatorClock,
    private readonly timers: Timers,
    private readonly random: () => number,
    private readonly ids: Identifiers,
    private readonly deliver: Deliver,
    private readonly faults: Faults,
    private readonly traffic: Traffic,
  ) {}

  /**
   * Announces what a location has subscribed to; the rest is left out. Resolves when the first attempt of each
   * is over. `atOnce` leaves out the delays of the fault switches.
   */
  async announce(location: Location, drafts: readonly NotificationDraft[], atOnce = false): Promise<void> {
    if (location.notificationUrl === null) return;
    const firstAttempts: Promise<void>[] = [];
    const { notifications: faults } = this.faults;
    let position = 0;
    for (const draft of drafts) {
      if (!location.notificationTypes.includes(draft.type)) continue;
      const notificationId = this.ids.uuid();
      this.traffic.counts.notifications.created += 1;
      if (faults.drop > 0 && this.random() < faults.drop) {
        this.traffic.counts.notifications.dropped += 1;
        continue;
      }
      const copies = faults.duplicate > 0 && this.random() < faults.duplicate ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const shuffle = faults.shuffleMs > 0 ? this.random() * faults.shuffleMs : 0;
        const delay = atOnce ? 0 : faults.delayMs + position * faults.spacingMs + shuffle;
        this.traffic.notificationsWaiting += 1;
        firstAttempts.push(
          new Promise((resolve) => {
            const delivery: Delivery = {
              location,
              notificationId,
              draft,
              attempts: 0,
              firstAttemptAt: 0,
              firstAttemptOver: resolve,
            };
            if (delay > 0) this.timers.after(delay, () => this.queue(delivery));
            else this.queue(delivery);
          }),
        );
      }
      position += 1;
    }
    await Promise.all(firstAttempts);
  }

  /** Posts a TEST_NOTIFICATION once; true if it was answered 2xx. */
  async test(location: Location, url: string, authToken: string): Promise<boolean> {
    const body = this.envelope(location, this.ids.uuid(), { type: 'TEST_NOTIFICATION', body: () => ({}) });
    return this.post(url, authToken, body);
  }

  /** Nothing is sent afterwards. */
  stop(): void {
    this.stopped = true;
    this.waiting = [];
  }

  private queue(delivery: Delivery): void {
    this.waiting.push(delivery);
    this.sendNext();
  }

  private sendNext(): void {
    while (!this.stopped && this.inFlight < this.faults.notifications.concurrency) {
      const delivery = this.waiting[this.taken];
      if (delivery === undefined) {
        this.waiting = [];
        this.taken = 0;
        return;
      }
      this.taken += 1;
      // Let go of what was sent, in bulk.
      if (this.taken > 1000) {
        this.waiting = this.waiting.slice(this.taken);
        this.taken = 0;
      }
      this.inFlight += 1;
      void this.attempt(delivery).finally(() => {
        this.inFlight -= 1;
        this.sendNext();
      });
    }
  }

  private async attempt(delivery: Delivery): Promise<void> {
    const { location } = delivery;
    if (delivery.attempts === 0) delivery.firstAttemptAt = this.clock.now();
    delivery.attempts += 1;
    const { notifications: counts } = this.traffic.counts;
    counts.attempts += 1;
    const delivered =
      location.notificationUrl !== null &&
      location.notificationAuthToken !== null &&
      (await this.post(
        location.notificationUrl,
        location.notificationAuthToken,
        this.envelope(location, delivery.notificationId, delivery.draft),
      ));
    if (delivery.attempts === 1) delivery.firstAttemptOver();
    if (delivered) {
      counts.delivered += 1;
      this.traffic.notificationsWaiting -= 1;
      return;
    }
    counts.failedAttempts += 1;
    const offset = attemptOffsets[delivery.attempts];
    if (offset === undefined) {
      counts.abandoned += 1;
      this.traffic.notificationsWaiting -= 1;
      return;
    }
    this.timers.after(delivery.firstAttemptAt + offset - this.clock.now(), () => this.queue(delivery));
  }

  private envelope(location: Location, notificationId: string, draft: NotificationDraft): string {
    return JSON.stringify({
      notificationId,
      notificationType: draft.type,
      uId: location.facts.uId,
      notification: draft.body(),
    });
  }

  private async post(url: string, authToken: string, body: string): Promise<boolean> {
    try {
      const { status } = await this.deliver({
        url,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${authToken}` },
        body,
      });
      return status >= 200 && status < 300;
    } catch {
      return false;
    }
  }
}
