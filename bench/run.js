import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** In the order in which they are printed; each is a file beside this one and runs alone as well. */
const FIGURES = [
  'p1',
  'p1c',
  'p3',
  'p4',
  'p10',
  'rebuild-all',
  'post-to-ready',
  'order-25x4000',
  'under-attack',
];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !FIGURES.includes(name));
if (unknown.length > 0) {
  console.error(`no such figure: ${unknown.join(', ')} (there are ${FIGURES.join(', ')})`);
  process.exit(2);
}

const failed = [];
for (const name of asked.length > 0 ? asked : FIGURES) {
  // A process each: no figure inherits the heap and the compiled code of the one before.
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(`./${name}.js`, import.meta.url))], {
    stdio: 'inherit',
  });
  if (status !== 0) failed.push(name);
}
console.log(
  failed.length === 0
    ? '\nEvery figure reached its floor.'
    : `\nBelow the floor or wrong: ${failed.join(', ')}`,
);
if (failed.length > 0) process.exitCode = 1;
