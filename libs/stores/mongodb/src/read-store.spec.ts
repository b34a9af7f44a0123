import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { asPosition, numberOf, type Document, type ModelRef } from '@seatbook/kernel';
import { hasCode, type Placed } from '@seatbook/runtime';
import { NOT_WRITABLE_PRIMARY, MongoServer } from '@seatbook/test-support/mongodb/server';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { openMongoStores, type MongoStores } from './open.js';

interface Row {
  readonly n: number;
}

const rows: ModelRef<Row, 'by-n'> = { name: 'rows', version: 1, indexes: [{ name: 'by-n', fields: ['n'] }] };
const DOCUMENTS = 'rows@1';
const CHECKPOINTS = 'modelCheckpoints';
const WRITE_CONCERN_FAILED = { code: 64, codeName: 'WriteConcernFailed' };
const DAY_MS = 24 * 3_600_000;

const isMoved = (error: unknown): boolean => hasCode(error, 'CHECKPOINT_MOVED');
const isUnavailable = (error: unknown): boolean => hasCode(error, 'STORE_UNAVAILABLE');

/** Why a promise was rejected. */
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const clock = new VirtualClock();
const key = Buffer.alloc(32, 7);
let server: MongoServer;
const opened: MongoStores[] = [];
let notices: string[] = [];

async function open(): Promise<MongoStores> {
  const notice = (line: string): void => void notices.push(line);
  const stores = await openMongoStores({ url: server.url, key, clock, ids: seededIds(1), notice });
  opened.push(stores);
  return stores;
}

/** Stores whose model epoch 1 has, at the start. */
async function taken(): Promise<MongoStores> {
  const stores = await open();
  await stores.reads.prepare([rows]);
  await stores.reads.takeOver(rows, 1);
  return stores;
}

type Changes = Readonly<Record<string, readonly [position: number, n: number | null]>>;

const commit = (
  { reads }: MongoStores,
  changes: Changes,
  from: number,
  to: number,
  epoch = 1,
): Promise<void> =>
  reads.commit(
    rows,
    new Map(
      Object.entries(changes).map(([id, [position, n]]): [string, Placed<Row>] => [
        id,
        { document: n === null ? null : { n }, position: asPosition(position) },
      ]),
    ),
    { from: asPosition(from), to: asPosition(to), epoch },
  );

/** All documents and deletions that are kept, as `commit` takes them. */
async function found({ reads }: MongoStores, ...ids: readonly string[]): Promise<Changes> {
  const documents = await reads.getMany(rows, ids);
  return Object.fromEntries(
    [...documents]
      .sort()
      .map(([id, { document, position }]) => [id, [numberOf(position), document?.n ?? null]]),
  );
}

beforeEach(async () => {
  notices = [];
  server = await MongoServer.started();
});

afterEach(async () => {
  for (const stores of opened.splice(0)) await stores.close();
  await server.stop();
});

describe('of two builders that write one document', () => {
  it.each([
    { rival: 90, stands: 100 },
    { rival: 110, stands: 110 },
  ])('at once, at 100 and at $rival, $stands stands', async ({ rival, stands }) => {
    const stores = await taken();
    server.raceNextUpsert(({ _id }) => ({ _id, n: rival, _position: rival, _live: true }));
    await commit(stores, { a: [100, 100], b: [100, 1] }, 0, 100);
    expect(await found(stores, 'a', 'b')).toEqual({ a: [stands, stands], b: [100, 1] });
  });

  it('one that was paused before its write writes nothing over what its successor wrote', async () => {
    const stores = await taken();
    await commit(stores, { a: [1, 1], b: [1, 1], c: [1, 1] }, 0, 1);
    let goOn = (): void => undefined;
    server.trap('update', { after: new Promise((resolve) => (goOn = resolve)) }, { collection: DOCUMENTS });
    const paused = failureOf(commit(stores, { a: [2, 2], b: [2, null], d: [2, 2] }, 1, 2));
    expect(await stores.reads.takeOver(rows, 2)).toBe(1);
    await commit(stores, { a: [5, 5], b: [4, 4], c: [5, null], d: [3, null] }, 1, 5, 2);
    goOn();
    expect(isMoved(await paused)).toBe(true);
    const rebuilt = { a: [5, 5], b: [4, 4], c: [5, null], d: [3, null] };
    expect(await found(stores, 'a', 'b', 'c', 'd')).toEqual(rebuilt);
    expect(await stores.reads.checkpoint(rows)).toBe(5);
  });

  it('one that was paused between its write and the checkpoint has written what its successor finds', async () => {
    const stores = await taken();
    await commit(stores, { a: [1, 1], b: [1, 1] }, 0, 1);
    let goOn = (): void => undefined;
    const written = new Promise<void>((resolve) => {
      const stop = server.onCommand(({ name, collection }) => {
        if (name !== 'update' || collection !== CHECKPOINTS) return;
        stop();
        resolve();
      });
    });
    server.trap('update', { after: new Promise((resolve) => (goOn = resolve)) }, { collection: CHECKPOINTS });
    const paused = failureOf(commit(stores, { a: [3, 3], b: [2, null] }, 1, 3));
    await written;
    expect(await stores.reads.takeOver(rows, 2)).toBe(1);
    // Ahead of the checkpoint, the deletion too: who folds on from here passes over what they contain.
    expect(await found(stores, 'a', 'b')).toEqual({ a: [3, 3], b: [2, null] });
    await commit(stores, { a: [4, 4], b: [2, null] }, 1, 4, 2);
    goOn();
    expect(isMoved(await paused)).toBe(true);
    expect(await found(stores, 'a', 'b')).toEqual({ a: [4, 4], b: [2, null] });
    expect(await stores.reads.checkpoint(rows)).toBe(4);
  });
});

