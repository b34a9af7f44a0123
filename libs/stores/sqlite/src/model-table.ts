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
import { columnValue, scansOf, type ColumnValue } from './index-scan.js';

type Row = [doc: string, key: string];
type DocumentRow = [doc: string, position: number];

/**
 * The documents of one read model: a table with the key, the document as JSON text, the position of the last event that
 * touched it and a column per indexed field, filled when a document is written; and a SQLite index per declared index,
 * ending with the key. SQLite ignores case in names, which names of models and fields do not, so tables and columns are
 * numbered.
 */
export class ModelTable {
  readonly #database: Database;
  readonly #name: string;
  readonly #model: ModelRef;
  readonly #fields: readonly string[];
  #statements: Statements | null = null;
  readonly #scans = new Map<string, Statement<ColumnValue[], Row>>();

  constructor(database: Database, id: number, model: ModelRef) {
    this.#database = database;
    this.#name = `model_${id}`;
    this.#model = model;
    this.#fields = [...new Set(model.indexes.flatMap((index) => index.fields))];
  }

  /** Creates the table with its indexes. */
  create(): void {
    const columns = this.#fields.map((_, number) => `, f${number}`).join('');
    this.#database.exec(
      `CREATE TABLE ${this.#name} (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL, position INTEGER NOT NULL${columns})`,
    );
    this.#model.indexes.forEach((index, number) => {
      const indexed = [...index.fields.map((field) => this.#column(field)), 'key'].join(', ');
      this.#database.exec(`CREATE INDEX ${this.#indexName(number)} ON ${this.#name} (${indexed})`);
    });
  }

  remove(): void {
    this.#database.exec(`DROP TABLE IF EXISTS ${this.#name}`);
  }

  /** Creates the table again, with its documents, after its declaration of indexes has changed. */
  recreate(): void {
    const old = `${this.#name}_old`;
    this.#database.exec(`ALTER TABLE ${this.#name} RENAME TO ${old}`);
    const indexes = this.#database
      .prepare<[string], string>(
        `SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
      )
      .pluck();
    for (const index of indexes.all(old)) this.#database.exec(`DROP INDEX ${index}`);
    this.create();
    const pageOf = this.#database.prepare<[string], [string, string, number]>(
      `SELECT key, doc, position FROM ${old} WHERE key > ? ORDER BY key LIMIT 1000`,
    );
    let after = '';
    for (;;) {
      const rows = pageOf.raw().all(after);
      for (const [key, doc, position] of rows)
        this.#writeText(key, doc, asPosition(position), JSON.parse(doc) as Document);
      const last = rows.at(-1);
      if (!last) break;
      after = last[0];
    }
    this.#database.exec(`DROP TABLE ${old}`);
  }

  get<D extends Document>(key: string): Placed<D> | undefined {
    const row = this.#prepared().get.get(key);
    return row && { document: JSON.parse(row[0]) as D, position: asPosition(row[1]) };
  }

  put(key: string, document: Document, position: Position): void {
    this.#writeText(key, JSON.stringify(document), position, document);
  }

  delete(key: string): void {
    this.#prepared().delete.run(key);
  }

  /** One page of an index. Call it inside a transaction, since it may take several reads. */
  query<D extends Document>(query: IndexQuery, sieve?: Sieve<D>): Page<D> {
    const { identity, fields, free } = checkedQuery(this.#model, query);
    const number = this.#model.indexes.findIndex((index) => index.name === query.index);
    const after = query.cursor === undefined ? null : readCursor(identity, free.length, query.cursor);
    const columns = [...free.map((field) => this.#column(field)), 'key'];
    const equalColumns = fields.slice(0, query.equals.length).map((field) => this.#column(field));
    const direction = query.descending ? 'DESC' : 'ASC';
    const order = columns.map((column) => `${column} ${direction}`).join(', ');

    const lookAt = sieve?.lookAt ?? query.limit;
    const documents: D[] = [];
    let looked = 0;
    let last: readonly [document: D, key: string] | undefined;
    for (const { where, values } of scansOf(query, equalColumns, columns, after)) {
      // INDEXED BY: a scan that its index cannot serve is an error, not a slow query.
      const sql = `SELECT doc, key FROM ${this.#name} INDEXED BY ${this.#indexName(number)} WHERE ${where} ORDER BY ${order} LIMIT ?`;
      // One row more than may be looked at tells whether there is a next page.
      for (const [doc, key] of this.#scan(sql).iterate(...values, lookAt + 1 - looked)) {
        if (last && (looked === lookAt || documents.length === query.limit)) {
          const [document, key] = last;
          const place = { values: free.map((field) => valueOf(document, field)), key };
          return { rows: documents, next: writeCursor(identity, place) };
        }
        const document = JSON.parse(doc) as D;
        last = [document, key];
        looked += 1;
        if (!sieve || sieve.keeps(document)) documents.push(document);
      }
    }
    return { rows: documents, next: null };
  }

  #writeText(key: string, text: string, position: Position, document: Document): void {
    this.#prepared().put.run(
      key,
      text,
      numberOf(position),
      ...this.#fields.map((field) => fieldOf(document, field)),
    );
  }

  #column(field: string): string {
    return `f${this.#fields.indexOf(field)}`;
  }

  #indexName(number: number): string {
    return `${this.#name}_by_${number}`;
  }

  #scan(sql: string): Statement<ColumnValue[], Row> {
    const known = this.#scans.get(sql);
    if (known) return known;
    const statement = this.#database.prepare<ColumnValue[], Row>(sql).raw();
    this.#scans.set(sql, statement);
    return statement;
  }

  #prepared(): Statements {
    if (this.#statements) return this.#statements;
    const columns = ['doc', 'position', ...this.#fields.map((field) => this.#column(field))];
    const parameters = columns.map(() => '?').join(', ');
    const changes = columns.map((column) => `${column} = excluded.${column}`).join(', ');
    this.#statements = {
      get: this.#database
        .prepare<[string], DocumentRow>(`SELECT doc, position FROM ${this.#name} WHERE key = ?`)
        .raw(),
      // Not REPLACE, which deletes and inserts: the row keeps its place, and the file stays a quarter smaller.
      put: this.#database.prepare(
        `INSERT INTO ${this.#name} VALUES (?, ${parameters}) ON CONFLICT (key) DO UPDATE SET ${changes}`,
      ),
      delete: this.#database.prepare(`DELETE FROM ${this.#name} WHERE key = ?`),
    };
    return this.#statements;
  }
}

interface Statements {
  readonly get: Statement<[string], DocumentRow>;
  readonly put: Statement<ColumnValue[]>;
  readonly delete: Statement<[string]>;
}

const valueOf = (document: Document, field: string): FieldValue =>
  (document as Readonly<Record<string, FieldValue | undefined>>)[field] ?? null;

const fieldOf = (document: Document, field: string): ColumnValue => columnValue(valueOf(document, field));
