import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { EVENTS_FILE, flushFolder } from './folder.js';
import { KEY_BYTES, keyIdOf, seal, unseal } from './seal.js';

/** The key that seals the secrets is missing, malformed, unprotected or the wrong one. The message says what to do. */
export class SealingKeyUnusable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealingKeyUnusable';
  }
}

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
  if (key.length !== KEY_BYTES)
    throw new SealingKeyUnusable(`the sealing key has ${key.length} bytes instead of ${KEY_BYTES}`);
  const known = database
    .prepare<[], { keyId: string; iv: Buffer; sealed: Buffer }>('SELECT keyId, iv, sealed FROM sealingKey')
    .get();
  if (known && unseal(key, VERIFICATION, known) === VERIFICATION) return;
  if (known && countSecrets(database) > 0) {
    throw new SealingKeyUnusable(
      `the sealing key ${keyIdOf(key)} is not the one that sealed the secrets here (${known.keyId}): start with that one`,
    );
  }
  const { keyId, iv, sealed } = seal(key, VERIFICATION, VERIFICATION);
  database
    .prepare('REPLACE INTO sealingKey (one, keyId, iv, sealed) VALUES (1, ?, ?, ?)')
    .run(keyId, iv, sealed);
}

const VERIFICATION = 'verification of the sealing key';

function readKey(file: string): Buffer {
  const mode = statSync(file).mode & 0o777;
  // Windows has no such bits.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new SealingKeyUnusable(
      `${file} can be read by others (mode ${mode.toString(8).padStart(4, '0')}): run chmod 600 on it, and change the key if others had access`,
    );
  }
  return parseKey(readFileSync(file, 'utf8'), file);
}

function parseKey(text: string, source: string): Buffer {
  const trimmed = text.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : Buffer.from(trimmed, 'base64');
  // The comparison finds characters that Buffer.from silently skips.
  const exact = key.toString('hex') === trimmed.toLowerCase() || key.toString('base64') === trimmed;
  if (key.length !== KEY_BYTES || !exact) {
    throw new SealingKeyUnusable(
      `${source} must be ${KEY_BYTES} bytes in base64 (44 characters) or ${2 * KEY_BYTES} hexadecimal digits`,
    );
  }
  return key;
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
