import { Refusal } from '@seatbook/kernel';
import type { ParkedWork } from '@seatbook/runtime';
import type { ListPart } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

export interface ParkedPage {
  readonly rows: readonly ParkedWork[];
  readonly next: string | null;
  /** All parked work. */
  readonly count: number;
}

export interface Retried {
  /** Commands that were carried out, and steps that are taken again. */
  readonly retried: number;
  /** Why the first that failed again did; it stays parked. */
  readonly failure: string | null;
}

/** Work that failed past its budget and waits for a person. */
export async function listParked({ stores }: SeatbookEdge, { limit, cursor }: ListPart): Promise<ParkedPage> {
  const { progress } = stores;
  const page = await progress.parked({ limit, ...(cursor === undefined ? {} : { cursor }) });
  return { ...page, count: await progress.countParked() };
}

/** Tries the parked work of a stream again, in order. @throws Refusal NOT_FOUND_PARKED */
export async function retryParked(
  { options }: SeatbookEdge,
  { stream }: { readonly stream: string },
): Promise<Retried> {
  const retried = await options.retry(stream);
  if (retried === null) throw new Refusal('NOT_FOUND_PARKED', 'nothing of this stream is parked', { stream });
  return retried;
}
