import type { AnyBulkWriteOperation, Collection, Db, Filter } from 'mongodb';
import { chunksOf, START, numberOf, type Position } from '@seatbook/kernel';
import {
  readCursor,
  writeCursor,
  type CheckpointMove,
  type Page,
  type ParkedQuery,
  type ParkedWork,
  type Progress,
} from '@seatbook/runtime';
import { Checkpoints } from './checkpoints.js';
import { asked, isDuplicate } from './store-failure.js';

type ParkedDocument = Omit<ParkedWork, 'id'> & { readonly _id: string; readonly retryWanted?: true };

/** Ids or streams that one command names. */
const AT_ONCE = 1_000;
const ORDER = { source: 1, index: 1, _id: 1 } as const;

/** Durable state of the runners. */
export class MongoProgress implements Progress {
  readonly #checkpoints: Checkpoints;
  readonly #parked: Collection<ParkedDocument>;

  constructor(database: Db) {
    this.#checkpoints = new Checkpoints(database.collection('runnerCheckpoints'));
    this.#parked = database.collection('parkedWork');
  }

  async prepare(): Promise<void> {
    await this.#parked.createIndexes([
      { key: ORDER },
      { key: { stream: 1, ...ORDER } },
      { key: { retryWanted: 1, ...ORDER }, partialFilterExpression: { retryWanted: true } },
    ]);
  }

  takeOver(name: string, epoch: number): Promise<Position> {
    return asked(async () => (await this.#checkpoints.takeOver(name, epoch)).position);
  }

  checkpoint(name: string): Promise<Position> {
    return asked(async () => (await this.#checkpoints.find(name))?.position ?? START);
  }

  saveCheckpoint(name: string, move: CheckpointMove): Promise<void> {
    return asked(() => this.#checkpoints.move(name, move));
  }

  async park(work: readonly ParkedWork[]): Promise<void> {
    if (work.length > 0) await asked(() => this.#park(work.map(parking)));
  }

  parked({ kind, stream, limit, cursor }: ParkedQuery): Promise<Page<ParkedWork>> {
    const identity = JSON.stringify(['parked', kind ?? null, stream ?? null]);
    return asked(async () => {
      const after = cursor === undefined ? {} : behind(identity, cursor);
      const of = { ...(kind !== undefined && { kind }), ...(stream !== undefined && { stream }) };
      const hint = stream === undefined ? ORDER : { stream: 1, ...ORDER };
      // One more than asked for tells whether there is a next page.
      const rows = await this.#parked
        .find({ ...of, ...after }, { hint, sort: ORDER, limit: limit + 1, batchSize: limit + 1 })
        .toArray();
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      const next = last
        ? writeCursor(identity, { values: [numberOf(last.source), last.index], key: last._id })
        : null;
      return { rows: rows.slice(0, limit).map(workOf), next };
    });
  }

  parkedStreams(kind: ParkedWork['kind'], streams: readonly string[]): Promise<ReadonlySet<string>> {
    return asked(async () => {
      const found = new Set<string>();
      for (const part of chunksOf(streams, AT_ONCE))
        for (const stream of await this.#parked.distinct('stream', { stream: { $in: part }, kind }))
          found.add(stream);
      return found;
    });
  }

  requestRetry(id: string): Promise<boolean> {
    return asked(async () => {
      const { matchedCount } = await this.#parked.updateOne({ _id: id }, { $set: { retryWanted: true } });
      return matchedCount > 0;
    });
  }

  retryRequests(limit: number): Promise<readonly ParkedWork[]> {
    return asked(async () => {
      const hint = { retryWanted: 1, ...ORDER };
      const rows = this.#parked.find({ retryWanted: true }, { hint, sort: ORDER, limit, batchSize: limit });
      return (await rows.toArray()).map(workOf);
    });
  }

  unpark(ids: readonly string[]): Promise<number> {
    return asked(async () => {
      let deleted = 0;
      for (const part of chunksOf(ids, AT_ONCE))
        deleted += (await this.#parked.deleteMany({ _id: { $in: part } })).deletedCount;
      return deleted;
    });
  }

  countParked(): Promise<number> {
    return asked(() => this.#parked.countDocuments());
  }

  async #park(writes: readonly AnyBulkWriteOperation<ParkedDocument>[]): Promise<void> {
    for (;;) {
      try {
        await this.#parked.bulkWrite([...writes], { ordered: true });
        return;
      } catch (error) {
        // Another process parked the same just now: the next attempt finds it. All of it may be written twice.
        if (!isDuplicate(error)) throw error;
      }
    }
  }
}

/** What is there already keeps all but reason and attempts. */
function parking({ id, reason, attempts, ...rest }: ParkedWork): AnyBulkWriteOperation<ParkedDocument> {
  const filter = { _id: id };
  const update =
    reason === null
      ? { $setOnInsert: { ...rest, reason, attempts } }
      : { $set: { reason, attempts }, $unset: { retryWanted: '' as const }, $setOnInsert: rest };
  return { updateOne: { filter, update, upsert: true } };
}

const workOf = ({
  _id,
  kind,
  stream,
  name,
  payload,
  reason,
  attempts,
  ...rest
}: ParkedDocument): ParkedWork => {
  const { source, index, parkedAt } = rest;
  return { id: _id, kind, stream, name, payload, reason, attempts, source, index, parkedAt };
};

/** @throws InvalidCursor */
function behind(identity: string, cursor: string): Filter<ParkedDocument> {
  const { values, key } = readCursor(identity, 2, cursor);
  const [source, index] = values.map(Number) as [Position, number];
  return {
    // Where the index is entered; what follows sorts out the work of one event.
    source: { $gte: source },
    $or: [
      { source: { $gt: source } },
      { source, index: { $gt: index } },
      { source, index, _id: { $gt: key } },
    ],
  };
}
