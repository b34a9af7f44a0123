import { idOfAsset } from '../asset-id.js';
import type { HolderKey } from '../holder.js';
import type { AppleAssignment, AppleHolder, LicensingPorts } from '../ports.js';

/** Who holds, in Apple's spelling, by asset. Persons go to the directory. */
export async function heldBy(
  records: readonly AppleAssignment[],
  uId: string,
  { persons }: LicensingPorts,
): Promise<ReadonlyMap<string, readonly HolderKey[]>> {
  const clientUserIds = [...new Set(records.flatMap(({ clientUserId }) => clientUserId ?? []))];
  const seen = clientUserIds.map((clientUserId) => ({ clientUserId }));
  const userIds = seen.length === 0 ? [] : await persons.userIdsOf(uId, seen);
  const userIdOf = new Map(clientUserIds.map((clientUserId, index) => [clientUserId, userIds[index] ?? '']));
  const held = new Map<string, HolderKey[]>();
  for (const record of records) {
    const { serialNumber, clientUserId } = record;
    const key = serialNumber === null ? `u:${userIdOf.get(clientUserId ?? '')}` : `d:${serialNumber}`;
    const keys = held.get(idOfAsset(record));
    if (keys) keys.push(key);
    else held.set(idOfAsset(record), [key]);
  }
  return held;
}

/** A holder as Apple names it. */
export async function asAppleNames(
  key: HolderKey,
  uId: string,
  { persons }: LicensingPorts,
): Promise<AppleHolder> {
  const id = key.slice(2);
  if (key.startsWith('d:')) return { serialNumber: id };
  const [clientUserId = id] = await persons.clientUserIdsOf(uId, [id]);
  return { clientUserId };
}
