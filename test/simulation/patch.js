import { readFileSync } from 'node:fs';

/**
 * The changes of a unified diff: in which file, which lines and what they become. Line numbers are not used, so that a
 * patch holds as long as the lines that it changes do.
 */
export function readPatch(file) {
  const changes = [];
  let name = '';
  let hunk = null;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('+++ ')) name = line.slice('+++ b/'.length);
    else if (line.startsWith('@@')) changes.push((hunk = { name, before: [], after: [] }));
    else if (hunk && line.startsWith('-') && !line.startsWith('--- ')) hunk.before.push(line.slice(1));
    else if (hunk && line.startsWith('+')) hunk.after.push(line.slice(1));
    else if (hunk && line.startsWith(' ')) {
      hunk.before.push(line.slice(1));
      hunk.after.push(line.slice(1));
    } else if (!line.startsWith('\\')) hunk = null;
  }
  return changes;
}

/** A file with the changes that concern it. Throws where the lines of a change are not there exactly once. */
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
