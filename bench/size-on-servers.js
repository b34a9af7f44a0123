import { BSON } from 'mongodb';
import { allModels } from '@seatbook/application';
import { START, numberOf } from '@seatbook/kernel';
import { licensingRegistry } from '@seatbook/licensing';
import { EventLog } from '@seatbook/runtime';
import { figure } from './figure.js';
import { inFolder } from './folder.js';
import { EVENTS_PER_LICENCE, writeAdoptedLog, writeLedgerLog } from './ledger-log.js';
import { openStores } from './stores.js';

/** A smaller share of both histories, for a look while something else runs. */
const SHARE = Number(process.env['BENCH_SHARE'] ?? 1);
const ASSETS = 40;
const DEVICES = 1_000 * SHARE;
const LICENCES = 20_000 * SHARE;
const PREFIX = 'seatbook.';

/**
 * What EventStoreDB writes with each event beside stream, type, data and metadata: ids, positions, lengths and flags of
 * its record, and its entry in the index.
 */
const EVENT_BYTES = 100 + 24;
/** What an entry of an index of MongoDB has beside its fields: their kinds, the place of the document, its cell. */
const ENTRY_BYTES = 10;

await figure({
  name: 'size-on-servers',
  title: 'bytes of events and of documents on servers, reckoned before they are compressed',
  async measure(say) {
    await inFolder(async (folder) => {
      await writeAdoptedLog(folder, { assets: ASSETS, devices: DEVICES });
      const pairs = ASSETS * DEVICES;
      say(`${pairs} adopted pairs of ${ASSETS} apps, bytes of each: ${text(await sizes(folder), pairs)}`);
    });
    await inFolder(async (folder) => {
      await writeLedgerLog(folder, { licences: LICENCES, assets: ASSETS, inFlight: 1_000 });
      const events = LICENCES * EVENTS_PER_LICENCE;
      say(`${events} events of one pair each, bytes of each event: ${text(await sizes(folder), events)}`);
    });
    return [];
  },
});

/** @typedef {{ events: number, documents: number, indexes: number }} Sizes */

/**
 * @param {Sizes} sizes
 * @param {number} count
 */
function text({ events, documents, indexes }, count) {
  const each = (/** @type {number} */ bytes) => (bytes / count).toFixed(0);
  return `events ${each(events)}, documents ${each(documents)}, their indexes ${each(indexes)}`;
}

/**
 * @param {string} folder
 * @returns {Promise<Sizes>}
 */
async function sizes(folder) {
  const stores = await openStores(folder);
  const log = new EventLog(stores.events, licensingRegistry());
  let events = 0;
  /** @type {Map<string, { document: any, position: number }>[]} */
  const documents = allModels.map(() => new Map());
  for await (const page of log.pages(START, 1_000)) {
    for (const event of page.events) {
      const { stream, type, data, metadata } = event;
      const content = [PREFIX + stream, type, JSON.stringify(data), JSON.stringify(metadata)];
      events += EVENT_BYTES + content.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
      for (const [index, model] of allModels.entries()) {
        const known = /** @type {Map<string, any>} */ (documents[index]);
        for (const { key, evolve } of model.changesBy(event)) {
          const document = evolve(known.get(key)?.document ?? null);
          if (document === null) known.delete(key);
          else known.set(key, { document, position: numberOf(event.position) });
        }
      }
    }
  }
  await stores.close();
  const size = { events, documents: 0, indexes: 0 };
  for (const [index, { indexes }] of allModels.entries()) {
    for (const [key, { document, position }] of documents[index] ?? []) {
      size.documents += BSON.calculateObjectSize({ _id: key, ...document, _position: position, _live: true });
      const id = Buffer.byteLength(key);
      size.indexes += id + ENTRY_BYTES;
      for (const { fields } of indexes)
        size.indexes += fields.reduce((sum, field) => sum + valueBytes(document[field]), id + ENTRY_BYTES);
    }
  }
  return size;
}

/** @param {unknown} value of an index */
function valueBytes(value) {
  if (typeof value === 'string') return Buffer.byteLength(value) + 1;
  return typeof value === 'number' ? 9 : 1;
}
