import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@seatbook/kernel';
import { licensingRegistry, queryModels } from '@seatbook/licensing';
import { EventLog, Processor, reached } from '@seatbook/runtime';
import { check, figure, rate } from './figure.js';
import { inFolder } from './folder.js';
import { EVENTS_PER_LICENCE, writeLedgerLog } from './ledger-log.js';
import { rebuildPlainly } from './plain-rebuild.js';
import { inTurns, quotients, timed } from './rounds.js';
import { openStores } from './stores.js';

const LICENCES = 50_000;
const ASSETS = 40;
const IN_FLIGHT = 1_000;
const PLAIN_BATCH = 2_000;

await figure({
  name: 'P3',
  title: 'rebuild of the read model of pairs ÷ reading, parsing and one upsert for every event',
  measure: (say) =>
    inFolder(async (folder) => {
      const events = await writeLedgerLog(folder, {
        licences: LICENCES,
        assets: ASSETS,
        inFlight: IN_FLIGHT,
      });
      check(events === LICENCES * EVENTS_PER_LICENCE, `${events} events`);
      say(
        `${events} events of one pair each, ${EVENTS_PER_LICENCE} for each of ${LICENCES} licences of ${ASSETS} apps;`,
      );
      say(
        `the events of a licence lie among those of ${IN_FLIGHT} others; views: WAL, synchronous=NORMAL on both sides`,
      );
      const { ours, baseline } = await inTurns({
        ours: () => rebuild(folder, events),
        async baseline(_round, { pairs }) {
          const file = join(folder, 'plain.db');
          const { ms, value } = await timed(() =>
            rebuildPlainly(join(folder, 'events.db'), file, PLAIN_BATCH),
          );
          for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
          check(value.size === LICENCES && pairs.size === LICENCES, `${pairs.size} and ${value.size} pairs`);
          for (const [key, fields] of pairs)
            check(value.get(key) === fields, `${key}: ${fields}, plainly ${value.get(key)}`);
          pairs.clear();
          return (events / ms) * 1_000;
        },
      });
      const built = ours.map(({ perSecond }) => perSecond);
      say(`ours   ${rate(built)}`);
      say(`plain  ${rate(baseline)}, ${PLAIN_BATCH} events in a transaction`);
      return [{ what: 'events ÷ plain events', values: quotients(built, baseline), floor: 0.8, goal: 2 }];
    }),
});

/**
 * Builds the read model as the product does, from nothing.
 * @param {string} folder
 * @param {number} count events in the log
 */
async function rebuild(folder, count) {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `views.db${suffix}`), { force: true });
  const stores = await openStores(folder);
  const events = new EventLog(stores.events, licensingRegistry());
  const processor = new Processor({
    events,
    reads: stores.reads,
    models: [queryModels.pairs],
    clock: systemClock,
    log: console.error,
  });
  const head = await stores.events.head();
  const { ms } = await timed(async () => {
    await processor.start();
    check(
      await reached(processor, queryModels.pairs.name, head, systemClock, 600_000),
      'the rebuild did not end',
    );
  });
  await processor.stop();
  const pairs = await allPairs(stores.reads);
  await stores.close();
  return { perSecond: (count / ms) * 1_000, pairs };
}

/**
 * Fields by key, as the plain rebuild gives them.
 * @param {import('@seatbook/runtime').ReadStore} reads
 */
async function allPairs(reads) {
  /** @type {Map<string, string>} */
  const pairs = new Map();
  /** @type {string | null} */
  let cursor = null;
  do {
    /** @type {import('@seatbook/runtime').Page<import('@seatbook/licensing').PairDocument>} */
    const page = await reads.query(queryModels.pairs, {
      index: 'by-asset',
      equals: [],
      limit: 5_000,
      ...(cursor ? { cursor } : {}),
    });
    for (const { asset, holder, state, orderId, callId, since, position } of page.rows) {
      pairs.set(`${asset}|${holder}`, [state, orderId, callId, since, position].join(' '));
    }
    cursor = page.next;
  } while (cursor);
  return pairs;
}
