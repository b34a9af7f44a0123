import type { Document, ModelRef } from '@seatbook/kernel';
import type { IndexQuery, ReadStore } from '@seatbook/runtime';

/** Rows of one look. */
const PAGE_ROWS = 500;

/** All rows of an index that are asked for, read in pages. They are as they were when each page was read. */
export async function* allRows<D extends Document, I extends string>(
  reads: Pick<ReadStore, 'query'>,
  model: ModelRef<D, I>,
  rows: Omit<IndexQuery<NoInfer<I>>, 'limit' | 'cursor'>,
): AsyncGenerator<D> {
  let query: IndexQuery<I> = { ...rows, limit: PAGE_ROWS };
  for (;;) {
    const page = await reads.query(model, query);
    yield* page.rows;
    if (page.next === null) return;
    query = { ...query, cursor: page.next };
  }
}
