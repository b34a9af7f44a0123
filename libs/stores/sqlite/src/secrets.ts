import type { Database, Statement } from 'better-sqlite3';
import { SecretUnreadable, type Secrets } from '@seatbook/runtime';
import { seal, unseal, type Sealed } from '@seatbook/sealing';
import type { GroupCommit } from './group-commit.js';
import { readFrom } from './store-failure.js';

/** Secrets in events.db, sealed before they reach it: a copy of the file is of no use without the key. */
export class SqliteSecrets implements Secrets {
  readonly #file: string;
  readonly #commits: GroupCommit;
  readonly #key: Buffer;
  readonly #put: Statement<[string, string, Buffer, Buffer]>;
  readonly #add: Statement<[string, string, Buffer, Buffer]>;
  readonly #get: Statement<[string], Sealed>;
  readonly #names: Statement<[string], string>;
  readonly #delete: Statement<[string]>;

  constructor(database: Database, commits: GroupCommit, key: Buffer) {
    this.#file = database.name;
    this.#commits = commits;
    this.#key = key;
    this.#put = database.prepare(
      `INSERT INTO secrets (name, keyId, iv, sealed) VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET keyId = excluded.keyId, iv = excluded.iv, sealed = excluded.sealed`,
    );
    this.#add = database.prepare(
      'INSERT INTO secrets (name, keyId, iv, sealed) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
    );
    this.#get = database.prepare('SELECT keyId, iv, sealed FROM secrets WHERE name = ?');
    this.#names = database
      .prepare<[string], string>('SELECT name FROM secrets WHERE name >= ? ORDER BY name')
      .pluck();
    this.#delete = database.prepare('DELETE FROM secrets WHERE name = ?');
  }

  async put(name: string, secret: string): Promise<void> {
    const { keyId, iv, sealed } = seal(this.#key, name, secret);
    await this.#commits.submit({ apply: () => this.#put.run(name, keyId, iv, sealed) });
  }

  async putIfAbsent(name: string, secret: string): Promise<string> {
    const known = await this.get(name);
    if (known !== null) return known;
    const { keyId, iv, sealed } = seal(this.#key, name, secret);
    const { changes } = await this.#commits.submit({ apply: () => this.#add.run(name, keyId, iv, sealed) });
    if (changes > 0) return secret;
    return (await this.get(name)) ?? this.putIfAbsent(name, secret);
  }

  async get(name: string): Promise<string | null> {
    const row = readFrom(this.#file, () => this.#get.get(name));
    if (!row) return null;
    const secret = unseal(this.#key, name, row);
    if (secret === null) throw new SecretUnreadable(name);
    return secret;
  }

  async names(prefix: string): Promise<readonly string[]> {
    return readFrom(this.#file, () => {
      const names: string[] = [];
      for (const name of this.#names.iterate(prefix)) {
        if (!name.startsWith(prefix)) break;
        names.push(name);
      }
      return names;
    });
  }

  async delete(name: string): Promise<void> {
    await this.#commits.submit({ apply: () => this.#delete.run(name) });
  }
}