describe('a commit', () => {
  it('that meets documents and whose write concern fails moves no checkpoint, and can be repeated', async () => {
    const stores = await taken();
    await commit(stores, { a: [5, 5] }, 0, 5);
    const again = { a: [3, 3], b: [7, 7] } as const;
    server.trap('update', { writeConcernError: WRITE_CONCERN_FAILED }, { collection: DOCUMENTS });
    expect(isUnavailable(await failureOf(commit(stores, again, 5, 7)))).toBe(true);
    expect(await stores.reads.checkpoint(rows)).toBe(5);
    await commit(stores, again, 5, 7);
    expect(await found(stores, 'a', 'b')).toEqual({ a: [5, 5], b: [7, 7] });
    expect(await stores.reads.checkpoint(rows)).toBe(7);
  });

  it('whose repeated updates fail moves no checkpoint', async () => {
    const stores = await taken();
    await commit(stores, { a: [5, 5] }, 0, 5);
    // The first update meets the document; the second is the one without upsert.
    let updates = 0;
    server.hurt(({ name, collection }) => {
      if (name !== 'update' || collection !== DOCUMENTS) return null;
      updates += 1;
      return updates === 2 ? { writeConcernError: WRITE_CONCERN_FAILED } : null;
    });
    expect(isUnavailable(await failureOf(commit(stores, { a: [5, 5] }, 5, 6)))).toBe(true);
    expect(updates).toBe(2);
    expect(await stores.reads.checkpoint(rows)).toBe(5);
  });

  it.each(['cut', { error: NOT_WRITABLE_PRIMARY }] as const)(
    'that does not reach the checkpoint (%j) leaves it where it was, and can be repeated',
    async (fault) => {
      const stores = await taken();
      server.trap('update', fault, { collection: CHECKPOINTS });
      expect(isUnavailable(await failureOf(commit(stores, { a: [1, 1] }, 0, 1)))).toBe(true);
      expect(await stores.reads.checkpoint(rows)).toBe(0);
      expect(await found(stores, 'a')).toEqual({ a: [1, 1] });
      await commit(stores, { a: [1, 1] }, 0, 1);
      expect(await stores.reads.checkpoint(rows)).toBe(1);
    },
  );

  it.each(['lose-answer', { writeConcernError: WRITE_CONCERN_FAILED }] as const)(
    'that moved the checkpoint and heard no good answer (%j) looks and is done',
    async (fault) => {
      const stores = await taken();
      server.trap('update', fault, { collection: CHECKPOINTS });
      await commit(stores, { a: [1, 1] }, 0, 1);
      expect(await stores.reads.checkpoint(rows)).toBe(1);
      await commit(stores, { a: [2, 2] }, 1, 2);
      expect(await found(stores, 'a')).toEqual({ a: [2, 2] });
    },
  );

  it('without an answer that finds another epoch in its place was not done', async () => {
    const stores = await taken();
    server.trap('update', 'cut', { collection: CHECKPOINTS });
    const stop = server.onCommand(({ name, collection }) => {
      if (name !== 'update' || collection !== CHECKPOINTS) return;
      stop();
      server.run({
        update: CHECKPOINTS,
        updates: [{ q: { _id: DOCUMENTS }, u: { $set: { epoch: 2, position: 1 } } }],
      });
    });
    expect(isUnavailable(await failureOf(commit(stores, { a: [1, 1] }, 0, 1)))).toBe(true);
    expect(isMoved(await failureOf(commit(stores, { a: [1, 1] }, 0, 1)))).toBe(true);
  });

  it('of a document that is too large is the fault of the document, not of the store', async () => {
    const stores = await taken();
    server.trap(
      'update',
      { error: { code: 10_334, codeName: 'BSONObjectTooLarge' } },
      { collection: DOCUMENTS },
    );
    expect(isUnavailable(await failureOf(commit(stores, { a: [1, 1] }, 0, 1)))).toBe(false);
    expect(await stores.reads.checkpoint(rows)).toBe(0);
  });
});

