import { uuidOf } from '@seatbook/kernel';
import { assetStream } from '@seatbook/licensing';
import { seededRandom } from '@seatbook/simulator';
import { UID, assetOf, serialOf } from './product.js';
import { openStores } from './stores.js';

const NOBODY = { serialNumbers: [], userIds: [] };
const RECORDED_AT = Date.UTC(2026, 0, 1);

/** A licence on its way: one asset, one device. @typedef {{ asset: number, device: number, done: number }} Licence */

/**
 * What the ledger writes for one pair, in its order: reserved, claimed by a call, assigned, returning, claimed by the
 * call that gives it back; and when it goes on, returned and all of it again.
 * @type {readonly ((holder: { serialNumbers: string[], userIds: never[] }, order: string) => { type: string, data: object })[]}
 */
const LIFE = [
  (reserved, orderId) => ({
    type: 'asset.licenses-reserved',
    data: {
      orderId,
      part: 0,
      ifShort: 'wait',
      fromReserve: false,
      reserved,
      lot: 1,
      waiting: NOBODY,
      waitingReason: null,
      following: NOBODY,
      alreadyHeld: NOBODY,
      heldBy: [],
      refused: NOBODY,
      refusal: null,
      free: 1_000,
      failedBefore: 0,
    },
  }),
  (holder, callId) => ({
    type: 'asset.licenses-claimed',
    data: { ...holder, callId, action: 'associate', fromLots: [1], missed: NOBODY },
  }),
  (holder, id) => ({
    type: 'asset.licenses-assigned',
    data: { ...holder, orderId: id, callId: id },
  }),
  (returning, orderId) => ({
    type: 'asset.licenses-returning',
    data: {
      orderId,
      part: 0,
      returning,
      lot: 1,
      ended: 0,
      pending: NOBODY,
      alreadyHeld: NOBODY,
      heldBy: [],
      notHeld: NOBODY,
      refused: NOBODY,
      refusal: null,
    },
  }),
  (holder, callId) => ({
    type: 'asset.licenses-claimed',
    data: { ...holder, callId, action: 'disassociate', fromLots: [1], missed: NOBODY },
  }),
  (holder, id) => ({ type: 'asset.licenses-returned', data: { ...holder, orderId: id, callId: id } }),
];

/** Events of a licence that was given, returned, and is free again. */
export const EVENTS_PER_CYCLE = LIFE.length;
/** Events of a licence that is left on its way back to Apple. */
export const EVENTS_PER_LICENCE = 5;

/**
 * @param {string} id
 * @param {{ type: string, data: object }} made
 * @param {number} number of events before it
 */
function newEvent(id, { type, data }, number) {
  const metadata = {
    version: 1,
    commandId: id,
    principal: 'seatbook',
    correlationId: id,
    causationId: id,
    recordedAt: RECORDED_AT + number,
  };
  return { id, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
}

/** Holders of one event of an import. */
const ADOPTED_AT_ONCE = 1_000;

/**
 * Writes what an import says of pairs that Apple held already.
 * @param {string} folder
 * @param {{ assets: number, devices: number }} shape devices of each asset, the same ones
 */
export async function writeAdoptedLog(folder, { assets, devices }) {
  const stores = await openStores(folder);
  let written = 0;
  for (let asset = 0; asset < assets; asset += 1) {
    const events = [];
    for (let device = 0; device < devices; device += ADOPTED_AT_ONCE) {
      const length = Math.min(ADOPTED_AT_ONCE, devices - device);
      const serialNumbers = Array.from({ length }, (_serial, index) => serialOf(device + index));
      const data = { serialNumbers, userIds: [], failedBefore: 0 };
      events.push({ type: 'asset.assignments-adopted', data });
    }
    events.push({ type: 'asset.baseline-completed', data: { count: devices, unstable: false } });
    const stream = assetStream(UID, assetOf(asset));
    for (const [revision, event] of events.entries()) {
      const made = newEvent(uuidOf(`adopted/${written}`), event, written);
      await stores.events.append(stream, [made], revision === 0 ? 'absent' : revision - 1);
      written += 1;
    }
  }
  await stores.close();
}

/**
 * Writes ledger events that name one pair each, after what the log may hold already. The events of a licence lie among those of `inFlight` others
 * that are on their way at the same time.
 * @param {string} folder
 * @param {{ licences: number, assets: number, inFlight: number, cycles?: number, seed?: number }} shape
 *   `cycles`: how often each licence was given and returned before it came to stay
 */
export async function writeLedgerLog(folder, { licences, assets, inFlight, cycles = 0, seed = 1 }) {
  const random = seededRandom(seed);
  const stores = await openStores(folder);
  const revisions = await Promise.all(
    Array.from({ length: assets }, async (_asset, asset) => {
      const there = await stores.events.readStream(assetStream(UID, assetOf(asset)), 0, 1_000);
      return there.at(-1)?.revision ?? -1;
    }),
  );
  /** @type {Licence[]} */
  const active = [];
  /** @type {Promise<unknown>[]} */
  let appends = [];
  let started = 0;
  let written = 0;
  const perLicence = cycles * LIFE.length + EVENTS_PER_LICENCE;
  while (started < licences || active.length > 0) {
    while (started < licences && active.length < inFlight) {
      active.push({ asset: started % assets, device: Math.floor(started / assets), done: 0 });
      started += 1;
    }
    const place = Math.floor(random() * active.length);
    const licence = /** @type {Licence} */ (active[place]);
    const { asset, device, done } = licence;
    const holder = { serialNumbers: [serialOf(device)], userIds: [] };
    const id = uuidOf(`${seed}/${written}`);
    // One order gives the licence, with its call, and another takes it back.
    const order = uuidOf(`${seed}/${asset}/${device}/${Math.floor((2 * done) / LIFE.length)}`);
    const made = LIFE[done % LIFE.length]?.(holder, order);
    if (!made) throw new Error('a licence has no such event');
    const revision = (revisions[asset] ?? -1) + 1;
    revisions[asset] = revision;
    const event = newEvent(id, made, written);
    appends.push(
      stores.events.append(
        assetStream(UID, assetOf(asset)),
        [event],
        revision === 0 ? 'absent' : revision - 1,
      ),
    );
    written += 1;
    licence.done += 1;
    if (licence.done === perLicence) {
      active[place] = /** @type {Licence} */ (active.at(-1));
      active.pop();
    }
    if (appends.length === 2_000) {
      await Promise.all(appends);
      appends = [];
    }
  }
  await Promise.all(appends);
  await stores.close();
  return written;
}
