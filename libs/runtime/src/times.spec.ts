import type { Instant } from '@seatbook/kernel';
import { EventLog } from '@seatbook/test-support/event-log';
import { documentsOf } from '@seatbook/test-support/read-model-spec';
import { timesModel } from './times.js';

const at = (text: string): Instant => Date.parse(`2026-11-${text}Z`);

it('keeps the last position of each day and minute, also when a clock goes back', async () => {
  const log = new EventLog();
  for (const time of [
    '24T23:59:58',
    '25T00:00:01',
    '24T23:59:59',
    '25T00:00:02',
    '25T07:30:00',
    '25T00:00:59',
  ]) {
    log.append('thing-1', [{ type: 'thing.moved', data: {} }], { recordedAt: at(time) });
  }
  const rows = [...(await documentsOf(timesModel, log)).values()];
  expect(rows).toEqual(
    expect.arrayContaining([
      { span: 'day', from: at('24T00:00:00'), last: 3 },
      { span: 'minute', from: at('24T23:59:00'), last: 3 },
      { span: 'day', from: at('25T00:00:00'), last: 6 },
      { span: 'minute', from: at('25T00:00:00'), last: 6 },
      { span: 'minute', from: at('25T07:30:00'), last: 5 },
    ]),
  );
  expect(rows).toHaveLength(5);
});
