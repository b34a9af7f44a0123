import { figure, rate } from './figure.js';
import { CALLERS, ORDERS, appendPlainly, placeOrders } from './placing.js';
import { inTurns } from './rounds.js';

/** One row for each wait for the disk: fewer of them give the same rate. */
const PLAIN_ROWS = 4_000;

await figure({
  name: 'P1c',
  title: 'orders placed ÷ the same rows appended plainly one by one, as a naive service does',
  async measure(say) {
    say(`${ORDERS} orders of one pair, a stream each, ${CALLERS} callers; ${PLAIN_ROWS} plain rows; synchronous=FULL on both sides`);
    const { ours, baseline } = await inTurns({
      ours: placeOrders,
      baseline: (_round, { rows }) => appendPlainly(rows.splice(0).slice(0, PLAIN_ROWS), 1),
    });
    say(`ours      ${rate(ours.map(({ perSecond }) => perSecond))}`);
    say(`plain log ${rate(baseline)}`);
    const values = ours.map(({ perSecond }, round) => perSecond / /** @type {number} */ (baseline[round]));
    return [{ what: 'commands ÷ plain rows', values, floor: 3, goal: 6 }];
  },
});
