import { START } from '@seatbook/kernel';
import type { Period, WantedPeriod } from '@seatbook/application';
import { Part, PartOrNull } from '../document/fields.js';
import { AsOfAnswer, asOfAnswer } from './as-of.js';
import { MomentField, momentOf } from './moment.js';

/** Between two moments of the log. */
export class PeriodQuery {
  @MomentField(
    'What lies behind this moment: a position, or a time in ISO 8601 (when it was recorded). All of the log where nothing is said.',
  )
  from?: string;

  @MomentField('… up to and with this moment: a position, or a time in ISO 8601. Now where nothing is said.')
  to?: string;
}

export class PeriodAnswer {
  @PartOrNull(() => AsOfAnswer, 'Null for the beginning of the log.')
  from!: AsOfAnswer | null;

  @Part(() => AsOfAnswer, 'Pages of one report have it in common: ask for them with `to` as this position.')
  to!: AsOfAnswer;
}

export const wantedPeriod = ({ from, to }: PeriodQuery): WantedPeriod => ({
  from: momentOf(from, 'from'),
  to: momentOf(to, 'to'),
});

export const periodAnswer = ({ from, to }: Period): PeriodAnswer => ({
  from: from.position === START ? null : asOfAnswer(from),
  to: asOfAnswer(to),
});
