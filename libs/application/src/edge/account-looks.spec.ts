import { START, type Position } from '@seatbook/kernel';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { ReadStore } from '@seatbook/runtime';
import { AccountLooks } from './account-looks.js';

describe('looks at accounts', () => {
  const clock = new VirtualClock();
  let asked: string[];
  let fails: boolean;
  let looks: AccountLooks;
  beforeEach(() => {
    asked = [];
    fails = false;
    const get = async (_model: unknown, key: string): Promise<{ uId: string; position: Position }> => {
      asked.push(key);
      if (fails) throw new Error('the store is away');
      return { uId: key, position: START };
    };
    looks = new AccountLooks({ get } as unknown as Pick<ReadStore, 'get'>, clock);
  });

  it('are shared by all who ask within a twentieth of a second, for each account its own', async () => {
    const first = await Promise.all([looks.get('a'), looks.get('a'), looks.get('b')]);
    expect(first.map((account) => account?.uId)).toEqual(['a', 'a', 'b']);
    clock.moveTo(clock.now() + 49);
    await looks.get('a');
    expect(asked).toEqual(['a', 'b']);
    clock.moveTo(clock.now() + 1);
    await looks.get('a');
    expect(asked).toEqual(['a', 'b', 'a']);
  });

  it('that fail are repeated for the next one who asks', async () => {
    fails = true;
    await expect(looks.get('a')).rejects.toThrow('the store is away');
    fails = false;
    expect(await looks.get('a')).toMatchObject({ uId: 'a' });
    expect(asked).toEqual(['a', 'a']);
  });
});
