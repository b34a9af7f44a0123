import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsOf } from '../document/operation.js';
import { resolved, type Schema } from '../document/schema-example.js';
import { nextPageOf, type Items } from './page.js';
import { headerOf, type HttpReply, type HttpRequest, type HttpServer } from '../http/exchange.js';

export const CSV = 'text/csv; charset=utf-8; header=present';

/** Path of a field in a row. */
type Column = readonly string[];

/**
 * Lists as tables: with `Accept: text/csv` a list comes whole, whatever the size of its pages. The columns are the fields
 * that the document describes, so a list without rows has them too. What a spreadsheet would take for a formula is quoted.
 */
export function answerTables(server: HttpServer, document: OpenAPIObject): void {
  const tables = columnsOfLists(document);
  server.addHook('preSerialization', async (request: HttpRequest, reply: HttpReply, payload: unknown) => {
    reflect(reply, payload);
    const columns = tables.get(request.routeOptions.url ?? '');
    if (!columns || request.method !== 'GET' || reply.statusCode !== 200) return payload;
    const page = payload as Items<unknown>;
    if (!prefersCsv(headerOf(request, 'accept') ?? '')) {
      if (page.next !== null) void reply.header('link', nextLink(request, page.next));
      return payload;
    }
    // What is sent is text already.
    void reply.header('content-type', CSV).serializer((text) => text as string);
    return Readable.from(linesOf(page, columns));
  });
}

function reflect(reply: HttpReply, payload: unknown): void {
  const { asOf } = (payload ?? {}) as { asOf?: { position: number } };
  // That of a command is the command's own.
  if (asOf && !reply.hasHeader('seatbook-position'))
    void reply.header('seatbook-position', String(asOf.position));
}

function nextLink(request: HttpRequest, cursor: string): string {
  const url = new URL(request.url, 'http://localhost');
  url.searchParams.set('cursor', cursor);
  return `<${url.pathname}${url.search}>; rel="next"`;
}

/** Whether CSV is what the client likes best; `otherwise` is what it gets by default. */
export function prefersCsv(accept: string, otherwise = 'application/json'): boolean {
  const weights = new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith('q='));
      return [type, q === undefined ? 1 : Number(q.slice(2)) || 0] as const;
    }),
  );
  const csv = weights.get('text/csv') ?? 0;
  return csv > 0 && csv >= (weights.get(otherwise) ?? 0);
}

/** Columns of all lists of the document, by the patterns of their routes. */
function columnsOfLists(document: OpenAPIObject): ReadonlyMap<string, readonly Column[]> {
  const tables = new Map<string, readonly Column[]>();
  for (const { path, operation } of operationsOf(document)) {
    const { content = {} } = operation.responses['200'] ?? {};
    const items = content['application/json']?.schema.properties?.['items']?.items;
    if (!items || !content['text/csv']) continue;
    tables.set(path.replace(/\{(\w+)\}/g, ':$1'), columnsOf(document, items));
  }
  return tables;
}

function columnsOf(document: OpenAPIObject, schema: Schema, at: Column = []): readonly Column[] {
  if (schema.$ref !== undefined) return columnsOf(document, resolved(document, schema.$ref), at);
  const [part] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (part) return columnsOf(document, part, at);
  if (!schema.properties) return [at];
  return Object.entries(schema.properties).flatMap(([name, field]) =>
    name === 'links' ? [] : columnsOf(document, field, [...at, name]),
  );
}

async function* linesOf(first: Items<unknown>, columns: readonly Column[]): AsyncGenerator<string> {
  yield headOf(columns);
  const more = nextPageOf(first);
  for (let page = first; ;) {
    if (page.items.length > 0) yield rowsOf(page.items, columns);
    if (page.next === null || !more) return;
    page = await more(page.next);
  }
}

/** The first line of a table. The mark at its beginning tells a spreadsheet that the text is UTF-8. */
export const headOf = (columns: readonly Column[]): string =>
  `\ufeff${textOf([columns.map((column) => column.join('.'))])}`;

export const rowsOf = (rows: readonly unknown[], columns: readonly Column[]): string =>
  textOf(rows.map((row) => columns.map((column) => cellOf(row, column))));

const textOf = (rows: readonly (readonly unknown[])[]): string =>
  stringify(rows as unknown[][], {
    escape_formulas: true,
    record_delimiter: 'windows',
    cast: { boolean: (value) => String(value) },
  });

function cellOf(row: unknown, column: Column): unknown {
  const value = column.reduce<unknown>(
    (part, name) => (part as Readonly<Record<string, unknown>> | null)?.[name],
    row,
  );
  if (Array.isArray(value))
    return value.every((one) => typeof one === 'string') ? value.join(' ') : JSON.stringify(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
