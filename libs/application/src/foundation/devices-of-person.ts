import { queryModels, type EnrolledDevice } from '@seatbook/licensing';
import type { ReadStore } from '@seatbook/runtime';
import { allRows } from './all-rows.js';

/** A person has a few devices; of one who has more, apps are on this many of them. */
const MAX_DEVICES_OF_PERSON = 200;

/** Devices of a person that can be reached. */
export async function enrolledOf(reads: ReadStore, userId: string): Promise<readonly EnrolledDevice[]> {
  const found: EnrolledDevice[] = [];
  const rows = { index: 'by-owner', equals: [userId] } as const;
  for await (const { device, platform, state } of allRows(reads, queryModels.devices, rows)) {
    if (state === 'enrolled') found.push({ device, platform });
    if (found.length === MAX_DEVICES_OF_PERSON) break;
  }
  return found;
}
