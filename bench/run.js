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

/** With `--stores`: on the servers of ESDB_URL and MONGODB_URL, or on doubles of them. */
const ON_SERVERS = ['esdb-appends', 'esdb-catch-up', 'mongodb-writes', 'api-post', 'size-on-servers'];
/** What Apple is asked for: how many calls, and how long they take. */
const AT_APPLE = ['p6', 'p7', 'first-import'];
const ALL = [...FIGURES, ...ON_SERVERS, ...AT_APPLE];

const GROUPS = new Map([
  ['--stores', ON_SERVERS],
  ['--apple', AT_APPLE],
]);

const asked = process.argv.slice(2).flatMap((name) => GROUPS.get(name) ?? name);
const unknown = asked.filter((name) => !ALL.includes(name));
if (unknown.length > 0) {
  console.error(
    `no such figure: ${unknown.join(', ')} (there are ${ALL.join(', ')}, ${[...GROUPS.keys()].join(', ')})`,
  );
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
