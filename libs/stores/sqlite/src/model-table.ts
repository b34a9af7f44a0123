import type { Database, Statement } from 'better-sqlite3';
import { asPosition, type Document, type Position, type ModelRef, numberOf } from '@seatbook/kernel';
import {
  checkedQuery,
  readCursor,
  writeCursor,
  type FieldValue,
  type IndexQuery,
  type Page,
  type Placed,
  type Sieve,
} from '@seatbook/runtime';
import { columnValue, scansOf, type ColumnValue, type EqualColumn } from './index-scan.js';
import { ModelColumns, type Declaration } from './model-columns.js';
import { RowDocuments } from './row-documents.js';
import type { SharedTexts } from './shared-texts.js';

/** The columns of a row, then what else is in its document. */
type Row = [...columns: unknown[], doc: string, position: number];

/** A number that no text has. */
const NO_TEXT = -1;
/** Rows that are copied at once. */
const COPIED_ROWS = 1_000;
/** Rows that one statement writes: what it costs to begin one is then nothing beside them. */
const ROWS_AT_ONCE = 50;

/**
 * The documents of one read model: a table with columns for the key and for each indexed field, the rest of the document
 * beside them, and the position of the last event that touched it; and a SQLite index for each declared index whose order
 * the table does not have itself, ending with the key.
 */
export class ModelTable {
  readonly #database: Database;
  readonly #id: number;
  readonly #name: string;
  readonly #model: ModelRef;
  readonly #texts: SharedTexts;
  readonly #columns: ModelColumns;
  readonly #documents: RowDocuments;
  #statements: Statements | null = null;
  #manyPut: Statement<ColumnValue[]> | null = null;
  readonly #scans = new Map<string, Statement<ColumnValue[], Row>>();

  constructor(database: Database, texts: SharedTexts, id: number, model: ModelRef, name = `model_${id}`) {
    this.#database = database;
    this.#texts = texts;
    this.#id = id;
    this.#name = name;
    this.#model = model;
    this.#columns = new ModelColumns(model);
    this.#documents = new RowDocuments(texts, this.#columns.fields, model.shared ?? []);
  }

