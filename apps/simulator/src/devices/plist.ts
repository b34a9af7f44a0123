import { build, parse } from 'plist';

/** What property lists of commands and answers hold. */
export type Plist = string | number | boolean | Uint8Array | Plist[] | { [key: string]: Plist };

export type PlistDict = { [key: string]: Plist };

/** A member that is text or a number, as text; '' for any other. */
export const textOf = (value: Plist | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

export const toPlist = (value: Plist): string => build(value, { pretty: false });

/** The dictionary that a property list in XML holds; null for anything else. */
export function fromPlist(xml: string): PlistDict | null {
  // The library knows other formats too, and prints what it makes of other XML.
  if (!/^\s*<(?:\?xml|!DOCTYPE plist|plist)\b/.test(xml)) return null;
  try {
    const value = parse(xml);
    const isDict = typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
    return isDict ? (value as PlistDict | null) : null;
  } catch {
    return null;
  }
}
