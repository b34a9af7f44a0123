import { Refusal, type Milliseconds } from '@seatbook/kernel';
import type { ParkedWork } from '@seatbook/runtime';
import type { ListPart, ReflectedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

const MAX_RETRIED = 1_000;
/** How long a retry is waited for, and how often it is looked at. */
const RETRY_WAIT_MS: Milliseconds = 10_000;
const RETRY_LOOK_MS: Milliseconds = 100;

export interface Retried {
  /** Commands that were carried out, and steps that are taken again. */
  readonly retried: number;
  /** Why the first that failed again did; it stays parked. */
  readonly failure: string | null;
}

/** Work that failed past its budget and waits for a person. */
export async function listParked(
  { stores, reader }: SeatbookEdge,
  { limit, cursor }: ListPart,
): Promise<ReflectedPage<ParkedWork>> {
  const asOf = await reader.head();
  const page = await stores.progress.parked({ limit, ...(cursor === undefined ? {} : { cursor }) });
  return { ...page, asOf };
}

export const countParked = ({ stores }: SeatbookEdge): Promise<number> => stores.progress.countParked();

/**
 * Wants the parked work of a stream to be tried again, in order, and waits until the worker that does it has answered:
 * the wish is durable, so where the wait is over first it is still done later.
 * @throws Refusal NOT_FOUND_PARKED, TRANSIENT_RETRY_PENDING when no worker has answered in time
 */
export async function retryParked(
  { stores, clock }: SeatbookEdge,
  { stream }: { readonly stream: string },
): Promise<Retried> {
  const { progress } = stores;
  const { rows: wanted } = await progress.parked({ stream, limit: MAX_RETRIED });
  if (wanted.length === 0)
    throw new Refusal('NOT_FOUND_PARKED', 'nothing of this stream is parked', { stream });
  for (const { id } of wanted) await progress.requestRetry(id);
  for (const end = clock.elapsed() + RETRY_WAIT_MS; ;) {
    const { rows } = await progress.parked({ stream, limit: MAX_RETRIED });
    const left = new Map(rows.map((work) => [work.id, work]));
    const failed = wanted.find(({ id, attempts }) => (left.get(id)?.attempts ?? 0) > attempts);
    const retried = wanted.filter(({ id }) => !left.has(id)).length;
    if (failed || retried === wanted.length)
      return { retried, failure: (failed && left.get(failed.id)?.reason) ?? null };
    if (clock.elapsed() >= end) throw pending(stream, wanted.length, retried);
    await new Promise<void>((resolve) => clock.after(RETRY_LOOK_MS, resolve));
  }
}

const pending = (stream: string, wanted: number, retried: number): Refusal =>
  new Refusal(
    'TRANSIENT_RETRY_PENDING',
    'no worker has finished this retry yet. It is noted and will be done: look at the parked work of this stream later, and at the health of the product if nothing changes',
    { stream, wanted, retried },
    10,
  );

export const parkingCommands = { RetryParked: retryParked };

export const parkingQueries = { ListParked: listParked, CountParked: countParked };
