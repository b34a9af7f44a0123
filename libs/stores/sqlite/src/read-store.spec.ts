import assert from 'node:assert/strict';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { asPosition, systemClock, type ModelRef, numberOf } from '@seatbook/kernel';
import {
  CheckpointMoved,
  InvalidCursor,
  StoreUnavailable,
  type ReadStore,
  type Snapshot,
} from '@seatbook/runtime';
import { allEvents } from '@seatbook/test-support/all-events';
import { openSqliteBuilder, openSqliteStores, type SqliteStores } from './open.js';

const model: ModelRef = {
  name: 'Pairs',
  version: 1,
  indexes: [
    { name: 'byAsset', fields: ['asset', 'at'] },
    { name: 'byTime', fields: ['at'] },
  ],
};

const APART: ModelRef = { ...model, name: 'Apart' };

const key = randomBytes(32);
let folder: string;
let views: string;
let closing: (() => Promise<void>)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seatbook-views-'));
  views = join(folder, 'views.db');
  closing = [];
});

afterEach(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(viewsDamaged?: (reason: string) => void): Promise<SqliteStores> {
  const ids = { next: randomUUID };
  const apart = [{ file: 'apart.db', models: [APART.name] }];
  const stores = await openSqliteStores({ folder, key, clock: systemClock, ids, apart, viewsDamaged });
  closing.push(() => stores.close());
  await stores.reads.prepare([model, APART]);
  return stores;
}

async function addEvents(stores: SqliteStores, count: number): Promise<void> {
  const event = { type: 't', data: '{}', metadata: '{}' };
  await stores.events.append(
    `asset-${randomUUID()}`,
    Array.from({ length: count }, () => ({ ...event, id: randomUUID() })),
    'absent',
  );
}

const rows = (count: number): Map<string, object> =>
  new Map(
    Array.from({ length: count }, (_, at) => [
      `key ${at}`,
      { key: `key ${at}`, asset: `asset ${at % 5}`, at, text: 'x'.repeat(200) },
    ]),
  );

/** Moves the checkpoint as the only builder; every document was touched by the last event. */
async function commit(
  reads: ReadStore,
  of: ModelRef,
  documents: ReadonlyMap<string, object | null>,
  from: number,
  to: number,
): Promise<void> {
  const position = asPosition(to);
  await reads.takeOver(of, 1);
  const placed = new Map([...documents].map(([name, document]) => [name, { document, position }]));
  await reads.commit(of, placed, { from: asPosition(from), to: position, epoch: 1 });
}

const snapshotOf = (stream: string, chunks: readonly unknown[], position = 1): Snapshot => ({
  stream,
  schema: 'asset@1',
  revision: 1,
  position: asPosition(position),
  eventId: 'event',
  chunks,
});

/** Stores with 20 events and 500 documents that reflect the 10th. */
async function filled(): Promise<SqliteStores> {
  const stores = await open();
  await addEvents(stores, 20);
  await commit(stores.reads, model, rows(500), 0, 10);
  return stores;
}

describe('a views.db that cannot be used is deleted and begins empty, and the start says so', () => {
  const damages: Record<string, () => void> = {
    'no database': () => writeFileSync(views, 'this is not a database'.repeat(1_000)),
    'cut off': () => truncateSync(views, 5_000),
    'a damaged header': () => {
      const bytes = readFileSync(views);
      bytes.fill(0xff, 100, 200);
      writeFileSync(views, bytes);
    },
    'of another format': () => {
      const raw = new Database(views);
      raw.pragma('user_version = 77');
      raw.close();
    },
    'of another program': () => {
      rmSync(views);
      const raw = new Database(views);
      raw.exec('CREATE TABLE mine (x)');
      raw.close();
    },
    'of another log': () => {
      const raw = new Database(join(folder, 'events.db'));
      raw.exec(`UPDATE log SET id = 'another'`);
      raw.close();
    },
  };
  test.each(Object.entries(damages))('%s', async (_title, damage) => {
    await (await filled()).close();
    damage();
    const stores = await open();
    const told = stores.notices.filter((notice) => /views\.db .*rebuilt from the log/.test(notice));
    assert.equal(told.length, 1);
    assert.equal(await stores.reads.checkpoint(model), 0);
    await addEvents(stores, 20);
    await commit(stores.reads, model, rows(3), 0, 10);
    await stores.close();
    const again = await open();
    assert.deepEqual(again.notices, []);
    assert.equal(await again.reads.checkpoint(model), 10);
  });

  test('deleted by hand: nothing to say', async () => {
    await (await filled()).close();
    rmSync(views);
    const stores = await open();
    assert.deepEqual(stores.notices, []);
    assert.equal(await stores.reads.checkpoint(model), 0);
  });

  /** All but the first pages, which the start reads. */
  const damagePages = (): void => {
    const bytes = readFileSync(views);
    bytes.fill(0xa5, 40_960);
    writeFileSync(views, bytes);
  };

  test('damage that is met only in use is told and noted, and the next start begins anew', async () => {
    await (await filled()).close();
    damagePages();
    const told: string[] = [];
    const stores = await open((reason) => told.push(reason));
    const read = () => stores.reads.getMany(model, [...rows(500).keys()]);
    await assert.rejects(read(), StoreUnavailable);
    await assert.rejects(read(), /rebuilt from the log when they are opened again/);
    assert.deepEqual([told.length, told[0]?.includes('views.db')], [1, true]);
    await stores.close();
    const again = await open();
    assert.match(again.notices[0] ?? '', /found damaged while in use/);
    assert.equal(await again.reads.checkpoint(model), 0);
    await again.close();
    assert.deepEqual((await open()).notices, []);
  });

  test('damage that the start itself meets is mended by that start', async () => {
    const before = await filled();
    for (let number = 0; number < 2_000; number += 1)
      await before.reads.saveSnapshot(snapshotOf(`a stream with a long name ${number}`, [number]));
    await before.close();
    damagePages();
    const stores = await open(() => assert.fail('it is mended already'));
    assert.equal(stores.notices.length, 1);
    assert.match(stores.notices[0] ?? '', /views\.db .*rebuilt from the log/);
    assert.equal(await stores.reads.checkpoint(model), 0);
    assert.equal(await stores.reads.loadSnapshot('a stream with a long name 7'), null);
  });

  test('damage that the builder meets is told, and a builder of such a file is refused', async () => {
    await (await filled()).close();
    damagePages();
    const stores = await open();
    const told: string[] = [];
    const viewsDamaged = (reason: string): void => void told.push(reason);
    const builder = openSqliteBuilder({ folder, viewsDamaged });
    await builder.reads.prepare([model]);
    await assert.rejects(builder.reads.getMany(model, [...rows(500).keys()]), StoreUnavailable);
    builder.close();
    assert.throws(() => openSqliteBuilder({ folder, viewsDamaged }), /rebuilt from the log/);
    assert.equal(told.length, 2);
    await stores.close();
    assert.match((await open()).notices[0] ?? '', /found damaged while in use/);
  });
});

describe('read models with a file of their own', () => {
  const file = (): string => join(folder, 'apart.db');

  /** Both models reflect the 10th of 20 events. */
  async function both(): Promise<SqliteStores> {
    const stores = await filled();
    await commit(stores.reads, APART, rows(3), 0, 10);
    return stores;
  }

  test('are in it, and a thread may build it while another builds views.db', async () => {
    const stores = await both();
    const raw = new Database(file(), { readonly: true });
    assert.equal(raw.prepare('SELECT name FROM models').pluck().all().join(), APART.name);
    raw.close();
    const [one, other] = [openSqliteBuilder({ folder }), openSqliteBuilder({ folder, file: 'apart.db' })];
    await one.reads.prepare([model]);
    await other.reads.prepare([APART]);
    await Promise.all([
      commit(one.reads, model, rows(600), 10, 12),
      commit(other.reads, APART, rows(4), 10, 15),
    ]);
    one.close();
    other.close();
    assert.deepEqual(await stores.reads.checkpoints([APART, model, APART]), [15, 12, 15]);
    assert.equal((await stores.reads.getMany(APART, ['key 3'])).size, 1);
    assert.equal(await stores.reads.get(model, 'key 599').then((found) => found !== null), true);
  });

  test('one that is deleted or damaged is made anew, and the other is left as it is', async () => {
    await (await both()).close();
    rmSync(file());
    const stores = await open();
    assert.deepEqual(stores.notices, []);
    assert.deepEqual(await stores.reads.checkpoints([model, APART]), [10, 0]);
    await commit(stores.reads, APART, rows(3), 0, 10);
    await stores.close();
    writeFileSync(views, 'this is not a database'.repeat(1_000));
    const again = await open();
    assert.equal(again.notices.length, 1);
    assert.deepEqual(await again.reads.checkpoints([model, APART]), [0, 10]);
  });

  test('each that is ahead of the log is dropped', async () => {
    const stores = await both();
    await commit(stores.reads, APART, rows(3), 10, 30);
    await stores.close();
    const again = await open();
    assert.equal(again.notices.length, 1);
    assert.match(again.notices[0] ?? '', /had reached position 30 and the log ends at 20/);
    assert.deepEqual(await again.reads.checkpoints([model, APART]), [10, 0]);
  });
});

describe('models that are committed in one turn', () => {
  test('share a transaction, and one that is refused leaves the others alone', async () => {
    const { reads } = await filled();
    const OTHER: ModelRef = { ...model, name: 'other' };
    await reads.prepare([OTHER]);
    await reads.takeOver(OTHER, 1);
    const move = { from: asPosition(0), to: asPosition(12), epoch: 1 };
    const placed = new Map(
      [...rows(3)].map(([name, document]) => [name, { document, position: asPosition(12) }]),
    );
    const [refused, written] = await Promise.allSettled([
      reads.commit(model, placed, move),
      reads.commit(OTHER, placed, move),
    ]);
    assert.equal(refused.status === 'rejected' && refused.reason instanceof CheckpointMoved, true);
    assert.equal(written.status, 'fulfilled');
    assert.deepEqual(await reads.checkpoints([model, OTHER]), [10, 12]);
  });
});

describe('views and their log', () => {
  test('pages are copied less often while a builder is far behind, and never by who saves a snapshot', async () => {
    const { reads } = await open();
    const large = (number: number) =>
      new Map([
        [`key ${number}`, { key: `key ${number}`, asset: 'a', at: number, text: 'x'.repeat(9_000_000) }],
      ]);
    const size = () => statSync(views).size;
    await commit(reads, model, large(1), 0, 50_000);
    await commit(reads, model, large(2), 50_000, 100_000);
    await reads.saveSnapshot(snapshotOf('s', ['y'.repeat(100_000)]));
    assert.ok(size() < 9_000_000, `${size()} bytes are copied`);
    await commit(reads, model, new Map(), 100_000, 100_001);
    assert.ok(size() > 18_000_000, `${size()} bytes are copied`);
  });

  test('views that are further than a restored log are dropped, snapshots too', async () => {
    const stores = await open();
    await addEvents(stores, 5);
    await stores.close();
    const backup = readFileSync(join(folder, 'events.db'));
    const later = await open();
    await addEvents(later, 5);
    await commit(later.reads, model, rows(5), 0, 10);
    await later.reads.saveSnapshot(snapshotOf('s', [1]));
    await later.close();
    writeFileSync(join(folder, 'events.db'), backup);
    const restored = await open();
    assert.match(restored.notices[0] ?? '', /position 10 and the log ends at 5/);
    assert.equal(await restored.reads.checkpoint(model), 0);
    assert.equal(await restored.reads.get(model, 'key 1'), null);
    assert.equal(await restored.reads.loadSnapshot('s'), null);
  });

  test('a snapshot of events that a restored log does not hold is dropped, though all models are behind', async () => {
    const stores = await open();
    await addEvents(stores, 5);
    await stores.reads.saveSnapshot(snapshotOf('kept', [1], 5));
    await stores.close();
    const backup = readFileSync(join(folder, 'events.db'));
    const later = await open();
    await addEvents(later, 5);
    await later.reads.saveSnapshot(snapshotOf('lost', [1], 6));
    await later.close();
    writeFileSync(join(folder, 'events.db'), backup);
    const restored = await open();
    assert.deepEqual(restored.notices, []);
    assert.equal(await restored.reads.loadSnapshot('lost'), null);
    assert.equal((await restored.reads.loadSnapshot('kept'))?.position, 5);
  });

  test('a model that was not prepared is refused', async () => {
    const stores = await open();
    const other = { ...model, version: 2 };
    await assert.rejects(stores.reads.get(other, 'a'), /Pairs@2 is not prepared/);
    await assert.rejects(commit(stores.reads, other, new Map(), 0, 1), /not prepared/);
    assert.equal(await stores.reads.checkpoint(other), 0);
  });

  test('models whose names or fields differ only in case do not meet', async () => {
    const stores = await open();
    const indexes = [{ name: 'both', fields: ['uId', 'uid'] }];
    const [upper, lower] = [
      { name: 'Model', version: 1, indexes },
      { name: 'model', version: 1, indexes },
    ];
    await stores.reads.prepare([upper, lower]);
    await commit(stores.reads, upper, new Map([['a', { uId: 1, uid: 2 }]]), 0, 1);
    assert.equal(await stores.reads.get(lower, 'a'), null);
    const found = await stores.reads.query(upper, { index: 'both', equals: [1, 2], limit: 5 });
    assert.equal(found.rows.length, 1);
  });

  test('changed indexes are filled from the documents that are there', async () => {
    const stores = await filled();
    const changed = { ...model, indexes: [{ name: 'byText', fields: ['text', 'at'] }] };
    await stores.reads.prepare([changed]);
    assert.equal(await stores.reads.checkpoint(changed), 10);
    const query = { index: 'byText', equals: ['x'.repeat(200)], limit: 1_000 };
    assert.equal((await stores.reads.query(changed, query)).rows.length, 500);
    await commit(stores.reads, changed, new Map([['key 1', null]]), 10, 11);
    assert.equal((await stores.reads.query(changed, query)).rows.length, 499);
  });

  test('a query that its index cannot serve is a bug and says so', async () => {
    const stores = await filled();
    const ask = (query: object) =>
      stores.reads.query(model, { index: 'byAsset', equals: [], limit: 5, ...query });
    await assert.rejects(ask({ index: 'unknown' }), /has no index unknown/);
    await assert.rejects(ask({ equals: ['a', 1, 2] }), /has only the fields asset, at/);
    await assert.rejects(ask({ equals: ['a', 1], range: { from: 1 } }), /has only the fields/);
    await assert.rejects(ask({ range: { from: null } }), RangeError);
    await assert.rejects(ask({ limit: 0 }), RangeError);
    await assert.rejects(commit(stores.reads, model, new Map([['a', { asset: {} }]]), 10, 11), TypeError);
    assert.equal(await stores.reads.checkpoint(model), 10);
  });

  test('a cursor in which anything was changed is refused', async () => {
    const stores = await filled();
    const query = { index: 'byAsset', equals: ['asset 1'], limit: 3 };
    const { next } = await stores.reads.query(model, query);
    assert.ok(next);
    const letters = 'ABCabc019-_';
    for (let trial = 0; trial < 500; trial += 1) {
      const at = randomInt(next.length);
      const letter = letters[randomInt(letters.length)] ?? 'A';
      if (next[at] === letter) continue;
      const cursor = next.slice(0, at) + letter + next.slice(at + 1);
      await assert.rejects(stores.reads.query(model, { ...query, cursor }), InvalidCursor, cursor);
    }
    for (const text of ['[]', '{}', 'null', '[1,2,3]', '["x","key 1",1]', '["x",1,{}]']) {
      const cursor = Buffer.from(text).toString('base64url');
      await assert.rejects(stores.reads.query(model, { ...query, cursor }), InvalidCursor, text);
    }
  });
});

describe('two threads', () => {
  test('the main thread sees what the builder commits, and the builder what is appended', async () => {
    const stores = await open();
    const builder = openSqliteBuilder({ folder });
    closing.unshift(async () => builder.close());
    await builder.reads.prepare([model]);
    await addEvents(stores, 3);
    assert.equal((await allEvents(builder.events)).length, 3);
    await commit(builder.reads, model, rows(3), 0, 3);
    assert.equal(await stores.reads.checkpoint(model), 3);
    assert.deepEqual(
      (await stores.reads.query(model, { index: 'byTime', equals: [2], limit: 1 })).rows.length,
      1,
    );
    await builder.reads.drop(model);
    assert.equal(await stores.reads.get(model, 'key 1'), null);
    assert.equal(await stores.reads.checkpoint(model), 0);

    const rung: number[] = [];
    builder.events.onAppended((position) => rung.push(numberOf(position)));
    stores.events.onAppended((position) => builder.events.ring(position));
    await addEvents(stores, 2);
    assert.deepEqual(rung, [5]);
  });

  test('a model that the main thread did not know is usable after both prepared it', async () => {
    const stores = await open();
    const builder = openSqliteBuilder({ folder });
    closing.unshift(async () => builder.close());
    const added = { ...model, name: 'Added' };
    await builder.reads.prepare([added]);
    await stores.reads.prepare([added]);
    await commit(builder.reads, added, rows(2), 0, 1);
    assert.notEqual(await stores.reads.get(added, 'key 1'), null);
  });

  test('a snapshot is left out while the other thread writes, without waiting, and reads go on', async () => {
    const stores = await filled();
    const writing = new Database(views);
    writing.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    await stores.reads.saveSnapshot(snapshotOf('s', [1]));
    // Waiting for the lock takes 5 s.
    assert.ok(performance.now() - started < 5_000);
    assert.equal(await stores.reads.loadSnapshot('s'), null);
    assert.notEqual(await stores.reads.get(model, 'key 1'), null);
    writing.exec('ROLLBACK');
    writing.close();
    await stores.reads.saveSnapshot(snapshotOf('s', [1]));
    assert.equal((await stores.reads.loadSnapshot('s'))?.revision, 1);
  });

  test('a damaged snapshot is none', async () => {
    const stores = await filled();
    await stores.reads.saveSnapshot(snapshotOf('s', ['one', 'two']));
    const raw = new Database(views);
    raw.exec(`UPDATE snapshotChunks SET chunk = '"TWO"' WHERE number = 1`);
    assert.equal(await stores.reads.loadSnapshot('s'), null);
    raw.exec('DELETE FROM snapshotChunks WHERE number = 1');
    assert.equal(await stores.reads.loadSnapshot('s'), null);
    raw.close();
  });

  test('a builder without the main thread is refused', () => {
    assert.throws(() => openSqliteBuilder({ folder }), /events\.db/);
    assert.ok(!existsSync(views));
  });
});

test('no page of a long list is read again for a later one', async () => {
  const stores = await open();
  await addEvents(stores, 20);
  const many = new Map(
    Array.from(
      { length: 20_000 },
      (_, at) => [`key ${at}`, { asset: 'a', at: at < 10_000 ? null : at >> 1 }] as const,
    ),
  );
  await commit(stores.reads, model, many, 0, 1);
  const raw = new Database(views, { readonly: true });
  const plans = [
    'f1 IS ? AND f2 IS ? AND key > ?',
    'f1 IS ? AND f2 > ? AND f2 <= ?',
    'f1 IS ? AND f2 >= -9e999',
    'f1 IS ? AND f2 < ?',
    'f1 IS ? AND f2 IS NULL',
  ].map((where) => planOf(raw, `model_1 INDEXED BY model_1_by_0 WHERE ${where} ORDER BY f2, key`));
  raw.close();
  for (const plan of plans) {
    assert.match(plan, /^SEARCH model_1 USING INDEX model_1_by_0 \(f1=\? AND /);
    assert.ok(!plan.includes('TEMP B-TREE'), plan);
  }
});

describe('a model whose keys are made of fields', () => {
  const pairs: ModelRef = {
    name: 'Held',
    version: 1,
    key: { asset: 'text', holder: 'text' },
    shared: ['order'],
    indexes: [
      { name: 'byHolder', fields: ['holder', 'asset'] },
      { name: 'byState', fields: ['state', 'asset'] },
    ],
  };
  const held = (count: number): Map<string, object> =>
    new Map(
      Array.from({ length: count }, (_, at) => {
        const [asset, holder] = [`asset ${at % 5}`, `holder ${at}`];
        return [`${asset}|${holder}`, { asset, holder, state: at % 2, order: 'one', open: true }] as const;
      }),
    );

  test('has its rows in the order of its first index, which is no index of its own', async () => {
    const stores = await open();
    await stores.reads.prepare([pairs]);
    const raw = new Database(views, { readonly: true });
    const names = raw
      .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE tbl_name = 'model_2'`)
      .pluck();
    assert.equal(names.all().sort().join(), 'model_2,model_2_by_1');
    const from = 'model_2 INDEXED BY sqlite_autoindex_model_2_1';
    for (const where of ['f1 IS ?', 'f1 IS ? AND f0 > ?', 'f1 > ? AND f1 <= ?'])
      assert.match(
        planOf(raw, `${from} WHERE ${where} ORDER BY f1, f0`),
        /^SEARCH model_2 USING PRIMARY KEY \(f1.\?[^;]*\)$/,
      );
    raw.close();
  });

  test('keeps neither the names of fields nor a text that others have', async () => {
    const stores = await open();
    await stores.reads.prepare([pairs]);
    await commit(stores.reads, pairs, held(20), 0, 1);
    const raw = new Database(views, { readonly: true });
    const docs = raw.prepare<[], string>('SELECT DISTINCT doc FROM model_2').pluck().all();
    assert.equal(docs.length, 1);
    assert.match(docs[0] ?? '', /^\[\d+,\d+,true\]$/);
    raw.close();
    assert.deepEqual(await stores.reads.get(pairs, 'asset 2|holder 7'), held(20).get('asset 2|holder 7'));
  });

  test('is filled again when its indexes change', async () => {
    const stores = await open();
    await stores.reads.prepare([pairs]);
    await commit(stores.reads, pairs, held(2_500), 0, 1);
    const changed = { ...pairs, indexes: [{ name: 'byAsset', fields: ['asset'] }] };
    await stores.reads.prepare([changed]);
    const query = { index: 'byAsset', equals: ['asset 3'], limit: 1_000 };
    assert.equal((await stores.reads.query(changed, query)).rows.length, 500);
    assert.deepEqual(await stores.reads.get(changed, 'asset 2|holder 7'), held(20).get('asset 2|holder 7'));
  });

  test('gives no number away that a commit which was undone had taken', async () => {
    const stores = await open();
    await stores.reads.prepare([pairs]);
    await addEvents(stores, 5);
    const document = { asset: 'a', holder: 'b', state: 1, order: 'undone' };
    const bad = { asset: 'a', holder: 'c', state: {}, order: 'undone' };
    const undone = commit(
      stores.reads,
      pairs,
      new Map([
        ['a|b', document],
        ['a|c', bad],
      ]),
      0,
      1,
    );
    await assert.rejects(undone, TypeError);
    const kept = { asset: 'a', holder: 'd', order: 'kept', more: 1 };
    await commit(stores.reads, pairs, new Map([['a|d', kept]]), 0, 1);
    await commit(stores.reads, pairs, new Map([['a|b', document]]), 1, 2);
    await stores.close();
    const again = await open();
    await again.reads.prepare([pairs]);
    assert.deepEqual(await again.reads.get(pairs, 'a|d'), kept);
    assert.deepEqual(await again.reads.get(pairs, 'a|b'), document);
  });

  test('refuses a document without a field of its key', async () => {
    const stores = await open();
    await stores.reads.prepare([pairs]);
    await assert.rejects(
      commit(stores.reads, pairs, new Map([['a|b', { asset: 'a' }]]), 0, 1),
      /the document a\|b has no holder/,
    );
    await assert.rejects(stores.reads.get(pairs, 'a'), /the key a has fewer/);
  });
});

function planOf(raw: Database.Database, rest: string): string {
  const values = [...rest.matchAll(/\?/g)].map(() => 1);
  const steps = raw.prepare(`EXPLAIN QUERY PLAN SELECT doc FROM ${rest} LIMIT 5`).all(...values);
  return steps.map((step) => (step as { detail: string }).detail).join('; ');
}
