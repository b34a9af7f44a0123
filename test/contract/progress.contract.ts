import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { CheckpointMoved, type ParkedWork, type Progress } from '@seatbook/runtime';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';

export interface ProgressFixture extends Fixture {
  /** Without any parked work. */
  readonly store: Progress;
  reopen(): Promise<Progress>;
}

const work = (id: string, stream: string, reason = 'Apple answered 500'): ParkedWork => ({
  id,
  kind: 'reaction',
  stream,
  name: 'settle-pairs',
  payload: JSON.stringify({ id, text: 'ä\u0000👩‍🚀' }),
  reason,
  parkedAt: 1_750_000_000_000,
});

const idsOf = (parked: readonly ParkedWork[]): readonly string[] => parked.map(({ id }) => id);

export const progressCases: Cases<ProgressFixture> = {
  'a checkpoint is 0 until it is saved, and then where it was saved': async ({ store }) => {
    const name = randomUUID();
    assert.equal(await store.checkpoint(name), 0);
    await store.saveCheckpoint(name, 0, 7);
    await store.saveCheckpoint(name, 7, 9_000_000_000);
    assert.equal(await store.checkpoint(name), 9_000_000_000);
    assert.equal(await store.checkpoint(randomUUID()), 0);
  },

  'a checkpoint that has moved is not saved again from where it was': async ({ store }) => {
    const name = randomUUID();
    await store.saveCheckpoint(name, 0, 5);
    await assert.rejects(store.saveCheckpoint(name, 0, 6), CheckpointMoved);
    await assert.rejects(store.saveCheckpoint(name, 4, 6), CheckpointMoved);
    assert.equal(await store.checkpoint(name), 5);
  },

  'of many that move a checkpoint from one place exactly one does': async ({ store }) => {
    const name = randomUUID();
    const targets = Array.from({ length: 16 }, (_, index) => index + 1);
    const outcomes = await Promise.all(
      targets.map((to) =>
        store.saveCheckpoint(name, 0, to).then(
          () => to,
          () => null,
        ),
      ),
    );
    const winners = outcomes.filter((to) => to !== null);
    assert.equal(winners.length, 1);
    assert.equal(await store.checkpoint(name), winners[0]);
  },

  'parked work is kept as it was parked': async ({ store }) => {
    const step: ParkedWork = { ...work('b', 'order-1'), kind: 'step', payload: '' };
    await store.park([work('a', 'order-1'), step]);
    same(await store.parkedOf('order-1'), [work('a', 'order-1'), step]);
    same(await store.parkedOf('order-2'), []);
    assert.equal(await store.countParked(), 2);
  },

  'the work of a stream is listed in the order of its parking': async ({ store }) => {
    await store.park([work('c', 'order-1'), work('a', 'order-1')]);
    await store.park([work('b', 'order-1'), work('0', 'order-2')]);
    same(idsOf(await store.parkedOf('order-1')), ['c', 'a', 'b']);
  },

  'parking the same id again changes only the reason': async ({ store }) => {
    await store.park([work('b', 'order-1'), work('a', 'order-1')]);
    await store.park([{ ...work('b', 'order-9', 'again'), payload: 'other', parkedAt: 5 }]);
    same(await store.parkedOf('order-1'), [work('b', 'order-1', 'again'), work('a', 'order-1')]);
    same(await store.parkedOf('order-9'), []);
    assert.equal(await store.countParked(), 2);
  },

  'all parked work is listed in pages, each item once': async ({ store }) => {
    const ids = Array.from({ length: 25 }, () => randomUUID());
    await store.park(ids.map((id, index) => work(id, `order-${index % 3}`)));
    const listed: string[] = [];
    for (;;) {
      const page = await store.parked(10, listed.at(-1));
      assert.ok(page.length <= 10);
      if (page.length === 0) break;
      listed.push(...idsOf(page));
    }
    same([...listed].sort(), [...ids].sort());
  },

  'a page begins after an id that was taken away in between': async ({ store }) => {
    const ids = Array.from({ length: 12 }, () => randomUUID());
    await store.park(ids.map((id) => work(id, 'order-1')));
    const first = idsOf(await store.parked(5));
    await store.unpark(first);
    const rest = idsOf(await store.parked(100, first.at(-1)));
    same([...first, ...rest].sort(), [...ids].sort());
  },

  'what is retried is taken away, the rest stays': async ({ store }) => {
    await store.park([work('a', 'order-1'), work('b', 'order-1'), work('c', 'order-2')]);
    await store.unpark(['a', 'c', 'never parked']);
    await store.unpark([]);
    same(idsOf(await store.parked(10)), ['b']);
    assert.equal(await store.countParked(), 1);
  },

  'checkpoints and parked work are there after a restart': async (fixture) => {
    await fixture.store.saveCheckpoint('reactor', 0, 12);
    await fixture.store.park([work('b', 'order-1'), work('a', 'order-1')]);
    const reopened = await fixture.reopen();
    assert.equal(await reopened.checkpoint('reactor'), 12);
    same(await reopened.parkedOf('order-1'), [work('b', 'order-1'), work('a', 'order-1')]);
    await reopened.park([work('0', 'order-1')]);
    same(idsOf(await reopened.parkedOf('order-1')), ['b', 'a', '0']);
  },
};

/** Runs the contract of the Progress port. */
export const progressContract = (name: string, open: () => Promise<ProgressFixture>): void =>
  runContract(`${name} keeps the contract of Progress`, progressCases, open);
