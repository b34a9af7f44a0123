import type { Cause } from '@seatbook/kernel';
import fc from 'fast-check';
import { NOW } from '@seatbook/test-support/decider-spec';
import {
  KEYNOTE,
  LOCATION,
  PAGES,
  devices,
  manyDevices,
  persons,
} from '@seatbook/test-support/licensing-builders';
import type { CallCommand } from '../apple-call/call-decider.js';
import { holderCount, holderKeys, type Holders } from '../holder.js';
import type { AppleLimits } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { dispatcher } from './dispatcher.js';
import type { LotRow, OpenWorkRow } from './open-work.js';

const APPLE: AppleLimits = { maxAssets: 25, maxSerialNumbers: 1_000, maxClientUserIds: 1_000, maxUsers: 100 };

function planOf(rows: readonly OpenWorkRow[], now = NOW, limits = APPLE, probeAt: number | null = null) {
  let calls = 0;
  const { commands, wakeAt } = dispatcher(DEFAULT_TIMINGS).plan(rows, {
    uId: LOCATION,
    now,
    limits,
    probeAt,
    newCallId: () => `call-${(calls += 1)}`,
  });
  return {
    calls: commands.map(({ command }) => command as CallCommand & { type: 'PlanCall' }),
    streams: commands.map(({ stream }) => stream),
    wakeAt,
  };
}

const opened = (eventId: string): Cause => ({
  eventId,
  stream: 'asset-1',
  revision: 7,
  correlationId: `request of ${eventId}`,
});

const lot = (holders: Holders, more: Partial<LotRow> = {}): LotRow => ({
  row: 'lot',
  rank: 1,
  uId: LOCATION,
  asset: PAGES,
  action: 'associate',
  orderId: '',
  since: NOW - 1_000,
  notBefore: 0,
  limit: 0,
  cause: opened('some-event'),
  ...holders,
  ...more,
});
const placed = (orderId: string): OpenWorkRow => ({ row: 'order', rank: 0, uId: LOCATION, orderId });
const claiming = (holders: Holders, action: 'associate' | 'disassociate' = 'associate'): OpenWorkRow => ({
  row: 'call',
  rank: 0,
  uId: LOCATION,
  action,
  assets: [PAGES],
  ...holders,
});

