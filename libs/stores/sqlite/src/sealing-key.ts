import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import {
  KEY_BYTES,
  SealingKeyUnusable,
  keyIdOf,
  opensVerification,
  parseKey,
  readKey,
  sealedVerification,
} from '@seatbook/sealing';
import { EVENTS_FILE, flushFolder } from './folder.js';

/** Where the sealing key comes from. */
export interface SealingKeySource {
  /** Folder of the stores; a key is made only while nothing in it was sealed. */
  readonly folder: string;
  /** File with the key, mode 0600; made on first start. Default: `seatbook.key` in the folder. */
  readonly file?: string | undefined;
  /** The key itself, from the environment: 32 bytes in base64 or 64 hexadecimal digits. Takes precedence over the file. */
  readonly env?: string | undefined;
}

/**
 * The 32 bytes that seal the secrets: from the environment, else from a file, which is created on first start.
 * A lost key is never replaced: what it sealed could never be opened again.
 * @throws SealingKeyUnusable
 */
export function loadOrCreateKey({
  folder,
  file = join(folder, 'seatbook.key'),
  env,
}: SealingKeySource): Buffer {
  if (env !== undefined && env.trim() !== '') return parseKey(env, 'the sealing key in the environment');
  if (existsSync(file)) return readKey(file);
  if (hasSealed(join(folder, EVENTS_FILE))) {
    throw new SealingKeyUnusable(
      `${file} is missing, and secrets sealed with it exist: put the key back, or remove the secrets by importing into a new folder`,
    );
  }
  return createKey(file);
}

/**
 * Compares the key with the one that sealed first, so that a wrong key stops the start and not the first use.
 * The key of a folder is remembered by a text sealed with it; as long as nothing else was sealed, another may take its place.
 * @throws SealingKeyUnusable
 */
export function verifyKey(database: Database.Database, key: Buffer): void {
  const verification = sealedVerification(key);
  const known = database
    .prepare<[], { keyId: string; iv: Buffer; sealed: Buffer }>('SELECT keyId, iv, sealed FROM sealingKey')
    .get();
  if (known && opensVerification(key, known)) return;
  if (known && countSecrets(database) > 0) {
    throw new SealingKeyUnusable(
      `the sealing key ${keyIdOf(key)} is not the one that sealed the secrets here (${known.keyId}): start with that one`,
    );
  }
  const { keyId, iv, sealed } = verification;
  database
    .prepare('REPLACE INTO sealingKey (one, keyId, iv, sealed) VALUES (1, ?, ?, ?)')
    .run(keyId, iv, sealed);
}

/** Written completely and flushed under another name first: a start that breaks off leaves no partial key. */
function createKey(file: string): Buffer {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const key = randomBytes(KEY_BYTES);
  const unfinished = `${file}.${process.pid}.new`;
  const handle = openSync(unfinished, 'wx', 0o600);
  try {
    chmodSync(unfinished, 0o600);
    writeSync(handle, `${key.toString('base64')}\n`);
    fsyncSync(handle);
    // Fails if another process was faster; then its key counts.
    linkSync(unfinished, file);
  } catch (error) {
    if (existsSync(file)) return readKey(file);
    throw error;
  } finally {
    closeSync(handle);
    rmSync(unfinished, { force: true });
  }
  flushFolder(dirname(file));
  return key;
}

function hasSealed(eventsFile: string): boolean {
  if (!existsSync(eventsFile)) return false;
  const database = new Database(eventsFile, { readonly: true, timeout: 5_000 });
  try {
    const table = database
      .prepare<[], number>(`SELECT count(*) FROM sqlite_schema WHERE name = 'secrets'`)
      .pluck()
      .get();
    return table === 1 && countSecrets(database) > 0;
  } finally {
    database.close();
  }
}

const countSecrets = (database: Database.Database): number =>
  database.prepare<[], number>('SELECT count(*) FROM secrets').pluck().get() ?? 0;
