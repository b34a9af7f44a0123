import type { ModelRef } from '@seatbook/kernel';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { START, asPosition, numberOf, type Document } from '@seatbook/kernel';
import {
  hasCode,
  type FieldValue,
  type IndexQuery,
  type Page,
  type Placed,
  type ReadStore,
} from '@seatbook/runtime';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';
import { seeded, type Chance } from './seeded.js';

/** Not asked for: an order between values of different types, and what a page shows of rows that change while it is read. */
export interface ReadStoreFixture extends Fixture {
  readonly store: ReadStore;
  reopen(): Promise<ReadStore>;
}

interface Pair {
  readonly key: string;
  readonly asset?: string | null;
  readonly state?: string | null;
  readonly at?: number | null;
  readonly open?: boolean | null;
}

const INDEXES = [
  { name: 'byAsset', fields: ['asset', 'at'] },
  { name: 'byState', fields: ['asset', 'state', 'at'] },
  { name: 'byTime', fields: ['at'] },
  { name: 'byOpen', fields: ['open'] },
];

const newModel = <D extends Document = Pair>(version = 1, name = `pairs-${randomUUID()}`): ModelRef<D> => ({
  name,
  version,
  indexes: INDEXES,
});

const EPOCH = 1;
const isMoved = (error: unknown): boolean => hasCode(error, 'CHECKPOINT_MOVED');
const isInvalidCursor = (error: unknown): boolean => hasCode(error, 'INVALID_CURSOR');

type Documents<D> = Readonly<Record<string, D | null>> | ReadonlyMap<string, D | null>;

/** Documents as one event left them. */
const at = <D extends Document>(position: number, documents: Documents<D>): Map<string, Placed<D>> => {
  const entries: readonly [string, D | null][] =
    documents instanceof Map
      ? [...documents]
      : Object.entries(documents as Readonly<Record<string, D | null>>);
  return new Map(entries.map(([key, document]) => [key, { document, position: asPosition(position) }]));
};

/** Moves the checkpoint of a model, every document touched by the last event. */
const commit = (
  store: ReadStore,
  model: ModelRef,
  documents: Documents<Document>,
  from: number,
  to: number,
  epoch = EPOCH,
): Promise<void> =>
  store.commit(model, at(to, documents), { from: asPosition(from), to: asPosition(to), epoch });

/** A model that this builder has, at `START`. */
async function taken<D extends Document = Pair>(
  store: ReadStore,
  model: ModelRef<D> = newModel<D>(),
): Promise<ModelRef<D>> {
  await store.prepare([model]);
  await store.takeOver(model, EPOCH);
  return model;
}

/** A model with documents, at 1. */
async function prepared(store: ReadStore, ...pairs: readonly Pair[]): Promise<ModelRef<Pair>> {
  const model = await taken(store);
  await commit(store, model, new Map(pairs.map((pair) => [pair.key, pair])), 0, 1);
  return model;
}

const keysOf = (pairs: readonly Pair[]): readonly string[] => pairs.map((pair) => pair.key);

async function keys(store: ReadStore, model: ModelRef<Pair>, query: IndexQuery): Promise<readonly string[]> {
  return keysOf((await store.query(model, query)).rows);
}

/** All pages of a query; `between` runs after each. */
async function pagesOf(
  store: ReadStore,
  model: ModelRef<Pair>,
  query: IndexQuery,
  between: (page: readonly Pair[]) => Promise<void> = async () => {},
): Promise<readonly Pair[]> {
  const rows: Pair[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await store.query(model, { ...query, ...(cursor === undefined ? {} : { cursor }) });
    assert.ok(page.rows.length <= query.limit);
    rows.push(...page.rows);
    if (page.next === null) return rows;
    assert.ok(page.rows.length > 0, 'a page with a next one is not empty');
    cursor = page.next;
    await between(page.rows);
  }
}

/** The rows of a query as a plain sort finds them: null before all values, ties by key. */
function expectedRows(
  pairs: readonly Pair[],
  { index, equals, range, descending }: IndexQuery,
): readonly string[] {
  const fields = INDEXES.find(({ name }) => name === index)?.fields ?? [];
  const valueOf = (pair: Pair, field: string): FieldValue =>
    (pair as unknown as Record<string, FieldValue>)[field] ?? null;
  const ranged = fields[equals.length] ?? '';
  const inRange = (value: FieldValue): boolean =>
    range === undefined ||
    (value !== null &&
      (range.from === undefined || compare(value, range.from) >= 0) &&
      (range.after === undefined || compare(value, range.after) > 0) &&
      (range.to === undefined || compare(value, range.to) <= 0));
  const found = pairs
    .filter((pair) => equals.every((value, number) => valueOf(pair, fields[number] ?? '') === value))
    .filter((pair) => inRange(valueOf(pair, ranged)))
    .sort((a, b) => {
      for (const field of fields) {
        const order = compare(valueOf(a, field), valueOf(b, field));
        if (order !== 0) return order;
      }
      return compare(a.key, b.key);
    });
  return keysOf(descending ? found.reverse() : found);
}

