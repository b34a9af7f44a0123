import { Refusal } from '@seatbook/kernel';
import { kindOfHolder, type HolderKey } from './holder.js';

/** What a new assignment may name: ASCII letters and digits. Apple itself accepts any text and spends a licence on it. */
const ASSIGNABLE = /^[A-Za-z0-9]{8,14}$/;
/** Apple lists what other tools sent, whatever it was. */
const MAX_LENGTH = 255;
/** Most are written like this, and need no second look. */
const CANONICAL_KEY = /^d:[A-Z0-9]+$/;

/**
 * One text for all spellings of a serial number: no blanks around it, and ASCII letters in upper case. Other letters are
 * left alone, since upper-casing would make letters of ASCII of some (`ı`, `ﬁ`), and with them another device.
 */
const canonicalSerial = (serialNumber: string): string =>
  serialNumber.trim().replace(/[a-z]+/g, (letters) => letters.toUpperCase());

/** The holder whatever the spelling: what two holders have in common that are one device. */
export function canonicalHolder(key: HolderKey): HolderKey {
  if (CANONICAL_KEY.test(key) || kindOfHolder(key) === 'person') return key;
  return `d:${canonicalSerial(key.slice(2))}`;
}

/**
 * Serial numbers of an order as a set: each device once, whatever its spelling. What is returned may be anything that
 * Apple lists; what is assigned has the form that Apple's serial numbers have.
 * @throws Refusal INVALID_SERIAL_NUMBER
 */
export function orderedSerials(serialNumbers: readonly string[], use: 'assign' | 'return'): string[] {
  const unique = new Set<string>();
  for (const raw of serialNumbers) {
    const serialNumber = raw.trim();
    if (use === 'assign' && !ASSIGNABLE.test(serialNumber)) {
      throw new Refusal(
        'INVALID_SERIAL_NUMBER',
        'a serial number has 8 to 14 letters and digits; Apple would spend a licence on a wrong one',
        { serialNumber: raw.slice(0, 40) },
      );
    }
    if (serialNumber === '' || serialNumber.length > MAX_LENGTH) {
      throw new Refusal('INVALID_SERIAL_NUMBER', `a serial number has 1 to ${MAX_LENGTH} characters`, {
        serialNumber: raw.slice(0, 40),
      });
    }
    unique.add(canonicalSerial(serialNumber));
  }
  return [...unique].sort();
}

/** How streams and documents name a device, whatever the spelling of its serial number. */
export const deviceIdOf = (serialNumber: string): string => canonicalSerial(serialNumber);
