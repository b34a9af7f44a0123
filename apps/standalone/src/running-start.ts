import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A start that has not announced its address by then has failed without cleaning up. */
const STARTING_MS = 60_000;
const PROBE_MS = 2_000;

interface StartRecord {
  readonly pid: number;
  readonly startedAt: number;
  /** Address of the product; null while it is starting. */
  readonly url: string | null;
}

/** `npm start` is already running in this folder. */
export class AlreadyRunning extends Error {
  constructor({ pid, url }: StartRecord, file: string) {
    super(
      `Seatbook is ${url === null ? 'already starting' : `already running at ${url}`} (npm start, process ${pid}).\n` +
        `Use it, or stop it first with Ctrl-C in its terminal (or kill ${pid}). If that process is something else, delete ${file}.`,
    );
    this.name = 'AlreadyRunning';
  }
}

/**
 * The file by which one `npm start` sees another. It only serves a clear message: what makes two writers impossible is
 * the lock that the product takes on its data.
 */
export class RunningStart {
  private constructor(private readonly file: string) {}

  /** @throws AlreadyRunning when another start works on the same folder */
  static async take(file: string): Promise<RunningStart> {
    const mine: StartRecord = { pid: process.pid, startedAt: Date.now(), url: null };
    for (;;) {
      try {
        writeFileSync(file, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
        return new RunningStart(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = await readRecord(file);
      if (other && (await isRunning(other))) throw new AlreadyRunning(other, file);
      rmSync(file, { force: true });
    }
  }

  listening(url: string): void {
    writeFileSync(this.file, JSON.stringify({ pid: process.pid, startedAt: Date.now(), url }));
  }

  /** Leaves the file of another start alone. */
  release(): void {
    try {
      const { pid } = JSON.parse(readFileSync(this.file, 'utf8')) as StartRecord;
      if (pid === process.pid) rmSync(this.file, { force: true });
    } catch {
      // The folder was emptied while we ran.
    }
  }
}

/** Null if the file does not exist or is incomplete. The other start may be writing it at this moment. */
async function readRecord(file: string): Promise<StartRecord | null> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as StartRecord;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    }
    await pause(20);
  }
  return null;
}

/** Process ids are reused, so once the start had an address a live process alone proves nothing. */
async function isRunning({ pid, startedAt, url }: StartRecord): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (url === null) return Date.now() - startedAt < STARTING_MS;
  return fetch(`${url}/livez`, { signal: AbortSignal.timeout(PROBE_MS) }).then(
    () => true,
    () => false,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
