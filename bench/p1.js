import { figure, rate, shown } from './figure.js';
import { CALLERS, ORDERS, appendPlainly, bytesPerRow, placeOrders } from './placing.js';
import { inTurns, quotients, spreadOf } from './rounds.js';

const BATCH = 100;

await figure({
  name: 'P1',
  title: 'orders placed over the CommandBus ÷ the same rows appended plainly in batches of 100',
  async measure(say) {
    say(`${ORDERS} orders of one pair, a stream each, ${CALLERS} callers; synchronous=FULL on both sides`);
    let bytes = 0;
    const { ours, baseline } = await inTurns({
      ours: placeOrders,
      async baseline(_round, placed) {
        const rows = placed.rows.splice(0);
        bytes = bytesPerRow(rows);
        return {
          uniqueIds: await appendPlainly(rows, { batch: BATCH, uniqueIds: true }),
          leanest: await appendPlainly(rows, { batch: BATCH, uniqueIds: false }),
        };
      },
    });
    const placed = ours.map(({ perSecond, rowsOfAnOrder }) => perSecond * rowsOfAnOrder);
    const plain = baseline.map(({ uniqueIds }) => uniqueIds);
    const leanest = baseline.map((both) => both.leanest);
    say(`${bytes} bytes of text in a row`);
    say(`ours      ${rate(placed)} rows, ${rate(ours.map(({ perSecond }) => perSecond))} orders`);
    say(`plain log ${rate(plain)}, unique (stream, revision) and unique id`);
    say(
      `leanest   ${rate(leanest)}, unique (stream, revision) only: ours ÷ this ${shown(spreadOf(quotients(placed, leanest)).median)}`,
    );
    return [
      { what: 'rows of commands ÷ plain rows', values: quotients(placed, plain), floor: 0.25, goal: 0.5 },
    ];
  },
});
