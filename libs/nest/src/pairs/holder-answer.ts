import { ApiProperty } from '@nestjs/swagger';
import { canonicalHolder, type HolderKey } from '@seatbook/licensing';

/** Who holds: a device or a person. */
export class HolderAnswer {
  @ApiProperty({ type: String, nullable: true, description: 'The device; null for a person.' })
  serialNumber!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The person, by our id; null for a device.' })
  userId!: string | null;
}

export const holderAnswer = (holder: HolderKey): HolderAnswer => ({
  serialNumber: holder.startsWith('d:') ? holder.slice(2) : null,
  userId: holder.startsWith('u:') ? holder.slice(2) : null,
});

/** A device, however its serial number is spelled. */
export const deviceKey = (serialNumber: string): HolderKey => canonicalHolder(`d:${serialNumber}`);

export const personKey = (userId: string): HolderKey => `u:${userId.trim()}`;
