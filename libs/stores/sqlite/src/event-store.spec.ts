import assert from 'node:assert/strict';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { START, systemClock } from '@seatbook/kernel';
import {
  CorruptEvent,
  StoreUnavailable,
  WrongExpectedRevision,
  type NewEvent,
  type StoredEvent,
  hasCode,
} from '@seatbook/runtime';
import { allEvents } from '@seatbook/test-support/all-events';
import { SqliteEventStore } from './event-store.js';
import { BUSY_MS, LogUnusable, openEventsFile, openEventsFileForReading } from './events-file.js';
import { GroupCommit } from './group-commit.js';
import { openSqliteStores } from './open.js';

const ids = { next: randomUUID };
const METADATA = '{"version":1,"principal":"admin"}';

let folder: string;
let file: string;
let closing: (() => void)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatbook-events-'));
  file = join(folder, 'events.db');
  closing = [];
});

afterEach(() => {
  for (const close of closing) close();
  rmSync(folder, { recursive: true, force: true });
});

function openWriter() {
  const { database } = openEventsFile(file, ids);
  closing.push(() => database.close());
  const commits = new GroupCommit(database);
  return { database, commits, store: new SqliteEventStore(database, commits, systemClock) };
}

const event = (data: unknown): NewEvent => ({
  id: randomUUID(),
  type: 'asset.licenses-assigned',
  data: JSON.stringify(data),
  metadata: METADATA,
});

/** 12 streams with 15 events each, and what they hold. */
async function fill(store: SqliteEventStore): Promise<readonly string[]> {
  const streams = Array.from({ length: 12 }, (_, number) => `asset-${number}.é`);
  for (const stream of streams) {
    await store.append(
      stream,
      Array.from({ length: 10 }, (_, number) => event({ number, text: 'ä👩‍🚀' })),
      'absent',
    );
    await store.append(
      stream,
      Array.from({ length: 5 }, () => event({ text: 'x'.repeat(randomInt(2_000)) })),
      9,
    );
  }
  return streams;
}

async function readEverything(store: SqliteEventStore, streams: readonly string[]): Promise<string> {
  const all = await allEvents(store, START, 50);
  const byStream: StoredEvent[] = [];
  for (const stream of streams) byStream.push(...(await store.readStream(stream, 0, 100)));
  return JSON.stringify([all, byStream]);
}

/** A failure names the seed with which the flips can be repeated. */
function seededFlips() {
  let state = Number(process.env.SEED ?? randomInt(2 ** 31));
  const seed = state;
  return {
    seed,
    below: (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    },
  };
}

