/** Reads a value of unknown origin as a `T`; throws `ShapeError` if it is not one. `at` names the place. */
export type Shape<T> = (value: unknown, at: string) => T;

/** The type that a shape reads. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** Names the place where a value does not have the expected form. */
export class ShapeError extends Error {}

function refuse(at: string, wanted: string): never {
  throw new ShapeError(`${at || 'body'} must be ${wanted}`);
}

/** Any text but the empty one. */
export const text: Shape<string> = (value, at) =>
  typeof value === 'string' && value !== '' ? value : refuse(at, 'a non-empty string');

/** Any text. */
export const anyText: Shape<string> = (value, at) =>
  typeof value === 'string' ? value : refuse(at, 'a string');

export const flag: Shape<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : refuse(at, 'true or false');

/** A number of at least `least`. */
export function atLeast(least: number): Shape<number> {
  return (value, at) =>
    typeof value === 'number' && Number.isFinite(value) && value >= least
      ? value
      : refuse(at, `a number of at least ${least}`);
}

/** A whole number of at least `least`. */
export function whole(least: number): Shape<number> {
  return (value, at) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least
      ? value
      : refuse(at, `a whole number of at least ${least}`);
}

/** A number from 0 to 1. */
export const probability: Shape<number> = (value, at) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? value : refuse(at, 'a number from 0 to 1');

/** One of the given values. */
export function oneOf<const V extends readonly (string | number | boolean | null)[]>(
  ...values: V
): Shape<V[number]> {
  return (value, at) =>
    values.find((candidate) => candidate === value) ??
    (value === null && values.includes(null) ? null : refuse(at, `one of ${JSON.stringify(values)}`));
}

/** The first of two shapes that fits. */
export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return (value, at) => {
    try {
      return first(value, at);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      try {
        return second(value, at);
      } catch (other) {
        if (!(other instanceof ShapeError)) throw other;
        throw new ShapeError(`${error.message}, or: ${other.message}`);
      }
    }
  };
}

/** Absent or fitting; null counts as absent. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at) => (value === undefined || value === null ? undefined : shape(value, at));
}

export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, at) =>
    Array.isArray(value)
      ? value.map((entry, index) => shape(entry, `${at}[${index}]`))
      : refuse(at, 'an array');
}

/** An object; members that are not named are refused (`closed`, so that a typo is seen) or ignored (`open`). */
export function object<F extends Record<string, Shape<unknown>>>(
  fields: F,
  otherMembers: 'closed' | 'open' = 'closed',
): Shape<{ [K in keyof F]: Shaped<F[K]> }> {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(at, 'an object');
    const source = value as Record<string, unknown>;
    if (otherMembers === 'closed') {
      const unknown = Object.keys(source).find((key) => !Object.hasOwn(fields, key));
      if (unknown !== undefined) throw new ShapeError(`${at || 'body'} has an unknown member "${unknown}"`);
    }
    const read: Record<string, unknown> = {};
    for (const [key, shape] of Object.entries(fields)) {
      const member = shape(source[key], at === '' ? key : `${at}.${key}`);
      if (member !== undefined) read[key] = member;
    }
    return read as { [K in keyof F]: Shaped<F[K]> };
  };
}
