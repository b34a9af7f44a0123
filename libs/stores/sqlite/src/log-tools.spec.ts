import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { systemClock } from '@seatbook/kernel';
import type { OpenedStores } from '@seatbook/runtime';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { backupLog, verifyLog } from './log-tools.js';
import { openSqliteStores } from './open.js';

const STREAMS = 20;

describe('tools for the log', () => {
  const root = mkdtempSync(join(tmpdir(), 'seatbook-log-tools-'));
  const folder = join(root, 'data');
  let stores: OpenedStores;

  const append = (stream: string, revision: number): Promise<unknown> =>
    stores.events.append(
      stream,
      [{ id: `${stream}/${revision}`, type: 'thing.happened', data: '{}', metadata: '{"version":1}' }],
      revision === 0 ? 'absent' : revision - 1,
    );

  beforeAll(async () => {
    const options = { folder, key: Buffer.alloc(32, 7), clock: systemClock, ids: seededIds(1) };
    stores = await openSqliteStores(options);
    for (let number = 0; number < STREAMS; number += 1) {
      await append(`thing-${number}`, 0);
      await append(`thing-${number}`, 1);
    }
  });
  afterAll(async () => {
    await stores.close();
    rmSync(root, { recursive: true });
  });

  it('verifies a log that is being written', async () => {
    expect(await verifyLog(folder)).toMatchObject({ events: 2 * STREAMS, streams: STREAMS });
  });

  it('backs a log up while it is written; the copy opens and holds what was acknowledged before', async () => {
    const target = join(root, 'backup');
    const writing = Promise.all(Array.from({ length: 50 }, (_stream, number) => append(`more-${number}`, 0)));
    const { events } = await backupLog(folder, target);
    await writing;
    expect(events).toBeGreaterThanOrEqual(2 * STREAMS);
    expect(readdirSync(target)).toEqual(['events.db']);
    expect(statSync(join(target, 'events.db')).mode & 0o777).toBe(0o600);
    const copy = await openSqliteStores({
      folder: target,
      key: Buffer.alloc(32, 7),
      clock: systemClock,
      ids: seededIds(2),
    });
    expect(await copy.events.readStream('thing-3', 0, 10)).toHaveLength(2);
    await copy.close();
  });

  it('never overwrites a backup', async () => {
    const target = join(root, 'kept');
    await backupLog(folder, target);
    await expect(backupLog(folder, target)).rejects.toThrow(/exists already/);
  });

  it('names the first row that is not what was written, and leaves no copy of it', async () => {
    const damaged = join(root, 'damaged');
    await backupLog(folder, damaged);
    const database = new Database(join(damaged, 'events.db'));
    database.prepare(`UPDATE events SET data = '{"a":1}' WHERE position IN (7, 12)`).run();
    database.close();
    await expect(verifyLog(damaged)).rejects.toThrow(/position 7 /);
    const target = join(root, 'copy-of-damaged');
    await expect(backupLog(damaged, target)).rejects.toThrow(/position 7 /);
    expect(readdirSync(target)).toEqual([]);
  });

  it('tells an emptied file and a missing one', async () => {
    const emptied = join(root, 'emptied');
    await backupLog(folder, emptied);
    truncateSync(join(emptied, 'events.db'), 0);
    await expect(verifyLog(emptied)).rejects.toThrow(/it is empty/);
    await expect(verifyLog(join(root, 'nowhere'))).rejects.toThrow(/there is no such file/);
  });
});