describe('damage', () => {
  test('a damaged page that an append meets is told as lasting, to it and to whoever asks later', async () => {
    const before = openWriter();
    for (let number = 0; number < 200; number += 1)
      await before.store.append(`asset-${number}`, [event(0)], 'absent');
    before.database.pragma('wal_checkpoint(TRUNCATE)');
    const index = `SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_streams_1'`;
    const page = before.database.prepare<[], number>(index).pluck().get() ?? 0;
    const pageSize = Number(before.database.pragma('page_size', { simple: true }));
    before.database.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, (page - 1) * pageSize, page * pageSize);
    writeFileSync(file, bytes);
    const { store } = openWriter();
    const lasting = (error: unknown): boolean => hasCode(error, 'STORE_UNAVAILABLE') && error.lasting;
    await store.probe();
    await assert.rejects(store.append('asset-new', [event(0)], 'absent'), lasting);
    await assert.rejects(store.probe(), lasting);
  });

  test('a flipped bit in any column of any row is noticed when it is read', async () => {
    const { store } = openWriter();
    const streams = await fill(store);
    const truth = await readEverything(store, streams);
    const raw = new Database(file);
    closing.push(() => raw.close());
    const { seed, below } = seededFlips();
    const columns = ['stream', 'revision', 'position', 'id', 'type', 'data', 'metadata', 'checksum'];
    let flips = 0;
    for (let trial = 0; trial < 320; trial += 1) {
      const column = columns[trial % columns.length] ?? 'data';
      const position = 1 + below(12 * 15);
      const read = raw.prepare<[number], { value: string | number; bytes: Buffer }>(
        `SELECT ${column} AS value, CAST(${column} AS BLOB) AS bytes FROM events WHERE position = ?`,
      );
      const row = read.get(position);
      assert.ok(row);
      let flipped: string | number | Buffer;
      if (typeof row.value === 'number') flipped = row.value ^ (1 << below(8));
      else {
        flipped = Buffer.from(row.bytes);
        const at = below(flipped.length);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << below(8));
      }
      const write = raw.prepare(
        `UPDATE events SET ${column} = ${typeof flipped === 'number' ? '?' : 'CAST(? AS TEXT)'} WHERE position = ?`,
      );
      try {
        write.run(flipped, position);
      } catch (error) {
        // The place is taken: SQLite itself refuses this one.
        assert.match(String(error), /UNIQUE/);
        continue;
      }
      flips += 1;
      await assert.rejects(
        readEverything(store, streams),
        CorruptEvent,
        `SEED=${seed}: a flip in ${column} of position ${position} went unnoticed`,
      );
      const now = column === 'position' ? Number(flipped) : position;
      raw.prepare(`UPDATE events SET ${column} = ? WHERE position = ?`).run(row.value, now);
      // The greatest position ever given out is remembered beside the rows.
      if (column === 'position')
        raw.prepare(`UPDATE sqlite_sequence SET seq = 180 WHERE name = 'events'`).run();
    }
    assert.ok(flips >= 200, `only ${flips} flips`);
    assert.equal(await readEverything(store, streams), truth);
  });

  test('a name or an end of a stream that was changed is noticed', async () => {
    const { store } = openWriter();
    const streams = await fill(store);
    const raw = new Database(file);
    closing.push(() => raw.close());
    for (const change of [
      `UPDATE streams SET name = 'asset-x' WHERE id = 3`,
      `UPDATE streams SET revision = 13 WHERE id = 3`,
      `UPDATE streams SET revision = 15 WHERE id = 3`,
      `DELETE FROM streams WHERE id = 3`,
    ]) {
      const saved = raw
        .prepare('SELECT id, name, revision FROM streams WHERE id = 3')
        .raw()
        .get() as unknown[];
      raw.exec(change);
      await assert.rejects(readEverything(store, streams), CorruptEvent, change);
      await assert.rejects(store.verify(), CorruptEvent, change);
      raw.prepare('REPLACE INTO streams (id, name, revision) VALUES (?, ?, ?)').run(...saved);
    }
    assert.deepEqual({ ...(await store.verify()) }, { events: 180, streams: 12 });
  });

  test('a row that was taken out is noticed, also by the next start when it was the last', async () => {
    const { store, database, commits } = openWriter();
    const streams = await fill(store);
    const raw = new Database(file);
    raw.exec(
      'CREATE TABLE taken AS SELECT * FROM events WHERE position = 77; DELETE FROM events WHERE position = 77',
    );
    await assert.rejects(readEverything(store, streams), CorruptEvent);
    raw.exec('INSERT INTO events SELECT * FROM taken; DELETE FROM events WHERE position = 180');
    raw.close();
    await commits.close();
    database.close();
    assert.throws(() => openEventsFile(file, ids), LogUnusable);
  });

  test('a flipped bit anywhere in the file is noticed, or changes nothing', async () => {
    const { store, database } = openWriter();
    const streams = await fill(store);
    const truth = await readEverything(store, streams);
    database.close();
    const intact = readFileSync(file);
    const { seed, below } = seededFlips();
    const copy = join(folder, 'copy.db');
    let noticed = 0;
    // Half of the bits of a small file are in use.
    for (let trial = 0; trial < 5_000 && noticed < 200; trial += 1) {
      const damaged = Buffer.from(intact);
      const [at, bit] = [below(damaged.length), below(8)];
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      writeFileSync(copy, damaged);
      const outcome = await (async () => {
        const opened = openEventsFileForReading(copy);
        try {
          const reader = new SqliteEventStore(opened.database, null, systemClock);
          await reader.verify();
          return await readEverything(reader, streams);
        } finally {
          opened.database.close();
        }
      })().catch((error: unknown) => error);
      const expected =
        outcome instanceof CorruptEvent ||
        outcome instanceof StoreUnavailable ||
        outcome instanceof LogUnusable;
      assert.ok(
        expected || outcome === truth,
        `SEED=${seed}: byte ${at}, bit ${bit}: ${String(outcome).slice(0, 300)}`,
      );
      if (expected) noticed += 1;
    }
    assert.ok(noticed >= 200, `only ${noticed} flips met anything that is in use`);
  });

  test('a file that is no database, or one of another program, is refused and left as it is', () => {
    writeFileSync(file, 'this is not a database, however long it may be'.repeat(100));
    assert.throws(() => openEventsFile(file, ids), LogUnusable);
    rmSync(file);
    const other = new Database(file);
    other.exec('CREATE TABLE mine (x)');
    other.close();
    assert.throws(() => openEventsFile(file, ids), LogUnusable);
    const still = new Database(file);
    assert.equal(still.prepare('SELECT count(*) FROM mine').pluck().get(), 0);
    still.close();
  });

  test('an emptied file is refused and left as it is: no first start leaves one behind', () => {
    openWriter().database.close();
    writeFileSync(file, '');
    assert.throws(() => openEventsFile(file, ids), /events\.db cannot be used: it is empty/);
    assert.equal(readFileSync(file).length, 0);
  });

  test('a first start that broke off is begun again', () => {
    writeFileSync(`${file}.new`, 'half a page');
    assert.notEqual(openWriter().database.pragma('application_id', { simple: true }), 0);
    assert.ok(!existsSync(`${file}.new`));
  });

  test('a log that is gone while its read models are there is no first start', async () => {
    const open = () => openSqliteStores({ folder, key: Buffer.alloc(32, 7), clock: systemClock, ids });
    await (await open()).close();
    rmSync(file);
    await assert.rejects(
      open(),
      /events\.db cannot be used: it is missing, although .*views\.db was made of it/,
    );
    assert.ok(!existsSync(file));
    rmSync(join(folder, 'views.db'));
    await (await open()).close();
  });

  test('only its user can read a file of the folder, whatever the umask, also where the folder and files were there', async () => {
    const open = () => openSqliteStores({ folder, key: Buffer.alloc(32, 7), clock: systemClock, ids });
    const modes = () =>
      readdirSync(folder).map((name) => `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)}`);
    const before = process.umask(0);
    try {
      for (const round of [1, 2]) {
        const stores = await open();
        await stores.events.append(`a-${round}`, [event(1)], 'absent');
        await stores.leases.acquire('reactor', 'first', 'absent');
        assert.equal(
          modes()
            .filter((mode) => !mode.endsWith(' 600'))
            .join(),
          '',
        );
        assert.ok(modes().includes('events.db-wal 600'));
        await stores.close();
        for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
      }
    } finally {
      process.umask(before);
    }
  });

  test('damage that a read has met is told by the probe until the next start', async () => {
    const { store, database } = openWriter();
    const streams = await fill(store);
    await store.probe();
    database.exec(`UPDATE events SET data = '{}' WHERE position = 77`);
    await assert.rejects(readEverything(store, streams), CorruptEvent);
    await assert.rejects(store.probe(), /position 77 /);
  });

  test('a log of a newer format is refused', () => {
    const { database } = openWriter();
    database.pragma('user_version = 2');
    database.close();
    assert.throws(() => openEventsFile(file, ids), /format 2/);
  });
});