/** Documents with made keys as a plain sort finds them. */
function expectedHeld(
  rows: readonly Held[],
  { indexes }: ModelRef<Held>,
  { index, equals, range, descending }: IndexQuery,
): readonly Held[] {
  const fields = (indexes.find(({ name }) => name === index)?.fields ?? []) as readonly (keyof Held)[];
  const valueOf = (row: Held, field: keyof Held | undefined): FieldValue =>
    field === undefined ? null : (row[field] as FieldValue);
  const ranged = (row: Held): FieldValue => valueOf(row, fields[equals.length]);
  const found = rows
    .filter((row) => equals.every((value, number) => valueOf(row, fields[number]) === value))
    .filter((row) => range?.from === undefined || compare(ranged(row), range.from) >= 0)
    .filter((row) => range?.after === undefined || compare(ranged(row), range.after) > 0)
    .filter((row) => range?.to === undefined || compare(ranged(row), range.to) <= 0)
    .sort((one, other) => {
      for (const field of fields) {
        const order = compare(valueOf(one, field), valueOf(other, field));
        if (order !== 0) return order;
      }
      return compare(heldKey(one), heldKey(other));
    });
  return descending ? found.reverse() : found;
}

function compare(a: FieldValue, b: FieldValue): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}

/** Documents whose keys are made of fields, and which have texts in common. */
interface Held {
  readonly asset: string;
  readonly holder: string;
  readonly state: string | null;
  readonly order?: unknown;
}

const heldModel = (): ModelRef<Held> => ({
  name: `held-${randomUUID()}`,
  version: 1,
  key: { asset: 'text', holder: 'text' },
  shared: ['state', 'order'],
  indexes: [
    { name: 'byHolder', fields: ['holder', 'asset'] },
    { name: 'byAsset', fields: ['asset'] },
    { name: 'byState', fields: ['state', 'asset'] },
  ],
});

const heldKey = ({ asset, holder }: Held): string => `${asset}|${holder}`;

const HOLDERS = ['', 'a', 'A', 'a|b', '|', '0', '00', 'ä', '\u{10000}', ' a'];

const randomHeld = (chance: Chance): Held => {
  const order = chance.pick([undefined, null, 'order 1', 'order 2', '', 7, '7', true, ['order 1'], '\ud800']);
  return {
    asset: chance.pick(['1.a', '1.b', '2.a']),
    holder: chance.pick(HOLDERS),
    state: chance.pick([null, 'assigned', 'waiting']),
    ...(order === undefined ? {} : { order }),
  };
};

const randomPair = (chance: Chance, key: string): Pair => {
  const asset = chance.pick(['a', 'b', null, undefined]);
  const state = chance.pick(['assigned', 'waiting', null]);
  const at = chance.pick([null, -1.5, 0, 1, 2, 1_750_000_000_000]);
  const open = chance.pick([true, false, null]);
  return { key, ...(asset === undefined ? {} : { asset }), state, at, open };
};

