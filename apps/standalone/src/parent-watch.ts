import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const WATCH_MS = 1_000;

/**
 * Calls `ended` once when npm, which started us, is no longer there. npm that is killed tells nobody, and the shell that
 * it puts between itself and us survives it: without this, product and simulator would live on and hold their ports.
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

/** Parent of a process; null where the system does not tell (Windows ends the whole tree itself). */
function parentOf(pid: number): number | null {
  try {
    if (process.platform === 'linux') {
      // The name of the program, in brackets, may hold spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return Number(fields[1]);
    }
    if (process.platform === 'win32') return null;
    return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
  } catch {
    return null;
  }
}
