import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from './product.js';

const PACKAGES = '/usr/lib/postgresql';
const MISSING =
  'no PostgreSQL server to compare with: install it with "apt-get update && apt-get install postgresql" (Debian or Ubuntu)';

/** @throws Error that says what to install */
function programs() {
  const versions = existsSync(PACKAGES) ? readdirSync(PACKAGES).filter((name) => /^\d+$/.test(name)) : [];
  const newest = versions.sort((one, other) => Number(other) - Number(one))[0];
  const folder = join(PACKAGES, newest ?? 'none', 'bin');
  if (!existsSync(join(folder, 'initdb')) || !existsSync(join(folder, 'postgres'))) throw new Error(MISSING);
  return folder;
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
function otherThanRoot() {
  if (process.getuid?.() !== 0) return {};
  const id = (/** @type {string} */ flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch (error) {
    throw new Error(`${MISSING}; its user "postgres" is not there`, { cause: error });
  }
}

/**
 * A PostgreSQL server as its Debian package sets it up (fsync on), in a folder of its own, while some work runs.
 * @template T
 * @param {number} port
 * @param {(address: string) => Promise<T>} work
 * @returns {Promise<T>}
 * @throws Error that says what is missing
 */
export async function withPostgresql(port, work) {
  const bin = programs();
  const user = otherThanRoot();
  const folder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'seatbook-postgresql-'));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const settings = [
    '-c',
    `port=${port}`,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${folder}`,
  ];
  try {
    execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust'], {
      ...user,
      stdio: 'ignore',
      cwd: folder,
    });
    const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings], {
      ...user,
      stdio: 'ignore',
      cwd: folder,
    });
    const ended = new Promise((resolve) => server.once('exit', resolve));
    try {
      await answering(bin, port);
      return await work(`postgres://postgres@127.0.0.1:${port}/postgres`);
    } finally {
      server.kill('SIGINT');
      await ended;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} bin
 * @param {number} port
 */
async function answering(bin, port) {
  for (const end = Date.now() + 30_000; ; await pause(100)) {
    try {
      execFileSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
      return;
    } catch (error) {
      if (Date.now() > end) throw new Error('PostgreSQL does not answer', { cause: error });
    }
  }
}
