import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { figure, check, rate } from './figure.js';
import { inTurns, quotients, timed } from './rounds.js';
import { openServerLog } from './server-log.js';
import { withServers } from './servers.js';

const CALLERS = 64;
const EACH = Number(process.env['EVENTS'] ?? 6_400) / CALLERS;
const EVENTS = CALLERS * EACH;

/** An event of the size of most of ours. */
const DATA = {
  orderId: randomUUID(),
  lot: 17,
  serialNumbers: Array.from({ length: 8 }, (_serial, number) => `C02BENCH${1_000 + number}`),
  userIds: [],
};
const METADATA = {
  version: 1,
  commandId: randomUUID(),
  principal: 'owner',
  correlationId: randomUUID(),
  causationId: randomUUID(),
  recordedAt: 1_788_249_600_000,
};

await withServers(({ esdb, mongodb, labels }) =>
  figure({
    name: 'esdb-appends',
    title: `appends to EventStoreDB ÷ those of the bare client, on ${labels.esdb}`,
    async measure(say) {
      const { ours, baseline } = await inTurns({
        ours: () => appendOurs(esdb, mongodb),
        baseline: () => appendPlainly(esdb),
      });
      say(`${EVENTS} appends of one event each, ${CALLERS} callers with a stream each, exact revisions`);
      say(`ours   ${rate(ours)}`);
      say(`client ${rate(baseline)}`);
      return [{ what: 'appends ÷ the client', values: quotients(ours, baseline), floor: 0.5, goal: 0.8 }];
    },
  }),
);

/**
 * @param {string} esdb
 * @param {string} mongodb
 */
async function appendOurs(esdb, mongodb) {
  const { events, close } = await openServerLog({ esdb, mongodb });
  const data = JSON.stringify(DATA);
  const metadata = JSON.stringify(METADATA);
  const append = async (/** @type {number} */ caller) => {
    const stream = `order-${caller}.${randomUUID()}`;
    for (let revision = -1; revision < EACH - 1; revision += 1)
      await events.append(
        stream,
        [{ id: randomUUID(), type: 'asset.licenses-reserved', data, metadata }],
        revision < 0 ? 'absent' : revision,
      );
    return (await events.readStream(stream, EACH - 1, 10)).length;
  };
  const { ms, value } = await timed(() =>
    Promise.all(Array.from({ length: CALLERS }, (_, caller) => append(caller))),
  );
  check(
    value.every((last) => last === 1),
    'revisions of the streams',
  );
  await close();
  return (EVENTS / ms) * 1_000;
}

/** @param {string} esdb */
async function appendPlainly(esdb) {
  const client = EventStoreDBClient.connectionString(esdb);
  const append = async (/** @type {number} */ caller) => {
    const stream = `bench-order-${caller}.${randomUUID()}`;
    for (let revision = -1; revision < EACH - 1; revision += 1)
      await client.appendToStream(
        stream,
        [
          {
            id: randomUUID(),
            contentType: 'application/json',
            type: 'asset.licenses-reserved',
            data: DATA,
            metadata: METADATA,
          },
        ],
        { expectedRevision: revision < 0 ? NO_STREAM : BigInt(revision) },
      );
    let read = 0;
    for await (const { event } of client.readStream(stream, {
      fromRevision: BigInt(EACH - 1),
      maxCount: 10,
    }))
      if (event) read += 1;
    return read;
  };
  const { ms, value } = await timed(() =>
    Promise.all(Array.from({ length: CALLERS }, (_, caller) => append(caller))),
  );
  check(
    value.every((last) => last === 1),
    'revisions of the streams',
  );
  await client.dispose();
  return (EVENTS / ms) * 1_000;
}
