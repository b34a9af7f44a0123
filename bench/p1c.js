import { figure, rate } from './figure.js';
import { CALLERS, ORDERS, appendPlainly, placeOrders } from './placing.js';
import { inTurns, quotients } from './rounds.js';

/** The rows of one order for each wait for the disk: the rate is the same with more. */
const PLAIN_ORDERS = 2_000;

await figure({
  name: 'P1c',
  title:
    'orders placed over the CommandBus ÷ the rows of one order after the other appended plainly, as a naive service does',
  async measure(say) {
    say(`${ORDERS} orders of one pair, a stream each, ${CALLERS} callers; synchronous=FULL on both sides`);
    say(`${PLAIN_ORDERS} plain orders, unique (stream, revision) and unique id`);
    const { ours, baseline } = await inTurns({
      ours: placeOrders,
      async baseline(_round, { rows, rowsOfAnOrder }) {
        const some = rows.splice(0).slice(0, PLAIN_ORDERS * rowsOfAnOrder);
        return (await appendPlainly(some, { batch: rowsOfAnOrder, uniqueIds: true })) / rowsOfAnOrder;
      },
    });
    const placed = ours.map(({ perSecond }) => perSecond);
    say(`ours      ${rate(placed)}`);
    say(`plain log ${rate(baseline)}`);
    return [{ what: 'orders ÷ plain orders', values: quotients(placed, baseline), floor: 3, goal: 6 }];
  },
});
