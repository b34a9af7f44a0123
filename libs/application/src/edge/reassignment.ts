import { Refusal } from '@seatbook/kernel';
import { canonicalHolder, holderKeys, holdersOf, orderedSerials, type HolderKey } from '@seatbook/licensing';
import type { OrderRequest } from './order-request.js';

/** Licences that go from one holder to another. */
export interface Reassigned extends Pick<OrderRequest, 'uId' | 'assets' | 'allowUnenrolled'> {
  readonly from: HolderKey;
  readonly to: HolderKey;
}

/** The order that has them go. @throws Refusal INVALID_SERIAL_NUMBER; INVALID_HOLDER where both are the same */
export function reassignment({ uId, assets, from, to, allowUnenrolled }: Reassigned): OrderRequest {
  const receiver = holdersOf([to]);
  // Whatever Apple lists may be given back; what is assigned has the form of a serial number.
  const serialNumbers = orderedSerials(receiver.serialNumbers, 'assign');
  const [giver, heir] = [canonicalHolder(from), canonicalHolder(to)];
  if (giver === heir) throw new Refusal('INVALID_HOLDER', 'a licence goes from one holder to another one');
  const named = holdersOf([giver, ...holderKeys({ ...receiver, serialNumbers })]);
  const wish = { ifShort: 'wait', platform: null } as const;
  return { kind: 'ReassignLicense', uId, assets, ...named, giver, allowUnenrolled, ...wish };
}
