import { systemClock } from '@seatbook/kernel';
import type { OpenedStores } from '@seatbook/runtime';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { mdmIdOf } from './mdm-id.js';
import { OwnerKey } from './owner-key.js';

const CHOSEN = 'chosen-by-the-operator-0123456789abcdef';

describe('keys of a deployment', () => {
  let stores: OpenedStores;
  let close: () => Promise<void>;
  beforeEach(async () => ({ stores, close } = await openTemporaryStores(systemClock)));
  afterEach(() => close());

  const open = (key: string | null = null, resetKey = false): Promise<OwnerKey> =>
    OwnerKey.open(stores.secrets, { key, resetKey, mayMake: true });

  it('an owner key is made once, also by processes that start at the same moment', async () => {
    const opened = await Promise.all([open(), open(), open()]);
    const made = new Set(opened.map((key) => key.unused));
    expect(made.size).toBe(1);
    const [key = ''] = [...made];
    for (const one of [...opened, await open()]) expect(one.matches(key ?? '')).toBe(true);
  });

  it('a key is shown at each start until somebody has used it', async () => {
    const { unused: key } = await open();
    expect(key).toMatch(/^sbk_/);
    const second = await open();
    expect(second.unused).toBe(key);
    expect(second.matches('sbk_wrong')).toBe(false);
    expect((await open()).unused).toBe(key);
    expect(second.matches(key ?? '')).toBe(true);
    await second.forgotten;
    expect((await open()).unused).toBeNull();
    expect((await open()).matches(key ?? '')).toBe(true);
  });

  it('a chosen owner key replaces the kept one, and a reset makes another', async () => {
    const { unused: first } = await open();
    const chosen = await open(CHOSEN);
    expect(chosen.unused).toBeNull();
    expect((await open()).matches(CHOSEN)).toBe(true);
    expect((await open()).matches(first ?? '')).toBe(false);
    const { unused: second } = await open(null, true);
    expect((await open()).unused).toBe(second);
    expect((await open()).matches(second ?? '')).toBe(true);
  });

  it('where no key may be made, one must be given, and is then known to all', async () => {
    const openShared = (key: string | null): Promise<OwnerKey> =>
      OwnerKey.open(stores.secrets, { key, resetKey: false, mayMake: false });
    await expect(openShared(null)).rejects.toThrow(/^SEATBOOK_OWNER_KEY or SEATBOOK_OWNER_KEY_FILE must/);
    await openShared(CHOSEN);
    expect((await openShared(null)).matches(CHOSEN)).toBe(true);
  });

  it('processes that start at the same moment have one id for Apple', async () => {
    let number = 0;
    const ids = { next: () => `id-${(number += 1)}` };
    const found = await Promise.all([1, 2, 3].map(() => mdmIdOf(null, stores.secrets, ids)));
    expect(new Set(found).size).toBe(1);
    expect(await mdmIdOf(null, stores.secrets, ids)).toBe(found[0]);
    expect(await mdmIdOf('configured', stores.secrets, ids)).toBe('configured');
  });
});
