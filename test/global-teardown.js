import { readdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** Removes the temporary directory of the run. Fails the run if a spec left anything in it. */
export default function removeTemporaryDirectory() {
  const folder = /** @type {string} */ (process.env.TMPDIR);
  const left = readdirSync(folder).sort();
  rmSync(folder, { recursive: true, force: true });
  process.env.TMPDIR = dirname(folder);
  if (left.length > 0) throw new Error(`Specs left in the temporary directory: ${left.join(', ')}`);
}
