import { isRefusal, type Refusal } from '@seatbook/kernel';
import type { UploadedRow } from '@seatbook/application';
import { MAX_ROWS, tableOf } from './table-body.js';

const COLUMNS = ['userId', 'name', 'email'];

async function rowsOf(body: unknown): Promise<UploadedRow[]> {
  const { rows } = await tableOf(body, COLUMNS);
  const read: UploadedRow[] = [];
  for await (const row of rows) read.push(row);
  return read;
}

const rowsIn = (text: string): Promise<UploadedRow[]> => rowsOf(Buffer.from(text));

async function refusalOf(body: Buffer | string): Promise<Pick<Refusal, 'code' | 'facts'>> {
  const error: unknown = await rowsOf(Buffer.from(body)).then(
    () => null,
    (failure: unknown) => failure,
  );
  if (!isRefusal(error)) throw new Error(`refused was to be: ${String(error)}`);
  return { code: error.code, facts: error.facts };
}

describe('a table that was uploaded', () => {
  it('has cells by their columns, in any order and case, with the line of each row', async () => {
    expect(
      await rowsIn('\ufeffE-Mail,NAME,userid\r\nx,"Kim, ""the"" first\r\nof all", u1 \r\n\r\nx,Bo,u2'),
    ).toEqual([
      { line: 2, cells: { 'E-Mail': 'x', name: 'Kim, "the" first\r\nof all', userId: 'u1' } },
      { line: 5, cells: { 'E-Mail': 'x', name: 'Bo', userId: 'u2' } },
    ]);
  });

  it('says which columns nobody asks for', async () => {
    const { ignoredColumns } = await tableOf(Buffer.from('name,held,userId\n'), COLUMNS);
    expect(ignoredColumns).toEqual(['held']);
  });

  it('ends its lines as any system does, also where they change', async () => {
    expect(await rowsIn('name\n1\r\n2\r3\n')).toEqual([
      { line: 2, cells: { name: '1' } },
      { line: 3, cells: { name: '2' } },
      { line: 4, cells: { name: '3' } },
    ]);
  });

  it('names a row with too many or too few cells, and goes on', async () => {
    expect(await rowsIn('userId,name\nu1\nu2,Bo\nu3,Jo,x')).toEqual([
      { line: 2, cells: null },
      { line: 3, cells: { userId: 'u2', name: 'Bo' } },
      { line: 4, cells: null },
    ]);
  });

  it('takes away the quote that our own tables put before a formula', async () => {
    expect(await rowsIn("name,email\n'=1+1,'kim")).toEqual([
      { line: 2, cells: { name: '=1+1', email: "'kim" } },
    ]);
  });

  it('is refused before its first row where it cannot be read to its end', async () => {
    const line3 = { code: 'INVALID_TABLE', facts: { line: 3 } };
    expect(await refusalOf('name\nKim\n"Bo\nJo\n')).toEqual(line3);
    expect(await refusalOf('name\nKim\nB"o\n')).toEqual(line3);
    expect(await refusalOf(`name\nKim\n${'x'.repeat(20_000)}\n`)).toEqual(line3);
    expect(await refusalOf(Buffer.from([0x6e, 0x61, 0x6d, 0x65, 0x0a, 0xff, 0xfe]))).toMatchObject({
      code: 'INVALID_TABLE',
    });
    expect(await refusalOf('name,Name\nKim,Kim\n')).toMatchObject({ code: 'INVALID_TABLE' });
    expect(await refusalOf('')).toMatchObject({ code: 'INVALID_TABLE' });
    expect(await refusalOf('userId;name\nu1;Kim\n')).toMatchObject({ facts: { columns: COLUMNS } });
  });

  it('has up to so many rows', async () => {
    const rows = 'Kim\n'.repeat(MAX_ROWS);
    expect(await rowsIn(`name\n${rows}`)).toHaveLength(MAX_ROWS);
    expect(await refusalOf(`name\n${rows}Kim\n`)).toMatchObject({ facts: { maxRows: MAX_ROWS } });
  });
});
