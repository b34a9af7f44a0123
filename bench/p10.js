import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { systemClock } from '@seatbook/kernel';
import { assetKey, assetStream, licensingRegistry, queryModels } from '@seatbook/licensing';
import { SeatbookModule } from '@seatbook/nest';
import { EventLog, Processor, reached } from '@seatbook/runtime';
import { check, figure, shown } from './figure.js';
import { inFolder } from './folder.js';
import { EVENTS_PER_CYCLE, EVENTS_PER_LICENCE, writeLedgerLog } from './ledger-log.js';
import { orderOf } from './placing.js';
import { UID, adamIdOf, assetOf, importLocation, openProduct, serialOf } from './product.js';
import { ROUNDS, p99, quotients, spreadOf } from './rounds.js';
import { openStores } from './stores.js';

const LICENCES = 10_000;
const ASSETS = 40;
const SHORT = { cycles: 1 };
const LONG = { cycles: 18 };
const SAMPLES = 4_000;
/** So many of one, then so many of the other: the machine's moods meet both. */
const TURN = 50;

await figure({
  name: 'P10',
  title: 'the same command and the same query after ten times the history ÷ before',
  measure: (say) =>
    inFolder((folder) =>
      inFolder(async (otherFolder) => {
        const long = await lived(folder, LONG.cycles);
        const short = await lived(otherFolder, SHORT.cycles);
        say(
          `${short.events} and ${long.events} ledger events, ${LICENCES} live pairs of ${ASSETS} apps in both;`,
        );
        say(`${SAMPLES} commands and ${SAMPLES} queries of each a round, one at a time; synchronous=FULL`);
        say(
          'command: an order of one pair placed and reserved in its ledger; query: pairs of a device, counts of its app',
        );
        /** @type {Record<'command' | 'query', { ours: number[], baseline: number[] }>} */
        const times = { command: { ours: [], baseline: [] }, query: { ours: [], baseline: [] } };
        for (let round = 0; round <= ROUNDS; round += 1) {
          for (const kind of /** @type {const} */ (['command', 'query'])) {
            /** @type {number[]} */
            const ours = [];
            /** @type {number[]} */
            const baseline = [];
            while (ours.length < SAMPLES) {
              await sample(short[kind], baseline);
              await sample(long[kind], ours);
            }
            if (round === 0) continue;
            times[kind].ours.push(p99(ours));
            times[kind].baseline.push(p99(baseline));
          }
        }
        await short.close();
        await long.close();
        return /** @type {const} */ (['command', 'query']).map((kind) => {
          const { ours, baseline } = times[kind];
          say(
            `p99 of a ${kind}: ${shown(spreadOf(baseline).median)} ms before, ${shown(spreadOf(ours).median)} ms after`,
          );
          return {
            what: `p99 of a ${kind}`,
            values: quotients(ours, baseline),
            floor: 1.5,
            goal: 1.1,
            atMost: true,
          };
        });
      }),
    ),
});

/**
 * @param {() => Promise<void>} work
 * @param {number[]} times
 */
async function sample(work, times) {
  for (let turn = 0; turn < TURN; turn += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
}

/**
 * A product that has this history behind it: each licence was given and returned `cycles` times.
 * @param {string} folder
 * @param {number} cycles
 */
async function lived(folder, cycles) {
  const first = await openProduct(folder);
  await first.host.start();
  const assets = Array.from({ length: ASSETS }, (_asset, number) => ({
    adamId: adamIdOf(number),
    name: `App ${number}`,
    total: 1_000_000,
  }));
  await importLocation(first, assets);
  await first.close();
  const events = await writeLedgerLog(folder, {
    licences: LICENCES,
    assets: ASSETS,
    inFlight: 1_000,
    cycles,
  });
  check(events === LICENCES * (cycles * EVENTS_PER_CYCLE + EVENTS_PER_LICENCE), `${events} events`);
  await show(folder);
  const product = await openProduct(folder);
  const { host, edge, stores } = product;
  const context = await NestFactory.createApplicationContext(SeatbookModule.over(host), { logger: false });
  const bus = context.get(CommandBus);
  const key = assetKey(UID, assetOf(1));
  const counts = /** @type {import('@seatbook/licensing').AssetDocument | null} */ (
    await stores.reads.get(queryModels.assets, key)
  );
  check(counts?.returning === LICENCES / ASSETS, `${counts?.returning} pairs of an app`);
  let ordered = 1_000_000;
  let asked = 0;
  return {
    events,
    async command() {
      ordered += 1;
      const { orderId } = await bus.execute(orderOf(ordered));
      const { events: done } = await edge.execute(
        assetStream(UID, assetOf(1)),
        /** @type {import('@seatbook/licensing').AssetCommand} */ ({
          type: 'ReserveLicenses',
          orderId,
          part: 0,
          holders: { serialNumbers: [serialOf(ordered)], userIds: [] },
          ifShort: 'wait',
          fromReserve: false,
          platform: null,
        }),
        {
          commandId: `${orderId}/reserve`,
          principal: 'seatbook',
          correlationId: orderId,
          causationId: orderId,
        },
      );
      check(done > 0, 'nothing was reserved');
    },
    async query() {
      asked = (asked + 1) % (LICENCES / ASSETS);
      const { rows } = await stores.reads.query(queryModels.pairs, {
        index: 'by-holder',
        equals: [`d:${serialOf(asked)}`],
        limit: 50,
      });
      check(rows.length === ASSETS, `${rows.length} pairs of a device`);
      await stores.reads.get(queryModels.assets, assetKey(UID, assetOf(asked % ASSETS)));
    },
    async close() {
      await context.close();
      await product.close();
    },
  };
}

/**
 * Builds the read models that command and query look at.
 * @param {string} folder
 */
async function show(folder) {
  const stores = await openStores(folder);
  const models = [queryModels.accounts, queryModels.assets, queryModels.pairs, queryModels.orders];
  const events = new EventLog(stores.events, licensingRegistry());
  const processor = new Processor({
    events,
    reads: stores.reads,
    models,
    clock: systemClock,
    log: console.error,
  });
  const head = await stores.events.head();
  await processor.start();
  for (const { name } of models) {
    check(await reached(processor, name, head, systemClock, 900_000), `${name} did not get there`);
  }
  await processor.stop();
  await stores.close();
}
