import { ERROR_CODES } from '@seatbook/kernel';
import { Count, OneOf, Parts, Text, Texts } from '../document/fields.js';

/** A row of a table that was not taken. */
export class RefusedRowAnswer {
  @Count(7, 'The line at which it begins; the names of the columns are on line 1.')
  line!: number;

  @OneOf(Object.keys(ERROR_CODES), 'INVALID_ROW')
  code!: string;

  @Text('the row has more or fewer cells than there are columns')
  problem!: string;
}

/** What became of the rows of a table. */
export class UploadAnswer {
  @Count(120)
  rows!: number;

  @Count(100)
  created!: number;

  @Count(5)
  changed!: number;

  @Count(14, 'All that they say was so already.')
  unchanged!: number;

  @Count(1, 'Rows that were not taken. The others were.')
  refused!: number;

  @Parts(() => RefusedRowAnswer, 'The first thousand of them.')
  refusals!: readonly RefusedRowAnswer[];

  @Texts([], 'Columns with which nothing was done.')
  ignoredColumns!: readonly string[];
}
