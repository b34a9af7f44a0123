import type { Milliseconds } from '@seatbook/kernel';

/** RFC 7240: `Prefer: wait=10`, in seconds. Null where it is not asked for; what cannot be understood is passed over. */
export function preferredWait(header: string | undefined, maxMs: Milliseconds): Milliseconds | null {
  const seconds = /(?:^|[,;]\s*)wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(header ?? '')?.[1];
  return seconds === undefined ? null : Math.min(maxMs, Number(seconds) * 1_000);
}
