import type { Collection, Db, Filter, FindCursor } from 'mongodb';
import { chunksOf, type Ids } from '@seatbook/kernel';
import {
  NOTHING_KNOWN,
  entryAfter,
  findableText,
  type Directory,
  type PersonEntry,
  type PersonSeen,
  type PlaceInDirectory,
} from '@seatbook/runtime';
import { DUPLICATE_KEY, asked, expectedFailures } from './store-failure.js';

interface PersonDocument extends PersonEntry {
  /** The location and the clientUserId: a person of a location exists once. */
  readonly _id: string;
  readonly findable: string;
}

const BY_PERSON = { userId: 1, uId: 1 } as const;
const BY_ACCOUNT = { uId: 1, idHash: 1, userId: 1 } as const;

/** Persons looked up or written at once. */
const PART = 1_000;

/**
 * The directory: the one collection that holds personal data. What was forgotten is still in the server's oplog and in
 * backups until those have run out.
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
    await this.#persons.createIndex(BY_PERSON);
    await this.#persons.createIndex(BY_ACCOUNT);
  }

  async userIdsOf(uId: string, seen: readonly PersonSeen[]): Promise<readonly string[]> {
    const userIds: string[] = [];
    for (const part of chunksOf(seen, PART)) {
      const known = await this.#bringUpToDate(uId, joined(part));
      userIds.push(...part.map(({ clientUserId }) => known.get(clientUserId) as string));
    }
    return userIds;
  }

  async entries(userIds: readonly string[]): Promise<readonly PersonEntry[]> {
    const found = new Map<string, PersonEntry[]>();
    for (const part of chunksOf(userIds, PART)) {
      const documents = await this.#read({ userId: { $in: part } });
      for (const entry of documents) found.set(entry.userId, [...(found.get(entry.userId) ?? []), entry]);
    }
    return userIds.flatMap((userId) => found.get(userId) ?? []);
  }

  async everybody(after: PlaceInDirectory | null, limit: number): Promise<readonly PersonEntry[]> {
    if (after === null) return this.#read({}, limit);
    const { userId, uId } = after;
    return this.#read({ $or: [{ userId: { $gt: userId } }, { userId, uId: { $gt: uId } }] }, limit);
  }

  async find(text: string, after: string | null, limit: number): Promise<readonly string[]> {
    const $regex = text.toLowerCase().replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
    const userIds = new Set<string>();
    let last = after;
    // A person has an entry for each location, so one look may find fewer persons than entries.
    while (userIds.size < limit) {
      const filter = { findable: { $regex }, ...(last === null ? {} : { userId: { $gt: last } }) };
      const found = await this.#read(filter, limit);
      for (const { userId } of found) if (userIds.size < limit) userIds.add(userId);
      last = found.at(-1)?.userId ?? null;
      if (found.length < limit) break;
    }
    return [...userIds];
  }

  async sharing(uId: string, idHash: string): Promise<readonly string[]> {
    const found = await this.#found({ uId, idHash }, (all) => all.sort(BY_ACCOUNT).hint(BY_ACCOUNT));
    return found.map(({ userId }) => userId);
  }

  async keep(entries: readonly PersonEntry[]): Promise<void> {
    for (const part of chunksOf(entries, PART)) await this.#write(part);
  }

  async forget(userId: string): Promise<void> {
    const entries = await this.entries([userId]);
    const ours = entries.filter(({ clientUserId }) => clientUserId === userId);
    await this.#write(ours.map((entry) => ({ ...entry, ...NOTHING_KNOWN })));
    await asked(() => this.#persons.deleteMany({ userId, clientUserId: { $ne: userId } }));
  }

  async #read(filter: Filter<PersonDocument>, limit = 0): Promise<PersonEntry[]> {
    return this.#found(filter, (found) => found.sort(BY_PERSON).hint(BY_PERSON).limit(limit));
  }

  async #found(
    filter: Filter<PersonDocument>,
    listed: (found: FindCursor<PersonDocument>) => FindCursor<PersonDocument>,
  ): Promise<PersonEntry[]> {
    const found = await asked(() => listed(this.#persons.find<PersonDocument>(filter)).toArray());
    return found.map((document) => entryOf(document));
  }

  async #write(entries: readonly PersonEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const writes = entries.map((entry) => {
      const { _id, ...replacement } = documentOf(entry);
      return { replaceOne: { filter: { _id }, replacement, upsert: true } };
    });
    await asked(() => this.#persons.bulkWrite(writes, { ordered: false }));
  }

  /** Ids by clientUserId, when all is written that was seen. */
  async #bringUpToDate(
    uId: string,
    seen: ReadonlyMap<string, PersonSeen>,
  ): Promise<ReadonlyMap<string, string>> {
    for (;;) {
      const clientUserIds = [...seen.keys()];
      const known = await this.#at(uId, clientUserIds);
      const added = clientUserIds.filter((clientUserId) => !known.has(clientUserId));
      if (added.length > 0) {
        const ours = await this.#at('', added);
        // Where another process is faster, its id is the one: it is found by the next look.
        await this.#add(
          added.map((clientUserId) => {
            const userId = ours.get(clientUserId)?.userId ?? this.#ids.next();
            return documentOf({ ...NOTHING_KNOWN, userId, uId, clientUserId });
          }),
        );
        continue;
      }
      const changed = [...known.values()].flatMap((entry) => {
        const after = entryAfter(entry, seen.get(entry.clientUserId) ?? {});
        return after === entry ? [] : [after];
      });
      await this.#write(changed);
      return new Map([...known].map(([clientUserId, { userId }]) => [clientUserId, userId]));
    }
  }

  async #at(uId: string, clientUserIds: readonly string[]): Promise<ReadonlyMap<string, PersonEntry>> {
    const keys = clientUserIds.map((clientUserId) => keyOf({ uId, clientUserId }));
    const found = await this.#found({ _id: { $in: keys } }, (all) => all);
    return new Map(found.map((entry) => [entry.clientUserId, entry]));
  }

  async #add(persons: PersonDocument[]): Promise<void> {
    await asked(async () => {
      try {
        await this.#persons.insertMany(persons, { ordered: false });
      } catch (error) {
        expectedFailures(error, ({ code }) => code === DUPLICATE_KEY);
      }
    });
  }
}

const keyOf = ({ uId, clientUserId }: Pick<PersonEntry, 'uId' | 'clientUserId'>): string =>
  `${uId}/${clientUserId}`;

/** Without what is there to find it by. */
function entryOf(document: PersonDocument): PersonEntry {
  const { userId, uId, clientUserId, email, name, managedAppleId, idHash, inviteCode } = document;
  return { userId, uId, clientUserId, email, name, managedAppleId, idHash, inviteCode };
}

const documentOf = (entry: PersonEntry): PersonDocument => ({
  _id: keyOf(entry),
  ...entry,
  findable: findableText(entry),
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
