import fc from 'fast-check';
import * as wrote from '@seatbook/test-support/asset-history';
import { NOW } from '@seatbook/test-support/decider-spec';
import { EventLog } from '@seatbook/test-support/event-log';
import { devices } from '@seatbook/test-support/licensing-builders';
import { folded } from '@seatbook/test-support/read-model-spec';
import { dailyUseModel } from './daily-use-model.js';
import {
  DAY_MS,
  FORECAST_DAYS,
  HORIZON_DAYS,
  MIN_FORECAST_DAYS,
  forecastOf,
  type ForecastFacts,
  type UsedInDay,
} from './forecast.js';

const TODAY = Math.floor(NOW / DAY_MS);
const ASSET = '7700000000000001.900000001.STDQ';

/** What was used on the days before today, the last one first. */
const before = (...nets: readonly number[]): readonly UsedInDay[] =>
  nets.map((net, index) => ({
    day: TODAY - 1 - index,
    assigned: Math.max(0, net),
    returned: Math.max(0, -net),
  }));

const facts = (more: Partial<ForecastFacts> = {}): ForecastFacts => ({
  unlimited: false,
  unreserved: 100,
  firstDay: TODAY - 60,
  used: [],
  ...more,
});

const steadily = before(...Array.from({ length: FORECAST_DAYS }, () => 5));

describe('the forecast of an asset', () => {
  it('divides what is free by what is used in a day; without any spread its band has no width', () => {
    expect(forecastOf(facts({ used: steadily }), NOW)).toMatchObject({
      outlook: 'exhausting',
      exhaustedAt: NOW + 20 * DAY_MS,
      earliest: NOW + 20 * DAY_MS,
      latest: NOW + 20 * DAY_MS,
      perDay: { mean: 5, low: 5, high: 5 },
    });
  });

  it('says how far its days spread, as a band of 1.645 standard errors', () => {
    const used = before(
      ...Array.from({ length: FORECAST_DAYS }, (_day, index) => (index % 2 === 0 ? 10 : 0)),
    );
    const { perDay, earliest, latest } = forecastOf(facts({ used }), NOW);
    const error = 1.645 * Math.sqrt((28 * 25) / 27 / 28);
    expect(perDay?.mean).toBe(5);
    expect(perDay?.low).toBeCloseTo(5 - error, 9);
    expect(perDay?.high).toBeCloseTo(5 + error, 9);
    expect(earliest).toBe(NOW + Math.round((100 / (perDay?.high ?? 0)) * DAY_MS));
    expect(latest).toBe(NOW + Math.round((100 / (perDay?.low ?? 0)) * DAY_MS));
  });

  it('counts days on which nothing happened, and neither today nor what is older than 28 days', () => {
    const used = [
      { day: TODAY, assigned: 1_000, returned: 0 },
      { day: TODAY - 1, assigned: 28, returned: 0 },
      { day: TODAY - FORECAST_DAYS - 1, assigned: 1_000, returned: 0 },
    ];
    const { perDay, days } = forecastOf(facts({ used }), NOW);
    expect(perDay?.mean).toBe(1);
    expect([days.length, days[0]?.day, days.at(-1)?.day]).toEqual([28, TODAY - 28, TODAY - 1]);
  });

  it.each([
    ['unlimited', { unlimited: true, unreserved: null, used: steadily }],
    ['not-read-yet', { unreserved: null, firstDay: null }],
    ['exhausted', { unreserved: 0, used: steadily }],
    ['too-little-data', { firstDay: TODAY - MIN_FORECAST_DAYS, used: before(5, 5, 5) }],
    ['not-in-sight', { used: [] }],
    ['not-in-sight', { used: before(...Array.from({ length: 28 }, () => -1)) }],
    ['not-in-sight', { unreserved: 5 * HORIZON_DAYS + 1, used: steadily }],
  ] satisfies [string, Partial<ForecastFacts>][])('gives no date where it is %s', (outlook, more) => {
    expect(forecastOf(facts(more), NOW)).toMatchObject({
      outlook,
      exhaustedAt: null,
      earliest: null,
      latest: null,
    });
  });

  it('rests on the first whole day at the earliest', () => {
    const { days, outlook } = forecastOf(
      facts({ firstDay: TODAY - MIN_FORECAST_DAYS - 1, used: steadily }),
      NOW,
    );
    expect(days).toHaveLength(MIN_FORECAST_DAYS);
    expect(outlook).toBe('exhausting');
  });

  it('lies within its band, comes later with more licences, and does not depend on the order of the days', () => {
    const anyDays = fc.array(fc.record({ assigned: fc.nat(500), returned: fc.nat(500) }), { maxLength: 40 });
    fc.assert(
      fc.property(anyDays, fc.integer({ min: 1, max: 100_000 }), fc.nat(1_000), (days, unreserved, more) => {
        const used = days.map((day, index) => ({ ...day, day: TODAY - 1 - index }));
        const of = (change: Partial<ForecastFacts>) =>
          forecastOf(facts({ used, unreserved, ...change }), NOW);
        const forecast = of({});
        const { outlook, exhaustedAt, earliest, latest, perDay } = forecast;
        expect(of({ used: used.toReversed() })).toEqual(forecast);
        expect(perDay?.low).toBeLessThanOrEqual(perDay?.mean ?? 0);
        expect(perDay?.high).toBeGreaterThanOrEqual(perDay?.mean ?? 0);
        expect(exhaustedAt !== null).toBe(outlook === 'exhausting');
        if (exhaustedAt === null) return;
        expect(perDay?.mean).toBeGreaterThan(0);
        expect(exhaustedAt).toBeGreaterThanOrEqual(NOW);
        expect(earliest).toBeLessThanOrEqual(exhaustedAt);
        expect(latest ?? Infinity).toBeGreaterThanOrEqual(exhaustedAt);
        expect(of({ unreserved: unreserved + more }).exhaustedAt ?? Infinity).toBeGreaterThanOrEqual(
          exhaustedAt,
        );
      }),
    );
  });
});

describe('the daily use of an asset', () => {
  it('counts what holders got and gave back on each day, from the day on which it was first read', () => {
    const A = devices('A');
    const events = [
      ...wrote.owned(5),
      wrote.reserved('one', devices('A', 'B'), 1),
      wrote.claimed('call-1', devices('A', 'B'), [1]),
      wrote.assigned('call-1', 'one', devices('A', 'B')),
      wrote.returning('two', A, 2),
      wrote.claimed('call-2', A, [2], 'disassociate'),
      { type: 'asset.licenses-returned', data: { ...A, orderId: 'two', callId: 'call-2' } } as const,
    ];
    const days = folded(dailyUseModel, new EventLog(NOW).append(`asset-${ASSET}`, events));
    expect([...days]).toMatchObject([
      [`${ASSET}|${TODAY}`, { asset: ASSET, day: TODAY, assigned: 2, returned: 1 }],
    ]);
    const [first] = new EventLog(NOW + DAY_MS).append(`asset-${ASSET}`, wrote.owned(5).slice(-1));
    expect(folded(dailyUseModel, first ? [first] : []).get(`${ASSET}|${TODAY + 1}`)).toMatchObject({
      assigned: 0,
      returned: 0,
    });
  });
});
