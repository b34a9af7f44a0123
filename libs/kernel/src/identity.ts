import { hash } from 'node:crypto';

/** A UUID (version 8 layout) made of a name: the same name gives the same id, on every machine and for ever. */
export function uuidOf(name: string): string {
  const hex = hash('sha256', name);
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** SHA-256 as 64 hexadecimal digits. */
export const sha256 = (text: string): string => hash('sha256', text);

/** Makes ids that no one can guess; injected, so that a seed reproduces a run. */
export interface Ids {
  next(): string;
}

/** A number in [0, 1); injected. */
export type Random = () => number;
