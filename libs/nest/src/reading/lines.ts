import { Readable } from 'node:stream';
import { numberOf, type Position } from '@seatbook/kernel';
import { headerOf, type HttpReply, type HttpRequest } from '../http/exchange.js';
import { CSV, headOf, prefersCsv, rowsOf } from './tables.js';

const NDJSON = 'application/x-ndjson';

/** Documents an answer of any length, one item a line. */
export const LINES_CONTENT = {
  [NDJSON]: { schema: { type: 'string' } },
  'text/csv': { schema: { type: 'string' } },
} as const;

/** What is written, item by item, and what it reflects. */
export interface LinesAnswer<T> {
  readonly position: Position;
  readonly pages: AsyncGenerator<readonly T[]>;
  /** Of the table. */
  readonly columns: readonly (readonly string[])[];
}

/**
 * Answers with one item a line, as JSON or, where the client likes it best, as CSV. No more than a page of it is in
 * memory, whatever the client's pace. A refusal must come before the first line; afterwards the stream can only break off.
 */
export async function answerLines<T>(
  request: HttpRequest,
  reply: HttpReply,
  { position, pages, columns }: LinesAnswer<T>,
): Promise<void> {
  const asTable = prefersCsv(headerOf(request, 'accept') ?? '', NDJSON);
  const write = asTable ? (items: readonly T[]) => rowsOf(items, columns) : linesOf;
  const first = await pages.next();
  void reply
    .status(200)
    .header('content-type', asTable ? CSV : `${NDJSON}; charset=utf-8`)
    .header('seatbook-position', String(numberOf(position)))
    .send(Readable.from(textOf(asTable ? headOf(columns) : '', first, pages, write)));
}

const linesOf = (items: readonly unknown[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

async function* textOf<T>(
  head: string,
  first: IteratorResult<readonly T[]>,
  pages: AsyncGenerator<readonly T[]>,
  write: (items: readonly T[]) => string,
): AsyncGenerator<string> {
  if (head !== '') yield head;
  if (first.done) return;
  yield write(first.value);
  for await (const page of pages) yield write(page);
}

/** The same pages, each item as its readers see it. */
export async function* answered<D, T>(
  pages: AsyncGenerator<readonly D[]>,
  answer: (item: D) => T,
): AsyncGenerator<readonly T[]> {
  for await (const page of pages) yield page.map(answer);
}
