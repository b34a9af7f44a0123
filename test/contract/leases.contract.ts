import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Lease, Leases } from '@seatbook/runtime';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';

export interface LeasesFixture extends Fixture {
  readonly store: Leases;
  /**
   * Ends the store and opens the same leases again. A store that is alone on its data may free them: nobody else can
   * hold one. Their epochs stay.
   */
  reopen(): Promise<Leases>;
}

const read = async (store: Leases, name: string): Promise<Lease> => {
  const lease = (await store.read([name])).get(name);
  assert.ok(lease, `${name} was never held`);
  return lease;
};

/** A lease that `first` holds in epoch 1. */
async function held(store: Leases): Promise<string> {
  const name = `models/${randomUUID()}`;
  assert.equal(await store.acquire(name, 'first', 'absent'), 1);
  return name;
}

export const leasesCases: Cases<LeasesFixture> = {
  'a lease that was never held is left out, and then is held': async ({ store }) => {
    const [name, other] = [`reactor-${randomUUID()}`, `reactor-${randomUUID()}`];
    same([...(await store.read([name, other]))], []);
    assert.equal(await store.acquire(name, 'first', 'absent'), 1);
    same([...(await store.read([name, other])).keys()], [name]);
    const { epoch, holder } = await read(store, name);
    same([epoch, holder], [1, 'first']);
  },

  'of many that want an absent lease exactly one has it': async ({ store }) => {
    const name = `apple/${randomUUID()}`;
    const holders = Array.from({ length: 16 }, (_, index) => `holder ${index}`);
    const epochs = await Promise.all(holders.map((holder) => store.acquire(name, holder, 'absent')));
    same(
      epochs.filter((epoch) => epoch !== null),
      [1],
    );
    assert.equal((await read(store, name)).holder, holders[epochs.indexOf(1)]);
  },

  'a lease is taken over as it was seen, with a higher epoch': async ({ store }) => {
    const name = await held(store);
    const epoch = await store.acquire(name, 'second', await read(store, name));
    assert.ok(epoch !== null && epoch > 1);
    const lease = await read(store, name);
    same([lease.epoch, lease.holder], [epoch, 'second']);
  },

  'a lease whose beat has risen is not taken over': async ({ store }) => {
    const name = await held(store);
    const seen = await read(store, name);
    same(await store.beat('first', [{ name, epoch: 1 }]), [name]);
    assert.equal(await store.acquire(name, 'second', seen), null);
    assert.ok((await read(store, name)).beat > seen.beat);
    assert.equal((await read(store, name)).holder, 'first');
  },

  'of many that take one lease over exactly one does': async ({ store }) => {
    const name = await held(store);
    const seen = await read(store, name);
    const holders = Array.from({ length: 16 }, (_, index) => `holder ${index}`);
    const epochs = await Promise.all(holders.map((holder) => store.acquire(name, holder, seen)));
    assert.equal(epochs.filter((epoch) => epoch !== null).length, 1);
  },

  'a lease that was taken over and given back in between is not as it was seen': async ({ store }) => {
    const name = await held(store);
    const seen = await read(store, name);
    const epoch = await store.acquire(name, 'second', seen);
    await store.release(name, epoch ?? 0);
    assert.equal(await store.acquire(name, 'third', seen), null);
    assert.equal(await store.acquire(name, 'third', 'absent'), null);
    assert.ok(((await store.acquire(name, 'third', await read(store, name))) ?? 0) > (epoch ?? Infinity));
  },

  'all leases that were ever held can be read without their names': async ({ store }) => {
    const [kept, released] = [await held(store), await held(store)];
    await store.release(released, 1);
    const all = await store.all();
    same([all.get(kept)?.holder, all.get(released)?.holder], ['first', null]);
    same(all.get(kept), await read(store, kept));
  },

  'one beat is for all leases of a holder and names those it still has': async ({ store }) => {
    const [kept, lost, released] = [await held(store), await held(store), await held(store)];
    await store.acquire(lost, 'second', await read(store, lost));
    await store.release(released, 1);
    const before = await read(store, lost);
    const names = [kept, lost, released].map((name) => ({ name, epoch: 1 }));
    same(await store.beat('first', names), [kept]);
    same(await read(store, lost), before);
    assert.equal((await read(store, released)).holder, null);
    same(await store.beat('first', []), []);
  },

  'what a holder tells with its beat is there for all to read until the lease is free or another holder has it':
    async ({ store }) => {
      const [taken, released] = [await held(store), await held(store)];
      const told = async (): Promise<(string | null)[]> => {
        const leases = await store.read([taken, released]);
        return [taken, released].map((name) => leases.get(name)?.status ?? null);
      };
      same(await told(), [null, null]);
      await store.beat('first', [
        { name: taken, epoch: 1, status: 'busy' },
        { name: released, epoch: 1, status: 'failing' },
      ]);
      await store.beat('first', [{ name: taken, epoch: 1 }]);
      await store.beat('second', [{ name: released, epoch: 1, status: 'not mine' }]);
      same(await told(), ['busy', 'failing']);
      await store.acquire(taken, 'second', await read(store, taken));
      await store.release(released, 1);
      same(await told(), [null, null]);
    },

  'a released lease is free at once': async ({ store }) => {
    const name = await held(store);
    await store.release(name, 1);
    const free = await read(store, name);
    same([free.epoch, free.holder], [1, null]);
    assert.ok(((await store.acquire(name, 'second', free)) ?? 0) > 1);
  },

  'a lease is not released by an epoch that has passed': async ({ store }) => {
    const name = await held(store);
    await store.acquire(name, 'second', await read(store, name));
    await store.release(name, 1);
    assert.equal((await read(store, name)).holder, 'second');
  },

  'epochs go on rising over a restart, and an old holder is recognised': async (fixture) => {
    const name = await held(fixture.store);
    const epoch = await fixture.store.acquire(name, 'second', await read(fixture.store, name));
    const reopened = await fixture.reopen();
    const lease = await read(reopened, name);
    assert.equal(lease.epoch, epoch);
    const next = await reopened.acquire(name, 'third', lease);
    assert.ok(next !== null && epoch !== null && next > epoch);
    same(await reopened.beat('second', [{ name, epoch }]), []);
  },
};

/** Runs the contract of the Leases port. */
export const leasesContract = (name: string, open: () => Promise<LeasesFixture>): void =>
  runContract(`${name} keeps the contract of Leases`, leasesCases, open);
