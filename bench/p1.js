import { figure, rate } from './figure.js';
import { CALLERS, ORDERS, appendPlainly, bytesPerRow, placeOrders } from './placing.js';
import { inTurns } from './rounds.js';

const BATCH = 100;

await figure({
  name: 'P1',
  title: 'orders placed ÷ the same rows appended plainly in batches of 100',
  async measure(say) {
    say(`${ORDERS} orders of one pair, a stream each, ${CALLERS} callers; synchronous=FULL on both sides`);
    let bytes = 0;
    const { ours, baseline } = await inTurns({
      ours: placeOrders,
      async baseline(_round, { rows }) {
        bytes = bytesPerRow(rows);
        return appendPlainly(rows.splice(0), BATCH);
      },
    });
    say(`${bytes} bytes of text in a row`);
    say(`ours      ${rate(ours.map(({ perSecond }) => perSecond))}`);
    say(`plain log ${rate(baseline)}`);
    const values = ours.map(({ perSecond }, round) => perSecond / /** @type {number} */ (baseline[round]));
    return [{ what: 'commands ÷ plain rows', values, floor: 0.25, goal: 0.5 }];
  },
});
