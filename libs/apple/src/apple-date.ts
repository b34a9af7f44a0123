import type { Instant } from '@seatbook/kernel';

const form =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/**
 * A date as Apple writes it, e.g. `2027-03-31T08:00:00+0000`; null if it is not a date. Other offsets, `Z`, fractions
 * and plain dates are accepted as well; without an offset it is UTC, Apple's rule for all dates.
 */
export function appleDate(text: unknown): Instant | null {
  if (typeof text !== 'string') return null;
  const [matched, year, month, day, hour, minute, second, fraction, offset] = form.exec(text.trim()) ?? [];
  if (matched === undefined) return null;
  const parts = [year, month, day, hour, minute, second].map((part) => Number(part ?? 0)) as Parts;
  const [y, mo, d, h, mi, s] = parts;
  if (mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 60) return null;
  const at = Date.UTC(y, mo - 1, d, h, mi, s, Math.floor(Number(`0.${fraction ?? '0'}`) * 1000));
  // The 31st of a month without one rolls over into the next.
  if (new Date(Date.UTC(y, mo - 1, d)).getUTCDate() !== d) return null;
  const minutes = offsetMinutes(offset);
  return minutes === null ? null : at - minutes * 60_000;
}

type Parts = [number, number, number, number, number, number];

function offsetMinutes(offset: string | undefined): number | null {
  if (offset === undefined || offset.toUpperCase() === 'Z') return 0;
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 14 || minutes > 59) return null;
  return (hours * 60 + minutes) * (offset.startsWith('-') ? -1 : 1);
}
