import { Refusal, isRefusal, type ErrorCode } from '@seatbook/kernel';

/** A row of a table that was uploaded. */
export interface UploadedRow {
  /** The line of the file at which it begins; the names of the columns are on line 1. */
  readonly line: number;
  /** By column, without blanks around them; null where the row has more or fewer cells than there are columns. */
  readonly cells: Cells | null;
}

/** Only columns that the table has. An empty cell is an empty text. */
export type Cells = Readonly<Partial<Record<string, string>>>;

/** A table that can be read to its end: whoever gives one has made sure of that. */
export interface UploadedTable {
  readonly rows: AsyncIterable<UploadedRow>;
  /** Columns that nobody asks for: nothing is done with them. */
  readonly ignoredColumns: readonly string[];
}

/** What an upload may take a row for. */
export interface TableOfRows<T> {
  /** @throws Refusal where the row is not valid */
  readonly read: (cells: Cells, line: number) => T;
  /** Takes the rows of one part, and answers for each in the same order what became of it. */
  readonly take: (rows: readonly T[]) => Promise<readonly TakenRow[]>;
}

export type TakenRow = 'created' | 'changed' | 'unchanged' | Refusal;

/** What became of a table. A row is taken whole or not at all; those that are not valid do not hold up the others. */
export interface UploadOutcome {
  readonly rows: number;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly refused: number;
  /** The first of the rows that were refused, by their lines. */
  readonly refusals: readonly RefusedRow[];
  readonly ignoredColumns: readonly string[];
}

export interface RefusedRow {
  readonly line: number;
  readonly code: ErrorCode;
  readonly problem: string;
}

/** Rows in memory at a time. */
export const ROWS_OF_A_PART = 500;

/** Beyond these only their number is answered. */
export const MAX_NAMED_ROWS = 1_000;

/** Takes a table part by part, so that no more than a part of it is in memory. */
export async function takeTable<T>(
  { rows, ignoredColumns }: UploadedTable,
  { read, take }: TableOfRows<T>,
): Promise<UploadOutcome> {
  const counts = { rows: 0, created: 0, changed: 0, unchanged: 0, refused: 0 };
  const refusals: RefusedRow[] = [];
  const count = (line: number, outcome: TakenRow): void => {
    counts.rows += 1;
    counts[isRefusal(outcome) ? 'refused' : outcome] += 1;
    if (isRefusal(outcome) && refusals.length < MAX_NAMED_ROWS)
      refusals.push({ line, code: outcome.code, problem: outcome.message });
  };
  let part: { readonly line: number; readonly row: T }[] = [];
  const takePart = async (): Promise<void> => {
    const taken = await take(part.map(({ row }) => row));
    for (const [index, { line }] of part.entries()) {
      const outcome = taken[index];
      if (outcome === undefined) throw new Error('a row of an uploaded table was not answered for');
      count(line, outcome);
    }
    part = [];
  };
  for await (const { line, cells } of rows) {
    try {
      part.push({ line, row: read(whole(cells), line) });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      count(line, error);
    }
    if (part.length === ROWS_OF_A_PART) await takePart();
  }
  if (part.length > 0) await takePart();
  return { ...counts, refusals: refusals.sort((one, other) => one.line - other.line), ignoredColumns };
}

/** The refusal of a row whose cells are not valid. @param problem what is wrong; it never quotes what was sent */
export const invalidRow = (problem: string): Refusal => new Refusal('INVALID_ROW', problem);

function whole(cells: Cells | null): Cells {
  if (cells) return cells;
  throw invalidRow('the row has more or fewer cells than there are columns');
}
