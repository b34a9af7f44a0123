import { chmodSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fastestFolder } from './fastest-folder.js';

/** Gives the run a temporary directory of its own, so that `global-teardown.js` sees what the specs left in it. */
export default function makeTemporaryDirectory() {
  const folder = mkdtempSync(join(fastestFolder(), 'seatbook-tests-'));
  // A spec runs the product as another user.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
}