export const readStoreCases: Cases<ReadStoreFixture> = {
  'a model that was never built is empty and at the start': async ({ store }) => {
    const model = newModel();
    await store.prepare([model]);
    assert.equal(await store.checkpoint(model), START);
    assert.equal(await store.get(model, 'a'), null);
    same(await store.query(model, { index: 'byTime', equals: [], limit: 10 }), {
      rows: [],
      next: null,
    });
    assert.equal(await store.takeOver(model, EPOCH), START);
    await commit(store, model, { a: { key: 'a' } }, 0, 1);
    same(await store.get(model, 'a'), { key: 'a' });
  },

  'documents and checkpoint of a commit are there when it resolves': async ({ store }) => {
    const model = await taken(store);
    const document = {
      key: 'a',
      text: 'ä \u0000 👩‍🚀',
      nested: { list: [1, null, { x: true }] },
      big: 2 ** 53,
    };
    await commit(store, model, { a: document }, 0, 42);
    assert.equal(await store.checkpoint(model), 42);
    same(await store.get(model, 'a'), document);
  },

  'a commit replaces and deletes documents': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 }, { key: 'b', at: 2 }, { key: 'c', at: 3 });
    await commit(store, model, { a: { key: 'a', at: 9 }, b: null, 'never there': null }, 1, 2);
    same(await store.get(model, 'a'), { key: 'a', at: 9 });
    assert.equal(await store.get(model, 'b'), null);
    same(await keys(store, model, { index: 'byTime', equals: [], limit: 10 }), ['c', 'a']);
  },

  'a deleted document can come again': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 });
    await commit(store, model, { a: null }, 1, 2);
    await commit(store, model, { a: { key: 'a', at: 3 } }, 2, 3);
    same(await keys(store, model, { index: 'byTime', equals: [3], limit: 10 }), ['a']);
    same(await store.get(model, 'a'), { key: 'a', at: 3 });
  },

  'a commit without documents moves the checkpoint': async ({ store }) => {
    const model = await prepared(store);
    await commit(store, model, {}, 1, 500);
    assert.equal(await store.checkpoint(model), 500);
  },

  'each document has the position of the last event that touched it': async ({ store }) => {
    const model = await taken(store);
    const changes = new Map([...at(3, { a: { key: 'a' }, b: { key: 'b' } }), ...at(7, { c: { key: 'c' } })]);
    await store.commit(model, changes, { from: START, to: asPosition(9), epoch: EPOCH });
    await store.commit(model, at(12, { b: { key: 'b', at: 1 } }), {
      from: asPosition(9),
      to: asPosition(20),
      epoch: EPOCH,
    });
    const found = await store.getMany(model, ['a', 'b', 'c']);
    same([...found].sort(), [
      ['a', { document: { key: 'a' }, position: 3 }],
      ['b', { document: { key: 'b', at: 1 }, position: 12 }],
      ['c', { document: { key: 'c' }, position: 7 }],
    ]);
  },

  'a deleted document is left out, or is there as deleted at its position': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 }, { key: 'b', at: 1 });
    await commit(store, model, { a: null }, 1, 4);
    const found = await store.getMany(model, ['a', 'b', 'never']);
    const deleted = found.get('a');
    if (deleted) same(deleted, { document: null, position: 4 });
    same(found.get('b'), { document: { key: 'b', at: 1 }, position: 1 });
    assert.ok(!found.has('never'));
  },

  'a commit from another checkpoint is refused and changes no checkpoint': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 });
    await assert.rejects(commit(store, model, { a: { key: 'a', at: 2 } }, 0, 5), isMoved);
    await assert.rejects(commit(store, model, { b: { key: 'b', at: 2 } }, 2, 6), isMoved);
    assert.equal(await store.checkpoint(model), 1);
    await eitherWay(store, model, 'a', [1, { key: 'a', at: 1 }], [5, { key: 'a', at: 2 }]);
    await eitherWay(store, model, 'b', null, [6, { key: 'b', at: 2 }]);
  },

  'taking a checkpoint over returns its position, and can be repeated': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 });
    assert.equal(await store.takeOver(model, 2), 1);
    assert.equal(await store.takeOver(model, 2), 1);
    await commit(store, model, {}, 1, 3, 2);
    assert.equal(await store.takeOver(model, 9), 3);
  },

  'a builder whose model was taken over moves no checkpoint, wherever it is': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 });
    await store.takeOver(model, 2);
    await assert.rejects(commit(store, model, { a: { key: 'a', at: 2 } }, 1, 5, 1), isMoved);
    assert.equal(await store.checkpoint(model), 1);
    await eitherWay(store, model, 'a', [1, { key: 'a', at: 1 }], [5, { key: 'a', at: 2 }]);
    await commit(store, model, { a: { key: 'a', at: 3 } }, 1, 6, 2);
    same([...(await store.getMany(model, ['a']))], [['a', { document: { key: 'a', at: 3 }, position: 6 }]]);
  },

  'an epoch that has passed takes no checkpoint over': async ({ store }) => {
    const model = await prepared(store);
    await store.takeOver(model, 5);
    await assert.rejects(store.takeOver(model, 4), isMoved);
    await commit(store, model, {}, 1, 2, 5);
    assert.equal(await store.checkpoint(model), 2);
  },

  'a builder that comes late takes no document back': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 });
    await store.takeOver(model, 2);
    await commit(store, model, { a: { key: 'a', at: 9 }, b: null }, 1, 9, 2);
    const late = commit(store, model, { a: { key: 'a', at: 4 }, b: { key: 'b', at: 4 } }, 1, 4, 1);
    await assert.rejects(late, isMoved);
    same([...(await store.getMany(model, ['a']))], [['a', { document: { key: 'a', at: 9 }, position: 9 }]]);
    assert.equal(await store.get(model, 'b'), null);
    assert.equal(await store.checkpoint(model), 9);
  },

  'what is built again in other batches gives the same documents, each event counted once': async ({
    store,
  }) => {
    await seeded(async (chance) => {
      const model = await taken<{ count: number }>(store);
      const events = Array.from({ length: 60 }, () => chance.pick(['a', 'b', 'c', 'd']));
      let epoch = EPOCH;
      let checkpoint = 0;
      while (checkpoint < events.length) {
        const to = Math.min(events.length, checkpoint + 1 + chance.below(12));
        const changes = await counted(store, model, events, checkpoint, to);
        const lost = chance.below(3) === 0;
        // A builder that has lost its lease may have written documents before it is refused.
        if (lost) await store.takeOver(model, (epoch += 1));
        const move = { from: asPosition(checkpoint), to: asPosition(to), epoch: lost ? epoch - 1 : epoch };
        await store.commit(model, changes, move).catch((error: unknown) => assert.ok(lost && isMoved(error)));
        const reached = await store.checkpoint(model);
        assert.equal(reached, lost ? move.from : move.to);
        checkpoint = numberOf(reached);
      }
      for (const key of ['a', 'b', 'c', 'd']) {
        const count = events.filter((event) => event === key).length;
        same(await store.get(model, key), count === 0 ? null : { count });
      }
    });
  },

  'the checkpoints of many models are read in one look': async ({ store }) => {
    const models = [await prepared(store), newModel(), await prepared(store)];
    await commit(store, models[2] as ModelRef, {}, 1, 8);
    same(await store.checkpoints(models), [1, START, 8]);
    same(await store.checkpoints([]), []);
  },

  'of two builders that commit from one checkpoint exactly one wins': async ({ store }) => {
    const model = await prepared(store);
    const builders = Array.from({ length: 8 }, (_, builder) => builder);
    const outcomes = await Promise.all(
      builders.map((builder) =>
        commit(store, model, { [`row of ${builder}`]: { key: `row of ${builder}` } }, 1, 10 + builder).then(
          () => builder,
          (error: unknown) => {
            assert.ok(isMoved(error));
            return null;
          },
        ),
      ),
    );
    const winners = outcomes.filter((builder) => builder !== null);
    assert.equal(winners.length, 1);
    assert.equal(await store.checkpoint(model), 10 + (winners[0] ?? 0));
    same(await store.get(model, `row of ${winners[0]}`), { key: `row of ${winners[0]}` });
  },

  'many documents are read at once, those missing left out': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 }, { key: 'b', at: 2 }, { key: 'c', at: 3 });
    const found = await store.getMany(model, ['c', 'x', 'a']);
    same([...found].sort(), [
      ['a', { document: { key: 'a', at: 1 }, position: 1 }],
      ['c', { document: { key: 'c', at: 3 }, position: 1 }],
    ]);
    assert.equal((await store.getMany(model, [])).size, 0);
  },

  'a batch of 5,000 documents is taken whole': async ({ store }) => {
    const model = await taken(store);
    const pairs = Array.from({ length: 5_000 }, (_, at): Pair => ({ key: `pair ${at}`, asset: 'a', at }));
    await commit(store, model, new Map(pairs.map((pair) => [pair.key, pair])), 0, 1);
    assert.equal((await store.getMany(model, keysOf(pairs))).size, 5_000);
    assert.equal(
      (await pagesOf(store, model, { index: 'byAsset', equals: ['a'], limit: 1_000 })).length,
      5_000,
    );
    // Some of them are replaced, and some deleted; none of the others is touched.
    const changes = pairs
      .slice(100, 377)
      .map((pair, at): [string, Pair | null] => [pair.key, at % 3 === 0 ? null : { ...pair, asset: 'b' }]);
    await commit(store, model, new Map(changes), 1, 2);
    const asked = { index: 'byAsset', limit: 1_000 } as const;
    const left = await pagesOf(store, model, { ...asked, equals: ['a'] });
    const replaced = await pagesOf(store, model, { ...asked, equals: ['b'] });
    assert.equal(left.length, 5_000 - changes.length);
    same(
      replaced,
      changes.flatMap(([, pair]) => (pair ? [pair] : [])),
    );
  },

  'keys are compared by every character': async ({ store }) => {
    const names = ['a', 'A', 'a ', 'ä', 'a.b', 'a$b', 'a%', '$a', '👩‍🚀', 'x'.repeat(200)];
    const model = await prepared(store, ...names.map((key) => ({ key, at: 1 })));
    for (const key of names) same(await store.get(model, key), { key, at: 1 });
    same(
      [...(await keys(store, model, { index: 'byTime', equals: [1], limit: 100 }))].sort(),
      [...names].sort(),
    );
  },

  'rows are found by the first fields of an index, in the order of the next': async ({ store }) => {
    const model = await prepared(
      store,
      { key: '1', asset: 'a', at: 3 },
      { key: '2', asset: 'b', at: 1 },
      { key: '3', asset: 'a', at: 1 },
      { key: '4', asset: 'a', at: 2 },
      { key: '5', asset: 'A', at: 2 },
    );
    same(await keys(store, model, { index: 'byAsset', equals: ['a'], limit: 10 }), ['3', '4', '1']);
    same(await keys(store, model, { index: 'byAsset', equals: ['a', 2], limit: 10 }), ['4']);
    same(await keys(store, model, { index: 'byAsset', equals: ['c'], limit: 10 }), []);
    assert.equal((await keys(store, model, { index: 'byAsset', equals: [], limit: 10 })).length, 5);
  },

  'numbers are ordered as numbers and text by its code points': async ({ store }) => {
    const model = await prepared(
      store,
      ...[10, 9, -1, 0.5, 1_750_000_000_000].map((at) => ({ key: `${at}`, at })),
      ...['b', 'a', 'B', 'ab', 'ä'].map((state) => ({ key: state, asset: 'text', state })),
    );
    const numbers = await keys(store, model, {
      index: 'byTime',
      equals: [],
      range: { from: -10 },
      limit: 10,
    });
    same(numbers, ['-1', '0.5', '9', '10', '1750000000000']);
    const texts = await keys(store, model, { index: 'byState', equals: ['text'], limit: 10 });
    same(texts, ['B', 'a', 'ab', 'b', 'ä']);
  },

  'rows without a value are found by null and come before all others': async ({ store }) => {
    const model = await prepared(
      store,
      { key: '1', asset: 'a', at: 1 },
      { key: '2', asset: 'a', at: null },
      { key: '3', asset: 'a' },
      { key: '4', asset: null, at: 1 },
      { key: '5', at: 0 },
    );
    same(await keys(store, model, { index: 'byAsset', equals: ['a'], limit: 10 }), ['2', '3', '1']);
    same(await keys(store, model, { index: 'byAsset', equals: ['a', null], limit: 10 }), ['2', '3']);
    same(await keys(store, model, { index: 'byAsset', equals: [null], limit: 10 }), ['5', '4']);
    const descending = { index: 'byAsset', equals: ['a'], descending: true, limit: 10 };
    same(await keys(store, model, descending), ['1', '3', '2']);
  },

  'booleans are found': async ({ store }) => {
    const model = await prepared(
      store,
      { key: '1', open: true },
      { key: '2', open: false },
      { key: '3' },
      { key: '4', open: true },
    );
    same(await keys(store, model, { index: 'byOpen', equals: [true], limit: 10 }), ['1', '4']);
    same(await keys(store, model, { index: 'byOpen', equals: [false], limit: 10 }), ['2']);
  },

  'a range includes its ends, begins behind `after`, and leaves out rows without a value': async ({
    store,
  }) => {
    const times = [null, 1, 2, 2, 3, 4];
    const model = await prepared(store, ...times.map((at, number) => ({ key: `${number}`, asset: 'a', at })));
    const ranged = (range: IndexQuery['range'], descending = false): Promise<readonly string[]> =>
      keys(store, model, { index: 'byAsset', equals: ['a'], ...(range && { range }), descending, limit: 10 });
    same(await ranged({ from: 2 }), ['2', '3', '4', '5']);
    same(await ranged({ after: 2 }), ['4', '5']);
    same(await ranged({ to: 2 }), ['1', '2', '3']);
    same(await ranged({ from: 2, to: 3 }), ['2', '3', '4']);
    same(await ranged({ after: 1, to: 3 }, true), ['4', '3', '2']);
    same(await ranged({ to: 2 }, true), ['3', '2', '1']);
    same(await ranged({ from: 5 }), []);
  },

  'of a field only some values are found, in its order, also from page to page': async ({ store }) => {
    const times = [4, null, 1, 2, 2, 3];
    const model = await prepared(store, ...times.map((at, number) => ({ key: `${number}`, asset: 'a', at })));
    for (const descending of [false, true]) {
      const wanted = descending ? ['0', '4', '3'] : ['3', '4', '0'];
      const query = { index: 'byAsset', equals: ['a'], range: { among: [4, 9, 2] }, descending };
      same(await keys(store, model, { ...query, limit: 10 }), wanted);
      same(keysOf(await pagesOf(store, model, { ...query, limit: 1 })), wanted);
      same(await keys(store, model, { ...query, range: { among: [] }, limit: 10 }), []);
    }
  },

  'descending is the same rows in the opposite order': async ({ store }) => {
    const model = await prepared(
      store,
      ...[3, 1, 2, 2, 1].map((at, number) => ({ key: `${number}`, asset: 'a', state: 's', at })),
    );
    const query = { index: 'byState', equals: ['a', 's'], limit: 10 };
    const ascending = await keys(store, model, query);
    assert.equal(ascending.length, 5);
    same(await keys(store, model, { ...query, descending: true }), [...ascending].reverse());
  },

  'pages follow each other over ties, in both directions': async ({ store }) => {
    const pairs = Array.from({ length: 30 }, (_, number): Pair => ({
      key: `${number}`,
      asset: 'a',
      at: number % 2,
    }));
    const model = await prepared(store, ...pairs);
    for (const descending of [false, true]) {
      const query = { index: 'byAsset', equals: ['a'], descending, limit: 4 };
      same(keysOf(await pagesOf(store, model, query)), expectedRows(pairs, query));
    }
  },

  'the last page says so, also when it is full': async ({ store }) => {
    const model = await prepared(store, { key: '1', at: 1 }, { key: '2', at: 2 });
    const page = await store.query(model, { index: 'byTime', equals: [], limit: 2 });
    assert.equal(page.rows.length, 2);
    assert.equal(page.next, null);
    assert.notEqual((await store.query(model, { index: 'byTime', equals: [], limit: 1 })).next, null);
  },

  'rows that come and go before and behind the cursor repeat and lose no other row': async ({ store }) => {
    const pairs = Array.from({ length: 40 }, (_, number): Pair => ({
      key: `${100 + number}`,
      asset: 'a',
      at: number >> 2,
    }));
    const model = await prepared(store, ...pairs);
    let checkpoint = 1;
    const rows = await pagesOf(store, model, { index: 'byAsset', equals: ['a'], limit: 7 }, async (page) => {
      const last = page.at(-1);
      assert.ok(last);
      const changes = new Map<string, Pair | null>([
        // The row at the cursor itself is deleted, and new ones appear on both sides of it.
        [last.key, null],
        [`0${checkpoint}`, { key: `0${checkpoint}`, asset: 'a', at: -1 }],
        [`9${checkpoint}`, { key: `9${checkpoint}`, asset: 'a', at: 99 }],
      ]);
      await commit(store, model, changes, checkpoint, checkpoint + 1);
      checkpoint += 1;
    });
    const seen = keysOf(rows);
    assert.equal(new Set(seen).size, seen.length);
    same(
      seen.filter((key) => key.startsWith('1')),
      keysOf(pairs),
    );
    assert.ok(seen.every((key) => !key.startsWith('0')));
    assert.ok(seen.some((key) => key.startsWith('9')));
  },

  'a sieve leaves rows out, and each page goes on behind the last row that was looked at': async ({
    store,
  }) => {
    const pairs = Array.from({ length: 30 }, (_, number): Pair => ({
      key: `${100 + number}`,
      at: number % 4,
    }));
    const model = await prepared(store, ...pairs);
    for (const descending of [false, true]) {
      const query: IndexQuery = { index: 'byTime', equals: [], descending, limit: 3 };
      const all = expectedRows(pairs, query);
      const wanted = all.filter((_key, place) => place % 5 === 0 || place > 27);
      for (const lookAt of [3, 4, 11, 100]) {
        const found: string[] = [];
        let looks = 0;
        const sieve = {
          lookAt,
          keeps: ({ key }: Pair): boolean => {
            looks += 1;
            return wanted.includes(key);
          },
        };
        for (let cursor: string | null = ''; cursor !== null;) {
          const before = looks;
          const from = cursor === '' ? query : { ...query, cursor };
          const page: Page<Pair> = await store.query(model, from, sieve);
          assert.ok(page.rows.length <= query.limit && looks - before <= lookAt);
          found.push(...keysOf(page.rows));
          cursor = page.next;
        }
        same(found, wanted);
      }
    }
  },
  'a cursor of another query, a damaged one and an invented one are refused': async ({ store }) => {
    const pairs = Array.from({ length: 9 }, (_, at): Pair => ({
      key: `${at}`,
      asset: at % 2 ? 'a' : 'b',
      state: 's',
      at,
    }));
    const model = await prepared(store, ...pairs);
    const query: IndexQuery = { index: 'byAsset', equals: ['a'], limit: 2 };
    const { next } = await store.query(model, query);
    assert.ok(next);
    const other = newModel();
    await store.prepare([other]);
    const refused: [ModelRef<Pair>, IndexQuery, string][] = [
      [other, query, next],
      [model, { ...query, equals: ['b'] }, next],
      [model, { ...query, equals: [] }, next],
      [model, { ...query, index: 'byTime', equals: [] }, next],
      [model, { ...query, descending: true }, next],
      [model, { ...query, range: { from: 1 } }, next],
      [model, query, next.slice(0, -2)],
      [model, query, `${next}x`],
      [model, query, ''],
      [model, query, 'null'],
      [model, query, Buffer.from('["a","b"]').toString('base64url')],
    ];
    for (const [target, asked, cursor] of refused) {
      await assert.rejects(
        store.query(target, { ...asked, cursor }),
        isInvalidCursor,
        `${JSON.stringify(asked)} ${cursor}`,
      );
    }
    assert.equal((await store.query(model, { ...query, cursor: next })).rows.length, 2);
  },

  'documents whose keys are made of fields are found by key and in the order of each index': async ({
    store,
  }) => {
    await seeded(async (chance) => {
      const model = await taken<Held>(store, heldModel());
      const kept = new Map<string, Held>();
      for (let turn = 1; turn <= 6; turn += 1) {
        const changes = new Map<string, Held | null>();
        for (let change = 0; change < 15; change += 1) {
          const held = randomHeld(chance);
          changes.set(heldKey(held), chance.below(4) === 0 ? null : held);
        }
        await commit(store, model, changes, turn - 1, turn);
        for (const [key, held] of changes)
          if (held) kept.set(key, held);
          else kept.delete(key);
      }
      for (const [key, held] of kept) same(await store.get(model, key), held);
      const placed = await store.getMany(model, [...kept.keys(), '1.a|never', '3.a|a']);
      same(new Map([...placed].map(([key, { document }]) => [key, document])), kept);
      const queries: IndexQuery[] = [
        { index: 'byHolder', equals: [], limit: 3 },
        { index: 'byHolder', equals: ['a'], limit: 1 },
        { index: 'byHolder', equals: [], range: { after: '0', to: 'ä' }, limit: 2 },
        { index: 'byHolder', equals: ['a', '1.b'], limit: 1 },
        { index: 'byAsset', equals: [], limit: 4 },
        { index: 'byAsset', equals: ['1.b'], limit: 2 },
        { index: 'byAsset', equals: [], range: { from: '1.', to: '1.\uffff' }, limit: 5 },
        { index: 'byState', equals: [null], limit: 2 },
        { index: 'byState', equals: ['assigned'], range: { to: '1.b' }, limit: 2 },
      ];
      for (const query of queries)
        for (const descending of [false, true]) {
          const found: Held[] = [];
          for (let cursor: string | null = ''; cursor !== null;) {
            const asked = { ...query, descending, ...(cursor === '' ? {} : { cursor }) };
            const page: Page<Held> = await store.query(model, asked);
            found.push(...page.rows);
            cursor = page.next;
          }
          same(
            found,
            expectedHeld([...kept.values()], model, { ...query, descending }),
            JSON.stringify(query),
          );
        }
    });
  },

  'what is asked for by value only is never asked for in its order': async ({ store }) => {
    const model = await taken<Held>(store, heldModel());
    const query = { index: 'byState', limit: 5 };
    await assert.rejects(store.query(model, { ...query, equals: [] }), /asked for a value of state/);
    const range = { from: 'a' };
    await assert.rejects(store.query(model, { ...query, equals: [], range }), /asked for a value of state/);
    same(await store.query(model, { ...query, equals: ['unheard of'] }), { rows: [], next: null });
  },

  'a number in a key is ordered as a number': async ({ store }) => {
    const model: ModelRef<{ subject: string; position: number }> = {
      name: `rows-${randomUUID()}`,
      version: 1,
      key: { position: 'number', subject: 'text' },
      indexes: [{ name: 'bySubject', fields: ['subject', 'position'] }],
    };
    await taken(store, model);
    const positions = [1, 2, 9, 10, 11, 100, 2 ** 40];
    const rows = ['a|b', 'a'].flatMap((subject) => positions.map((position) => ({ subject, position })));
    await commit(store, model, new Map(rows.map((row) => [`${row.position}|${row.subject}`, row])), 0, 1);
    same(await store.get(model, '10|a|b'), { subject: 'a|b', position: 10 });
    const query = { index: 'bySubject', equals: ['a'], limit: 3 };
    const first = await store.query(model, { ...query, range: { after: 2 } });
    same(
      first.rows.map(({ position }) => position),
      [9, 10, 11],
    );
    const second = await store.query(model, { ...query, range: { after: 2 }, cursor: first.next ?? '' });
    same(
      second.rows.map(({ position }) => position),
      [100, 2 ** 40],
    );
    const last = await store.query(model, { ...query, range: { to: 10 }, descending: true });
    same(
      last.rows.map(({ position }) => position),
      [10, 9, 2],
    );
    await commit(store, model, new Map([['10|a', null]]), 1, 2);
    assert.equal(await store.get(model, '10|a'), null);
    same(await store.get(model, '10|a|b'), { subject: 'a|b', position: 10 });
  },

  'texts that documents have in common outlive a commit that was refused, and a restart': async (fixture) => {
    const { store } = fixture;
    const model = await taken<Held>(store, heldModel());
    const held = (holder: string, order: string): Held => ({
      asset: '1.a',
      holder,
      state: 'assigned',
      order,
    });
    const as = (...all: readonly Held[]): Map<string, Held> => new Map(all.map((one) => [heldKey(one), one]));
    await commit(store, model, as(held('a', 'first')), 0, 1);
    await assert.rejects(commit(store, model, as(held('x', 'never')), 0, 2), isMoved);
    await commit(store, model, as(held('b', 'second'), held('c', 'first')), 1, 2);
    const orders = async (read: ReadStore): Promise<unknown[]> => {
      await read.prepare([model]);
      const found = await read.getMany(model, ['1.a|a', '1.a|b', '1.a|c']);
      return [...found.values()].map(({ document }) => document?.order);
    };
    same((await orders(store)).sort(), ['first', 'first', 'second']);
    same((await orders(await fixture.reopen())).sort(), ['first', 'first', 'second']);
  },

  'two versions of a model exist side by side': async ({ store }) => {
    const first = newModel(1);
    const second: ModelRef<Pair> = {
      ...first,
      version: 2,
      indexes: [{ name: 'byState', fields: ['state'] }],
    };
    for (const model of [first, second]) await taken(store, model);
    await commit(store, first, { a: { key: 'a', at: 1 } }, 0, 5);
    await commit(store, second, { a: { key: 'a', state: 'new' } }, 0, 9);
    same(await store.get(first, 'a'), { key: 'a', at: 1 });
    same(await store.get(second, 'a'), { key: 'a', state: 'new' });
    same([await store.checkpoint(first), await store.checkpoint(second)], [5, 9]);
    await store.drop(second);
    assert.equal(await store.checkpoint(first), 5);
    same(await store.get(first, 'a'), { key: 'a', at: 1 });
  },

  'a dropped model is empty, at the start, and can be built again': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 }, { key: 'b', at: 2 });
    await store.drop(model);
    await store.prepare([model]);
    assert.equal(await store.checkpoint(model), START);
    assert.equal(await store.get(model, 'a'), null);
    same(await keys(store, model, { index: 'byTime', equals: [], limit: 10 }), []);
    assert.equal(await store.takeOver(model, 2), START);
    await commit(store, model, { b: { key: 'b', at: 3 } }, 0, 2, 2);
    same(await keys(store, model, { index: 'byTime', equals: [], limit: 10 }), ['b']);
  },

  'preparing again changes nothing': async ({ store }) => {
    const model = await prepared(store, { key: 'a', at: 1 });
    await store.prepare([model, newModel()]);
    await store.prepare([model]);
    same(await store.get(model, 'a'), { key: 'a', at: 1 });
    assert.equal(await store.checkpoint(model), 1);
  },

  'an index that is declared later finds the documents that are there, or all are built again': async ({
    store,
  }) => {
    const model = await prepared(store, { key: 'a', asset: 'x', at: 1 }, { key: 'b', asset: 'y', at: 2 });
    const changed: ModelRef<Pair> = { ...model, indexes: [{ name: 'reversed', fields: ['at', 'asset'] }] };
    await store.prepare([changed]);
    // A store may rebuild its indexes or restart the model, but never answer from an index that lacks rows.
    if ((await store.checkpoint(changed)) === START) {
      const pairs: readonly Pair[] = [
        { key: 'a', asset: 'x', at: 1 },
        { key: 'b', asset: 'y', at: 2 },
      ];
      await store.takeOver(changed, 2);
      await commit(store, changed, new Map(pairs.map((pair) => [pair.key, pair])), 0, 1, 2);
    }
    same(await keys(store, changed, { index: 'reversed', equals: [2, 'y'], limit: 10 }), ['b']);
    same(await keys(store, changed, { index: 'reversed', equals: [], limit: 10 }), ['a', 'b']);
  },

  'documents and checkpoints are there after a restart': async (fixture) => {
    const model = await prepared(fixture.store, { key: 'a', at: 1 }, { key: 'b', at: 2 });
    const first = await fixture.store.query(model, { index: 'byTime', equals: [], limit: 1 });
    const reopened = await fixture.reopen();
    await reopened.prepare([model]);
    assert.equal(await reopened.checkpoint(model), 1);
    same(await reopened.get(model, 'a'), { key: 'a', at: 1 });
    const query = { index: 'byTime', equals: [], limit: 1, cursor: first.next ?? '' };
    same(await keys(reopened, model, query), ['b']);
  },

  'a snapshot is loaded as it was saved, the last one of its stream': async ({ store }) => {
    const stream = `asset-${randomUUID()}`;
    const snapshot = {
      stream,
      schema: 'asset@1',
      revision: 9,
      position: asPosition(90),
      eventId: randomUUID(),
      chunks: [{ a: [1, null] }, 'ä👩‍🚀', [], 'x'.repeat(900_000)],
    };
    assert.equal(await store.loadSnapshot(stream), null);
    await store.saveSnapshot(snapshot);
    same(await store.loadSnapshot(stream), snapshot);
    const later = { ...snapshot, schema: 'asset@2', revision: 20, chunks: [{ b: 2 }] };
    await store.saveSnapshot(later);
    same(await store.loadSnapshot(stream), later);
    assert.equal(await store.loadSnapshot(`${stream}0`), null);
  },

  'any query over any documents gives the rows that a sort would, page by page, while documents change':
    async ({ store }) => {
      await seeded(async (chance) => {
        const model = await prepared(store);
        const pairs = new Map<string, Pair>();
        let checkpoint: number = 1;
        for (let round = 0; round < 25; round += 1) {
          const changes = new Map<string, Pair | null>();
          for (let change = 0; change < 12; change += 1) {
            const key = `key ${chance.below(60)}`;
            const pair = chance.below(4) === 0 ? null : randomPair(chance, key);
            changes.set(key, pair);
            if (pair) pairs.set(key, pair);
            else pairs.delete(key);
          }
          await commit(store, model, changes, checkpoint, checkpoint + 1 + chance.below(3));
          checkpoint = numberOf(await store.checkpoint(model));
          for (let asked = 0; asked < 6; asked += 1) {
            const query = randomQuery(chance);
            const rows = await pagesOf(store, model, query);
            same(keysOf(rows), expectedRows([...pairs.values()], query), JSON.stringify(query));
            same(
              rows,
              rows.map((row) => pairs.get(row.key)),
            );
          }
        }
      });
    },
};

