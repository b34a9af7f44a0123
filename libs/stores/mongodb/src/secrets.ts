import type { Binary, Collection, Db } from 'mongodb';
import { SecretUnreadable, type Secrets } from '@seatbook/runtime';
import {
  SealingKeyUnusable,
  keyIdOf,
  opensVerification,
  seal,
  sealedVerification,
  unseal,
  type Sealed,
} from '@seatbook/sealing';
import { asked, isDuplicate } from './store-failure.js';

interface SealedDocument {
  readonly _id: string;
  readonly keyId: string;
  readonly iv: Binary;
  readonly sealed: Binary;
}

/** As it is written: the driver makes bytes binary data. */
type Written = Omit<SealedDocument, 'iv' | 'sealed'> & Sealed;

/** Secrets, sealed before they reach the server: a copy of the database is of no use without the key. */
export class MongoSecrets implements Secrets {
  readonly #secrets: Collection<SealedDocument>;
  readonly #verification: Collection<SealedDocument>;
  readonly #key: Buffer;

  constructor(database: Db, key: Buffer) {
    this.#secrets = database.collection('secrets');
    this.#verification = database.collection('sealingKey');
    this.#key = key;
  }

  /**
   * Compares the key with the one that sealed first, so that a wrong key stops the start and not the first use.
   * @throws SealingKeyUnusable
   */
  async verifyKey(): Promise<void> {
    const verification = sealedVerification(this.#key);
    const first = await asked(() => this.#addOrFind(this.#verification, 'first', verification));
    if (opensVerification(this.#key, first)) return;
    throw new SealingKeyUnusable(
      `the sealing key ${keyIdOf(this.#key)} is not the one of the other processes on this database (${first.keyId}): start with that one`,
    );
  }

  async put(name: string, secret: string): Promise<void> {
    const sealed = seal(this.#key, name, secret);
    await asked(() =>
      this.#secrets.replaceOne({ _id: name }, sealed as unknown as SealedDocument, { upsert: true }),
    );
  }

  async putIfAbsent(name: string, secret: string): Promise<string> {
    const kept = await asked(() => this.#addOrFind(this.#secrets, name, seal(this.#key, name, secret)));
    return this.#open(name, kept);
  }

  async get(name: string): Promise<string | null> {
    const found = await asked(() => this.#secrets.findOne({ _id: name }));
    return found && this.#open(name, sealedOf(found));
  }

  names(prefix: string): Promise<readonly string[]> {
    return asked(async () => {
      const names: string[] = [];
      const cursor = this.#secrets.find(
        { _id: { $gte: prefix } },
        { hint: { _id: 1 }, sort: { _id: 1 }, projection: { _id: 1 } },
      );
      for await (const { _id } of cursor) {
        if (!_id.startsWith(prefix)) break;
        names.push(_id);
      }
      return names;
    });
  }

  async delete(name: string): Promise<void> {
    await asked(() => this.#secrets.deleteOne({ _id: name }));
  }

  /** Adds it, or finds the one that is there. */
  async #addOrFind(collection: Collection<SealedDocument>, name: string, sealed: Sealed): Promise<Sealed> {
    for (;;) {
      const found = await collection.findOne({ _id: name });
      if (found) return sealedOf(found);
      try {
        const document: Written = { _id: name, ...sealed };
        await collection.insertOne(document as unknown as SealedDocument);
        return sealed;
      } catch (error) {
        // Somebody else was faster, and may have deleted it since.
        if (!isDuplicate(error)) throw error;
      }
    }
  }

  #open(name: string, sealed: Sealed): string {
    const secret = unseal(this.#key, name, sealed);
    if (secret === null) throw new SecretUnreadable(name);
    return secret;
  }
}

const sealedOf = ({ keyId, iv, sealed }: SealedDocument): Sealed => ({
  keyId,
  iv: Buffer.from(iv.value()),
  sealed: Buffer.from(sealed.value()),
});
