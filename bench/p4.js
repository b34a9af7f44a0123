import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { queryModels } from '@seatbook/licensing';
import { SeatbookModule } from '@seatbook/nest';
import { seededRandom } from '@seatbook/simulator';
import { check, figure, rate, shown } from './figure.js';
import { inFolder } from './folder.js';
import { adamIdOf, importLocation, openProduct, pause } from './product.js';
import { orderOf } from './placing.js';
import { ROUNDS, p99, quotients, spreadOf } from './rounds.js';

const ORDERS = 10_000;
const CALLERS = 64;
const LOAD = 0.5;

await figure({
  name: 'P4',
  title: 'an order seen in the read model ÷ the same order durable, both from the moment it was sent',
  measure: (say) =>
    inFolder(async (folder) => {
      const product = await openProduct(folder);
      const { host, worker } = product;
      await host.start();
      await importLocation(product, [{ adamId: adamIdOf(1), name: 'App', total: 1_000_000 }]);
      // Only the read models go on, all of them, in their thread: reactions and dispatching are another load.
      await Promise.all([worker.dispatcher.stop(), worker.due.stop(), worker.reactor.stop()]);
      const context = await NestFactory.createApplicationContext(SeatbookModule.over(host), {
        logger: false,
      });
      const bus = context.get(CommandBus);
      const watch = watchOrders(product);
      let number = 0;
      const send = async () => {
        const sent = performance.now();
        const { position } = await bus.execute(orderOf((number += 1)));
        const durable = performance.now();
        const seen = await watch(position);
        return { commit: durable - sent, lag: seen - sent };
      };

      /** Orders per second that are placed and seen, at full load. */
      const capacity = async () => {
        const started = performance.now();
        const end = number + ORDERS;
        await Promise.all(
          Array.from({ length: CALLERS }, async () => {
            while (number < end) await send();
          }),
        );
        return (ORDERS / (performance.now() - started)) * 1_000;
      };

      await capacity();
      const capacities = [];
      const commits = [];
      const lags = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        capacities.push(await capacity());
        const samples = await atRate((capacities.at(-1) ?? 0) * LOAD, ORDERS, round, send);
        commits.push(p99(samples.map(({ commit }) => commit)));
        lags.push(p99(samples.map(({ lag }) => lag)));
      }
      const { rows } = await product.stores.reads.query(queryModels.orders, {
        index: 'by-time',
        equals: [],
        descending: true,
        limit: 1,
      });
      check(rows.length === 1, 'no order is in the read model');
      check(
        product.worker.views.position(queryModels.orders.name) >= (await product.stores.events.head()),
        'the read model has not seen the last order',
      );
      await context.close();
      await product.close();
      say(
        `full load: ${rate(capacities)} placed and seen, ${CALLERS} callers; then ${ORDERS} orders at half of that,`,
      );
      say('arriving at random moments; all read models built in their thread; synchronous=FULL');
      say(`p99 durable ${shown(spreadOf(commits).median)} ms, p99 seen ${shown(spreadOf(lags).median)} ms`);
      return [
        {
          what: 'p99 seen ÷ p99 durable',
          values: quotients(lags, commits),
          floor: 20,
          goal: 5,
          atMost: true,
        },
      ];
    }),
});

/**
 * Tells when the read model of orders shows a position.
 * @param {import('./product.js').Product} product
 * @returns {(position: import('@seatbook/kernel').Position) => Promise<number>}
 */
function watchOrders({ worker: { views } }) {
  /** @type {{ position: import('@seatbook/kernel').Position, resolve: (at: number) => void }[]} */
  let waiting = [];
  views.onAdvance((model, position) => {
    if (model !== queryModels.orders.name) return;
    const now = performance.now();
    const still = [];
    for (const one of waiting) {
      if (one.position <= position) one.resolve(now);
      else still.push(one);
    }
    waiting = still;
  });
  return (position) =>
    views.position(queryModels.orders.name) >= position
      ? Promise.resolve(performance.now())
      : new Promise((resolve) => waiting.push({ position, resolve }));
}

/**
 * Sends at random moments of a fixed mean rate, whatever the answers do.
 * @template T
 * @param {number} perSecond
 * @param {number} count
 * @param {number} seed
 * @param {() => Promise<T>} send
 */
async function atRate(perSecond, count, seed, send) {
  const random = seededRandom(seed);
  /** @type {Promise<T>[]} */
  const answers = [];
  let next = performance.now();
  while (answers.length < count) {
    while (next <= performance.now() && answers.length < count) {
      answers.push(send());
      next += (-Math.log(1 - random()) / perSecond) * 1_000;
    }
    await pause(1);
  }
  return Promise.all(answers);
}
