import { createLog, errorFacts } from './log.js';

const TOKEN = Buffer.from('a content token, as long as they are and a little longer').toString('base64');

describe('the log', () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;

  it('has lines of JSON with level, time and name', () => {
    log.info({ port: 3_000 }, 'listening');
    expect(last()).toMatchObject({ level: 'info', name: 'seatbook', port: 3_000, msg: 'listening' });
    expect(Date.parse(String(last()['time']))).toBeGreaterThan(0);
  });

  it('shows no secret, not even if one is passed to it by mistake', () => {
    for (const name of ['token', 'secret', 'key', 'authorization'])
      log.warn({ [name]: TOKEN, within: { [name]: TOKEN } }, 'a mistake');
    log.error(
      errorFacts(new Error(`Apple refused ${TOKEN}`, { cause: new Error(`it was ${TOKEN}`) })),
      'failed',
    );
    expect(lines.filter((line) => line.includes(TOKEN))).toEqual([]);
    expect(last()['error']).toContain('Apple refused [redacted]');
    expect(last()['error']).toContain('caused by Error: it was [redacted]');
  });

  it('leaves the paths of a stack as they are, however long', () => {
    const place = `/opt/${'a-folder-with-a-long-name/'.repeat(4)}program.js:34:27`;
    const error = new Error(TOKEN);
    error.stack = `Error: ${TOKEN}\n    at work (file://${place})\n    at ${place}`;
    const { error: text } = errorFacts(error);
    expect(text).toBe(`Error: [redacted]\n    at work (file://${place})\n    at ${place}`);
  });
});
