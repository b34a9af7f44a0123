import { createLog } from '@seatbook/host';
import { SparingLog } from './sparing-log.js';

it('writes the first of a kind at once, then one a minute with the number of those in between', () => {
  const lines: Record<string, unknown>[] = [];
  let now = 0;
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const log = new SparingLog(createLog('info', { write }), () => now);
  for (; now < 150_000; now += 100) {
    log.write('warn', 'a', { client: now }, 'refused');
    if (now === 500) log.write('error', 'b', {}, 'failed');
  }
  expect(lines.map(({ level, msg, client, more }) => [level, msg, client, more])).toEqual([
    ['warn', 'refused', 0, undefined],
    ['error', 'failed', undefined, undefined],
    ['warn', 'refused', 60_000, 599],
    ['warn', 'refused', 120_000, 599],
  ]);
});
