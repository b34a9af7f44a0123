import { chmodSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
/** Several times what the specs write. Containers often have far less. */
const ENOUGH_BYTES = 2 * 1024 ** 3;

/** Every append of a spec is synced, and none pulls the plug: on a disk the run would mostly wait for the disk. */
function fastest() {
  if (process.env.TMPDIR !== undefined) return tmpdir();
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return bavail * bsize >= ENOUGH_BYTES ? IN_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Gives the run a temporary directory of its own, so that `global-teardown.js` sees what the specs left in it. */
export default function makeTemporaryDirectory() {
  const folder = mkdtempSync(join(fastest(), 'seatbook-tests-'));
  // A spec runs the product as another user.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
}
