import { Readable } from 'node:stream';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { CsvError, parse } from 'csv-parse';
import { Refusal } from '@seatbook/kernel';
import type { Cells, UploadedRow, UploadedTable } from '@seatbook/application';
import { API } from './api-root.js';
import type { HttpRequest, HttpServer } from './exchange.js';

/** Rows of one table. */
export const MAX_ROWS = 20_000;

/** Characters of one row. */
const MAX_ROW_LENGTH = 16 * 1024;

/** Characters that are parsed at a time. */
const PIECE = 64 * 1024;

/** The routes that take a table. */
const TABLE_ROUTES: ReadonlySet<string> = new Set([`${API}/persons/import`, `${API}/devices/import`]);

/**
 * Bodies of CSV are refused everywhere else before they are read. A table is complete in memory before the first of its
 * rows is taken, within the limit of all bodies: a connection that breaks takes nothing.
 */
export function readTables(server: HttpServer): void {
  server.addHook('onRequest', async ({ headers, routeOptions: { url } }: HttpRequest) => {
    if (!/^text\/csv\b/i.test(headers['content-type'] ?? '')) return;
    // Another method of an address has no route: that is what it is told.
    if (url === undefined || TABLE_ROUTES.has(url)) return;
    throw new Refusal(
      'INVALID_MEDIA_TYPE',
      'this address does not accept a table; send JSON (content-type: application/json)',
    );
  });
  server.addContentTypeParser('text/csv', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** Documents a body that is a table. */
export const ApiTable = (description: string, example: string): MethodDecorator =>
  applyDecorators(
    ApiConsumes('text/csv'),
    ApiBody({
      required: true,
      description: `${description} UTF-8, with commas; the first line names the columns, in any order. Up to ${MAX_ROWS.toLocaleString('en')} rows.`,
      schema: { type: 'string', minLength: 1, example },
    }),
  );

/**
 * A table as it was uploaded. It is read twice: the first time only to make sure that it can be read to its end, so that
 * nothing of a broken table is taken.
 * @throws Refusal INVALID_MEDIA_TYPE; INVALID_TABLE, with the line where it is known
 */
export async function tableOf(body: unknown, columns: readonly string[]): Promise<UploadedTable> {
  const text = textOf(body);
  const lines = recordsOf(text);
  const head = await lines.next();
  if (head.done) throw invalidTable('the table is empty: its first line has to name the columns');
  const names = namesIn(head.value.cells, columns);
  let rows = 0;
  for await (const { line } of lines) {
    rows += 1;
    if (rows > MAX_ROWS)
      throw invalidTable(`the table has more than ${MAX_ROWS} rows`, { line, maxRows: MAX_ROWS });
  }
  return { rows: rowsOf(text, names), ignoredColumns: names.filter((name) => !columns.includes(name)) };
}

const invalidTable = (problem: string, facts: Readonly<Record<string, unknown>> = {}): Refusal =>
  new Refusal('INVALID_TABLE', problem, facts);

function textOf(body: unknown): string {
  if (body === undefined) return '';
  if (!Buffer.isBuffer(body))
    throw new Refusal('INVALID_MEDIA_TYPE', 'this address accepts a table (content-type: text/csv)');
  try {
    // The mark that spreadsheets write at the beginning is left out.
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw invalidTable('the table is not text in UTF-8');
  }
}

function namesIn(cells: readonly string[], columns: readonly string[]): string[] {
  const known = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const names = cells.map((cell) => known.get(cell.trim().toLowerCase()) ?? cell.trim().slice(0, 60));
  if (new Set(names).size < names.length) throw invalidTable('two columns have the same name', { line: 1 });
  if (names.some((name) => columns.includes(name))) return names;
  throw invalidTable('the first line names none of the columns of this table; they are separated by commas', {
    line: 1,
    columns,
  });
}

async function* rowsOf(text: string, names: readonly string[]): AsyncGenerator<UploadedRow> {
  const lines = recordsOf(text);
  await lines.next();
  for await (const { line, cells } of lines)
    yield { line, cells: cells.length === names.length ? cellsBy(names, cells) : null };
}

const cellsBy = (names: readonly string[], cells: readonly string[]): Cells =>
  Object.fromEntries(names.map((name, index) => [name, withoutQuote(cells[index] ?? '').trim()]));

/** In our own tables a quote stands before what a spreadsheet would take for a formula. */
const withoutQuote = (cell: string): string => (/^'[=+\-@\t\r＝＋－＠]/.test(cell) ? cell.slice(1) : cell);

interface TextRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Lines without any text are passed over. */
async function* recordsOf(text: string): AsyncGenerator<TextRecord> {
  try {
    for await (const read of linesOf(text)) if (read.cells.some((cell) => cell.trim() !== '')) yield read;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalidTable(
      'the table cannot be read: a quote is not closed or inside a cell, or a row is too long',
      {
        line: await lineAfter(text, Number(error['records'])),
      },
    );
  }
}

/** What was parsed before a failure is not given out, but it can be parsed again. */
async function lineAfter(text: string, records: number): Promise<number> {
  if (records === 0) return 1;
  let after = 1;
  for await (const { next } of linesOf(text, records)) after = next;
  return after;
}

async function* linesOf(text: string, records = -1): AsyncGenerator<TextRecord & { readonly next: number }> {
  const parser = Readable.from(piecesOf(text)).pipe(
    parse({
      raw: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      max_record_size: MAX_ROW_LENGTH,
      to: records,
    }),
  );
  let line = 1;
  for await (const { record, raw } of parser as AsyncIterable<{ record: readonly string[]; raw: string }>) {
    const next = line + (raw.match(/\r\n|\n|\r/g)?.length ?? 0);
    yield { line, next, cells: record };
    line = next;
  }
}

function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; from += PIECE) yield text.slice(from, from + PIECE);
}
