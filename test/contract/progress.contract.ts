import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { START, asPosition, numberOf } from '@seatbook/kernel';
import { hasCode, type CheckpointMove, type ParkedWork, type Progress } from '@seatbook/runtime';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';

export interface ProgressFixture extends Fixture {
  /** Without any parked work. */
  readonly store: Progress;
  reopen(): Promise<Progress>;
}

const isMoved = (error: unknown): boolean => hasCode(error, 'CHECKPOINT_MOVED');

const move = (from: number, to: number, epoch = 1): CheckpointMove => ({
  from: asPosition(from),
  to: asPosition(to),
  epoch,
});

/** A checkpoint of its own that epoch 1 has. */
async function taken(store: Progress): Promise<string> {
  const name = randomUUID();
  assert.equal(await store.takeOver(name, 1), START);
  return name;
}

/** Work that follows from the event at a position. */
const work = (id: string, stream: string, source = 1, index = 0): ParkedWork => ({
  id,
  kind: 'reaction',
  stream,
  name: 'settle-pairs',
  payload: JSON.stringify({ id, text: 'ä\u0000👩‍🚀' }),
  reason: 'Apple answered 500',
  attempts: 4,
  source: asPosition(source),
  index,
  parkedAt: 1_750_000_000_000,
});

const idsOf = (parked: readonly ParkedWork[]): readonly string[] => parked.map(({ id }) => id);

const all = async (store: Progress, stream?: string): Promise<readonly ParkedWork[]> =>
  (await store.parked({ limit: 1_000, ...(stream === undefined ? {} : { stream }) })).rows;

/** Ids of all parked work, page by page; `between` runs after each page. */
async function pagesOf(
  store: Progress,
  limit: number,
  between: (page: readonly ParkedWork[]) => Promise<void> = async () => {},
): Promise<readonly string[]> {
  const listed: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.parked({ limit, ...(cursor === undefined ? {} : { cursor }) });
    assert.ok(page.rows.length <= limit);
    listed.push(...idsOf(page.rows));
    await between(page.rows);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return listed;
}

const checkpointCases: Cases<ProgressFixture> = {
  'a checkpoint is at the start until it is saved, and then where it was saved': async ({ store }) => {
    const name = await taken(store);
    assert.equal(await store.checkpoint(name), START);
    await store.saveCheckpoint(name, move(0, 7));
    await store.saveCheckpoint(name, move(7, 9_000_000_000));
    assert.equal(await store.checkpoint(name), 9_000_000_000);
    assert.equal(await store.checkpoint(randomUUID()), START);
  },

  'a checkpoint that has moved is not saved again from where it was': async ({ store }) => {
    const name = await taken(store);
    await store.saveCheckpoint(name, move(0, 5));
    await assert.rejects(store.saveCheckpoint(name, move(0, 6)), isMoved);
    await assert.rejects(store.saveCheckpoint(name, move(4, 6)), isMoved);
    assert.equal(await store.checkpoint(name), 5);
  },

  'taking a checkpoint over returns its position, and the previous owner can no longer move it': async ({
    store,
  }) => {
    const name = await taken(store);
    await store.saveCheckpoint(name, move(0, 5));
    assert.equal(await store.takeOver(name, 3), 5);
    assert.equal(await store.takeOver(name, 3), 5);
    await assert.rejects(store.saveCheckpoint(name, move(5, 6, 1)), isMoved);
    await assert.rejects(store.takeOver(name, 2), isMoved);
    await store.saveCheckpoint(name, move(5, 8, 3));
    assert.equal(await store.checkpoint(name), 8);
  },

  'a checkpoint that nobody has taken over is not saved': async ({ store }) => {
    const name = randomUUID();
    await assert.rejects(store.saveCheckpoint(name, move(0, 5)), isMoved);
    assert.equal(await store.checkpoint(name), START);
  },

  'of many that move a checkpoint from one place exactly one does': async ({ store }) => {
    const name = await taken(store);
    const targets = Array.from({ length: 16 }, (_, index) => index + 1);
    const outcomes = await Promise.all(
      targets.map((to) =>
        store.saveCheckpoint(name, move(0, to)).then(
          () => to,
          () => null,
        ),
      ),
    );
    const winners = outcomes.filter((to) => to !== null);
    assert.equal(winners.length, 1);
    assert.equal(await store.checkpoint(name), winners[0]);
  },
};

