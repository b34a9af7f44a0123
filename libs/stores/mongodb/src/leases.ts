import type { Collection, Db } from 'mongodb';
import type { HeldLease, Lease, LeaseSeen, Leases } from '@seatbook/runtime';
import { asked, isDuplicate } from './store-failure.js';

type LeaseDocument = Lease & { readonly _id: string };

/** Leases, one document each. Epochs are never forgotten. */
export class MongoLeases implements Leases {
  readonly #leases: Collection<LeaseDocument>;

  constructor(database: Db) {
    this.#leases = database.collection('leases');
  }

  all(): Promise<ReadonlyMap<string, Lease>> {
    return asked(async () => leasesOf(await this.#leases.find().toArray()));
  }

  read(names: readonly string[]): Promise<ReadonlyMap<string, Lease>> {
    return asked(async () => leasesOf(await this.#leases.find({ _id: { $in: [...names] } }).toArray()));
  }

  acquire(name: string, holder: string, seen: LeaseSeen | 'absent'): Promise<number | null> {
    return asked(() => (seen === 'absent' ? this.#first(name, holder) : this.#next(name, holder, seen)));
  }

  beat(holder: string, held: readonly HeldLease[]): Promise<readonly string[]> {
    if (held.length === 0) return Promise.resolve([]);
    return asked(async () => {
      const beats = held.map(({ name, epoch, status }) => ({
        updateOne: {
          filter: { _id: name, epoch, holder },
          update: { $inc: { beat: 1 }, ...(status !== undefined && { $set: { status } }) },
        },
      }));
      await this.#leases.bulkWrite(beats, { ordered: false });
      // An epoch that was lost never comes again: what is held now has got its beat.
      const names = held.map(({ name }) => name);
      const found = await this.#leases.find({ _id: { $in: names }, holder }).toArray();
      const epochs = new Map(found.map(({ _id, epoch }) => [_id, epoch]));
      return held.flatMap(({ name, epoch }) => (epochs.get(name) === epoch ? name : []));
    });
  }

  async release(name: string, epoch: number): Promise<void> {
    await asked(() => this.#leases.updateOne({ _id: name, epoch }, { $set: { holder: null, status: null } }));
  }

  async #first(name: string, holder: string): Promise<number | null> {
    try {
      await this.#leases.insertOne({ _id: name, epoch: 1, holder, beat: 0, status: null });
      return 1;
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw error;
    }
  }

  async #next(name: string, holder: string, { epoch, beat }: LeaseSeen): Promise<number | null> {
    const taken = await this.#leases.findOneAndUpdate(
      { _id: name, epoch, beat },
      { $set: { epoch: epoch + 1, holder, beat: 0, status: null } },
      { returnDocument: 'after' },
    );
    return taken?.epoch ?? null;
  }
}

const leasesOf = (found: readonly LeaseDocument[]): ReadonlyMap<string, Lease> =>
  new Map(found.map(({ _id, epoch, holder, beat, status }) => [_id, { epoch, holder, beat, status }]));
