import { canonicalHolder, type HolderKey } from '@seatbook/licensing';
import { TextOrNull } from '../document/fields.js';

/** Who holds: a device or a person. */
export class HolderAnswer {
  @TextOrNull('C02XK0AAHV29', 'The device; null for a person.')
  serialNumber!: string | null;

  @TextOrNull(null, 'The person, by our id; null for a device.')
  userId!: string | null;
}

export const holderAnswer = (holder: HolderKey): HolderAnswer => ({
  serialNumber: holder.startsWith('d:') ? holder.slice(2) : null,
  userId: holder.startsWith('u:') ? holder.slice(2) : null,
});

/** A device, however its serial number is spelled. */
export const deviceKey = (serialNumber: string): HolderKey => canonicalHolder(`d:${serialNumber}`);

export const personKey = (userId: string): HolderKey => `u:${userId.trim()}`;
