import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, test } from '@jest/globals';
import { systemClock } from '@seatbook/kernel';
import { FolderLocked, lockFolder } from './folder-lock.js';
import { HOLDER_FILE } from './folder.js';
import { openSqliteStores } from './open.js';

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatbook-lock-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process that takes the folder, says whether it did, and lives until it is killed. */
async function otherProcess(): Promise<{ child: ChildProcess; said: string }> {
  const script = `
    import { lockFolder } from './dist/index.js';
    setInterval(() => {}, 1000);
    try {
      globalThis.unlock = await lockFolder(process.argv[1], 'other', { now: Date.now, after: () => () => {} });
      console.log('locked');
    } catch (error) {
      console.log(error.name);
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('a second process is refused and told who holds the folder', async () => {
  const before = Date.now();
  const { child, said } = await otherProcess();
  assert.equal(said, 'locked');
  await assert.rejects(lockFolder(folder, 'mine', systemClock), (error) => {
    assert.ok(error instanceof FolderLocked);
    assert.equal(error.holder?.name, 'other');
    assert.equal(error.holder.pid, child.pid);
    assert.equal(error.holder.host, hostname());
    assert.ok(error.holder.since >= before && error.holder.since <= Date.now());
    assert.match(error.message, new RegExp(`process ${child.pid} on .* since 20.*Z`));
    return true;
  });
  await assert.rejects(
    openSqliteStores({ folder, key: randomBytes(32), clock: systemClock, ids: { next: randomUUID } }),
    FolderLocked,
  );
});

test('the lock of a killed process is free at once', async () => {
  const { child } = await otherProcess();
  await kill(child);
  const unlock = await lockFolder(folder, 'mine', systemClock);
  assert.equal((await otherProcess()).said, 'FolderLocked');
  unlock();
  assert.equal((await otherProcess()).said, 'locked');
});

test('of several processes that start at once exactly one gets the folder', async () => {
  const started = await Promise.all(Array.from({ length: 5 }, otherProcess));
  assert.deepEqual(started.map(({ said }) => said).sort(), [
    'FolderLocked',
    'FolderLocked',
    'FolderLocked',
    'FolderLocked',
    'locked',
  ]);
});

test('the same process cannot take the folder twice, and can again after it gave it back', async () => {
  const unlock = await lockFolder(folder, 'first', systemClock);
  await assert.rejects(lockFolder(folder, 'second', systemClock), FolderLocked);
  unlock();
  unlock();
  (await lockFolder(folder, 'third', systemClock))();
});

test('a name that cannot be read refuses all the same', async () => {
  const unlock = await lockFolder(folder, 'first', systemClock);
  writeFileSync(join(folder, HOLDER_FILE), '{');
  await assert.rejects(lockFolder(folder, 'second', systemClock), /in use by another process/);
  unlock();
});

test('a start that fails gives the folder back', async () => {
  writeFileSync(join(folder, 'events.db'), 'no database'.repeat(1_000));
  const options = { folder, key: randomBytes(32), clock: systemClock, ids: { next: randomUUID } };
  await assert.rejects(openSqliteStores(options), /events\.db cannot be used/);
  rmSync(join(folder, 'events.db'));
  await (await openSqliteStores(options)).close();
});
