import { figure, rate } from './figure.js';
import { CALLERS, ORDERS, appendPlainly, placeOrders } from './placing.js';
import { inTurns, quotients } from './rounds.js';

/** One row for each wait for the disk: the rate is the same with more. */
const PLAIN_ROWS = 4_000;

await figure({
  name: 'P1c',
  title:
    'orders placed over the CommandBus ÷ the same rows appended plainly one by one, as a naive service does',
  async measure(say) {
    say(`${ORDERS} orders of one pair, a stream each, ${CALLERS} callers; synchronous=FULL on both sides`);
    say(`${PLAIN_ROWS} plain rows, unique (stream, revision) and unique id`);
    const { ours, baseline } = await inTurns({
      ours: placeOrders,
      baseline: (_round, { rows }) =>
        appendPlainly(rows.splice(0).slice(0, PLAIN_ROWS), { batch: 1, uniqueIds: true }),
    });
    const placed = ours.map(({ perSecond }) => perSecond);
    say(`ours      ${rate(placed)}`);
    say(`plain log ${rate(baseline)}`);
    return [{ what: 'commands ÷ plain rows', values: quotients(placed, baseline), floor: 3, goal: 6 }];
  },
});
