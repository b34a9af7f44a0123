import type { Collection, Filter } from 'mongodb';
import { START, type Instant, type Position } from '@seatbook/kernel';
import { CheckpointMoved, type CheckpointMove } from '@seatbook/runtime';
import { isDuplicate, wasNotSent } from './store-failure.js';

/** Where a checkpoint was at a moment. */
export interface Mark {
  readonly position: Position;
  readonly at: Instant;
}

/** A checkpoint as its collection holds it. */
export interface CheckpointDocument {
  readonly _id: string;
  readonly position: Position;
  readonly epoch: number;
  /** How often the documents of a model were thrown away; each time they go into a new collection. */
  readonly generation?: number;
  /** Where it was a day ago, or later: deletions up to there may be forgotten. */
  readonly mark?: Mark;
  /** Of an old version: where a newer build has found it at a start, and since when it is there. */
  readonly unmoved?: Mark;
}

/** Checkpoints that only the latest epoch moves, by compare-and-set. */
export class Checkpoints {
  constructor(readonly collection: Collection<CheckpointDocument>) {}

  async find(name: string): Promise<CheckpointDocument | null> {
    return this.collection.findOne({ _id: name });
  }

  /**
   * Writes the epoch and answers what was there, in one step: whoever had it before moves nothing from here on.
   * @throws CheckpointMoved when a later epoch has it
   */
  async takeOver(name: string, epoch: number): Promise<CheckpointDocument> {
    for (;;) {
      try {
        const taken = await this.collection.findOneAndUpdate(
          { _id: name, epoch: { $lte: epoch } },
          { $set: { epoch }, $setOnInsert: { position: START } },
          { upsert: true, returnDocument: 'after' },
        );
        if (taken) return taken;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        // A later epoch has it, or another process made it just now.
        const found = await this.find(name);
        if (found && found.epoch > epoch)
          throw new CheckpointMoved(name, { position: found.position, epoch }, found);
      }
    }
  }

  /** Notes where it was found at a start, if it is still there. */
  async noteUnmoved(name: string, unmoved: Mark): Promise<void> {
    await this.collection.updateOne({ _id: name, position: unmoved.position }, { $set: { unmoved } });
  }

  /**
   * Moves it, if it is where it is thought to be. Where no answer comes, it is looked at: nobody else moves it in this
   * epoch, so its position says whether this was done.
   * @param also what else has to hold, and what else is written
   * @throws CheckpointMoved
   */
  async move(
    name: string,
    { from, to, epoch }: CheckpointMove,
    also: { readonly where?: Filter<CheckpointDocument>; readonly mark?: Mark | undefined } = {},
  ): Promise<void> {
    const { where = {}, mark } = also;
    try {
      const { matchedCount } = await this.collection.updateOne(
        { _id: name, epoch, position: from, ...where },
        { $set: { position: to, ...(mark && { mark }) } },
      );
      if (matchedCount > 0) return;
    } catch (error) {
      if (wasNotSent(error)) throw error;
      const found = await this.find(name).catch(() => null);
      if (found?.epoch === epoch && found.position === to) return;
      throw error;
    }
    const actual = (await this.find(name)) ?? { position: START, epoch: 0 };
    throw new CheckpointMoved(name, { position: from, epoch }, actual);
  }
}