describe('a primary', () => {
  it('that steps down and comes back finds the checkpoint where it was', async () => {
    await server.stop();
    server = await MongoServer.started({ replicaSet: true });
    const stores = await taken();
    await commit(stores, { a: [1, 1] }, 0, 1);
    server.stepDown();
    expect(isUnavailable(await failureOf(commit(stores, { a: [2, 2] }, 1, 2)))).toBe(true);
    server.stepUp();
    expect(await stores.reads.checkpoint(rows)).toBe(1);
    await commit(stores, { a: [2, 2] }, 1, 2);
    expect(await found(stores, 'a')).toEqual({ a: [2, 2] });
  });

  it('that is gone is said to be, and used again when it is back with its data', async () => {
    const stores = await taken();
    await commit(stores, { a: [1, 1] }, 0, 1);
    await server.stop();
    expect(isUnavailable(await failureOf(stores.reads.get(rows, 'a')))).toBe(true);
    await server.start();
    expect(await stores.reads.get(rows, 'a')).toEqual({ n: 1 });
  });
});

describe('a takeover', () => {
  it('whose answer was lost can be repeated', async () => {
    const stores = await taken();
    await commit(stores, {}, 0, 4);
    server.trap('findAndModify', 'lose-answer', { collection: CHECKPOINTS });
    expect(isUnavailable(await failureOf(stores.reads.takeOver(rows, 2)))).toBe(true);
    expect(isMoved(await failureOf(commit(stores, {}, 4, 5)))).toBe(true);
    expect(await stores.reads.takeOver(rows, 2)).toBe(4);
    await commit(stores, {}, 4, 5, 2);
  });
});

describe('deletions', () => {
  it('are kept for a day, and then forgotten', async () => {
    const stores = await taken();
    await commit(stores, { a: [1, 1], b: [1, 1] }, 0, 1);
    await commit(stores, { a: [2, null] }, 1, 2);
    clock.moveTo(clock.now() + DAY_MS);
    await commit(stores, { b: [3, null] }, 2, 3);
    expect(await found(stores, 'a', 'b')).toEqual({ a: [2, null], b: [3, null] });
    clock.moveTo(clock.now() + DAY_MS - 1);
    await commit(stores, {}, 3, 4);
    expect(await found(stores, 'a', 'b')).toEqual({ a: [2, null], b: [3, null] });
    clock.moveTo(clock.now() + 1);
    await commit(stores, {}, 4, 5);
    expect(await found(stores, 'a', 'b')).toEqual({});
  });

  it('are forgotten as their builder has counted the days, whoever builds now', async () => {
    const stores = await taken();
    await commit(stores, { a: [1, null] }, 0, 1);
    clock.moveTo(clock.now() + DAY_MS);
    const successor = await open();
    await successor.reads.prepare([rows]);
    await successor.reads.takeOver(rows, 2);
    await commit(successor, {}, 1, 2, 2);
    expect(await found(successor, 'a')).toEqual({});
  });
});

