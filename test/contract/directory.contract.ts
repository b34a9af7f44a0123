import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { NOTHING_KNOWN, type Directory, type PersonEntry, type PlaceInDirectory } from '@seatbook/runtime';
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
      { ...NOTHING_KNOWN, userId: bobId, uId, clientUserId: 'bob' },
      { ...NOTHING_KNOWN, userId: annId, uId, ...ann },
    ]);
  },

  'a known person is updated, and what was not seen stays': async ({ store }) => {
    const uId = randomUUID();
    const [userId] = (await store.userIdsOf(uId, [
      { clientUserId: 'ann', email: 'old@example.org', name: 'Ann', idHash: 'Zm9v' },
    ])) as [string];
    await store.userIdsOf(uId, [{ clientUserId: 'ann', email: 'new@example.org', name: null }]);
    same(await store.entries([userId]), [
      { ...NOTHING_KNOWN, userId, uId, clientUserId: 'ann', email: 'new@example.org', idHash: 'Zm9v' },
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

  'who was registered is the same person at each location that knows them by our id': async ({ store }) => {
    const [userId, uId, other] = [randomUUID(), randomUUID(), randomUUID()];
    const registered = { ...NOTHING_KNOWN, userId, uId: '', clientUserId: userId, name: 'Ann' };
    await store.keep([registered]);
    same(await store.userIdsOf(uId, [{ clientUserId: userId, inviteCode: 'ab12' }]), [userId]);
    same(
      await store.userIdsOf(other, [{ clientUserId: 'ann' }, { clientUserId: userId }]).then(([, id]) => id),
      userId,
    );
    const entries = await store.entries([userId]);
    same(entries[0], registered);
    const invited = { ...NOTHING_KNOWN, userId, uId, clientUserId: userId, inviteCode: 'ab12' };
    same(
      entries.find((entry) => entry.uId === uId),
      invited,
    );
    assert.equal(entries.length, 3);
  },

  'of a forgotten person whom Apple knows by our id that alone stays': async ({ store }) => {
    const [userId, uId] = [randomUUID(), randomUUID()];
    await store.keep([{ ...NOTHING_KNOWN, userId, uId: '', clientUserId: userId, name: `Ann ${userId}` }]);
    await store.userIdsOf(uId, [{ clientUserId: userId, email: 'ann@example.org', idHash: 'Zm9v' }]);
    await store.forget(userId);
    same(await store.userIdsOf(uId, [{ clientUserId: userId }]), [userId]);
    same(await store.entries([userId]), [
      { ...NOTHING_KNOWN, userId, uId: '', clientUserId: userId },
      { ...NOTHING_KNOWN, userId, uId, clientUserId: userId },
    ]);
    same(await store.find(`Ann ${userId}`, null, 10), []);
  },

  'persons are found by a part of what they are known by, once each and page by page': async ({ store }) => {
    const mark = randomUUID();
    const [first, second] = [randomUUID(), randomUUID()];
    const seen = ['Ann', 'ANNA (1.5*)', 'Bob'].map((name) => ({
      clientUserId: randomUUID(),
      name: `${name} ${mark}`,
    }));
    const userIds = [...(await store.userIdsOf(first, seen))];
    const [kim] = [randomUUID()];
    const email = `ann@${mark}.example.org`;
    await store.keep([{ ...NOTHING_KNOWN, userId: kim, uId: '', clientUserId: kim, email }]);
    await store.userIdsOf(second, [{ clientUserId: kim, email }]);
    const all = [...userIds.slice(0, 2), kim].sort();
    same(await store.find('aNN', null, 100).then((ids) => ids.filter((id) => all.includes(id))), all);
    const found: string[] = [];
    for (let after: string | null = null; ; after = found.at(-1) ?? null) {
      const page: readonly string[] = await store.find(mark, after, 1);
      if (page.length === 0) break;
      assert.equal(page.length, 1);
      found.push(...page);
    }
    same(found, [...userIds, kim].sort());
    same(await store.find(`(1.5*) ${mark}`, null, 10), userIds.slice(1, 2));
  },

  'who shares an Apple Account at a location is found': async ({ store }) => {
    const [uId, other, idHash] = [randomUUID(), randomUUID(), randomUUID()];
    const seen = ['ann', 'bob', 'cat'].map((clientUserId) => ({ clientUserId, idHash }));
    const userIds = await store.userIdsOf(uId, seen);
    await store.userIdsOf(uId, [{ clientUserId: 'cat', idHash: null }]);
    await store.userIdsOf(other, [{ clientUserId: 'dan', idHash }]);
    same(await store.sharing(uId, idHash), userIds.slice(0, 2).sort());
    same(await store.sharing(uId, 'of nobody'), []);
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
    for (let after: PlaceInDirectory | null = null; ; after = everybody.at(-1) ?? null) {
      const page: readonly PersonEntry[] = await store.everybody(after, 2);
      if (page.length === 0) break;
      assert.ok(page.length <= 2);
      everybody.push(...page);
    }
    const ours = everybody.filter((entry) => entry.uId === uId);
    same([...ours.map(({ userId }) => userId)].sort(), [...userIds].sort());
    for (const userId of userIds) await store.forget(userId);
    await store.keep(ours);
    await store.keep(ours);
    same(await store.userIdsOf(uId, seen), userIds);
    same(await store.entries(ours.map(({ userId }) => userId)), ours);
    await store.keep([]);
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