describe('group commit', () => {
  test('appends of one turn share a transaction, and a conflict among them is refused alone', async () => {
    const { store, commits } = openWriter();
    let transactions = 0;
    commits.onCommit(() => {
      transactions += 1;
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, number) =>
        store.append(`a-${number}`, [event(number)], number % 3 === 1 ? 4 : 'absent'),
      ),
    );
    assert.equal(transactions, 1);
    for (const [number, outcome] of outcomes.entries()) {
      assert.equal(outcome.status, number % 3 === 1 ? 'rejected' : 'fulfilled');
      if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof WrongExpectedRevision);
    }
    assert.equal((await allEvents(store)).length, 40);
  });

  test('a write that breaks off half-way is undone alone, and what it had written is gone', async () => {
    const { store, commits, database } = openWriter();
    await store.append('before-1', [event(0)], 'absent');
    const note = database.prepare('INSERT INTO checkpoints (name, position, epoch) VALUES (?, 1, 1)');
    const before = store.append('a-1', [event(1)], 'absent');
    const broken = commits.submit({
      apply: () => {
        note.run('half');
        throw new Error('broke off');
      },
    });
    const after = store.append('a-1', [event(2)], 0);
    await assert.rejects(broken, /broke off/);
    assert.equal((await before).position, 2);
    assert.deepEqual({ ...(await after) }, { revision: 1, position: 3 });
    assert.equal(database.prepare('SELECT count(*) FROM checkpoints').pluck().get(), 0);
  });

  test('a commit that fails rejects the one to blame, the others are written', async () => {
    const { store, commits, database } = openWriter();
    // A foreign key that is checked at COMMIT makes the commit itself fail.
    database.exec(`
      CREATE TABLE owner (id INTEGER PRIMARY KEY);
      CREATE TABLE owned (owner INTEGER REFERENCES owner (id) DEFERRABLE INITIALLY DEFERRED);
    `);
    database.pragma('foreign_keys = ON');
    const orphan = database.prepare('INSERT INTO owned (owner) VALUES (7)');
    const appends = Array.from({ length: 10 }, (_, number) =>
      store.append(`a-${number}`, [event(number)], 'absent'),
    );
    const broken = commits.submit({ apply: () => orphan.run() });
    const rest = Array.from({ length: 10 }, (_, number) =>
      store.append(`b-${number}`, [event(number)], 'absent'),
    );
    await assert.rejects(broken, StoreUnavailable);
    const positions = (await Promise.all([...appends, ...rest])).map(({ position }) => position);
    assert.deepEqual(
      positions,
      positions.map((_, index) => index + 1),
    );
    await store.verify();
  });

  test('a full disk rejects appends and leaves reading; with room again appends go on', async () => {
    const { store, database } = openWriter();
    await store.append('a-1', [event(1)], 'absent');
    const pages = Number(database.pragma('page_count', { simple: true }));
    database.pragma(`max_page_count = ${pages + 20}`);
    const large = () => event({ text: 'x'.repeat(20_000) });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, number) => store.append(`b-${number}`, [large()], 'absent')),
    );
    const failed = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    assert.ok(failed.length > 30);
    for (const error of failed)
      assert.ok(error instanceof StoreUnavailable && error.reason === 'SQLITE_FULL');
    assert.equal((await allEvents(store)).length, 1 + 40 - failed.length);

    database.pragma('max_page_count = 1000000');
    const again = await Promise.all(
      outcomes.map((outcome, number) =>
        outcome.status === 'rejected'
          ? store.append(`b-${number}`, [large()], 'absent')
          : Promise.resolve(outcome.value),
      ),
    );
    assert.equal(new Set(again.map(({ position }) => position)).size, 40);
    assert.deepEqual({ ...(await store.verify()) }, { events: 41, streams: 41 });
  });

  test('while another program has the file locked, the writes of a turn fail together, and then go on', async () => {
    const { store } = openWriter();
    await store.append('a-1', [event(1)], 'absent');
    const tool = new Database(file);
    closing.push(() => tool.close());
    tool.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, number) => store.append(`b-${number}`, [event(number)], 'absent')),
    );
    const stoodStillMs = performance.now() - started;
    for (const outcome of outcomes) {
      assert.ok(outcome.status === 'rejected' && hasCode(outcome.reason, 'STORE_UNAVAILABLE'));
      assert.equal(outcome.reason.reason, 'SQLITE_BUSY');
    }
    // One wait for the lock, not forty: far below that even on a busy machine.
    assert.ok(stoodStillMs < 20 * BUSY_MS, `${stoodStillMs} ms`);
    tool.exec('ROLLBACK');
    await store.append('b-1', [event(1)], 'absent');
    assert.deepEqual({ ...(await store.verify()) }, { events: 2, streams: 2 });
  });

  test('closing waits for what was asked and refuses what comes later', async () => {
    const { store, commits, database } = openWriter();
    const appends = Array.from({ length: 600 }, (_, number) =>
      store.append(`a-${number}`, [event(number)], 'absent'),
    );
    const closed = commits.close();
    await assert.rejects(store.append('a-1', [event(1)], 0), /closed/);
    await closed;
    assert.equal(database.prepare('SELECT count(*) FROM events').pluck().get(), 600);
    await Promise.all(appends);
  });

  test('text with half a surrogate pair is refused, since it would not come back as it was', async () => {
    const { store } = openWriter();
    await assert.rejects(store.append('a-\ud83d', [event(1)], 'absent'), TypeError);
    await assert.rejects(store.append('a-1', [{ ...event(1), data: '"\ud83d"' }], 'absent'), TypeError);
  });
});

