/// <reference lib="es2024.string" />
import type { Document } from '@seatbook/kernel';
import type { ColumnValue } from './index-scan.js';
import type { SharedTexts } from './shared-texts.js';

/** Where a field of a document is kept: in a column of its row, as the number of a shared text, or with its value. */
type Place = 'c' | 't' | 'v';

/** A field of a document: where it is kept, and where it could be. */
interface Part {
  readonly place: Place;
  readonly field: string;
  /** The column that holds such a field; -1 for none. */
  readonly column: number;
  readonly shared: boolean;
}

/** The fields of documents that look alike, in their order, and the number of the text that says so. */
interface Shape {
  readonly number: number;
  readonly parts: readonly Part[];
}

/** Documents beyond so many shapes of a model keep the names of their fields. */
const MAX_SHAPES = 500;
/** No document has it: texts are numbered from 1. */
const NO_SHAPE: Shape = { number: 0, parts: [] };

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
  /** Of the last document that was written: the next one mostly looks like it. */
  #latest: Shape = NO_SHAPE;

  /** @param columns the field of each column, in the order of the columns; '' for one that holds no field */
  constructor(texts: SharedTexts, columns: readonly string[], shared: readonly string[]) {
    this.#texts = texts;
    this.#columns = new Map(columns.map((field, column) => [field, column]));
    this.#shared = new Set(shared);
  }

  /** Only inside a transaction that writes. */
  textOf(document: Document, row: readonly ColumnValue[]): string {
    const { number, parts } = this.#latest;
    const values: unknown[] = [number];
    let at = 0;
    for (const field of Object.keys(document)) {
      const value = (document as Readonly<Record<string, unknown>>)[field];
      if (value === undefined) continue;
      const part = parts[at];
      if (part?.field !== field || part.place !== placeOf(value, part, row))
        return this.#textOfAnother(document, row);
      if (part.place !== 'c') values.push(part.place === 't' ? this.#texts.numberOf(value as string) : value);
      at += 1;
    }
    const isAlike = number > 0 && at === parts.length;
    return isAlike ? JSON.stringify(values) : this.#textOfAnother(document, row);
  }

  documentOf<D extends Document>(text: string, row: readonly unknown[]): D {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return parsed as D;
    const values: readonly unknown[] = parsed;
    const document: Record<string, unknown> = {};
    let next = 1;
    for (const { place, field, column } of this.#shapeOf(values[0] as number).parts) {
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
    this.#latest = NO_SHAPE;
  }

  /** The text of a document that has another shape than the one before. */
  #textOfAnother(document: Document, row: readonly ColumnValue[]): string {
    let text = '';
    for (const [field, value] of Object.entries(document) as [string, unknown][]) {
      if (value === undefined) continue;
      if (field === '__proto__' || field.includes('\n')) return JSON.stringify(document);
      text += `${placeOf(value, this.#partOf('v', field), row)}${field}\n`;
    }
    const number = this.#texts.numberOf(text);
    if (!this.#shapes.has(number) && this.#shapes.size >= MAX_SHAPES) return JSON.stringify(document);
    this.#latest = this.#shapeOf(number);
    return this.textOf(document, row);
  }

  #shapeOf(number: number): Shape {
    const known = this.#shapes.get(number);
    if (known) return known;
    const texts = this.#texts.textOf(number).split('\n').slice(0, -1);
    const parts = texts.map((text) => this.#partOf(text.slice(0, 1) as Place, text.slice(1)));
    const shape = { number, parts };
    if (this.#shapes.size < MAX_SHAPES) this.#shapes.set(number, shape);
    return shape;
  }

  #partOf(place: Place, field: string): Part {
    return { place, field, column: this.#columns.get(field) ?? -1, shared: this.#shared.has(field) };
  }
}

function placeOf(value: unknown, { column, shared }: Part, row: readonly ColumnValue[]): Place {
  if (column >= 0 && isWhole(value, row[column])) return 'c';
  return shared && typeof value === 'string' && value.isWellFormed() ? 't' : 'v';
}

/** A column gives back what was put into it, and that is what JSON would give back. */
function isWhole(value: unknown, column: ColumnValue | undefined): boolean {
  if (typeof value === 'string') return value === column && value.isWellFormed();
  if (typeof value === 'number')
    return column === null ? !Number.isFinite(value) : typeof column !== 'string' && Number(column) === value;
  return value === null && column === null;
}
