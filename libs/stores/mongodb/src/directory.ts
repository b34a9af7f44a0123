import type { Collection, Db } from 'mongodb';
import { chunksOf, type Ids } from '@seatbook/kernel';
import type { Directory, PersonEntry, PersonSeen } from '@seatbook/runtime';
import { DUPLICATE_KEY, asked, expectedFailures } from './store-failure.js';

type PersonDocument = Omit<PersonEntry, 'userId'> & { readonly _id: string };

/** Persons looked up or written at once. */
const PART = 1_000;

/**
 * The directory: the one collection that holds personal data. A person of a location exists once, which a unique index
 * sees to. What was forgotten is still in the server's oplog and in backups until those have run out.
 */
export class MongoDirectory implements Directory {
  readonly #persons: Collection<PersonDocument>;
  readonly #ids: Ids;

  constructor(database: Db, ids: Ids) {
    this.#persons = database.collection('persons');
    this.#ids = ids;
  }

  /** Before the first person is written. */
  async prepare(): Promise<void> {
    await this.#persons.createIndex({ uId: 1, clientUserId: 1 }, { unique: true });
  }

  async userIdsOf(uId: string, seen: readonly PersonSeen[]): Promise<readonly string[]> {
    const userIds: string[] = [];
    for (const part of chunksOf(seen, PART)) {
      const known = await asked(() => this.#bringUpToDate(uId, joined(part)));
      userIds.push(...part.map(({ clientUserId }) => known.get(clientUserId) as string));
    }
    return userIds;
  }

  async entries(userIds: readonly string[]): Promise<readonly PersonEntry[]> {
    const found = new Map<string, PersonEntry>();
    for (const part of chunksOf(userIds, PART)) {
      const entries = await asked(() => this.#persons.find({ _id: { $in: part } }).toArray());
      for (const { _id, ...entry } of entries) found.set(_id, { userId: _id, ...entry });
    }
    return userIds.flatMap((userId) => found.get(userId) ?? []);
  }

  async everybody(after: string | null, limit: number): Promise<readonly PersonEntry[]> {
    const filter = after === null ? {} : { _id: { $gt: after } };
    const found = await asked(() => this.#persons.find(filter).sort({ _id: 1 }).limit(limit).toArray());
    return found.map(({ _id, ...entry }) => ({ userId: _id, ...entry }));
  }

  async restore(entries: readonly PersonEntry[]): Promise<void> {
    for (const part of chunksOf(entries, PART)) {
      const writes = part.map(({ userId, ...entry }) => ({
        replaceOne: { filter: { _id: userId }, replacement: entry, upsert: true },
      }));
      await asked(() => this.#persons.bulkWrite(writes, { ordered: false }));
    }
  }

  async forget(userId: string): Promise<void> {
    await asked(() => this.#persons.deleteOne({ _id: userId }));
  }

  /** Ids by clientUserId, when all is written that was seen. */
  async #bringUpToDate(
    uId: string,
    seen: ReadonlyMap<string, PersonSeen>,
  ): Promise<ReadonlyMap<string, string>> {
    for (;;) {
      const clientUserIds = [...seen.keys()];
      const found = await this.#persons.find({ uId, clientUserId: { $in: clientUserIds } }).toArray();
      const known = new Map(found.map((person) => [person.clientUserId, person]));
      const added = clientUserIds.filter((clientUserId) => !known.has(clientUserId));
      if (added.length > 0) {
        // Where another process is faster, its id is the one: it is found by the next look.
        await this.#add(
          added.map((clientUserId) => ({ ...noneOf(uId, clientUserId), _id: this.#ids.next() })),
        );
        continue;
      }
      const updates = found.flatMap((person) => updateOf(person, seen.get(person.clientUserId)) ?? []);
      if (updates.length > 0) await this.#persons.bulkWrite(updates, { ordered: false });
      return new Map(found.map(({ clientUserId, _id }) => [clientUserId, _id]));
    }
  }

  async #add(persons: PersonDocument[]): Promise<void> {
    try {
      await this.#persons.insertMany(persons, { ordered: false });
    } catch (error) {
      expectedFailures(error, ({ code }) => code === DUPLICATE_KEY);
    }
  }
}

const noneOf = (uId: string, clientUserId: string) => ({
  uId,
  clientUserId,
  email: null,
  name: null,
  idHash: null,
});

/** Who is named twice is what was seen last; what was not seen stays as it is, null clears it. */
function joined(seen: readonly PersonSeen[]): ReadonlyMap<string, PersonSeen> {
  const persons = new Map<string, PersonSeen>();
  for (const person of seen) {
    const given = Object.fromEntries(Object.entries(person).filter(([, value]) => value !== undefined));
    persons.set(person.clientUserId, {
      ...persons.get(person.clientUserId),
      ...(given as unknown as PersonSeen),
    });
  }
  return persons;
}

/** What has to be written so that the person is as it was seen; null: nothing. */
function updateOf({ _id, email, name, idHash }: PersonDocument, seen: PersonSeen | undefined) {
  const known = { email, name, idHash };
  const changed = Object.entries({ email: seen?.email, name: seen?.name, idHash: seen?.idHash }).filter(
    ([field, value]) => value !== undefined && value !== known[field as keyof typeof known],
  );
  if (changed.length === 0) return null;
  return { updateOne: { filter: { _id }, update: { $set: Object.fromEntries(changed) } } };
}
