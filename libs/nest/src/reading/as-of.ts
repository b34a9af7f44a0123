import { isoTime, numberOf } from '@seatbook/kernel';
import type { Reflected } from '@seatbook/application';
import { Count, Time } from '../document/fields.js';

/** What an answer reflects: the log up to this position, and the moment that it shows. */
export class AsOfAnswer {
  @Count(1842, 'The answer reflects the log up to this position.')
  position!: number;

  @Time('Now, where the answer has all that is in the log; else when the last event in it was recorded.')
  time!: string;
}

export const asOfAnswer = ({ position, time }: Reflected): AsOfAnswer => ({
  position: numberOf(position),
  time: isoTime(time) ?? '',
});
