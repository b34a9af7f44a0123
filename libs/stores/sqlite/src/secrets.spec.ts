import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { systemClock } from '@seatbook/kernel';
import { SecretUnreadable, hasCode } from '@seatbook/runtime';
import { SealingKeyUnusable } from '@seatbook/sealing';
import { openSqliteStores, type SqliteStores } from './open.js';
import { loadOrCreateKey } from './sealing-key.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatbook-secrets-'));
  file = join(folder, 'seatbook.key');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (key: Buffer): Promise<SqliteStores> =>
  openSqliteStores({ folder, key, clock: systemClock, ids: { next: randomUUID } });

async function putSecret(key: Buffer): Promise<void> {
  const stores = await open(key);
  await stores.secrets.put('token/a', 'the content token');
  await stores.close();
}

describe('the sealing key', () => {
  test('is made on first start, for its owner only, and read again', () => {
    const key = loadOrCreateKey({ folder });
    assert.equal(key.length, 32);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(loadOrCreateKey({ folder }), key);
    assert.equal(readdirSync(folder).join(), 'seatbook.key');
  });

  test('is made where it is wanted, in a folder that is not there yet', () => {
    const elsewhere = join(folder, 'keys', 'mine');
    const key = loadOrCreateKey({ folder, file: elsewhere });
    assert.deepEqual(loadOrCreateKey({ folder, file: elsewhere }), key);
    assert.ok(!existsSync(file));
  });

  test('comes from the environment in base64 or hexadecimal, and then there is no file', () => {
    const key = randomBytes(32);
    assert.deepEqual(loadOrCreateKey({ folder, env: key.toString('base64') }), key);
    assert.deepEqual(loadOrCreateKey({ folder, env: ` ${key.toString('hex').toUpperCase()}\n` }), key);
    assert.ok(!existsSync(file));
  });

  test('of a wrong length or with foreign characters is refused', () => {
    const key = randomBytes(32).toString('base64');
    for (const env of [
      'x',
      randomBytes(31).toString('base64'),
      randomBytes(33).toString('hex'),
      `${key}!`,
      `!${key.slice(1)}`,
    ]) {
      assert.throws(() => loadOrCreateKey({ folder, env }), SealingKeyUnusable, env);
    }
    writeFileSync(file, 'short', { mode: 0o600 });
    assert.throws(() => loadOrCreateKey({ folder }), /must be 32 bytes/);
    writeFileSync(file, '');
    assert.throws(() => loadOrCreateKey({ folder }), /must be 32 bytes/);
  });

  test('in a file that others can read is refused', () => {
    loadOrCreateKey({ folder });
    for (const mode of [0o640, 0o604, 0o660, 0o644]) {
      chmodSync(file, mode);
      assert.throws(() => loadOrCreateKey({ folder }), /can be read by others.*chmod 600/);
    }
    chmodSync(file, 0o400);
    assert.equal(loadOrCreateKey({ folder }).length, 32);
  });

  test('that is missing is not replaced while secrets are sealed with it', async () => {
    await putSecret(loadOrCreateKey({ folder }));
    rmSync(file);
    assert.throws(() => loadOrCreateKey({ folder }), /is missing, and secrets sealed with it exist/);
    assert.ok(!existsSync(file));
  });

  test('that is another one stops the start, not the first use', async () => {
    await putSecret(randomBytes(32));
    await assert.rejects(open(randomBytes(32)), SealingKeyUnusable);
    await assert.rejects(open(randomBytes(16)), SealingKeyUnusable);
  });

  test('may change as long as nothing was sealed', async () => {
    await (await open(randomBytes(32))).close();
    const key = randomBytes(32);
    await putSecret(key);
    const stores = await open(key);
    assert.equal(await stores.secrets.get('token/a'), 'the content token');
    await stores.close();
  });
});

