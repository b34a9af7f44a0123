import { queryModels, type AssetId, type InstallationDocument } from '@seatbook/licensing';
import type { SeatbookEdge } from './seatbook-edge.js';

/**
 * An app on the devices of a person, and what it waits for where it does. An app is on a device once: by whichever licence
 * of the account the person has it there, it is there for all of them. What waits, waits by its own licence.
 */
export async function installationsOfPerson(
  { reader }: SeatbookEdge,
  userId: string,
  { uId, adamId, pricingParam }: AssetId & { readonly uId: string },
): Promise<readonly InstallationDocument[]> {
  const found: InstallationDocument[] = [];
  const rows = { index: 'by-person', equals: [userId, adamId] } as const;
  for await (const row of reader.all(queryModels.installations, rows))
    if (row.uId === uId && (row.device !== null || row.pricingParam === pricingParam)) found.push(row);
  return found;
}
