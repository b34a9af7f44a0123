import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { asPosition, systemClock, type Document, type ModelRef } from '@seatbook/kernel';
import type { IndexQuery, Placed, ReadStore } from '@seatbook/runtime';
import { openMongoStores } from '@seatbook/store-mongodb';
import { openSqliteStores } from '@seatbook/store-sqlite';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { same } from './same.js';

interface Row {
  readonly group: string;
  readonly value?: string | number | boolean | null;
}

const model: ModelRef<Row, 'by-group' | 'by-value'> = {
  name: 'alike',
  version: 1,
  indexes: [
    { name: 'by-group', fields: ['group', 'value'] },
    { name: 'by-value', fields: ['value'] },
  ],
};

/** In the order of all stores, each on several rows. */
const VALUES = [null, undefined, false, true, '', 'a', 'ä', '\uFFFD', '\u{10000}', '👩‍🚀'] as const;
const NUMBERS = [null, -1.5, 0, 0.5, 7, 1_750_000_000_000] as const;
const GONE = 10_000;

let stores: readonly ReadStore[];
let close: () => Promise<void>;
let position = 0;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seatbook-alike-'));
  const server = await MongoServer.started();
  const options = { key: randomBytes(32), clock: systemClock, ids: { next: randomUUID } };
  const sqlite = await openSqliteStores({ folder, ...options });
  const mongo = await openMongoStores({ url: server.url, ...options });
  stores = [sqlite.reads, mongo.reads];
  close = async () => {
    await Promise.all([sqlite.close(), mongo.close()]);
    await server.stop();
    await rm(folder, { recursive: true });
  };
  for (const store of stores) {
    await store.prepare([model]);
    await store.takeOver(model, 1);
  }
  position = 0;
});

afterEach(() => close());

/** Writes the same in all stores. */
async function commit(changes: Iterable<readonly [string, Row | null]>): Promise<void> {
  const from = asPosition(position);
  position += 1;
  const to = asPosition(position);
  const placed = new Map<string, Placed<Document>>();
  for (const [key, document] of changes) placed.set(key, { document, position: to });
  for (const store of stores) await store.commit(model, placed, { from, to, epoch: 1 });
}

const rowsOf = (group: string, values: readonly Row['value'][], count = 3): [string, Row][] =>
  values.flatMap((value, index) =>
    Array.from({ length: count }, (_, row): [string, Row] => [
      `${group} ${(index * 7 + row * 5) % 64} ${index} ${row}`,
      { group, ...(value === undefined ? {} : { value }) },
    ]),
  );

/** All rows of a query, whose pages and cursors all stores agree on; `between` runs after each page. */
async function agreed(
  query: IndexQuery<'by-group' | 'by-value'>,
  between: () => Promise<void> = async () => undefined,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const asked = { ...query, ...(cursor === undefined ? {} : { cursor }) };
    const [page, ...others] = await Promise.all(stores.map((store) => store.query(model, asked)));
    assert.ok(page);
    for (const other of others) same(other, page, JSON.stringify(asked));
    rows.push(...page.rows);
    cursor = page.next;
    await between();
  }
  return rows;
}

const valuesOf = (rows: readonly Row[]): unknown[] => rows.map(({ value }) => value ?? null);

describe('SQLite and MongoDB give the same pages and the same cursors', () => {
  test('over values of every kind, behind ten thousand deletions, in both directions', async () => {
    for (let start = 0; start < GONE; start += 5_000)
      await commit(Array.from({ length: 5_000 }, (_, index) => [`gone ${start + index}`, null] as const));
    await commit([...rowsOf('mixed', VALUES), ...rowsOf('numbers', NUMBERS)]);
    for (const [group, values] of [
      ['mixed', VALUES],
      ['numbers', NUMBERS],
    ] as const) {
      const expected = values.flatMap((value) => [value ?? null, value ?? null, value ?? null]);
      for (const limit of [4, 100]) {
        const query = { index: 'by-group', equals: [group], limit } as const;
        same(valuesOf(await agreed(query)), expected);
        same(valuesOf(await agreed({ ...query, descending: true })), [...expected].reverse());
      }
    }
    const ranges: readonly [string, IndexQuery['range']][] = [
      ['mixed', { from: '\uFFFD' }],
      ['mixed', { after: 'a', to: '\u{10000}' }],
      ['numbers', { to: 0.5 }],
      ['numbers', { from: 0, to: 7 }],
    ];
    for (const [group, range] of ranges) {
      const query = { index: 'by-group', equals: [group], limit: 2, ...(range && { range }) } as const;
      const rows = await agreed(query);
      assert.equal(rows.length, 9);
      same(valuesOf(await agreed({ ...query, descending: true })), valuesOf([...rows].reverse()));
    }
  });

  test('while rows come and go', async () => {
    await commit(rowsOf('mixed', VALUES, 4));
    for (const descending of [false, true]) {
      let written = 0;
      const rows = await agreed({ index: 'by-group', equals: ['mixed'], limit: 3, descending }, async () => {
        written += 1;
        const value = VALUES[written % VALUES.length];
        await commit([
          [`new ${descending} ${written}`, { group: 'mixed', ...(value === undefined ? {} : { value }) }],
          [`mixed ${(written * 5) % 64} 0 1`, null],
          [`mixed 12 1 1`, { group: 'mixed', value: written % 2 === 0 }],
        ]);
      });
      assert.ok(rows.length >= 4 * (VALUES.length - 1));
    }
  });

  test('and take each other’s cursors', async () => {
    await commit(rowsOf('mixed', VALUES));
    const [sqlite, mongo] = stores as [ReadStore, ReadStore];
    const query = { index: 'by-group', equals: ['mixed'], limit: 4 } as const;
    let cursor: string | null = null;
    const rows: Row[] = [];
    for (let turn = 0; turn === 0 || cursor !== null; turn += 1) {
      const page: { rows: readonly Row[]; next: string | null } = await (
        turn % 2 === 0 ? sqlite : mongo
      ).query(model, { ...query, ...(cursor === null ? {} : { cursor }) });
      rows.push(...page.rows);
      cursor = page.next;
    }
    same(
      valuesOf(rows),
      VALUES.flatMap((value) => [value ?? null, value ?? null, value ?? null]),
    );
  });
});