describe('indexes', () => {
  it('that no model asks for are told of, and stay', async () => {
    await taken();
    server.run({ createIndexes: DOCUMENTS, indexes: [{ name: 'mine', key: { n: 1 } }] });
    await (await open()).reads.prepare([rows]);
    expect(notices).toEqual([expect.stringContaining('"mine" of rows@1')]);
    expect(JSON.stringify(server.run({ listIndexes: DOCUMENTS }))).toContain('mine');
  });

  it('that are not what their name says are refused', async () => {
    server.run({ createIndexes: DOCUMENTS, indexes: [{ name: 'by-n (n)', key: { n: 1 } }] });
    const { reads } = await open();
    await expect(reads.prepare([rows])).rejects.toThrow('the index "by-n (n)" of rows@1 is');
  });

  it('serve every query, and each query names its index', async () => {
    const stores = await taken();
    await commit(stores, { a: [1, 1], b: [1, 2], c: [1, 3] }, 0, 1);
    const hints: unknown[] = [];
    server.onCommand(({ name, collection, command }) => {
      if (name === 'find' && collection === DOCUMENTS) hints.push(command['hint']);
    });
    const query = { index: 'by-n', equals: [], limit: 2 } as const;
    const first = await stores.reads.query(rows, query);
    await stores.reads.query(rows, { ...query, cursor: first.next ?? '' });
    expect(new Set(hints)).toEqual(new Set(['by-n (n)']));
  });
});

describe('documents that are dropped', () => {
  it('come again in a collection of their own, which a late builder does not know', async () => {
    const stores = await taken();
    await commit(stores, { a: [9, 9] }, 0, 9);
    let goOn = (): void => undefined;
    server.trap('update', { after: new Promise((resolve) => (goOn = resolve)) }, { collection: DOCUMENTS });
    const late = failureOf(commit(stores, { a: [10, 10] }, 9, 10));
    const mended = await taken();
    await mended.reads.drop(rows);
    expect(await mended.reads.takeOver(rows, 2)).toBe(0);
    await commit(mended, { a: [9, 1] }, 0, 9, 2);
    goOn();
    expect(isMoved(await late)).toBe(true);
    expect(await mended.reads.get(rows, 'a')).toEqual({ n: 1 });
    // A process that reads sees it as soon as it looks at the checkpoint, which every query begins with.
    expect(await stores.reads.checkpoint(rows)).toBe(9);
    expect(await stores.reads.get(rows, 'a')).toEqual({ n: 1 });
    const query = { index: 'by-n', equals: [], limit: 2 } as const;
    expect((await stores.reads.query(rows, query)).rows).toEqual([{ n: 1 }]);
  });

  it('are gone when their model is prepared again', async () => {
    const stores = await taken();
    await commit(stores, { a: [9, 9] }, 0, 9);
    await stores.reads.drop(rows);
    await (await open()).reads.prepare([rows]);
    const shown = JSON.stringify(server.run({ listCollections: 1 }));
    expect(shown).toContain('"rows@1.1"');
    expect(shown).not.toContain('"rows@1"');
  });
});

describe('documents of an old version of a model', () => {
  const newer = { ...rows, version: 2 };
  const collections = (): readonly string[] => {
    const { cursor } = server.run({ listCollections: 1 }) as { cursor: { firstBatch: { name: string }[] } };
    return cursor.firstBatch.map(({ name }) => name).filter((name) => name.startsWith('rows@'));
  };
  const pass = (ms: number): void => clock.moveTo(clock.now() + ms);

  /** A start of the newer build, whose version gets as far as it says. */
  async function newerBuild(to: number): Promise<void> {
    const { reads } = await open();
    await reads.prepare([newer]);
    const from = await reads.takeOver(newer, opened.length);
    await reads.commit(newer, new Map(), { from, to: asPosition(to), epoch: opened.length });
  }

  it('are told of at each start, and dropped at one that finds them where they were a day before', async () => {
    const old = await taken();
    await commit(old, { a: [5, 1] }, 0, 5);
    await newerBuild(9);
    expect(notices).toEqual([expect.stringContaining('documents of rows@1, an old version')]);
    pass(DAY_MS - 1);
    await newerBuild(10);
    expect([notices.length, collections()]).toEqual([2, ['rows@1', 'rows@2']]);
    pass(1);
    await newerBuild(11);
    expect(notices[2]).toMatch(/nobody has built the read model rows@1 for a day/);
    expect(collections()).toEqual(['rows@2']);
    await newerBuild(12);
    expect(notices).toHaveLength(3);
  });

  it('stay while an older process builds them, and while the newer version is not further', async () => {
    const old = await taken();
    await commit(old, { a: [5, 1] }, 0, 5);
    await newerBuild(5);
    pass(2 * DAY_MS);
    await newerBuild(6);
    await commit(old, { a: [6, 2] }, 5, 6);
    pass(2 * DAY_MS);
    await newerBuild(7);
    pass(DAY_MS - 1);
    await newerBuild(8);
    expect(collections()).toEqual(['rows@1', 'rows@2']);
    expect(await old.reads.get(rows, 'a')).toEqual({ n: 2 });
  });

  it('that are newer than those of the build stay, whoever builds them', async () => {
    await newerBuild(9);
    for (let start = 0; start < 2; start += 1) {
      const { reads } = await open();
      await reads.prepare([rows]);
      pass(2 * DAY_MS);
    }
    expect([notices, collections()]).toEqual([[], ['rows@2', 'rows@1']]);
  });

  it('and of a model that the build does not know at all: those are told of at each start, and stay', async () => {
    const old = await taken();
    await commit(old, { a: [5, 1] }, 0, 5);
    const [others, further] = [
      { ...rows, name: 'others' },
      { ...rows, name: 'further' },
    ];
    for (let start = 0; start < 2; start += 1) {
      const { reads } = await open();
      await reads.prepare([others, further]);
      // A part of them again, by who builds it: the others are no less known.
      await reads.prepare([others]);
      pass(2 * DAY_MS);
    }
    expect(notices).toHaveLength(2);
    for (const line of notices)
      expect(line).toContain('documents of rows@1, a read model that this build does not know');
    expect(collections()).toEqual(['rows@1']);
  });

  it('that were dropped are built again by a build that wants them all the same', async () => {
    const old = await taken();
    await commit(old, { a: [5, 1], b: [5, 1] }, 0, 5);
    await newerBuild(9);
    pass(DAY_MS);
    await newerBuild(10);
    const again = await open();
    await again.reads.prepare([rows]);
    expect(await again.reads.takeOver(rows, 2)).toBe(0);
    await commit(again, { a: [5, 1] }, 0, 5, 2);
    expect([...(await again.reads.getMany(rows, ['a', 'b'])).keys()]).toEqual(['a']);
  });
});