const parkedCases: Cases<ProgressFixture> = {
  'parked work is kept as it was parked': async ({ store }) => {
    const step: ParkedWork = {
      ...work('b', 'order-1', 2),
      kind: 'step',
      payload: '',
      reason: null,
      attempts: 0,
    };
    await store.park([work('a', 'order-1'), step]);
    same(await all(store, 'order-1'), [work('a', 'order-1'), step]);
    same(await all(store, 'order-2'), []);
    assert.equal(await store.countParked(), 2);
  },

  'parked work is listed in the order of the events that it follows from, whenever it was parked': async ({
    store,
  }) => {
    await store.park([work('c', 'order-1', 9, 1), work('a', 'order-1', 9, 0), work('d', 'order-1', 12)]);
    await store.park([work('b', 'order-1', 3, 10), work('e', 'order-1', 3, 9), work('0', 'order-2', 4)]);
    same(idsOf(await all(store, 'order-1')), ['e', 'b', 'a', 'c', 'd']);
    same(idsOf(await all(store)), ['e', 'b', '0', 'a', 'c', 'd']);
  },

  'parked work is listed by its kind': async ({ store }) => {
    await store.park([work('a', 'order-1'), { ...work('b', 'order-1'), kind: 'step' }, work('c', 'order-2')]);
    same(idsOf((await store.parked({ kind: 'step', limit: 10 })).rows), ['b']);
    same(idsOf((await store.parked({ kind: 'reaction', limit: 10 })).rows), ['a', 'c']);
    same(idsOf((await store.parked({ kind: 'reaction', stream: 'order-1', limit: 10 })).rows), ['a']);
  },

  'parking the same id again changes reason and attempts, and nothing else': async ({ store }) => {
    await store.park([work('b', 'order-1', 1), work('a', 'order-1', 2)]);
    const again = { reason: 'again', attempts: 5 };
    await store.park([{ ...work('b', 'order-9', 8, 8), ...again, payload: 'other', parkedAt: 5 }]);
    same(await all(store), [{ ...work('b', 'order-1', 1), ...again }, work('a', 'order-1', 2)]);
    assert.equal(await store.countParked(), 2);
  },

  'the reason is kept when the same work is queued again without having been tried': async ({ store }) => {
    await store.park([work('a', 'order-1')]);
    await store.park([{ ...work('a', 'order-1'), reason: null, attempts: 0 }]);
    same(await all(store), [work('a', 'order-1')]);
  },

  'it is known which streams have parked work of a kind': async ({ store }) => {
    await store.park([work('a', 'order-1'), work('b', 'order-1'), { ...work('c', 'order-3'), kind: 'step' }]);
    const asked = ['order-1', 'order-2', 'order-3'];
    same([...(await store.parkedStreams('reaction', asked))], ['order-1']);
    same([...(await store.parkedStreams('step', asked))], ['order-3']);
    same([...(await store.parkedStreams('step', []))], []);
  },

  'all parked work is listed in pages, each item once and in order': async ({ store }) => {
    const parked = Array.from({ length: 25 }, (_, index) =>
      work(randomUUID(), `order-${index % 3}`, index % 4),
    );
    await store.park(parked);
    const expected = [...parked].sort(
      (a, b) => numberOf(a.source) - numberOf(b.source) || (a.id < b.id ? -1 : 1),
    );
    same(await pagesOf(store, 10), idsOf(expected));
    assert.equal((await store.parked({ limit: 25 })).next, null);
  },

  'a page begins behind work that was taken away in between': async ({ store }) => {
    const ids = Array.from({ length: 12 }, (_, index) => `id ${index + 10}`);
    await store.park(ids.map((id, index) => work(id, 'order-1', index)));
    const listed = await pagesOf(store, 5, async (page) => void (await store.unpark(idsOf(page))));
    same(listed, ids);
    assert.equal(await store.countParked(), 0);
  },

  'a cursor of another query and an invented one are refused': async ({ store }) => {
    await store.park([work('a', 'order-1'), work('b', 'order-1'), work('c', 'order-2')]);
    const { next } = await store.parked({ limit: 1 });
    assert.ok(next);
    for (const query of [{ stream: 'order-1', cursor: next }, { cursor: `${next}x` }, { cursor: 'null' }]) {
      await assert.rejects(store.parked({ limit: 1, ...query }), (error) => hasCode(error, 'INVALID_CURSOR'));
    }
  },

  'finished work is removed, and the number of removed items is returned': async ({ store }) => {
    await store.park([work('a', 'order-1'), work('b', 'order-1'), work('c', 'order-2')]);
    assert.equal(await store.unpark(['a', 'c', 'never parked']), 2);
    assert.equal(await store.unpark(['a', 'c']), 0);
    assert.equal(await store.unpark([]), 0);
    same(idsOf(await all(store)), ['b']);
    assert.equal(await store.countParked(), 1);
  },

  'of many that take the same work away one does': async ({ store }) => {
    await store.park([work('a', 'order-1')]);
    const deleted = await Promise.all(Array.from({ length: 8 }, () => store.unpark(['a'])));
    same([...deleted].sort(), [0, 0, 0, 0, 0, 0, 0, 1]);
  },
};

