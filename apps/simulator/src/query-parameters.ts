import { Refusal } from './apple-errors.js';

/** A query parameter of `true` or `false`; undefined where absent. Refuses other texts with 9602. */
export function booleanParameter(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (value !== 'true' && value !== 'false') throw new Refusal(9602);
  return value === 'true';
}

/** A query parameter that is a whole number; undefined where absent. Refuses other texts with 9602. */
export function wholeParameter(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new Refusal(9602);
  return Number(value);
}
