/** Values of other types come in this order; no value is null. */
function rankOf(value: unknown): number {
  if (value === undefined || value === null) return 1;
  if (typeof value === 'number') return 2;
  if (typeof value === 'string') return 3;
  if (Array.isArray(value)) return 5;
  if (typeof value === 'boolean') return 8;
  if (value instanceof Date) return 9;
  return 4;
}

/** The order of MongoDB: by type, then by value. */
export function compareBson(one: unknown, other: unknown): number {
  const ranks = rankOf(one) - rankOf(other);
  if (ranks !== 0 || rankOf(one) === 1) return ranks;
  if (rankOf(one) === 4 || rankOf(one) === 5) return compareText(JSON.stringify(one), JSON.stringify(other));
  return compareText(one as string, other as string);
}

const compareText = (one: string, other: string): number => (one === other ? 0 : one < other ? -1 : 1);
