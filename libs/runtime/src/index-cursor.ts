import { sha256 } from '@seatbook/kernel';
import { InvalidCursor } from './errors.js';
import type { FieldValue } from './read-store.js';

/** Where a page ended: the values of the fields that order it, and the key of its last row. */
export interface CursorPlace {
  readonly values: readonly FieldValue[];
  readonly key: string;
}

/**
 * A cursor is opaque text. It holds the place and a digest over place and query, so that one of another query, one
 * that was shortened and one that was written by hand are refused. It reveals nothing that the page did not.
 */
export function writeCursor(query: string, { values, key }: CursorPlace): string {
  return Buffer.from(JSON.stringify([digest(query, values, key), key, ...values])).toString('base64url');
}

/** @throws InvalidCursor */
export function readCursor(query: string, fields: number, cursor: string): CursorPlace {
  const bytes = Buffer.from(cursor, 'base64url');
  // Buffer.from silently skips foreign characters.
  if (bytes.toString('base64url') !== cursor) throw new InvalidCursor();
  const parts = parsed(bytes.toString('utf8'));
  if (!Array.isArray(parts) || parts.length !== fields + 2) throw new InvalidCursor();
  const [given, key, ...values] = parts as unknown[];
  if (typeof key !== 'string' || !values.every(isFieldValue)) throw new InvalidCursor();
  if (given !== digest(query, values, key)) throw new InvalidCursor();
  return { values, key };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidCursor();
  }
}

const isFieldValue = (value: unknown): value is FieldValue =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

const digest = (query: string, values: readonly FieldValue[], key: string): string =>
  sha256(JSON.stringify([query, key, values])).slice(0, 24);
