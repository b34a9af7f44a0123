import { asPosition } from '@seatbook/kernel';
import type { AccountDocument } from '@seatbook/licensing';
import type { ReadStore, Views } from '@seatbook/runtime';
import { pass } from '@seatbook/test-support/let-happen';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { AccountGates } from './account-gates.js';

const UID = '7700000000000001';

describe('gates of accounts', () => {
  const clock = new VirtualClock();
  let account: Partial<AccountDocument>;
  let down: Error | null;
  let advanced: (model: string) => void;
  let gates: AccountGates;
  let opened: string[];
  const lines: string[] = [];

  beforeEach(async () => {
    account = { uId: UID, usable: true, fingerprint: 'f1', conflict: null, tokenState: 'active' };
    down = null;
    opened = [];
    lines.length = 0;
    const query = async (): Promise<unknown> => {
      if (down) throw down;
      return { rows: [account], next: null };
    };
    const onAdvance: Views['onAdvance'] = (listener) => {
      advanced = (model) => listener(model, asPosition(1));
      return () => undefined;
    };
    gates = new AccountGates({ query } as unknown as ReadStore, { onAdvance } as Views, clock, (message) =>
      lines.push(message),
    );
    gates.onOpened((uId) => opened.push(uId));
    gates.start();
    await pass(clock, 10);
  });
  afterEach(() => gates.stop());

  it('open for an account that is usable, and tell so once', async () => {
    expect(gates.isOpen(UID)).toBe(true);
    expect(gates.isOpen('78')).toBe(false);
    advanced('accounts');
    await pass(clock, 10);
    expect(opened).toEqual([UID]);
  });

  it('shut at once on a refusal, and open when the account has another token', async () => {
    gates.shut(UID);
    expect(gates.isOpen(UID)).toBe(false);
    advanced('accounts');
    await pass(clock, 10);
    expect(gates.isOpen(UID)).toBe(false);
    account = { ...account, fingerprint: 'f2' };
    advanced('accounts');
    await pass(clock, 10);
    expect(gates.isOpen(UID)).toBe(true);
    expect(opened).toEqual([UID, UID]);
  });

  it('stay as they are while the accounts cannot be read, say so, and go on by themselves', async () => {
    down = new Error('disk I/O error');
    account = { ...account, usable: false };
    advanced('accounts');
    await pass(clock, 10_000);
    expect(gates.isOpen(UID)).toBe(true);
    expect(gates.failure).toBe('Error: disk I/O error');
    down = null;
    await pass(clock, 60_000);
    expect(gates.isOpen(UID)).toBe(false);
    expect(gates.failure).toBeNull();
    expect(lines).toEqual(['a runner fails and keeps trying', 'a runner works again']);
  });
});
