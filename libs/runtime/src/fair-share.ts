/** What a lease is about: what stands before the first slash of its name; empty where there is none. */
export const kindOf = (lease: string): string => lease.slice(0, Math.max(0, lease.indexOf('/')));

/** How many leases a process may have where all of them are shared out evenly. */
export const fairShare = (leases: number, processes: number): number => Math.ceil(leases / processes);

/**
 * How many leases a process should give away: those beyond its fair share, or one where another process has two fewer
 * and no other than this one has the most; of several with as many it is the first by name, so that they do not all give
 * to one. Between processes that follow it the numbers come to differ by one at most, and then nothing moves any more.
 */
export function surplusOf(
  [process, own]: readonly [process: string, leases: number],
  others: ReadonlyMap<string, number>,
  leases: number,
): number {
  if (others.size === 0) return 0;
  const beyond = own - fairShare(leases, others.size + 1);
  if (beyond > 0) return beyond;
  const held = [...others.values()].reduce((sum, has) => sum + has, own);
  // Who has few is about to take what is free.
  if (held < leases) return 0;
  const isFirst = [...others].every(([other, has]) => has < own || (has === own && process < other));
  return isFirst && own - Math.min(...others.values()) >= 2 ? 1 : 0;
}
