import { readFileSync } from 'node:fs';

/**
 * Lines of a file, and what they become.
 *
 * @typedef {{ name: string, before: string[], after: string[] }} Change
 */

/**
 * The changes of a unified diff. Line numbers are not used, so that a patch holds as long as the lines that it changes
 * do.
 *
 * @param {string} file
 * @returns {Change[]}
 */
export function readPatch(file) {
  /** @type {Change[]} */
  const changes = [];
  let name = '';
  /** @type {Change | null} */
  let hunk = null;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('--- a/')) {
      hunk = null;
    } else if (line.startsWith('+++ b/')) {
      name = line.slice('+++ b/'.length);
    } else if (line.startsWith('@@')) {
      hunk = { name, before: [], after: [] };
      changes.push(hunk);
    } else if (hunk) {
      if (/^[- ]/.test(line)) hunk.before.push(line.slice(1));
      if (/^[+ ]/.test(line)) hunk.after.push(line.slice(1));
    }
  }
  return changes;
}

/**
 * A file with the changes that concern it.
 *
 * @param {string} name
 * @param {string} text
 * @param {readonly Change[]} changes
 * @throws {Error} where the lines of a change are not there exactly once
 */
export function patched(name, text, changes) {
  return changes
    .filter((change) => change.name === name)
    .reduce((changed, { before, after }) => {
      const parts = changed.split(before.join('\n'));
      if (parts.length !== 2)
        throw new Error(
          `${name} has the lines of the patch ${parts.length - 1} times:\n${before.join('\n')}`,
        );
      return parts.join(after.join('\n'));
    }, text);
}
