import { isoTime } from '@seatbook/kernel';
import type { ForecastFound } from '@seatbook/application';
import { DAY_MS, FORECAST_DAYS, idOfAsset, type AssetId, type Outlook } from '@seatbook/licensing';
import {
  Amount,
  Count,
  CountOrNull,
  OneOf,
  Part,
  PartOrNull,
  Parts,
  Text,
  TimeOrNull,
} from '../document/fields.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

const outlooks: readonly Outlook[] = [
  'exhausting',
  'not-in-sight',
  'exhausted',
  'too-little-data',
  'not-read-yet',
  'unlimited',
];

class RateAnswer {
  @Amount(3.21, 'The mean over the days.')
  mean!: number;

  @Amount(2.1, 'The low end of its band.')
  low!: number;

  @Amount(4.32, 'The high end of its band.')
  high!: number;
}

class UsedInDayAnswer {
  @Text('2026-11-23', 'A whole day, in UTC.')
  date!: string;

  @Count(5, 'Licences that holders got, also from other tools.')
  assigned!: number;

  @Count(2, 'Licences that they gave back, or that others took.')
  returned!: number;
}

export class ForecastAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @OneOf(
    outlooks,
    'exhausting',
    '`exhausting`: at the rate of the last weeks the licences will be used up. `not-in-sight`: not within ten years. `exhausted`: none is left now. `too-little-data`: fewer than 7 whole days are known.',
  )
  outlook!: string;

  @CountOrNull(418, 'Licences that any order can have now; those of the reserve are not counted.')
  unreserved!: number | null;

  @TimeOrNull(
    'When no licence is left that any order can have: free licences divided by the mean use of a day.',
  )
  exhaustedAt!: string | null;

  @TimeOrNull('The same at the high end of the band.', '2026-12-20T08:15:30.000Z')
  earliest!: string | null;

  @TimeOrNull('The same at the low end of the band; null if that has no end in sight.', null)
  latest!: string | null;

  @PartOrNull(
    () => RateAnswer,
    'Licences assigned less those returned, a day. The band is 1.645 standard errors of the mean wide, up and down: it holds the true mean in 9 of 10 cases if the days are independent.',
  )
  perDay!: RateAnswer | null;

  @Parts(() => UsedInDayAnswer, `The days that it rests on: the last whole ones, at most ${FORECAST_DAYS}.`)
  days!: readonly UsedInDayAnswer[];

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

const rounded = (rate: number): number => Math.round(rate * 100) / 100;

export function forecastAnswer(accountId: string, asset: AssetId, forecast: ForecastFound): ForecastAnswer {
  const { outlook, unreserved, exhaustedAt, earliest, latest, perDay, days, asOf } = forecast;
  return {
    accountId,
    assetId: idOfAsset(asset),
    outlook,
    unreserved,
    exhaustedAt: isoTime(exhaustedAt),
    earliest: isoTime(earliest),
    latest: isoTime(latest),
    perDay: perDay && {
      mean: rounded(perDay.mean),
      low: rounded(perDay.low),
      high: rounded(perDay.high),
    },
    days: days.map(({ day, assigned, returned }) => ({
      date: (isoTime(day * DAY_MS) ?? '').slice(0, 10),
      assigned,
      returned,
    })),
    asOf: asOfAnswer(asOf),
  };
}