describe('the dispatcher of an account', () => {
  it('names the newest event that opened a pair of the call as its cause', () => {
    const rows = [
      lot(devices('S1'), { cause: opened('older'), since: NOW - 2_000 }),
      lot(devices('S2'), { cause: opened('newer'), since: NOW - 1_500 }),
      lot(devices('S3'), { cause: opened('of another call'), since: NOW - 1_000, limit: 1 }),
    ];
    const { commands } = dispatcher(DEFAULT_TIMINGS).plan(rows, {
      uId: LOCATION,
      now: NOW,
      limits: APPLE,
      probeAt: null,
      newCallId: () => 'call',
    });
    expect(commands.map(({ cause }) => cause?.eventId)).toEqual(['newer', 'of another call']);
  });

  it('plans nothing where nothing is open', () => {
    expect(planOf([])).toEqual({ calls: [], streams: [], wakeAt: null });
  });

  it('plans work that has waited for 200 ms', () => {
    const rows = [lot(devices('A'), { since: NOW })];
    expect(planOf(rows, NOW + 199)).toEqual({ calls: [], streams: [], wakeAt: NOW + 200 });
    expect(planOf(rows, NOW + 200)).toEqual({
      calls: [{ type: 'PlanCall', uId: LOCATION, action: 'associate', assets: [PAGES], ...devices('A') }],
      streams: ['appleCall-call-1'],
      wakeAt: null,
    });
  });

  it('plans what fills a call at once and lets the rest wait', () => {
    const { calls, wakeAt } = planOf([
      lot(manyDevices(1_000), { since: NOW }),
      lot(devices('A'), { since: NOW }),
    ]);
    expect(calls.map(holderCount)).toEqual([1_000]);
    expect(wakeAt).toBe(NOW + 200);
  });

  it('groups the work of several orders and assets', () => {
    const rows = [lot(devices('A')), lot(devices('B')), lot(devices('A', 'B'), { asset: KEYNOTE })];
    expect(planOf(rows).calls).toEqual([
      {
        type: 'PlanCall',
        uId: LOCATION,
        action: 'associate',
        assets: [PAGES, KEYNOTE],
        ...devices('A', 'B'),
      },
    ]);
  });

  it('never mixes what is given with what is taken back', () => {
    const { calls } = planOf([lot(devices('A')), lot(devices('B'), { action: 'disassociate' })]);
    expect(calls.map(({ action, serialNumbers }) => [action, serialNumbers])).toEqual([
      ['associate', ['A']],
      ['disassociate', ['B']],
    ]);
  });

  it('waits for an order until all its ledgers have answered', () => {
    const rows = [lot(devices('A'), { orderId: 'one' })];
    expect(planOf([...rows, placed('one')])).toMatchObject({ calls: [], wakeAt: null });
    expect(planOf([...rows, placed('two')]).calls).toHaveLength(1);
  });

  it('waits until work may be done again', () => {
    expect(planOf([lot(devices('A'), { notBefore: NOW + 30_000 })])).toMatchObject({
      calls: [],
      wakeAt: NOW + 30_000,
    });
  });

  it('is not put to sleep by a clock that was ahead', () => {
    const hour = 3_600_000;
    expect(planOf([lot(devices('A'), { since: NOW + hour })]).calls).toHaveLength(1);
    expect(planOf([lot(devices('A'), { notBefore: NOW + hour })]).calls).toHaveLength(1);
    expect(planOf([lot(devices('A'))], NOW, APPLE, NOW + 2 * hour).calls).toMatchObject([
      { type: 'StartProbe' },
      { probe: true },
    ]);
  });

  it('names no more assets in a call than its failures leave room for, whatever Apple allows', () => {
    const rows = Array.from({ length: 60 }, (_asset, index) =>
      lot(devices('A'), { asset: { adamId: String(index), pricingParam: 'STDQ' } }),
    );
    const { calls } = planOf(rows, NOW, { ...APPLE, maxAssets: 1_000 });
    expect(calls.map(({ assets }) => assets.length)).toEqual([25, 25, 10]);
  });

  it('leaves out what a call is claiming, of the same action', () => {
    const rows = [lot(devices('A', 'B'))];
    expect(planOf([...rows, claiming(devices('A'))]).calls).toMatchObject([devices('B')]);
    expect(planOf([...rows, claiming(devices('A', 'B'))]).calls).toEqual([]);
    expect(planOf([...rows, claiming(devices('A'), 'disassociate')]).calls).toMatchObject([
      devices('A', 'B'),
    ]);
  });

  it('carries no more holders than an event names and than the failures of a call leave room for', () => {
    const people = persons(...Array.from({ length: 1_200 }, (_person, index) => `p${index}`));
    const large = { ...APPLE, maxSerialNumbers: 5_000, maxClientUserIds: 5_000 };
    expect(Math.max(...planOf([lot(manyDevices(3_000))], NOW, large).calls.map(holderCount))).toBe(1_000);
    expect(Math.max(...planOf([lot(people)], NOW, large).calls.map(holderCount))).toBe(500);
    const mixed = planOf([lot(manyDevices(1_200)), lot(people)], NOW, large).calls;
    expect(Math.max(...mixed.map(({ serialNumbers }) => serialNumbers.length))).toBe(500);
    expect(Math.max(...mixed.map(({ userIds }) => userIds.length))).toBe(500);
  });

  it('carries no call of more pairs than its work allows, whatever the work, and no more than Apple allows', () => {
    const letters = [...'ABCDEFGH'];
    const anyRow = fc.record({
      asset: fc.constantFrom(PAGES, KEYNOTE, { adamId: '3', pricingParam: 'STDQ' }),
      serialNumbers: fc.subarray(letters),
      userIds: fc.subarray(['p', 'q', 'r']),
      limit: fc.constantFrom(0, 1, 2, 3, 5),
    });
    const limits = fc.record({
      maxAssets: fc.integer({ min: 1, max: 3 }),
      maxSerialNumbers: fc.integer({ min: 1, max: 4 }),
      maxClientUserIds: fc.integer({ min: 1, max: 3 }),
      maxUsers: fc.constant(100),
    });
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 6 }), limits, (list, allowed) => {
        // A pair is open in one lot at a time.
        const seen = new Set<string>();
        const fresh = (adamId: string, holder: string): boolean =>
          !seen.has(`${adamId} ${holder}`) && Boolean(seen.add(`${adamId} ${holder}`));
        const rows = list
          .map(({ asset, serialNumbers, userIds, limit }) => {
            const { adamId } = asset;
            const own = {
              serialNumbers: serialNumbers.filter((serial) => fresh(adamId, serial)),
              userIds: userIds.filter((user) => fresh(adamId, user)),
            };
            return lot(own, { asset, limit });
          })
          .filter((row) => holderCount(row) > 0);
        const limitOf = new Map<string, number>(
          rows.flatMap((row) =>
            holderKeys(row).map((key) => [`${row.asset.adamId} ${key}`, row.limit] as const),
          ),
        );
        const { calls } = planOf(rows, NOW, allowed);
        const covered: string[] = [];
        for (const call of calls) {
          const pairs = call.assets.flatMap(({ adamId }) =>
            holderKeys(call).map((key) => `${adamId} ${key}`),
          );
          covered.push(...pairs);
          const smallest = Math.min(...pairs.map((pair) => limitOf.get(pair) || Infinity));
          expect(pairs.length).toBeLessThanOrEqual(smallest);
          expect(call.assets.length).toBeLessThanOrEqual(allowed.maxAssets);
          expect(call.serialNumbers.length).toBeLessThanOrEqual(allowed.maxSerialNumbers);
          expect(call.userIds.length).toBeLessThanOrEqual(allowed.maxClientUserIds);
        }
        expect(covered.sort()).toEqual([...limitOf.keys()].sort());
      }),
      { numRuns: 300 },
    );
  });
});

describe('planning while Apple refuses whatever is written', () => {
  const rows = [
    lot(devices('A', 'B'), { since: NOW - 1_000 }),
    lot(devices('C', 'D'), { since: NOW - 9_000, asset: KEYNOTE }),
    lot(devices('E'), { action: 'disassociate', since: NOW - 5_000 }),
  ];

  it('waits for the moment of the next probe', () => {
    expect(planOf(rows, NOW, APPLE, NOW + 60_000)).toMatchObject({ calls: [], wakeAt: NOW + 60_000 });
  });

  it('is one call of one pair, the one that has waited longest, and the account is told', () => {
    const { calls, streams } = planOf([...rows, claiming(devices('Z'))], NOW, APPLE, NOW);
    expect(streams).toEqual([`account-${LOCATION}`, 'appleCall-call-1']);
    expect(calls).toMatchObject([
      { type: 'StartProbe' },
      { type: 'PlanCall', action: 'associate', assets: [KEYNOTE], ...devices('C'), probe: true },
    ]);
  });
});
