import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { MongoClient } from 'mongodb';

/**
 * What one POST of an order asks of the servers, by the clients alone: nothing is decided, nothing answered over HTTP.
 * It is as little as any product can need that keeps its data there with these clients.
 */
const events = EventStoreDBClient.connectionString(process.env['BARE_ESDB'] ?? '');
const mongo = new MongoClient(process.env['BARE_MONGODB'] ?? '');
const accounts = mongo.db().collection('accounts');
await mongo.connect();
await accounts.replaceOne({ _id: /** @type {any} */ ('one') }, { name: 'Bench' }, { upsert: true });

/**
 * @typedef {{ type: string, data: any, metadata: string }} Event
 * @typedef {{ posts: number, connections: number, events: Event[], queries: number }} Round
 */

process.on('message', (/** @type {Round} */ round) => {
  void run(round).then((msOfEach) => process.send?.({ msOfEach }));
});
process.on(
  'disconnect',
  () => void Promise.all([events.dispose(), mongo.close()]).then(() => process.exit()),
);
process.send?.({ listening: 1 });

/** @param {Round} round */
async function run({ posts, connections, events: written, queries }) {
  const before = process.cpuUsage();
  let left = posts;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const batch = written.map(({ type, data, metadata }) => ({
        id: randomUUID(),
        contentType: /** @type {const} */ ('application/json'),
        type,
        data,
        metadata: Uint8Array.from(Buffer.from(metadata)),
      }));
      await events.appendToStream(`bare-${randomUUID()}`, batch, { expectedRevision: NO_STREAM });
      // A part of a query for each is one for every few.
      const due = Math.floor((left + 1) * queries) - Math.floor(left * queries);
      for (let query = 0; query < due; query += 1)
        await accounts.findOne({ _id: /** @type {any} */ ('one') });
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / posts;
}
