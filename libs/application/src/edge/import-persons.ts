import { Refusal, chunksOf, isRefusal, uuidOf, type Position } from '@seatbook/kernel';
import { personStream } from '@seatbook/licensing';
import { NOTHING_KNOWN, entryAfter, type PersonEntry } from '@seatbook/runtime';
import { NO_LOCATION, concernsApple, knownToUs, tellApple, type GivenDetails } from './persons.js';
import { contextOf, type Caller } from './principal.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenKey, type TakenKey } from './taken-key.js';
import {
  takeTable,
  type Cells,
  type TakenRow,
  type UploadOutcome,
  type UploadedTable,
} from './uploaded-table.js';

/** A row of a table of persons. */
export interface PersonInTable {
  /** Somebody who is known; null: somebody new. */
  readonly userId: string | null;
  /** What the table says of the person: what it has no column for stays as it is. */
  readonly details: Partial<GivenDetails>;
}

export interface ImportPersons {
  readonly table: UploadedTable;
  /** @throws Refusal INVALID_ROW */
  readonly read: (cells: Cells) => PersonInTable;
}

export interface ImportedPersons extends UploadOutcome {
  readonly position: Position;
}

/** Persons who are written at a time. */
const AT_ONCE = 64;

/** The person of a row, as the directory is to know it. */
interface Judged {
  readonly entry: PersonEntry;
  readonly concernsApple: boolean;
  readonly line: number;
  readonly isNew: boolean;
}

/**
 * Registers the persons of a table that have no userId, and changes the others. With an Idempotency-Key the same table may
 * be sent again: the person of a line is the same one then.
 * @throws Refusal CONFLICT_IDEMPOTENCY_KEY for a key that another request has
 */
export async function importPersons(
  seatbook: SeatbookEdge,
  { table, read }: ImportPersons,
  caller: Caller,
): Promise<ImportedPersons> {
  const key = await takenKey(seatbook, caller, 'ImportPersons', {});
  const outcome = await takeTable(table, {
    read: (cells, line) => {
      const { userId, details } = read(cells);
      return { userId: userId ?? uuidOf(`${key.id}/${line}`), isNew: userId === null, details, line };
    },
    take: (rows) => takeRows(seatbook, rows, key, caller),
  });
  return { ...outcome, position: (await seatbook.reader.head()).position };
}

type Row = Omit<PersonInTable, 'userId'> & {
  readonly userId: string;
  readonly isNew: boolean;
  readonly line: number;
};

async function takeRows(
  seatbook: SeatbookEdge,
  rows: readonly Row[],
  key: TakenKey,
  caller: Caller,
): Promise<readonly TakenRow[]> {
  const { directory } = seatbook.stores;
  const known = new Map<string, PersonEntry>();
  const ours = new Map<string, PersonEntry>();
  for (const entry of await directory.entries([...new Set(rows.map(({ userId }) => userId))])) {
    known.set(entry.userId, entry);
    if (knownToUs(entry)) ours.set(entry.userId, entry);
  }
  const outcomes = new Map<Row, TakenRow>();
  const judged: (readonly [Row, Judged])[] = [];
  for (const row of rows) {
    const outcome = judge(row, known, ours);
    if (typeof outcome === 'string' || isRefusal(outcome)) {
      outcomes.set(row, outcome);
      continue;
    }
    // A person may have several rows: the next one sees what this one says.
    known.set(row.userId, outcome.entry);
    ours.set(row.userId, outcome.entry);
    judged.push([row, outcome]);
  }
  // The directory knows somebody new before the log does; of somebody who was forgotten, nothing is kept again.
  await directory.keep(judged.flatMap(([, { entry, isNew }]) => (isNew ? entry : [])));
  for (const some of chunksOf(judged, AT_ONCE))
    await Promise.all(
      some.map(async ([row, person]) => outcomes.set(row, await write(seatbook, person, key.id, caller))),
    );
  const changed = judged.flatMap(([row, person]) => (outcomes.get(row) === 'changed' ? person : []));
  await directory.keep(changed.map(({ entry }) => entry));
  // A table that is sent again may have broken off before Apple was told.
  const told = key.repeated
    ? rows.filter(({ isNew }) => !isNew)
    : changed.flatMap(({ concernsApple: concerns, entry }) => (concerns ? entry : []));
  const [{ line: first } = { line: 0 }] = rows;
  await tellApple(
    seatbook,
    told.map(({ userId }) => userId),
    { id: `${key.id}/${first}` },
    caller,
  );
  return rows.map((row) => outcomes.get(row) as TakenRow);
}

function judge(
  { userId, details, isNew, line }: Row,
  known: ReadonlyMap<string, PersonEntry>,
  ours: ReadonlyMap<string, PersonEntry>,
): Judged | TakenRow {
  const before = ours.get(userId);
  const entry = entryAfter(
    before ?? { ...NOTHING_KNOWN, userId, uId: NO_LOCATION, clientUserId: userId },
    details,
  );
  if (!isNew && !known.has(userId)) return new Refusal('NOT_FOUND_PERSON', 'there is no such person');
  // The log may lack a person who was new the first time, so that this one is written again.
  const judged = { entry, concernsApple: concernsApple(before, entry), line, isNew };
  if (!isNew) return entry === before ? 'unchanged' : judged;
  if (before === undefined || entry === before) return judged;
  return new Refusal('CONFLICT_IDEMPOTENCY_KEY', 'this Idempotency-Key was used for another table');
}

async function write(
  seatbook: SeatbookEdge,
  { entry: { userId }, line, isNew }: Judged,
  id: string,
  caller: Caller,
): Promise<TakenRow> {
  const context = contextOf(caller, `${id}/${line}`, { userId });
  const type = isNew ? 'RegisterPerson' : 'ChangeDetails';
  try {
    const { repeated } = await seatbook.execute(personStream(userId), { type }, context);
    if (isNew) return repeated ? 'unchanged' : 'created';
    return 'changed';
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

export const importingCommands = { ImportPersons: importPersons };
