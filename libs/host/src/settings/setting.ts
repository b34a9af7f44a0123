import type { Milliseconds } from '@seatbook/kernel';

/** One environment variable: what it means, what it may be, and what holds without it. */
export interface Setting<T> {
  readonly variable: string;
  /** What it may be, for people. */
  readonly kind: string;
  /** What holds when the variable is absent or empty, as it would be written; null: nothing. */
  readonly fallback: string | null;
  readonly meaning: string;
  /** The value of the text. @throws Error that says what is wrong, without the value of a secret */
  parse(text: string): T;
  /** The value when the variable is absent. */
  readonly absent: T;
  /** A variable that names a file with the value instead, as secrets are mounted into containers. */
  readonly fileVariable?: string;
}

type Named = readonly [variable: string, meaning: string];

export const text = ([variable, meaning]: Named, fallback: string): Setting<string> => ({
  variable,
  kind: 'text',
  fallback: fallback === '' ? null : fallback,
  meaning,
  parse: (given) => given,
  absent: fallback,
});

export const optionalText = ([variable, meaning]: Named, kind = 'text'): Setting<string | null> => ({
  variable,
  kind,
  fallback: null,
  meaning,
  parse: (given) => given,
  absent: null,
});

/** A secret given by the operator: its text is in no message. */
export const optionalSecret = (
  [variable, meaning]: Named,
  { minLength, ...more }: { readonly minLength: number; readonly fileVariable?: string },
): Setting<string | null> => ({
  ...more,
  variable,
  kind: `secret of at least ${minLength} characters`,
  fallback: null,
  meaning,
  parse(given) {
    if (given.length < minLength || /\s/.test(given)) {
      throw new Error(`must have at least ${minLength} characters and no blanks`);
    }
    return given;
  },
  absent: null,
});

/** The address of a server, often with a password: its text is in no message. */
export const optionalAddress = (
  [variable, meaning]: Named,
  beginnings: readonly string[],
): Setting<string | null> => ({
  variable,
  fileVariable: `${variable}_FILE`,
  kind: `address that begins with ${beginnings.join(' or ')}`,
  fallback: null,
  meaning,
  parse(given) {
    if (!beginnings.some((beginning) => given.startsWith(beginning)) || /\s/.test(given)) {
      throw new Error(`must begin with ${beginnings.join(' or ')} and have no blanks`);
    }
    return given;
  },
  absent: null,
});

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

function wholeOf(given: string, { min, max }: Bounds): number {
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < min || value > max) {
    throw new Error(`must be a whole number from ${min} to ${max}, not "${given}"`);
  }
  return value;
}

export const whole = ([variable, meaning]: Named, fallback: number, bounds: Bounds): Setting<number> => ({
  variable,
  kind: `${bounds.min} to ${bounds.max}`,
  fallback: String(fallback),
  meaning,
  parse: (given) => wholeOf(given, bounds),
  absent: fallback,
});

export const optionalWhole = ([variable, meaning]: Named, bounds: Bounds): Setting<number | null> => ({
  variable,
  kind: `${bounds.min} to ${bounds.max}`,
  fallback: null,
  meaning,
  parse: (given) => wholeOf(given, bounds),
  absent: null,
});

export const flag = ([variable, meaning]: Named, fallback = false): Setting<boolean> => ({
  variable,
  kind: 'true or false',
  fallback: String(fallback),
  meaning,
  parse(given) {
    if (given !== 'true' && given !== 'false') throw new Error(`must be true or false, not "${given}"`);
    return given === 'true';
  },
  absent: fallback,
});

export const oneOf = <const C extends string>(
  [variable, meaning]: Named,
  choices: readonly C[],
  fallback: NoInfer<C>,
): Setting<C> => ({
  variable,
  kind: choices.join(', '),
  fallback,
  meaning,
  parse(given) {
    const choice = choices.find((candidate) => candidate === given);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}, not "${given}"`);
    return choice;
  },
  absent: fallback,
});

function urlOf(given: string): string {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new Error(`must be a URL such as https://seatbook.example.org, not "${given}"`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new Error(`must begin with https:// or http://, not "${given}"`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new Error('must have no credentials, no query and no fragment');
  }
  return given.replace(/\/+$/, '');
}

export const url = ([variable, meaning]: Named, fallback: string): Setting<string> => ({
  variable,
  kind: 'URL',
  fallback,
  meaning,
  parse: urlOf,
  absent: fallback,
});

export const optionalUrl = ([variable, meaning]: Named): Setting<string | null> => ({
  variable,
  kind: 'URL',
  fallback: null,
  meaning,
  parse: urlOf,
  absent: null,
});

export const list = (
  [variable, meaning]: Named,
  fallback: readonly string[],
): Setting<readonly string[]> => ({
  variable,
  kind: 'names, separated by commas',
  fallback: fallback.join(','),
  meaning,
  parse(given) {
    const names = given.split(',').map((name) => name.trim());
    if (names.some((name) => name === '')) throw new Error('must be names separated by commas');
    return names;
  },
  absent: fallback,
});

const DAY_MS = 24 * 3_600_000;

/** `SEATBOOK_TIMINGS_POLL_EVERY_MS` for the field `pollEveryMs`. */
const variableOf = (prefix: string, field: string): string =>
  `${prefix}_${field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** Fields of a set of defaults that are always numbers. */
type Figure<D> = { readonly [F in keyof D & string]: D[F] extends number ? F : never }[keyof D & string];

/** One setting for each numeric field of a set of defaults; the compiler knows when one has no meaning given. */
export function numbers<D extends object>(
  prefix: string,
  defaults: D,
  meanings: { readonly [F in Figure<D>]: string },
): { readonly [F in Figure<D>]: Setting<number> } {
  const settings = Object.entries<string>(meanings).map(([field, meaning]) => {
    const fallback = defaults[field as keyof D] as number;
    const bounds = field.endsWith('Ms') ? { min: 0, max: 30 * DAY_MS } : { min: 1, max: 1_000_000_000 };
    return [field, whole([variableOf(prefix, field), meaning], fallback, bounds)] as const;
  });
  return Object.fromEntries(settings) as { readonly [F in Figure<D>]: Setting<number> };
}

/** A waiting time with everything that there is to say about it. */
interface Wait extends Bounds {
  readonly default: Milliseconds;
  readonly meaning: string;
}

/** One setting for each waiting time of a table. */
export function waits<T extends Readonly<Record<string, Wait>>>(
  prefix: string,
  table: T,
): { readonly [F in keyof T]: Setting<Milliseconds> } {
  const settings = Object.entries(table).map(([field, { default: fallback, meaning, min, max }]) => {
    return [field, whole([variableOf(prefix, field), meaning], fallback, { min, max })] as const;
  });
  return Object.fromEntries(settings) as { readonly [F in keyof T]: Setting<Milliseconds> };
}
