import { asPosition, numberOf, type Position } from '@seatbook/kernel';
import { writeGateOf, type AccountDocument, type AccountRefusal } from '@seatbook/licensing';
import type { ReadStore, Views } from '@seatbook/runtime';
import { pass } from '@seatbook/test-support/let-happen';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { AccountGates } from './account-gates.js';

const UID = '7700000000000001';
/** Of reads and of writes. */
const BOTH = [UID, writeGateOf(UID)];
const REVOKED = { kind: 'token', state: 'revoked', errorNumber: 9_625 } as const;
const OTHER_MDM = { kind: 'conflict', mdmInfo: null, fingerprint: 'f1' } as const;

describe('gates of accounts', () => {
  const clock = new VirtualClock();
  let account: Partial<AccountDocument>;
  let down: Error | null;
  let advanced: (model: string) => void;
  let gates: AccountGates;
  let opened: string[];
  /** Up to where the accounts are read, and how often that was done. */
  let known: Position;
  let reads: number;
  let reported: AccountRefusal[];
  let unreachable: Error | null;
  /** Tokens whose date has not come after all. */
  let revised: string[];
  const lines: string[] = [];
  const becomes = (more: Partial<AccountDocument>): void => {
    account = { ...account, ...more };
    known = asPosition(numberOf(known) + 1);
  };

  beforeEach(async () => {
    const expiresAt = clock.now() + 3_600_000;
    account = { uId: UID, usable: true, tokenState: 'active', fingerprint: 'f1', expiresAt };
    down = null;
    unreachable = null;
    known = asPosition(1);
    reported = [];
    revised = [];
    opened = [];
    lines.length = 0;
    reads = 0;
    const query = async (): Promise<unknown> => {
      reads += 1;
      if (down) throw down;
      return { rows: [account], next: null };
    };
    const onAdvance: Views['onAdvance'] = (listener) => {
      advanced = (model) => listener(model, asPosition(1));
      return () => undefined;
    };
    gates = new AccountGates({
      reads: { query, checkpoint: async () => known } as unknown as ReadStore,
      views: { onAdvance } as Views,
      clock,
      log: (message) => lines.push(message),
      report: async (uId, refusal) => {
        if (unreachable) throw unreachable;
        expect(uId).toBe(UID);
        reported.push(refusal);
        return asPosition(7);
      },
      revise: async (uId, fingerprint) => {
        revised.push(`${uId} ${fingerprint}`);
      },
    });
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
    expect(opened).toEqual(BOTH);
  });

  it('are read again only where an account may have changed', async () => {
    const before = reads;
    await pass(clock, 60_000);
    expect(reads).toBe(before);
    becomes({ usable: false });
    await pass(clock, 60_000);
    expect(reads).toBe(before + 1);
    expect(gates.open()).toEqual([UID]);
  });

  it('shut at once on a refusal, report it once, and open when the account has another token', async () => {
    gates.shut(UID, { ...REVOKED, fingerprint: 'f1' });
    expect(gates.isOpen(UID)).toBe(false);
    await pass(clock, 10);
    expect(reported).toEqual([{ ...REVOKED, fingerprint: 'f1' }]);
    // What the account made of it is not known yet.
    advanced('accounts');
    await pass(clock, 10);
    expect(gates.isOpen(UID)).toBe(false);
    known = asPosition(7);
    becomes({ usable: false, tokenState: 'revoked' });
    advanced('accounts');
    await pass(clock, 10);
    expect(gates.isOpen(UID)).toBe(false);
    becomes({ usable: true, tokenState: 'active', fingerprint: 'f2' });
    advanced('accounts');
    await pass(clock, 10);
    expect(gates.isOpen(UID)).toBe(true);
    expect(opened).toEqual([...BOTH, ...BOTH]);
    expect(reported).toHaveLength(1);
  });

  it('stay open on a late refusal of a token that was replaced, which the account hears of all the same', async () => {
    gates.shut(UID, { ...REVOKED, fingerprint: 'f0' });
    expect(gates.isOpen(UID)).toBe(true);
    await pass(clock, 10);
    expect(reported).toEqual([{ ...REVOKED, fingerprint: 'f0' }]);
  });

  it('open again where the account knows better: nothing stays shut that nobody would open', async () => {
    gates.shut(UID, OTHER_MDM);
    expect(gates.isOpen(UID)).toBe(false);
    known = asPosition(7);
    await pass(clock, 10);
    expect(gates.isOpen(UID)).toBe(true);
    expect(opened).toEqual([...BOTH, ...BOTH]);
  });

  it('of reads open again where another MDM has the location, and those of writes when it is ours', async () => {
    const usable: string[] = [];
    gates.writes.onOpened((uId) => usable.push(uId));
    gates.shut(UID, OTHER_MDM);
    becomes({ usable: false });
    known = asPosition(7);
    await pass(clock, 10);
    expect([gates.isOpen(UID), gates.writes.isOpen(UID), gates.open()]).toEqual([true, false, [UID]]);
    expect([gates.writes.open(), usable]).toEqual([[], []]);
    becomes({ usable: true });
    advanced('accounts');
    await pass(clock, 10);
    expect([gates.writes.isOpen(UID), gates.writes.open(), usable]).toEqual([true, [UID], [UID]]);
  });

  it('report a refusal until the account has heard it', async () => {
    unreachable = new Error('disk full');
    gates.shut(UID, { ...REVOKED, fingerprint: 'f1' });
    await pass(clock, 10_000);
    expect(reported).toEqual([]);
    expect(gates.failure).toBe('Error: disk full');
    unreachable = null;
    await pass(clock, 60_000);
    expect(reported).toHaveLength(1);
    expect(gates.failure).toBeNull();
  });

  it('shut at the date of the token', async () => {
    becomes({ expiresAt: clock.now() + 60_000 });
    advanced('accounts');
    await pass(clock, 10);
    expect(gates.isOpen(UID)).toBe(true);
    clock.moveTo(clock.now() + 60_000);
    expect(gates.isOpen(UID)).toBe(false);
    expect(gates.open()).toEqual([]);
  });

  describe('of an account whose token was over by a clock', () => {
    const expired = (more: Partial<AccountDocument>): Promise<void> => {
      becomes({ usable: false, tokenState: 'expired', tokenErrorNumber: null, ...more });
      return pass(clock, 10_000);
    };

    it('tell it that its date has not come after all, and not again at once', async () => {
      await expired({});
      expect(revised).toEqual([`${UID} f1`]);
      await pass(clock, 580_000);
      expect(revised).toHaveLength(1);
      await pass(clock, 20_000);
      expect(revised).toHaveLength(2);
    });

    it('tell it nothing where Apple said so, where the date has come, and where another clock may just be slower', async () => {
      await expired({ tokenErrorNumber: 9_621 });
      await expired({ expiresAt: clock.now() });
      await expired({ expiresAt: clock.now() + 60_000 });
      expect(revised).toEqual([]);
    });
  });

  it('stay as they are while the accounts cannot be read, say so, and go on by themselves', async () => {
    down = new Error('disk I/O error');
    becomes({ usable: false, tokenState: 'revoked' });
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
