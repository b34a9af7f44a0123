import type { PlistDictionary, PlistValue } from './plist.js';

// Members of what a device sent. Each may be missing or of another type than documented.

export const dictionaryOf = (value: PlistValue | undefined): PlistDictionary | null =>
  typeof value === 'object' &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof Uint8Array)
    ? (value as PlistDictionary)
    : null;

/** Non-empty text of at most `max` characters; nothing that a device sends by these names is longer. */
export const textOf = (value: PlistValue | undefined, max = 255): string | null =>
  typeof value === 'string' && value !== '' && value.length <= max ? value : null;

export const numberOf = (value: PlistValue | undefined): number | null =>
  typeof value === 'number' ? value : null;

export const truthOf = (value: PlistValue | undefined): boolean | null =>
  typeof value === 'boolean' ? value : null;

export const listOf = (value: PlistValue | undefined): readonly PlistValue[] =>
  Array.isArray(value) ? (value as readonly PlistValue[]) : [];