const retryCases: Cases<ProgressFixture> = {
  'a wish for a retry is seen until the work is done': async ({ store }) => {
    await store.park([work('a', 'order-1', 3), work('b', 'order-1', 2), work('c', 'order-2', 1)]);
    assert.equal(await store.requestRetry('a'), true);
    assert.equal(await store.requestRetry('b'), true);
    assert.equal(await store.requestRetry('b'), true);
    same(await store.retryRequests(10), [work('b', 'order-1', 2), work('a', 'order-1', 3)]);
    same(idsOf(await store.retryRequests(1)), ['b']);
    await store.unpark(['b']);
    same(idsOf(await store.retryRequests(10)), ['a']);
  },

  'a wish for work that is not parked is refused': async ({ store }) => {
    await store.park([work('a', 'order-1')]);
    assert.equal(await store.requestRetry('b'), false);
    assert.equal(await store.requestRetry('a'), true);
  },

  'a retry that failed answers the wish, and one that was not tried does not': async ({ store }) => {
    await store.park([work('a', 'order-1')]);
    await store.requestRetry('a');
    await store.park([{ ...work('a', 'order-1'), reason: null, attempts: 0 }]);
    same(idsOf(await store.retryRequests(10)), ['a']);
    await store.park([{ ...work('a', 'order-1'), reason: 'still', attempts: 5 }]);
    same(await store.retryRequests(10), []);
    assert.equal((await all(store))[0]?.reason, 'still');
  },
};

export const progressCases: Cases<ProgressFixture> = {
  ...checkpointCases,
  ...parkedCases,
  ...retryCases,

  'checkpoints, parked work and wishes are there after a restart': async (fixture) => {
    await fixture.store.takeOver('reactor', 4);
    await fixture.store.saveCheckpoint('reactor', move(0, 12, 4));
    await fixture.store.park([work('b', 'order-1', 1), work('a', 'order-1', 2)]);
    await fixture.store.requestRetry('a');
    const reopened = await fixture.reopen();
    assert.equal(await reopened.checkpoint('reactor'), 12);
    await assert.rejects(reopened.takeOver('reactor', 3), isMoved);
    assert.equal(await reopened.takeOver('reactor', 5), 12);
    same(await all(reopened, 'order-1'), [work('b', 'order-1', 1), work('a', 'order-1', 2)]);
    same(idsOf(await reopened.retryRequests(10)), ['a']);
    await reopened.park([work('0', 'order-1', 3)]);
    same(idsOf(await all(reopened, 'order-1')), ['b', 'a', '0']);
  },
};

/** Runs the contract of the Progress port. */
export const progressContract = (name: string, open: () => Promise<ProgressFixture>): void =>
  runContract(`${name} keeps the contract of Progress`, progressCases, open);
