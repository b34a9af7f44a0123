import assert from 'node:assert/strict';
import type { Secrets } from '@seatbook/runtime';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';

export interface SecretsFixture extends Fixture {
  /** Without any secret. */
  readonly store: Secrets;
  reopen(): Promise<Secrets>;
}

export const secretsCases: Cases<SecretsFixture> = {
  'a secret is read back as it was put': async ({ store }) => {
    const secret = 'eyJleHBEYXRlIjoi… NUL \u0000 👩‍🚀'.repeat(100);
    await store.put('token/abc', secret);
    await store.put('token/empty', '');
    assert.equal(await store.get('token/abc'), secret);
    assert.equal(await store.get('token/empty'), '');
  },

  'there is no secret of a name that was never put': async ({ store }) => {
    await store.put('token/abc', 'one');
    assert.equal(await store.get('token/ab'), null);
    assert.equal(await store.get('token/ABC'), null);
    assert.equal(await store.get('token/abc'), 'one');
  },

  'the same name again replaces': async ({ store }) => {
    await store.put('token/abc', 'old');
    await store.put('token/abc', 'new');
    assert.equal(await store.get('token/abc'), 'new');
    same(await store.names(''), ['token/abc']);
  },

  'putIfAbsent does not replace a secret and returns it': async ({ store }) => {
    assert.equal(await store.putIfAbsent('deployment/id', 'first'), 'first');
    assert.equal(await store.putIfAbsent('deployment/id', 'second'), 'first');
    assert.equal(await store.get('deployment/id'), 'first');
    await store.put('deployment/id', 'replaced');
    assert.equal(await store.putIfAbsent('deployment/id', 'third'), 'replaced');
    await store.delete('deployment/id');
    assert.equal(await store.putIfAbsent('deployment/id', 'fourth'), 'fourth');
  },

  'many concurrent putIfAbsent of one name all return the same secret': async ({ store }) => {
    const wanted = Array.from({ length: 16 }, (_, index) => `secret ${index}`);
    const kept = await Promise.all(wanted.map((secret) => store.putIfAbsent('deployment/id', secret)));
    assert.equal(new Set(kept).size, 1);
    assert.ok(wanted.includes(kept[0] ?? ''));
    assert.equal(await store.get('deployment/id'), kept[0]);
  },

  'names are listed by their beginning': async ({ store }) => {
    for (const name of ['token/b', 'webhook/a', 'token/a', 'tokens', 'token_c', 'Token/z'])
      await store.put(name, name);
    same([...(await store.names('token/'))].sort(), ['token/a', 'token/b']);
    same([...(await store.names('token'))].sort(), ['token/a', 'token/b', 'token_c', 'tokens']);
    assert.equal((await store.names('')).length, 6);
    same(await store.names('%'), []);
  },

  'a deleted secret does not exist, and deleting it again does nothing': async ({ store }) => {
    await store.put('token/abc', 'one');
    await store.put('token/abd', 'two');
    await store.delete('token/abc');
    await store.delete('token/abc');
    assert.equal(await store.get('token/abc'), null);
    same(await store.names(''), ['token/abd']);
  },

  'secrets put at once are all kept': async ({ store }) => {
    const names = Array.from({ length: 40 }, (_, index) => `token/${index}`);
    await Promise.all(names.map((name) => store.put(name, `secret of ${name}`)));
    for (const name of names) assert.equal(await store.get(name), `secret of ${name}`);
  },

  'secrets are there after a restart': async (fixture) => {
    await fixture.store.put('token/abc', 'kept');
    const reopened = await fixture.reopen();
    assert.equal(await reopened.get('token/abc'), 'kept');
  },
};

/** Runs the contract of the Secrets port. */
export const secretsContract = (name: string, open: () => Promise<SecretsFixture>): void =>
  runContract(`${name} keeps the contract of Secrets`, secretsCases, open);
