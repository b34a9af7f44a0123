import type { Instant } from '@seatbook/kernel';
import { stampOf, type StreamKind } from './stream-kind.js';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

interface Moments {
  readonly read: Instant;
  readonly describe: Instant;
}

const dueAt = (name: keyof Moments) => ({
  due: (moments: Moments) => ({ at: moments[name], gate: 'account' }),
  perform: () => Promise.resolve([]),
});
const kind: StreamKind = {
  category: 'reading',
  decider: { initial: () => null, decide: () => [], evolve: () => null },
  steps: { read: dueAt('read'), describe: dueAt('describe') },
  waits: { read: HOUR, describe: 24 * HOUR },
  weigh: () => 0,
};

it('a stream waits for the earliest of its steps', () => {
  const state = { read: NOW + HOUR, describe: NOW + 24 * HOUR };
  expect(stampOf(kind, state, NOW)).toEqual({ step: 'read', at: NOW + HOUR, gate: 'account' });
});

it('a step that a clock two weeks ahead has noted is due, and is not hidden behind another one', () => {
  const state = { read: NOW + 14 * 24 * HOUR, describe: NOW + 24 * HOUR };
  expect(stampOf(kind, state, NOW)).toEqual({ step: 'read', at: NOW, gate: 'account' });
});

describe('after the clock was set back by ten hours', () => {
  const before = { stamp: null, stampedAt: NOW + 10 * HOUR };
  const read = NOW + 10.5 * HOUR;
  const waits = { read, describe: NOW + 30 * HOUR };
  const ahead = {
    read: { noted: read, at: NOW },
    describe: { noted: waits.describe, at: NOW },
  };
  const stamp = { step: 'read', at: NOW, gate: 'account', ahead };

  it('what was noted before is due: nobody knows how long ago that was', () => {
    expect(stampOf(kind, waits, NOW, before)).toEqual(stamp);
  });

  it('it stays due, whatever happens to its stream meanwhile', () => {
    const later = NOW + HOUR / 4;
    expect(stampOf(kind, waits, later, { stamp, stampedAt: later })).toEqual(stamp);
  });

  it('what is noted from then on keeps its moment, also where the clock is soon where it was', () => {
    const now = NOW + 9.9 * HOUR;
    const { describe: other } = ahead;
    const next = { step: 'describe', at: NOW, gate: 'account', ahead: { describe: other } };
    const state = { ...waits, read: now + HOUR };
    expect(stampOf(kind, state, now, { stamp, stampedAt: now })).toEqual(next);
    const both = { read: now + HOUR, describe: now + 24 * HOUR };
    expect(stampOf(kind, both, now, { stamp: next, stampedAt: now })).toMatchObject({ at: now + HOUR });
  });

  it('what was noted by the clock as it is now keeps its moment', () => {
    const state = { read: NOW + HOUR, describe: NOW + 9 * HOUR };
    expect(stampOf(kind, state, NOW, before)).toEqual({ step: 'read', at: NOW + HOUR, gate: 'account' });
  });

  it('a step that waits for a date keeps that date', () => {
    const state = { read: NOW + 40 * HOUR, describe: NOW + 30 * HOUR };
    expect(stampOf({ ...kind, waits: {} }, state, NOW, before)).toMatchObject({ at: NOW + 30 * HOUR });
  });
});

it('a step without a longest wait may wait for ever', () => {
  const state = { read: NOW + 500 * 24 * HOUR, describe: NOW + 400 * 24 * HOUR };
  expect(stampOf({ ...kind, waits: {} }, state, NOW)).toMatchObject({ step: 'describe' });
});

it('a kind without steps waits for nothing that could be stamped', () => {
  expect(stampOf({ ...kind, steps: {} }, null, NOW)).toBeUndefined();
});
