import { START, type Instant, type Position } from '@seatbook/kernel';
import { dueModel } from '@seatbook/runtime';
import type { World } from './world.js';

/** What goes on by itself for ever, whatever is wrong: rhythms, and what people ask for in each round of calm. */
const RHYTHMS = /^(?:account|reconciliation)-/;
const ALL = 10_000;

/**
 * Whether a world that is calm has come to a standstill: what is wrong in it then stays wrong, and hours more would only
 * cost time.
 */
export class Standstill {
  #seen: Position = START;

  constructor(private readonly world: World) {}

  /** Whether nothing has moved since this was asked last, and nothing will by itself before `until`. */
  async reached(until: Instant): Promise<boolean> {
    const moved = await this.#moved();
    return !moved && !(await this.#heldBack()) && !(await this.#awaited(until));
  }

  async #moved(): Promise<boolean> {
    const seen = this.#seen;
    const events = await this.world.virtual.events();
    this.#seen = events.at(-1)?.position ?? START;
    return events.some(({ position, stream }) => position > seen && !RHYTHMS.test(stream));
  }

  /** An account that cannot be used yet, or waits until Apple accepts something again, will go on. */
  async #heldBack(): Promise<boolean> {
    for (const site of this.world.sites) {
      const account = await this.world.account(site);
      if (!account?.usable || !account.owned || account.firstReadAt === null || account.writesHeld !== null)
        return true;
    }
    return false;
  }

  async #awaited(until: Instant): Promise<boolean> {
    const { stores, clock } = this.world.virtual;
    const { rows } = await stores.reads.query(dueModel, { index: 'by-queue', equals: [], limit: ALL });
    // What is overdue has been forgotten: it is what is wrong.
    return rows.some(({ stream, at }) => !RHYTHMS.test(stream) && at > clock.now() && at <= until);
  }
}
