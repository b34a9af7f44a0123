import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Directory, PersonEntry } from '@seatbook/runtime';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';

export interface DirectoryFixture extends Fixture {
  readonly store: Directory;
  reopen(): Promise<Directory>;
}

const idOf = async (store: Directory, uId: string, clientUserId: string): Promise<string> => {
  const [userId] = await store.userIdsOf(uId, [{ clientUserId }]);
  assert.ok(typeof userId === 'string' && userId.length > 0);
  return userId;
};

export const directoryCases: Cases<DirectoryFixture> = {
  'a new person gets an id that reveals nothing, and keeps it': async ({ store }) => {
    const uId = randomUUID();
    const first = await store.userIdsOf(uId, [{ clientUserId: 'ann' }, { clientUserId: 'bob' }]);
    assert.equal(new Set(first).size, 2);
    for (const userId of first)
      assert.ok(!userId.includes('ann') && !userId.includes('bob') && !userId.includes(uId));
    same(
      await store.userIdsOf(uId, [{ clientUserId: 'bob' }, { clientUserId: 'ann' }]),
      [...first].reverse(),
    );
  },

  'ids come in the order of the persons, the same person twice included': async ({ store }) => {
    const uId = randomUUID();
    const bob = await idOf(store, uId, 'bob');
    const seen = ['ann', 'bob', 'ann', 'cat'].map((clientUserId) => ({ clientUserId }));
    const userIds = await store.userIdsOf(uId, seen);
    assert.equal(userIds.length, 4);
    assert.equal(userIds[0], userIds[2]);
    assert.equal(userIds[1], bob);
    assert.equal(new Set(userIds).size, 3);
  },

  'one clientUserId at two locations is two persons': async ({ store }) => {
    assert.notEqual(await idOf(store, randomUUID(), 'ann'), await idOf(store, randomUUID(), 'ann'));
  },

  'entries hold what was seen': async ({ store }) => {
    const uId = randomUUID();
    const ann = { clientUserId: 'ann', email: 'ann@example.org', name: 'Ann Ä. 👩‍🚀', idHash: 'Zm9v' };
    const [annId, bobId] = (await store.userIdsOf(uId, [ann, { clientUserId: 'bob' }])) as [string, string];
    same(await store.entries([bobId, annId]), [
      { userId: bobId, uId, clientUserId: 'bob', email: null, name: null, idHash: null },
      { userId: annId, uId, ...ann },
    ]);
  },

  'a known person is updated, and what was not seen stays': async ({ store }) => {
    const uId = randomUUID();
    const [userId] = (await store.userIdsOf(uId, [
      { clientUserId: 'ann', email: 'old@example.org', name: 'Ann', idHash: 'Zm9v' },
    ])) as [string];
    await store.userIdsOf(uId, [{ clientUserId: 'ann', email: 'new@example.org', name: null }]);
    same(await store.entries([userId]), [
      { userId, uId, clientUserId: 'ann', email: 'new@example.org', name: null, idHash: 'Zm9v' },
    ]);
  },

  'unknown persons have no entry': async ({ store }) => {
    const userId = await idOf(store, randomUUID(), 'ann');
    same(
      (await store.entries([randomUUID(), userId, randomUUID()])).map((entry) => entry.userId),
      [userId],
    );
    same(await store.entries([]), []);
  },

  'a forgotten person has no entry any more, the others stay': async ({ store }) => {
    const uId = randomUUID();
    const [ann, bob] = (await store.userIdsOf(uId, [{ clientUserId: 'ann' }, { clientUserId: 'bob' }])) as [
      string,
      string,
    ];
    await store.forget(ann);
    await store.forget(ann);
    same(
      (await store.entries([ann, bob])).map((entry) => entry.userId),
      [bob],
    );
  },

  'a forgotten person who is seen again is a new one': async ({ store }) => {
    const uId = randomUUID();
    const before = await idOf(store, uId, 'ann');
    await store.forget(before);
    assert.notEqual(await idOf(store, uId, 'ann'), before);
  },

  'a person seen by many callers at once gets one id': async ({ store }) => {
    const uId = randomUUID();
    const userIds = await Promise.all(Array.from({ length: 16 }, () => idOf(store, uId, 'ann')));
    assert.equal(new Set(userIds).size, 1);
    assert.equal((await store.entries([userIds[0] ?? ''])).length, 1);
  },

  'a whole location can be added at once': async ({ store }) => {
    const uId = randomUUID();
    const seen = Array.from({ length: 2_500 }, (_, index) => ({ clientUserId: `person ${index}` }));
    const userIds = await store.userIdsOf(uId, seen);
    assert.equal(new Set(userIds).size, 2_500);
    const entries = await store.entries([userIds[0] ?? '', userIds[2_499] ?? '']);
    same(
      entries.map((entry) => entry.clientUserId),
      ['person 0', 'person 2499'],
    );
  },

  'everybody can be read page by page, and restored as they were': async ({ store }) => {
    const uId = randomUUID();
    const seen = ['ann', 'bob', 'cat'].map((clientUserId) => ({
      clientUserId,
      name: `Name of ${clientUserId}`,
    }));
    const userIds = await store.userIdsOf(uId, seen);
    const everybody: PersonEntry[] = [];
    for (let after: string | null = null; ; after = everybody.at(-1)?.userId ?? null) {
      const page: readonly PersonEntry[] = await store.everybody(after, 2);
      if (page.length === 0) break;
      assert.ok(page.length <= 2);
      everybody.push(...page);
    }
    const ours = everybody.filter((entry) => entry.uId === uId);
    same([...ours.map(({ userId }) => userId)].sort(), [...userIds].sort());
    for (const userId of userIds) await store.forget(userId);
    await store.restore(ours);
    await store.restore(ours);
    same(await store.userIdsOf(uId, seen), userIds);
    same(await store.entries(ours.map(({ userId }) => userId)), ours);
    await store.restore([]);
  },

  'persons are there after a restart': async (fixture) => {
    const uId = randomUUID();
    const userId = await idOf(fixture.store, uId, 'ann');
    const reopened = await fixture.reopen();
    assert.equal(await idOf(reopened, uId, 'ann'), userId);
    assert.equal((await reopened.entries([userId]))[0]?.clientUserId, 'ann');
  },
};

/** Runs the contract of the Directory port. */
export const directoryContract = (name: string, open: () => Promise<DirectoryFixture>): void =>
  runContract(`${name} keeps the contract of Directory`, directoryCases, open);
