import type { Collection, Db } from 'mongodb';
import type { LogAnchor, LogAnchors } from '@seatbook/runtime';
import { asked, isDuplicate } from './store-failure.js';

type AnchorDocument = LogAnchor & { readonly _id: string };

const FURTHEST = 'furthest';

/** What was delivered furthest on, in one document. */
export class MongoLogAnchors implements LogAnchors {
  readonly #anchors: Collection<AnchorDocument>;

  constructor(database: Db) {
    this.#anchors = database.collection('logAnchors');
  }

  load(): Promise<LogAnchor | null> {
    return asked(async () => {
      const found = await this.#anchors.findOne({ _id: FURTHEST });
      return found && { log: found.log, position: found.position, eventId: found.eventId };
    });
  }

  async save({ log, position, eventId }: LogAnchor): Promise<void> {
    const filter = { _id: FURTHEST, position: { $lt: position } };
    const update = { $set: { log, position, eventId } };
    await asked(async () => {
      try {
        await this.#anchors.updateOne(filter, update, { upsert: true });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        // There is one, perhaps since just now: it stays unless this one is further on.
        await this.#anchors.updateOne(filter, update);
      }
    });
  }
}
