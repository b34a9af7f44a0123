import type { Database, Statement } from 'better-sqlite3';
import { StoreUnavailable } from '@seatbook/runtime';

/** Texts that are remembered in memory; beyond it all are forgotten and looked up again. */
const REMEMBERED = 50_000;

/**
 * Texts that many rows have in common, each kept once under a number. Nothing is ever removed, so that another thread
 * may remember a number as long as it likes.
 */
export class SharedTexts {
  readonly #find: Statement<[string], number>;
  readonly #read: Statement<[number], string>;
  readonly #add: Statement<[string]>;
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<number, string>();

  constructor(database: Database) {
    this.#find = database.prepare<[string], number>('SELECT id FROM texts WHERE text = ?').pluck();
    this.#read = database.prepare<[number], string>('SELECT text FROM texts WHERE id = ?').pluck();
    this.#add = database.prepare('INSERT INTO texts (text) VALUES (?) ON CONFLICT (text) DO NOTHING');
  }

  /** The number of a text, which gets one if it has none. Only inside a transaction that writes. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    // Mostly a text that is not remembered is a new one.
    const { changes, lastInsertRowid } = this.#add.run(text);
    return this.#remember(text, changes === 1 ? Number(lastInsertRowid) : (this.#find.get(text) as number));
  }

  numberIfAny(text: string): number | undefined {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#find.get(text);
    return number === undefined ? undefined : this.#remember(text, number);
  }

  /** @throws StoreUnavailable where no text has the number: the row that names it is damaged */
  textOf(number: number): string {
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    const text = this.#read.get(number);
    if (text === undefined) throw new StoreUnavailable(`no text has the number ${number}`, 'SQLITE_CORRUPT');
    if (this.#texts.size >= REMEMBERED) this.#texts.clear();
    this.#texts.set(number, text);
    return text;
  }

  /** After a transaction that was undone: numbers that it gave away are free again. */
  forget(): void {
    this.#numbers.clear();
    this.#texts.clear();
  }

  #remember(text: string, number: number): number {
    if (this.#numbers.size >= REMEMBERED) this.#numbers.clear();
    this.#numbers.set(text, number);
    return number;
  }
}