describe('a reader beside the writer', () => {
  test('sees whole appends only, in order, and cannot append', async () => {
    const { store } = openWriter();
    const opened = openEventsFileForReading(file);
    closing.push(() => opened.database.close());
    const reader = new SqliteEventStore(opened.database, null, systemClock);
    let last = START;
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(
        Array.from({ length: 5 }, (_, number) =>
          store.append(`a-${round}.${number}`, [event(1), event(2)], 'absent'),
        ),
      );
      const page = await allEvents(reader, last);
      assert.equal(page.length, 10);
      last = page.at(-1)?.position ?? START;
      assert.equal(await reader.head(), last);
    }
    await assert.rejects(reader.append('a-1', [event(1)], 'absent'), /for reading/);
  });

  test('a builder that has others do their work in between keeps the other one beside it', async () => {
    const { store } = openWriter();
    await fill(store);
    const opened = openEventsFileForReading(file);
    closing.push(() => opened.database.close());
    const reader = new SqliteEventStore(opened.database, null, systemClock);
    const read = async (turns: number): Promise<readonly StoredEvent[]> => {
      const ending = new AbortController();
      const all: StoredEvent[] = [];
      for await (const page of reader.subscribe(START, { signal: ending.signal, pageEvents: 5 })) {
        all.push(...page.events);
        if (page.caughtUp) ending.abort();
        for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      }
      return all;
    };
    const [quick, slow] = await Promise.all([read(0), read(3)]);
    assert.deepEqual(quick, slow);
    assert.ok(quick.length > 100);
    assert.equal(quick.filter((event, index) => event !== slow[index]).length, 0);
    // One that stands still keeps nobody, and one that has gone neither.
    const ending = new AbortController();
    const still = reader.subscribe(START, { signal: ending.signal, pageEvents: 5 });
    await still.next();
    assert.equal((await read(0)).length, quick.length);
    await still.return(undefined);
    assert.equal((await read(0)).length, quick.length);
  });

  test('builders that go through the log together parse a page once, a large one each for itself', async () => {
    const { store } = openWriter();
    await fill(store);
    await store.append(
      'asset-large',
      Array.from({ length: 20 }, () => event('x'.repeat(40_000))),
      'absent',
    );
    await store.append(
      'asset-larger',
      Array.from({ length: 20 }, () => event('x'.repeat(40_000))),
      'absent',
    );
    const opened = openEventsFileForReading(file);
    closing.push(() => opened.database.close());
    const reader = new SqliteEventStore(opened.database, null, systemClock);
    const together = async (log: SqliteEventStore): Promise<number> => {
      const [one, other] = await Promise.all([allEvents(log, START, 45), allEvents(log, START, 45)]);
      assert.deepEqual(one, other);
      return one.filter((read, index) => read === other[index]).length;
    };
    assert.equal(await together(reader), 180, 'the page after these has 1.6 MB');
    assert.equal(await together(store), 0, 'the log that is written is read each time');
  });
});

