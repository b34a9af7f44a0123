/// <reference lib="es2024.string" />
/** A JSON object of unknown shape. Members are read one by one, and each may be missing. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const objectOf = (value: unknown): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

/** Non-empty text, or a number as text: Apple writes ids as both. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null;
}

/** A safe integer, also if it is written as text. */
export function integerOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null;
}

export const listOf = (value: unknown): readonly unknown[] | null =>
  Array.isArray(value) ? (value as readonly unknown[]) : null;

/** The texts of a list; anything else is left out. */
export const textsOf = (value: unknown): readonly string[] =>
  (listOf(value) ?? []).map(textOf).filter((text) => text !== null);

/** The body as an object, or null if it is not one. Never throws. Half a character, which nothing could store, is replaced. */
export function parsedObject(body: string): JsonObject | null {
  try {
    const hasSurrogates = /\\u[dD][89a-fA-F]/.test(body);
    return objectOf(hasSurrogates ? JSON.parse(body, wellFormed) : JSON.parse(body));
  } catch {
    return null;
  }
}

const wellFormed = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.toWellFormed() : value;
