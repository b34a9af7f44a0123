import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const WATCH_MS = 1_000;

/**
 * Calls `ended` once when npm, which started us, no longer exists. When npm is killed it notifies nobody, and the shell
 * that it puts between itself and us survives it: without this, product and simulator would go on and hold their ports.
 */
export function watchParent(ended: () => void): void {
  const shell = process.ppid;
  const npm = parentOf(shell);
  const timer = setInterval(() => {
    if (process.ppid === shell && parentOf(shell) === npm) return;
    clearInterval(timer);
    ended();
  }, WATCH_MS);
  timer.unref();
}

/** Parent of a process; null where the system does not say (Windows ends the whole tree itself). */
function parentOf(pid: number): number | null {
  try {
    if (process.platform === 'linux') {
      // The program's name, in brackets, may contain spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return Number(fields[1]);
    }
    if (process.platform === 'win32') return null;
    return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
  } catch {
    return null;
  }
}
