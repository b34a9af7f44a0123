/// <reference lib="es2024.string" />
import type { Document } from '@seatbook/kernel';
import type { ColumnValue } from './index-scan.js';
import type { SharedTexts } from './shared-texts.js';

/** Where a field of a document is kept: in a column of its row, as the number of a shared text, or with its value. */
type Place = 'c' | 't' | 'v';

/** The fields of documents that look alike, in their order; `column`: which one, for a field that is kept in one. */
type Shape = readonly { readonly place: Place; readonly field: string; readonly column: number }[];

/** Documents beyond so many shapes of a model keep the names of their fields. */
const MAX_SHAPES = 500;

/**
 * What rows keep of the documents of a model beside their columns: a list of values as JSON. It begins with the number
 * of the document's shape, which has the names; a field that a column holds is not in the list, and a text that many
 * documents have in common is there as a number.
 */
export class RowDocuments {
  readonly #texts: SharedTexts;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #shared: ReadonlySet<string>;
  readonly #shapes = new Map<number, Shape>();

  /** @param columns the field of each column, in the order of the columns; '' for one that holds no field */
  constructor(texts: SharedTexts, columns: readonly string[], shared: readonly string[]) {
    this.#texts = texts;
    this.#columns = new Map(columns.map((field, column) => [field, column]));
    this.#shared = new Set(shared);
  }

  /** Only inside a transaction that writes. */
  textOf(document: Document, row: readonly ColumnValue[]): string {
    const values: unknown[] = [0];
    let shape = '';
    for (const [field, value] of Object.entries(document) as [string, unknown][]) {
      if (value === undefined) continue;
      if (field === '__proto__' || field.includes('\n')) return JSON.stringify(document);
      const column = this.#columns.get(field);
      if (column !== undefined && isWhole(value, row[column])) {
        shape += `c${field}\n`;
      } else if (typeof value === 'string' && this.#shared.has(field) && value.isWellFormed()) {
        shape += `t${field}\n`;
        values.push(this.#texts.numberOf(value));
      } else {
        shape += `v${field}\n`;
        values.push(value);
      }
    }
    const number = this.#numberOf(shape);
    if (number === null) return JSON.stringify(document);
    values[0] = number;
    return JSON.stringify(values);
  }

  documentOf<D extends Document>(text: string, row: readonly unknown[]): D {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return parsed as D;
    const values: readonly unknown[] = parsed;
    const document: Record<string, unknown> = {};
    let next = 1;
    for (const { place, field, column } of this.#shapeOf(values[0] as number)) {
      if (place === 'c') document[field] = row[column];
      else {
        document[field] = place === 't' ? this.#texts.textOf(values[next] as number) : values[next];
        next += 1;
      }
    }
    return document as D;
  }

  /** After a transaction that was undone. */
  forget(): void {
    this.#shapes.clear();
  }

  /** Null where there are too many shapes already. */
  #numberOf(text: string): number | null {
    const number = this.#texts.numberOf(text);
    if (this.#shapes.has(number)) return number;
    if (this.#shapes.size >= MAX_SHAPES) return null;
    this.#shapes.set(number, this.#shapeIn(text));
    return number;
  }

  #shapeOf(number: number): Shape {
    const known = this.#shapes.get(number);
    if (known) return known;
    const shape = this.#shapeIn(this.#texts.textOf(number));
    if (this.#shapes.size < MAX_SHAPES) this.#shapes.set(number, shape);
    return shape;
  }

  #shapeIn(text: string): Shape {
    const parts = text.split('\n').slice(0, -1);
    return parts.map((part) => {
      const field = part.slice(1);
      return { place: part.slice(0, 1) as Place, field, column: this.#columns.get(field) ?? -1 };
    });
  }
}

/** A column gives back what was put into it, and that is what JSON would give back. */
function isWhole(value: unknown, column: ColumnValue | undefined): boolean {
  if (typeof value === 'string') return value === column && value.isWellFormed();
  if (typeof value === 'number')
    return column === null ? !Number.isFinite(value) : typeof column !== 'string' && Number(column) === value;
  return value === null && column === null;
}
