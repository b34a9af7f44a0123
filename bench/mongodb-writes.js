import { randomBytes, randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { START, asPosition, systemClock } from '@seatbook/kernel';
import { openMongoStores } from '@seatbook/store-mongodb';
import { check, figure, rate } from './figure.js';
import { inTurns, quotients, timed } from './rounds.js';
import { withServers } from './servers.js';

const DOCUMENTS = Number(process.env['DOCUMENTS'] ?? 5_000);
/** Documents of a commit, as a builder that catches up writes them. */
const BATCH = 1_000;
/** Each document is written so often: once new, then again. */
const TIMES = 2;
const WRITES = DOCUMENTS * TIMES;

/** Indexed as the pairs are. */
const indexes = [
  { name: 'by-asset', fields: ['asset', 'spelledAs'] },
  { name: 'by-holder', fields: ['spelledAs', 'asset'] },
];

/** @param {number} number */
const keyOf = (number) => `7700000000000001|361309726.STDQ|s:C02BENCH${100_000 + number}`;

/**
 * @param {number} number
 * @param {number} time
 */
const documentOf = (number, time) => ({
  asset: `7700000000000001.${361_309_726 + (number % 25)}.STDQ`,
  spelledAs: `s:C02BENCH${100_000 + number}`,
  state: time === 0 ? 'reserved' : 'assigned',
  orderId: '0b9d1f53-64a5-8b7c-9a3e-5d2f6c1e7a80',
  reason: null,
  since: 1_788_249_600_000 + number,
  changedAt: 1_788_249_600_000 + number + time,
});

await withServers(({ mongodb, labels }) =>
  figure({
    name: 'mongodb-writes',
    title: `writes of read models to MongoDB ÷ bulkWrite with the same guard, on ${labels.mongodb}`,
    async measure(say) {
      const { ours, baseline } = await inTurns({
        ours: () => inDatabase(mongodb, commitOurs),
        baseline: () => inDatabase(mongodb, writePlainly),
      });
      say(
        `${WRITES} writes of ${DOCUMENTS} documents, ${BATCH} in a commit, two indexes; majority and journal`,
      );
      say(`ours      ${rate(ours)}, with the checkpoint of each commit`);
      say(`bulkWrite ${rate(baseline)}, unordered, { _id, _position: { $lt } }`);
      return [{ what: 'writes ÷ bulkWrite', values: quotients(ours, baseline), floor: 0.5, goal: 0.7 }];
    },
  }),
);

/**
 * A database of its own, with the read model's collection and indexes as the product makes them.
 * @param {string} url
 * @param {(stores: import('@seatbook/store-mongodb').MongoStores, model: import('@seatbook/kernel').ModelRef, collection: import('mongodb').Collection) => Promise<number>} write milliseconds
 */
async function inDatabase(url, write) {
  const database = `bench-${randomUUID()}`;
  const ids = { next: randomUUID };
  const stores = await openMongoStores({ url, database, key: randomBytes(32), clock: systemClock, ids });
  const client = new MongoClient(url, { retryWrites: false, writeConcern: { w: 'majority', journal: true } });
  const model = { name: 'pairs', version: 1, indexes };
  await stores.reads.prepare([model]);
  const collection = client.db(database).collection('pairs@1');
  const ms = await write(stores, model, collection);
  const { length } = await collection.find({ state: 'assigned', _live: true }).toArray();
  check(length === DOCUMENTS, `${length} documents of ${DOCUMENTS}`);
  await stores.close();
  await client
    .db(database)
    .dropDatabase()
    .catch(() => undefined);
  await client.close();
  return (WRITES / ms) * 1_000;
}

/** Positions that each batch of documents has, in the order in which they are written. */
function* batches() {
  for (let time = 0, position = 0; time < TIMES; time += 1)
    for (let from = 0; from < DOCUMENTS; from += BATCH) {
      position += 1;
      yield { position, numbers: Array.from({ length: BATCH }, (_document, index) => from + index), time };
    }
}

/** @type {Parameters<typeof inDatabase>[1]} */
async function commitOurs({ reads }, model) {
  await reads.takeOver(model, 1);
  const { ms } = await timed(async () => {
    let from = START;
    for (const { position, numbers, time } of batches()) {
      const to = asPosition(position);
      const changes = new Map(
        numbers.map((number) => [keyOf(number), { document: documentOf(number, time), position: to }]),
      );
      await reads.commit(model, changes, { from, to, epoch: 1 });
      from = to;
    }
  });
  return ms;
}

/** @type {Parameters<typeof inDatabase>[1]} */
async function writePlainly(_stores, _model, collection) {
  const { ms } = await timed(async () => {
    for (const { position, numbers, time } of batches())
      await collection.bulkWrite(
        numbers.map((number) => ({
          replaceOne: {
            filter: { _id: /** @type {any} */ (keyOf(number)), _position: { $lt: position } },
            replacement: { ...documentOf(number, time), _position: position, _live: true },
            upsert: true,
          },
        })),
        { ordered: false },
      );
  });
  return ms;
}
