import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the run a temporary directory of its own, so that `global-teardown.js` sees what the specs left in it. */
export default function makeTemporaryDirectory() {
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-tests-'));
  // A spec runs the product as another user.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
}
