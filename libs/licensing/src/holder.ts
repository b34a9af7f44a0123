/** Who can hold licences, as flat arrays: devices by serial number, persons by our userId. */
export interface Holders {
  readonly serialNumbers: readonly string[];
  readonly userIds: readonly string[];
}

/** `d:` and a serial number, or `u:` and a userId. */
export type HolderKey = string;

/** An event names this many holders at the most. */
export const MAX_HOLDERS = 1_000;

export const NOBODY: Holders = { serialNumbers: [], userIds: [] };

export function holderKeys({ serialNumbers, userIds }: Holders): HolderKey[] {
  const keys = serialNumbers.map((serialNumber) => `d:${serialNumber}`);
  for (const userId of userIds) keys.push(`u:${userId}`);
  return keys;
}

export const holderCount = ({ serialNumbers, userIds }: Holders): number =>
  serialNumbers.length + userIds.length;

export function holdersOf(keys: readonly HolderKey[]): { serialNumbers: string[]; userIds: string[] } {
  const serialNumbers: string[] = [];
  const userIds: string[] = [];
  for (const key of keys) (key.startsWith('d:') ? serialNumbers : userIds).push(key.slice(2));
  return { serialNumbers, userIds };
}

export const kindOfHolder = (key: HolderKey): 'device' | 'person' =>
  key.startsWith('d:') ? 'device' : 'person';

/** The order of each holder of an event: one for all, or parallel to `holderKeys`. */
export type OrderRefs = { readonly orderId: string } | { readonly orderIds: readonly string[] };

/**
 * Holders as events list them (devices first, then persons) with something of each in a parallel array. Both are made
 * of one list, so they cannot be in different orders.
 */
export function inParallel<T>(entries: readonly (readonly [HolderKey, T])[]): {
  holders: Holders;
  values: readonly T[];
} {
  const devices = entries.filter(([key]) => kindOfHolder(key) === 'device');
  const persons = entries.filter(([key]) => kindOfHolder(key) === 'person');
  const listed = [...devices, ...persons];
  return { holders: holdersOf(listed.map(([key]) => key)), values: listed.map(([, value]) => value) };
}

/** Holders with the order of each. */
export function withOrders(entries: readonly (readonly [HolderKey, string])[]): Holders & OrderRefs {
  const { holders, values: orderIds } = inParallel(entries);
  const orderId = orderIds[0] ?? '';
  return orderIds.every((other) => other === orderId) ? { ...holders, orderId } : { ...holders, orderIds };
}

export const orderAt = (refs: OrderRefs, index: number): string =>
  'orderId' in refs ? refs.orderId : (refs.orderIds[index] ?? '');

/** Number of holders per order; holders of no order (adopted ones) are left out. */
export function countByOrder(holders: Holders, refs: OrderRefs): Map<string, number> {
  const counts = new Map<string, number>();
  const count = holderCount(holders);
  for (let index = 0; index < count; index += 1) {
    const orderId = orderAt(refs, index);
    if (orderId !== '') counts.set(orderId, (counts.get(orderId) ?? 0) + 1);
  }
  return counts;
}
