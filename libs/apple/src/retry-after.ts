import type { Instant, Milliseconds } from '@seatbook/kernel';

/**
 * The wait that a `Retry-After` header asks for, in seconds or as an HTTP date; null if there is none or it cannot be
 * parsed. Apple's rule: 5xx answers carry it, and clients must obey it. Cut to `max`.
 */
export function retryAfterMs(
  header: string | undefined,
  now: Instant,
  max: Milliseconds,
): Milliseconds | null {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), max);
  // Date.parse accepts far more than HTTP dates, even "-5".
  if (!/^[a-z]{3,9},? .*\d{4}/i.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.min(Math.max(0, at - now), max);
}