/** A refused commit leaves a document as it was or as it was to be. */
async function eitherWay(
  store: ReadStore,
  model: ModelRef,
  key: string,
  before: readonly [position: number, document: Pair] | null,
  after: readonly [position: number, document: Pair],
): Promise<void> {
  const found = (await store.getMany(model, [key])).get(key);
  const [position, document] = found?.position === asPosition(after[0]) ? after : (before ?? []);
  same(found, position === undefined ? undefined : { document, position });
}

/** Counts per key, as a builder folds them: what a document already contains is passed over. */
async function counted(
  store: ReadStore,
  model: ModelRef<{ count: number }>,
  events: readonly string[],
  from: number,
  to: number,
): Promise<Map<string, Placed<{ count: number }>>> {
  const before = await store.getMany(model, events.slice(from, to));
  const changes = new Map<string, Placed<{ count: number }>>();
  for (const [index, key] of events.slice(from, to).entries()) {
    const known = changes.get(key) ?? before.get(key) ?? { document: null, position: START };
    const position = asPosition(from + index + 1);
    const count = (known.document?.count ?? 0) + 1;
    changes.set(key, known.position >= position ? known : { document: { count }, position });
  }
  return changes;
}

function randomQuery(chance: Chance): IndexQuery {
  const times = [-1.5, 0, 1, 2, 1_750_000_000_000];
  const values: Record<string, readonly FieldValue[]> = {
    asset: ['a', 'b', 'c', null],
    state: ['assigned', 'waiting', null],
    at: [null, ...times],
    open: [true, false, null],
  };
  const { name, fields } = chance.pick(INDEXES);
  const equals = fields
    .slice(0, chance.below(fields.length + 1))
    .map((field) => chance.pick(values[field] ?? [null]));
  const ranged = fields[equals.length];
  const ends: readonly FieldValue[] = ranged === 'at' ? times : ['a', 'b', 'waiting'];
  const range = {
    ...(chance.below(2) ? { from: chance.pick(ends) } : {}),
    ...(chance.below(3) ? {} : { after: chance.pick(ends) }),
    ...(chance.below(2) ? { to: chance.pick(ends) } : {}),
  };
  const withRange = ranged !== undefined && ranged !== 'open' && Object.keys(range).length > 0;
  return {
    index: name,
    equals,
    ...(withRange ? { range } : {}),
    descending: chance.below(2) === 1,
    limit: 1 + chance.below(7),
  };
}

/** Runs the contract of the ReadStore port. */
export const readStoreContract = (name: string, open: () => Promise<ReadStoreFixture>): void =>
  runContract(`${name} keeps the contract of ReadStore`, readStoreCases, open);
