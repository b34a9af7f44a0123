import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, streamNameFilter } from '@eventstore/db-client';
import { START } from '@seatbook/kernel';
import { check, figure, rate } from './figure.js';
import { inTurns, quotients, timed } from './rounds.js';
import { openServerLog } from './server-log.js';
import { withServers } from './servers.js';

const EVENTS = Number(process.env['EVENTS'] ?? 20_000);
const IN_AN_APPEND = 100;
/** As the read models read. */
const PAGE_EVENTS = 250;

await withServers(({ esdb, mongodb, labels }) =>
  figure({
    name: 'esdb-catch-up',
    title: `catching up with $all ÷ a subscription of the bare client, on ${labels.esdb}`,
    async measure(say) {
      const name = await writeLog(esdb, mongodb);
      const { ours, baseline } = await inTurns({
        ours: () => followOurs(esdb, mongodb, name),
        baseline: () => followPlainly(esdb, name),
      });
      say(
        `${EVENTS} events from the start of the log, pages of ${PAGE_EVENTS}, an anchor in MongoDB for each page`,
      );
      say(`ours   ${rate(ours)}`);
      say(`client ${rate(baseline)}, every event read and counted`);
      return [{ what: 'events ÷ the client', values: quotients(ours, baseline), floor: 0.5, goal: 0.8 }];
    },
  }),
);

/**
 * @param {string} esdb
 * @param {string} mongodb
 */
async function writeLog(esdb, mongodb) {
  const { events, name, close } = await openServerLog({ esdb, mongodb });
  const metadata = JSON.stringify({ version: 1, commandId: randomUUID(), recordedAt: 1_788_249_600_000 });
  for (let written = 0; written < EVENTS; written += IN_AN_APPEND) {
    const drafts = Array.from({ length: IN_AN_APPEND }, (_event, index) => ({
      id: randomUUID(),
      type: 'asset.licenses-assigned',
      data: JSON.stringify({
        lot: written + index,
        serialNumbers: [`C02BENCH${written + index}`],
        userIds: [],
      }),
      metadata,
    }));
    await events.append(`asset-${written}`, drafts, 'absent');
  }
  await close();
  return name;
}

/**
 * @param {string} esdb
 * @param {string} mongodb
 * @param {string} name
 */
async function followOurs(esdb, mongodb, name) {
  const { events, close } = await openServerLog({ esdb, mongodb, name });
  const ended = new AbortController();
  const { ms, value } = await timed(async () => {
    let count = 0;
    for await (const page of events.subscribe(START, { signal: ended.signal, pageEvents: PAGE_EVENTS })) {
      count += page.events.length;
      if (page.caughtUp) break;
    }
    return count;
  });
  ended.abort();
  check(value === EVENTS, `${value} events`);
  await close();
  return (EVENTS / ms) * 1_000;
}

/**
 * @param {string} esdb
 * @param {string} name
 */
async function followPlainly(esdb, name) {
  const client = EventStoreDBClient.connectionString(esdb);
  const filter = streamNameFilter({ prefixes: [`${name}.asset-`] });
  const { ms, value } = await timed(async () => {
    const subscription = client.subscribeToAll({ fromPosition: 'start', filter });
    let count = 0;
    for await (const { event } of subscription) {
      if (event?.data) count += 1;
      if (count === EVENTS) await subscription.unsubscribe();
    }
    return count;
  });
  check(value === EVENTS, `${value} events`);
  await client.dispose();
  return (EVENTS / ms) * 1_000;
}