describe('sealed secrets', () => {
  test('are nowhere in the files as they are', async () => {
    const stores = await open(randomBytes(32));
    await stores.secrets.put('token/a', 'the content token');
    for (const name of readdirSync(folder)) {
      assert.ok(!readFileSync(join(folder, name)).includes('the content token'), name);
    }
    await stores.close();
  });

  test('do not open under another name, nor with any bit changed', async () => {
    const stores = await open(randomBytes(32));
    const raw = new Database(join(folder, 'events.db'));
    await stores.secrets.put('token/a', 'the content token');
    await stores.secrets.put('token/b', 'another');
    const row = raw.prepare(`SELECT * FROM secrets WHERE name = 'token/a'`).get() as {
      iv: Buffer;
      sealed: Buffer;
      keyId: string;
    };
    const put = raw.prepare(`UPDATE secrets SET iv = ?, sealed = ?, keyId = ? WHERE name = ?`);

    put.run(row.iv, row.sealed, row.keyId, 'token/b');
    await assert.rejects(stores.secrets.get('token/b'), SecretUnreadable);
    for (let bit = 0; bit < (row.iv.length + row.sealed.length) * 8; bit += 3) {
      const bytes = Buffer.concat([row.iv, row.sealed]);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      put.run(bytes.subarray(0, row.iv.length), bytes.subarray(row.iv.length), row.keyId, 'token/a');
      await assert.rejects(stores.secrets.get('token/a'), SecretUnreadable);
    }
    put.run(row.iv, row.sealed.subarray(0, 20), row.keyId, 'token/a');
    await assert.rejects(stores.secrets.get('token/a'), SecretUnreadable);
    put.run(row.iv, row.sealed, '00000000', 'token/a');
    await assert.rejects(stores.secrets.get('token/a'), SecretUnreadable);
    put.run(row.iv, row.sealed, row.keyId, 'token/a');
    assert.equal(await stores.secrets.get('token/a'), 'the content token');
    raw.close();
    await stores.close();
  });

  test('differ each time the same text is sealed', async () => {
    const stores = await open(randomBytes(32));
    const raw = new Database(join(folder, 'events.db'), { readonly: true });
    const sealed = raw.prepare('SELECT hex(iv) || hex(sealed) FROM secrets').pluck();
    await stores.secrets.put('token/a', 'the content token');
    const first = sealed.get();
    await stores.secrets.put('token/a', 'the content token');
    assert.notEqual(sealed.get(), first);
    raw.close();
    await stores.close();
  });
});

describe('a file that cannot be read', () => {
  test('is a store that fails, and no mistake of what asked for a secret or a person', async () => {
    const stores = await open(randomBytes(32));
    await stores.secrets.put('token/a', 'the content token');
    const [userId] = await stores.directory.userIdsOf('location', [{ clientUserId: 'client' }]);
    const raw = new Database(join(folder, 'events.db'));
    raw.exec('DROP TABLE secrets; DROP TABLE persons');
    raw.close();
    const { secrets, directory } = stores;
    for (const read of [
      () => secrets.get('token/a'),
      () => secrets.names('token/'),
      () => directory.entries([userId ?? '']),
      () => directory.userIdsOf('location', [{ clientUserId: 'client' }]),
    ]) {
      await assert.rejects(read(), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
    }
    await stores.close();
  });
});

describe('the directory', () => {
  test('leaves nothing of a forgotten person in any file', async () => {
    const stores = await open(randomBytes(32));
    const persons = Array.from({ length: 200 }, (_, number) => ({
      // In the file an id follows it: without an end, 7 and an id that begins with 7 would be 77.
      clientUserId: `client-${number}-`,
      email: `person.${number}@example.org`,
      name: `Person Number${number}`,
    }));
    const userIds = await stores.directory.userIdsOf('location', persons);
    const [forgotten, stays] = [userIds[77] ?? '', userIds[78] ?? ''];
    const inFiles = (text: string): boolean =>
      readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(text));
    assert.ok(inFiles('person.77@example.org'));
    await stores.directory.forget(forgotten);
    for (const text of ['person.77@example.org', 'Person Number77', 'client-77-', forgotten])
      assert.ok(!inFiles(text), text);
    assert.ok(inFiles('person.78@example.org'));
    assert.equal((await stores.directory.entries([stays])).length, 1);
    await stores.close();
  });
});
