import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { allModels, embeddedViews } from '@seatbook/application';
import { createLog, viewsInThreads } from '@seatbook/host';
import { numberOf, systemClock } from '@seatbook/kernel';
import { assetKey, queryModels } from '@seatbook/licensing';
import { ALONE, PROCESSOR_LIMITS, reached } from '@seatbook/runtime';
import { check, figure, rate } from './figure.js';
import { inFolder } from './folder.js';
import { EVENTS_PER_LICENCE, writeAdoptedLog, writeLedgerLog } from './ledger-log.js';
import { rebuildPlainly } from './plain-rebuild.js';
import { UID, assetOf } from './product.js';
import { inTurns, quotients, timed } from './rounds.js';
import { openStores } from './stores.js';

/** A smaller share of both histories, for a look while something else runs. */
const SHARE = Number(process.env['BENCH_SHARE'] ?? 1);
const LICENCES = 200_000 * SHARE;
const ASSETS = 40;
const IN_FLIGHT = 1_000;
const ADOPTED_ASSETS = 100;
const ADOPTED_DEVICES = 4_000 * SHARE;
const ROUNDS = 2;
const PLAIN_BATCH = 2_000;
const MB = 1_000_000;

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / MB).toFixed(1)} MB`;
/** @param {number} ms */
const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;

await figure({
  name: 'rebuild-all',
  title: 'all read models, built from nothing: events in a second, and the disk that they take',
  async measure(say) {
    const adopted = await inFolder((folder) => adoptedPairs(folder, say));
    return [...adopted, ...(await inFolder((folder) => livedHistory(folder, say)))];
  },
});

/**
 * What pairs cost that Apple held before anything was ordered.
 * @param {string} folder
 * @param {(line: string) => void} say
 */
async function adoptedPairs(folder, say) {
  const pairs = ADOPTED_ASSETS * ADOPTED_DEVICES;
  await writeAdoptedLog(folder, { assets: ADOPTED_ASSETS, devices: ADOPTED_DEVICES });
  const { ms, bytes } = await rebuild(folder, ADOPTED_ASSETS, ADOPTED_DEVICES);
  say(`${pairs} adopted pairs of ${ADOPTED_ASSETS} apps: ${megabytes(bytes)} in ${seconds(ms)}`);
  for (const line of largest(folder)) say(`  ${line}`);
  return [{ what: 'bytes an adopted pair', values: [bytes / pairs], floor: 600, goal: 500, atMost: true }];
}

/**
 * A ledger in which licences came and went one by one.
 * @param {string} folder
 * @param {(line: string) => void} say
 */
async function livedHistory(folder, say) {
  const events = await writeLedgerLog(folder, { licences: LICENCES, assets: ASSETS, inFlight: IN_FLIGHT });
  check(events === LICENCES * EVENTS_PER_LICENCE, `${events} events`);
  const { ours, baseline } = await inTurns({
    rounds: ROUNDS,
    ours: () => rebuild(folder, ASSETS, LICENCES / ASSETS),
    async baseline() {
      const file = join(folder, 'plain.db');
      const { ms } = await timed(() => rebuildPlainly(join(folder, 'events.db'), file, PLAIN_BATCH));
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      return (events / ms) * 1_000;
    },
  });
  const built = ours.map(({ ms }) => (events / ms) * 1_000);
  const bytes = ours.map((round) => round.bytes / MB);
  say(
    `${events} events of one pair each, ${LICENCES} pairs of ${ASSETS} apps: ${megabytes(ours[0]?.bytes ?? 0)}`,
  );
  for (const line of largest(folder)) say(`  ${line}`);
  say(`ours   ${rate(built)}, ${allModels.length} models`);
  say(`plain  ${rate(baseline)}, pairs alone, ${PLAIN_BATCH} events in a transaction`);
  return [
    { what: 'events in a second', values: built, floor: 6_700, goal: 25_000 },
    {
      what: 'events ÷ plain events of pairs alone',
      values: quotients(built, baseline),
      floor: 0.15,
      goal: 0.25,
    },
    // What is small takes whole pages all the same, so a share of the history is held to a share of the goal.
    { what: 'size', values: bytes, floor: 700 * SHARE, goal: 500 * SHARE, atMost: true, unit: ' MB' },
  ];
}

/**
 * Builds all read models as the product does, from nothing.
 * @param {string} folder
 * @param {number} assets
 * @param {number} pairs of each asset
 */
async function rebuild(folder, assets, pairs) {
  const files = embeddedViews.map(({ file }) => join(folder, file));
  for (const file of files)
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  const stores = await openStores(folder);
  await stores.reads.prepare(allModels);
  const views = viewsInThreads({
    folder,
    limits: PROCESSOR_LIMITS,
    onAppended: () => () => undefined,
    tenureOf: () => ALONE,
    restartMs: 1_000,
    restartMaxMs: 1_000,
    stopMs: 60_000,
    clock: systemClock,
    log: createLog('warn'),
    damaged: console.error,
  });
  const head = await stores.events.head();
  const { ms } = await timed(async () => {
    await views.start();
    const ends = allModels.map(({ name }) => reached(views, name, head, systemClock, 3_600_000));
    check((await Promise.all(ends)).every(Boolean), 'the rebuild did not end');
  });
  await views.stop();
  for (const asset of [0, assets - 1]) {
    const key = assetKey(UID, assetOf(asset));
    const query = /** @type {const} */ ({ index: 'by-asset', equals: [key], limit: pairs + 1 });
    const { rows } = await stores.reads.query(queryModels.pairs, query);
    check(rows.length === pairs, `${rows.length} pairs of ${key}`);
  }
  check(numberOf(await stores.reads.checkpoint(queryModels.timeline)) === numberOf(head), 'a checkpoint');
  await stores.close();
  return { ms, bytes: files.reduce((bytes, file) => bytes + statSync(file).size, 0) };
}

/**
 * Tables and indexes of the views by size, those of a model together.
 * @param {string} folder
 */
function largest(folder) {
  const rows = embeddedViews.flatMap(({ file }) => sizes(join(folder, file)));
  return rows
    .sort(([, one], [, other]) => other - one)
    .slice(0, 4)
    .map(([name, bytes]) => `${name} ${megabytes(bytes)}`);
}

/** @param {string} file */
function sizes(file) {
  const database = new Database(file, { readonly: true });
  try {
    return /** @type {[string, number][]} */ (
      database
        .prepare(
          `SELECT coalesce(m.name, d.name), sum(d.pgsize) FROM dbstat d
           LEFT JOIN models m ON d.name = 'model_' || m.id OR d.name LIKE 'model!_' || m.id || '!_%' ESCAPE '!'
             OR d.name LIKE 'sqlite!_autoindex!_model!_' || m.id || '!_%' ESCAPE '!'
           WHERE d.aggregate = TRUE GROUP BY 1`,
        )
        .raw()
        .all()
    );
  } finally {
    database.close();
  }
}
