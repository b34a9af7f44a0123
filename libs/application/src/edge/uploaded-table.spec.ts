import { Refusal } from '@seatbook/kernel';
import { MAX_NAMED_ROWS, ROWS_OF_A_PART, invalidRow, takeTable, type UploadedRow } from './uploaded-table.js';

async function* table(rows: readonly (string | null)[]): AsyncGenerator<UploadedRow> {
  for (const [index, name] of rows.entries())
    yield { line: index + 2, cells: name === null ? null : { name } };
}

const readName = ({ name = '' }: { readonly name?: string }): string => {
  if (name === '') throw invalidRow('a name is missing');
  return name;
};

it('takes the valid rows of a table, and names the others by their lines', async () => {
  const taken: string[] = [];
  const outcome = await takeTable(
    { rows: table(['new', null, '', 'unknown', 'same']), ignoredColumns: ['age'] },
    {
      read: readName,
      take: async (rows) => {
        taken.push(...rows);
        return rows.map((name) =>
          name === 'new'
            ? 'created'
            : name === 'same'
              ? 'unchanged'
              : new Refusal('NOT_FOUND_PERSON', 'nobody'),
        );
      },
    },
  );
  expect(taken).toEqual(['new', 'unknown', 'same']);
  expect(outcome).toEqual({
    rows: 5,
    created: 1,
    changed: 0,
    unchanged: 1,
    refused: 3,
    refusals: [
      { line: 3, code: 'INVALID_ROW', problem: 'the row has more or fewer cells than there are columns' },
      { line: 4, code: 'INVALID_ROW', problem: 'a name is missing' },
      { line: 5, code: 'NOT_FOUND_PERSON', problem: 'nobody' },
    ],
    ignoredColumns: ['age'],
  });
});

it('never has more than a part of the rows in memory, and names only so many', async () => {
  const sizes: number[] = [];
  const { rows, created, refused, refusals } = await takeTable(
    {
      rows: table([
        ...Array<string>(2 * ROWS_OF_A_PART + 1).fill('x'),
        ...Array<null>(MAX_NAMED_ROWS + 5).fill(null),
      ]),
      ignoredColumns: [],
    },
    {
      read: readName,
      take: async (part) => {
        sizes.push(part.length);
        return part.map(() => 'created');
      },
    },
  );
  expect(sizes).toEqual([ROWS_OF_A_PART, ROWS_OF_A_PART, 1]);
  expect({ rows, created, refused, named: refusals.length }).toEqual({
    rows: 2 * ROWS_OF_A_PART + MAX_NAMED_ROWS + 6,
    created: 2 * ROWS_OF_A_PART + 1,
    refused: MAX_NAMED_ROWS + 5,
    named: MAX_NAMED_ROWS,
  });
});

it('what is no refusal ends the upload', async () => {
  const failing = takeTable(
    { rows: table(['x']), ignoredColumns: [] },
    { read: readName, take: () => Promise.reject(new Error('the store is away')) },
  );
  await expect(failing).rejects.toThrow('the store is away');
});
