import type { MdmInfo } from '@seatbook/licensing';
import { objectOf, textOf } from './json-shape.js';

/** Who manages the location; null where nobody does, which Apple writes as null or not at all. */
export function mdmInfoOf(value: unknown): MdmInfo | null {
  const info = objectOf(value);
  const id = textOf(info?.['id']);
  if (id === null) return null;
  return { id, name: textOf(info?.['name']) ?? '', metadata: textOf(info?.['metadata']) ?? '' };
}
