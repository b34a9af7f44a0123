import type { Document, ModelRef } from '@seatbook/kernel';
import { columnValue, type ColumnValue } from './index-scan.js';

/** What a model declares about its documents, and its table is made of. */
export type Declaration = Pick<ModelRef, 'indexes' | 'key' | 'shared'>;

/** A declaration as text: the same text, the same table. */
export const textOfDeclaration = ({ indexes, key = {}, shared = [] }: Declaration): string =>
  JSON.stringify({ indexes: indexes.map(({ name, fields }) => ({ name, fields })), key, shared });

/** The column of keys that no fields make up. */
const KEY = 'key';

/**
 * The columns of a model's table: those of the key, then one for every other field of an index. SQLite ignores case in
 * names, which names of fields do not, so columns are numbered.
 */
export class ModelColumns {
  /** All columns, in the order in which a row has them. */
  readonly all: readonly string[];
  /** The field of each; '' for the key itself. */
  readonly fields: readonly string[];
  /** Those that make up the key. */
  readonly ofKey: readonly string[];
  /** Those of the key in the order in which the table has its rows: that of the first index with no others. */
  readonly primary: readonly string[];
  /** Where a row has these. */
  readonly places: readonly number[];
  /** The key is made of fields: rows are small, and lie in the order of `primary`. */
  readonly clustered: boolean;
  /** Whether a column holds numbers of shared texts, in the order of all. */
  readonly shared: readonly boolean[];
  /** Whether a column holds nothing but numbers, which SQLite makes whole numbers of where they are. */
  readonly numeric: readonly boolean[];
  readonly #numbers: readonly boolean[];

  constructor({ indexes, key, shared = [] }: Declaration) {
    const keyFields = Object.keys(key ?? {});
    const indexed = indexes.flatMap(({ fields }) => fields);
    this.clustered = keyFields.length > 0;
    this.#numbers = keyFields.map((field) => key?.[field] === 'number');
    this.fields = this.clustered ? [...new Set([...keyFields, ...indexed])] : ['', ...new Set(indexed)];
    this.all = this.fields.map((field, number) => (field === '' ? KEY : `f${number}`));
    this.shared = this.fields.map((field) => shared.includes(field));
    this.numeric = this.fields.map(
      (field, column) => this.shared[column] === true || key?.[field] === 'number',
    );
    this.ofKey = this.all.slice(0, Math.max(1, keyFields.length));
    const asIndexes = indexes.map(({ fields }) => this.ordering(fields));
    this.primary = asIndexes.find(({ length }) => length === this.ofKey.length) ?? this.ofKey;
    this.places = this.primary.map((column) => this.all.indexOf(column));
  }

  /** What orders the rows of an index: its fields, then as much of the key as they do not have. */
  ordering(fields: readonly string[]): readonly string[] {
    const columns = fields.map((field) => this.of(field));
    return [...columns, ...this.ofKey.filter((column) => !columns.includes(column))];
  }

  of(field: string): string {
    return this.all[this.fields.indexOf(field)] ?? KEY;
  }

  /** The table has its rows in this order by itself. */
  isPrimary(ordering: readonly string[]): boolean {
    return ordering.join() === this.primary.join();
  }

  /** @throws Error for a key that is not made of the fields that it should be made of: a bug */
  valuesOfKey(key: string): ColumnValue[] {
    if (!this.clustered) return [key];
    const values: ColumnValue[] = [];
    let from = 0;
    for (let part = 0; part < this.#numbers.length; part += 1) {
      const bar = part < this.#numbers.length - 1 ? key.indexOf('|', from) : key.length;
      if (bar < 0) throw new Error(`the key ${key} has fewer than ${this.#numbers.length} parts`);
      const text = key.slice(from, bar);
      const isNumber = this.#numbers[part] === true;
      if (isNumber && String(Number(text)) !== text)
        throw new Error(`${text} in the key ${key} is no number`);
      values.push(isNumber ? columnValue(Number(text)) : text);
      from = bar + 1;
    }
    return values;
  }

  /** The key of a row. */
  keyOf(row: readonly unknown[]): string {
    return this.clustered ? row.slice(0, this.ofKey.length).join('|') : String(row[0]);
  }

  /**
   * The row of a document, without what is not in columns. It is made of the document, which has all that its key is
   * made of: taking a key apart again takes longer.
   * @throws TypeError for a field that cannot be ordered; Error for a document without a field of its key: a bug
   */
  rowOf(key: string, document: Document): ColumnValue[] {
    const row = this.fields.map((field, column) => {
      if (field === '') return key;
      const value = (document as Readonly<Record<string, unknown>>)[field];
      return typeof value === 'number' && this.numeric[column] === true && Number.isFinite(value)
        ? value
        : columnValue(value);
    });
    for (let column = 0; column < this.ofKey.length; column += 1)
      if (row[column] === null) throw new Error(`the document ${key} has no ${this.fields[column]}`);
    return row;
  }
}