  /** Creates the table with its indexes. */
  create(): void {
    const { all, numeric, ofKey, primary, clustered } = this.#columns;
    const columns = all
      .map(
        (column, at) =>
          `${column}${numeric[at] === true ? ' INTEGER' : ''}${ofKey.includes(column) ? ' NOT NULL' : ''}`,
      )
      .join(', ');
    // Without a row id the table is its own index of keys, which is smaller where rows are; large ones would make it deep.
    this.#database.exec(
      `CREATE TABLE ${this.#name} (${columns}, doc TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (${primary.join(', ')}))${clustered ? ' WITHOUT ROWID' : ''}`,
    );
    this.#model.indexes.forEach(({ fields }, number) => {
      const ordering = this.#columns.ordering(fields);
      if (this.#columns.isPrimary(ordering)) return;
      this.#database.exec(
        `CREATE INDEX ${this.#name}_by_${number} ON ${this.#name} (${ordering.join(', ')})`,
      );
    });
  }

  remove(): void {
    this.#database.exec(`DROP TABLE IF EXISTS ${this.#name}`);
  }

  /** Creates the table again, with its documents, after its declaration has changed. */
  recreate(declared: Declaration): void {
    const name = `${this.#name}_old`;
    this.#database.exec(`ALTER TABLE ${this.#name} RENAME TO ${name}`);
    const indexes = this.#database
      .prepare<[string], string>(
        `SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
      )
      .pluck();
    for (const index of indexes.all(name)) this.#database.exec(`DROP INDEX ${index}`);
    this.create();
    const old = new ModelTable(this.#database, this.#texts, this.#id, { ...this.#model, ...declared }, name);
    for (const [key, placed] of old.#all()) this.write(new Map([[key, placed]]));
    old.remove();
  }

  get<D extends Document>(key: string): Placed<D> | undefined {
    const row = this.#prepared().get.get(...this.#keyColumns(key));
    return row && { document: this.#documentIn<D>(row), position: asPosition(row.at(-1) as number) };
  }

  /** Only inside a transaction that writes. In the order of the table: neighbours share pages. */
  write(changes: ReadonlyMap<string, Placed<Document>>): void {
    const rows: ColumnValue[][] = [];
    for (const [key, { document, position }] of changes) {
      if (document === null) this.#prepared().delete.run(this.#keyColumns(key));
      else rows.push(this.#rowOf(key, document, position));
    }
    rows.sort(this.#inOrder);
    const { put } = this.#prepared();
    let written = 0;
    // As arguments and not as an array, whose elements the driver gets one by one; and not by flat, which is as slow.
    for (; written + ROWS_AT_ONCE <= rows.length; written += ROWS_AT_ONCE) {
      const values: ColumnValue[] = [];
      for (let row = written; row < written + ROWS_AT_ONCE; row += 1)
        for (const value of rows[row] as ColumnValue[]) values.push(value);
      this.#putMany().run(...values);
    }
    for (; written < rows.length; written += 1) put.run(...(rows[written] as ColumnValue[]));
  }

  #rowOf(key: string, document: Document, position: Position): ColumnValue[] {
    const { shared, fields } = this.#columns;
    const row = this.#columns.rowOf(key, document);
    const doc = this.#documents.textOf(document, row);
    for (let number = 0; number < row.length; number += 1)
      if (shared[number] === true) row[number] = this.#given(fields[number] ?? '', row[number] ?? null);
    row.push(doc, numberOf(position));
    return row;
  }

  readonly #inOrder = (one: readonly ColumnValue[], other: readonly ColumnValue[]): number => {
    for (const column of this.#columns.places) {
      const a = one[column] ?? null;
      const b = other[column] ?? null;
      if (a === b) continue;
      return a === null || (b !== null && a < b) ? -1 : 1;
    }
    return 0;
  };

  /** After a transaction that was undone. */
  forget(): void {
    this.#documents.forget();
  }

  /** One page of an index. With a cursor, call it inside a transaction, since it may take several reads. */
  query<D extends Document>(query: IndexQuery, sieve?: Sieve<D>): Page<D> {
    const { identity, fields, free } = checkedQuery(this.#model, query);
    const ordering = this.#columns.ordering(fields);
    const columns = ordering.slice(query.equals.length);
    const place = query.cursor === undefined ? null : this.#placeOf(query.cursor, identity, free, columns);
    const direction = query.descending ? 'DESC' : 'ASC';
    const order = columns.map((column) => `${column} ${direction}`).join(', ');
    const number = this.#model.indexes.findIndex(({ name }) => name === query.index);
    // A scan that its index cannot serve is an error, not a slow query.
    const from = `${this.#name} INDEXED BY ${this.#indexName(number, ordering)}`;

    const lookAt = sieve?.lookAt ?? query.limit;
    const documents: D[] = [];
    let looked = 0;
    let last: readonly [document: D, row: Row] | undefined;
    const equal = fields
      .slice(0, query.equals.length)
      .map((field, at) => this.#equal(field, query.equals[at]));
    const scans = scansOf(query, equal, columns, this.#columns.ofKey, place);
    for (const { where, values } of scans) {
      const sql = `SELECT ${this.#selected} FROM ${from} WHERE ${where}${order && ` ORDER BY ${order}`} LIMIT ?`;
      // One row more than may be looked at tells whether there is a next page.
      const asked = [...values, lookAt + 1 - looked];
      const scan = this.#scan(sql);
      // Row by row takes longer, but a sieve may have enough long before it has looked at all.
      for (const row of sieve ? scan.iterate(...asked) : scan.all(...asked)) {
        if (last && (looked === lookAt || documents.length === query.limit)) {
          const [document, lastRow] = last;
          const values = free.map((field) => valueOf(document, field));
          return { rows: documents, next: writeCursor(identity, { values, key: this.#keyOf(lastRow) }) };
        }
        const document = this.#documentIn<D>(row);
        last = [document, row];
        looked += 1;
        if (!sieve || sieve.keeps(document)) documents.push(document);
      }
    }
    return { rows: documents, next: null };
  }

  #equal(field: string, value: FieldValue | undefined): EqualColumn {
    const { fields, shared } = this.#columns;
    const asked = columnValue(value);
    const kept = shared[fields.indexOf(field)] === true ? this.#found(field, asked) : asked;
    return { column: this.#columns.of(field), value: kept };
  }

  /** What the row at a cursor has in these columns. @throws InvalidCursor */
  #placeOf(
    cursor: string,
    identity: string,
    free: readonly string[],
    columns: readonly string[],
  ): readonly ColumnValue[] {
    const { values, key } = readCursor(identity, free.length, cursor);
    const { ofKey } = this.#columns;
    const keyValues = this.#columns.valuesOfKey(key);
    const rest = columns.slice(free.length).map((column) => keyValues[ofKey.indexOf(column)] ?? null);
    return [...values.map(columnValue), ...rest];
  }

  /** All documents, in the order of the table. Others may be written meanwhile. */
  *#all(): Generator<[key: string, placed: { document: Document; position: Position }]> {
    const { primary, all } = this.#columns;
    const order = primary.join(', ');
    const marks = primary.map(() => '?').join(', ');
    const select = `SELECT ${this.#selected} FROM ${this.#name}`;
    const first = this.#scan(`${select} ORDER BY ${order} LIMIT ?`);
    const next = this.#scan(`${select} WHERE (${order}) > (${marks}) ORDER BY ${order} LIMIT ?`);
    let rows = first.all(COPIED_ROWS);
    for (let last = rows.at(-1); last; last = rows.at(-1)) {
      for (const row of rows) {
        const placed = { document: this.#documentIn(row), position: asPosition(row.at(-1) as number) };
        yield [this.#keyOf(row), placed];
      }
      const place = primary.map((column) => columnValue(last?.[all.indexOf(column)]));
      rows = next.all(...place, COPIED_ROWS);
    }
  }

  get #selected(): string {
    return [...this.#columns.all, 'doc', 'position'].join(', ');
  }

  #documentIn<D extends Document>(row: Row): D {
    return this.#documents.documentOf<D>(row.at(-2) as string, this.#read(row));
  }

  #keyOf(row: Row): string {
    return this.#columns.keyOf(this.#read(row));
  }

  /** A row with the texts of its shared columns. */
  #read(row: Row): readonly unknown[] {
    if (!this.#columns.shared.includes(true)) return row;
    return row.map((value, number) =>
      this.#columns.shared[number] === true && value !== null ? this.#texts.textOf(value as number) : value,
    );
  }

  /** The columns of a key, to look for. */
  #keyColumns(key: string): ColumnValue[] {
    const { shared, fields } = this.#columns;
    return this.#columns
      .valuesOfKey(key)
      .map((value, number) => (shared[number] === true ? this.#found(fields[number] ?? '', value) : value));
  }

  /** A shared text as rows have it, to look for. */
  #found(field: string, value: ColumnValue): ColumnValue {
    const text = sharedText(field, value);
    return text === null ? null : BigInt(this.#texts.numberIfAny(text) ?? NO_TEXT);
  }

  /** A shared text as rows have it, to be written. */
  #given(field: string, value: ColumnValue): ColumnValue {
    const text = sharedText(field, value);
    return text === null ? null : this.#texts.numberOf(text);
  }

  /** The table's own index has a name that SQLite gave it. */
  #indexName(number: number, ordering: readonly string[]): string {
    return this.#columns.isPrimary(ordering)
      ? `sqlite_autoindex_${this.#name}_1`
      : `${this.#name}_by_${number}`;
  }

  #scan(sql: string): Statement<ColumnValue[], Row> {
    const known = this.#scans.get(sql);
    if (known) return known;
    const statement = this.#database.prepare<ColumnValue[], Row>(sql).raw();
    this.#scans.set(sql, statement);
    return statement;
  }

  /** Made where many rows are written, which most models never see. */
  #putMany(): Statement<ColumnValue[]> {
    return (this.#manyPut ??= this.#database.prepare<ColumnValue[]>(this.#upsertOf(ROWS_AT_ONCE)));
  }

  /** Not REPLACE, which deletes and inserts: the row keeps its place, and the file stays a quarter smaller. */
  #upsertOf(rows: number): string {
    const { all, ofKey, primary } = this.#columns;
    const columns = [...all, 'doc', 'position'];
    const row = `(${columns.map(() => '?').join(', ')})`;
    const changes = columns
      .filter((column) => !ofKey.includes(column))
      .map((column) => `${column} = excluded.${column}`)
      .join(', ');
    const values = Array.from({ length: rows }, () => row).join(', ');
    return `INSERT INTO ${this.#name} VALUES ${values} ON CONFLICT (${primary.join(', ')}) DO UPDATE SET ${changes}`;
  }

  #prepared(): Statements {
    if (this.#statements) return this.#statements;
    const { ofKey } = this.#columns;
    const isKey = ofKey.map((column) => `${column} = ?`).join(' AND ');
    this.#statements = {
      get: this.#database
        .prepare<ColumnValue[], Row>(`SELECT ${this.#selected} FROM ${this.#name} WHERE ${isKey}`)
        .raw(),
      put: this.#database.prepare<ColumnValue[]>(this.#upsertOf(1)),
      delete: this.#database.prepare<[ColumnValue[]]>(`DELETE FROM ${this.#name} WHERE ${isKey}`),
    };
    return this.#statements;
  }
}

interface Statements {
  readonly get: Statement<ColumnValue[], Row>;
  readonly put: Statement<ColumnValue[]>;
  readonly delete: Statement<[ColumnValue[]]>;
}

/** @throws TypeError for what is neither text nor null */
function sharedText(field: string, value: ColumnValue): string | null {
  if (value === null || typeof value === 'string') return value;
  throw new TypeError(`the shared field ${field} must be text or null, not ${typeof value}`);
}

const valueOf = (document: Document, field: string): FieldValue =>
  (document as Readonly<Record<string, FieldValue | undefined>>)[field] ?? null;