describe('documents', () => {
  it('come back as JSON would give them, and are plain to other tools', async () => {
    const model: ModelRef<Document> = { name: 'anything', version: 1, indexes: [] };
    const { reads } = await open();
    await reads.prepare([model]);
    await reads.takeOver(model, 1);
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    const anything = fc.object({ withNullPrototype: false, withSparseArray: false, maxDepth: 4 });
    const made = [
      ...fc.sample(anything, { numRuns: 300, seed }),
      { $set: { a: 1 } },
      { 'a.b': 1, nested: { $gt: 1, 'x.y': [{ '': 1 }] } },
      { _id: 'mine', _position: 7, _live: false, _json: '{}' },
      { text: '\ud83d', inner: ['\udc00 \0 \ufffd 👩‍🚀'] },
      { nan: NaN, infinite: -Infinity, zero: -0, none: undefined, list: [undefined, -0], big: 2 ** 60 },
      { at: new Date(0), toJSON: undefined },
      JSON.parse('{"__proto__": {"x": 1}, "a": {"__proto__": 2}}') as Document,
      JSON.parse(`${'{"a":'.repeat(120)}1${'}'.repeat(120)}`) as Document,
    ];
    const changes = new Map(
      made.map((document, index) => [`${index}`, { document, position: asPosition(1) }] as const),
    );
    await reads.commit(model, changes, { from: asPosition(0), to: asPosition(1), epoch: 1 });
    const back = await reads.getMany(model, [...changes.keys()]);
    for (const [index, document] of made.entries()) {
      const wanted = JSON.stringify(document);
      expect([seed, index, JSON.stringify(back.get(`${index}`)?.document)]).toEqual([seed, index, wanted]);
    }
    const plain = { text: 'ä', list: [1, null, { x: true }] };
    await reads.commit(model, new Map([['plain', { document: plain, position: asPosition(2) }]]), {
      from: asPosition(1),
      to: asPosition(2),
      epoch: 1,
    });
    const shown = server.run({ find: 'anything@1', filter: { _id: 'plain' } }) as {
      cursor: { firstBatch: object[] };
    };
    expect(shown.cursor.firstBatch[0]).toMatchObject({
      _id: 'plain',
      list: [1, null, { x: true }],
      _position: 2,
      _live: true,
    });
  });

  it('whose indexed field cannot be ordered are refused', async () => {
    const stores = await taken();
    const changes = new Map([['a', { document: { n: [1] } as unknown as Row, position: asPosition(1) }]]);
    const move = { from: asPosition(0), to: asPosition(1), epoch: 1 };
    await expect(stores.reads.commit(rows, changes, move)).rejects.toThrow(TypeError);
    expect(await stores.reads.checkpoint(rows)).toBe(0);
  });
});