describe('sudden death', () => {
  // Prints each append only after it was acknowledged; what it printed must be there afterwards.
  const appender = `
    import { openSqliteStores } from './dist/index.js';
    import { randomUUID } from 'node:crypto';
    const stores = await openSqliteStores({
      folder: process.argv[1], key: Buffer.alloc(32, 1), clock: { now: Date.now, after: () => () => {} }, ids: { next: randomUUID },
    });
    const event = () => ({ id: randomUUID(), type: 't', data: JSON.stringify('x'.repeat(300)), metadata: '{}' });
    await Promise.all(Array.from({ length: 32 }, async (_, caller) => {
      const stream = 's-' + process.pid + '.' + caller;
      let expected = 'absent';
      for (;;) {
        const { revision, position } = await stores.events.append(stream, [event(), event(), event()], expected);
        console.log(stream + ' ' + revision + ' ' + position);
        expected = revision;
      }
    }));
  `;

  test('a killed writer loses nothing that it acknowledged, and leaves no half append', async () => {
    let acknowledged = 0;
    for (let round = 0; round < 4; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', appender, folder], {
        cwd: fileURLToPath(new URL('..', import.meta.url)),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const last = new Map<string, { revision: number; position: number }>();
      const enough = 500 + randomInt(2_000);
      let lines = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [stream, revision, position] = line.split(' ');
        // The last line may have been cut off by the death.
        if (!stream || !revision || !position) continue;
        last.set(stream, { revision: Number(revision), position: Number(position) });
        lines += 1;
        if (lines === enough) child.kill('SIGKILL');
      }
      assert.ok(lines >= enough);
      acknowledged += lines;
      const stores = await openSqliteStores({ folder, key: Buffer.alloc(32, 1), clock: systemClock, ids });
      await stores.events.verify();
      for (const [stream, { revision }] of last) {
        const events = await stores.events.readStream(stream, 0, 100_000);
        assert.ok(
          events.length > revision,
          `${stream} was acknowledged up to ${revision} and has ${events.length} events`,
        );
        assert.equal(events.length % 3, 0);
      }
      await stores.close();
    }
    assert.ok(acknowledged >= 2_000);
  });

  test('an end of the write-ahead log that was torn off takes away the last appends and nothing else', async () => {
    const { store, database } = openWriter();
    database.pragma('wal_autocheckpoint = 0');
    for (let number = 0; number < 20; number += 1)
      await store.append(`a-${number}`, [event(number), event(number)], 'absent');
    const wal = readFileSync(`${file}-wal`);
    for (let cut = 0; cut < 40; cut += 1) {
      const torn = join(folder, `torn-${cut}.db`);
      copyFileSync(file, torn);
      const end = randomInt(wal.length);
      writeFileSync(`${torn}-wal`, Buffer.concat([wal.subarray(0, end), randomBytes(randomInt(5_000))]));
      let opened: ReturnType<typeof openEventsFile>;
      try {
        opened = openEventsFile(torn, ids);
      } catch (error) {
        throw new Error(`cut at ${end}`, { cause: error });
      }
      const survivor = new SqliteEventStore(opened.database, new GroupCommit(opened.database), systemClock);
      const { events, streams } = await survivor.verify();
      assert.equal(events, streams * 2);
      assert.ok(events <= 40);
      opened.database.close();
    }
  });
});
