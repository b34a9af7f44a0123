import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { isoTime, type Clock, type Instant } from '@seatbook/kernel';
import { HOLDER_FILE, LOCK_FILE, keepPrivate } from './folder.js';
import { isBusy } from './store-failure.js';

/** Who holds a folder. */
export interface LockHolder {
  /** What it is, e.g. `seatbook standalone`. */
  readonly name: string;
  readonly pid: number;
  readonly host: string;
  readonly since: Instant;
}

/** Another process works on this folder. Two writers would assign the same positions. */
export class FolderLocked extends Error {
  constructor(
    folder: string,
    /** Null when the holder could not be read. */
    readonly holder: LockHolder | null,
  ) {
    const who = holder
      ? `${holder.name}, process ${holder.pid} on ${holder.host} since ${isoTime(holder.since)}`
      : 'another process';
    super(`${folder} is in use by ${who}: stop it first, or use another folder`);
    this.name = 'FolderLocked';
  }
}

/** Releases the folder. */
export type Unlock = () => void;

/**
 * Takes the folder for this process. The lock is an exclusive transaction on a small file, held by the operating system
 * until the process ends, however it ends: a lock is never stale, and there is no race to take one over.
 * Folders on network file systems without working locks are not safe.
 * @throws FolderLocked
 */
export async function lockFolder(folder: string, name: string, clock: Clock): Promise<Unlock> {
  keepPrivate(join(folder, LOCK_FILE));
  const database = new Database(join(folder, LOCK_FILE), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) throw new FolderLocked(folder, await holderOf(folder));
    throw error;
  }
  const holderFile = join(folder, HOLDER_FILE);
  const holder: LockHolder = { name, pid: process.pid, host: hostname(), since: clock.now() };
  rmSync(`${holderFile}.new`, { force: true });
  writeFileSync(`${holderFile}.new`, JSON.stringify(holder), { mode: 0o600 });
  renameSync(`${holderFile}.new`, holderFile);
  return () => {
    if (!database.open) return;
    rmSync(holderFile, { force: true });
    database.exec('ROLLBACK');
    database.close();
  };
}

/** The name in the file beside the lock. The holder writes it after taking the lock, so it may be its predecessor's. */
async function holderOf(folder: string): Promise<LockHolder | null> {
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    try {
      const holder = JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8')) as LockHolder;
      if (holder.host !== hostname() || isAlive(holder.pid)) return holder;
    } catch {
      // Not there yet.
    }
    await pause(20);
  }
  return null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
