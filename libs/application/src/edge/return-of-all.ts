import { Refusal } from '@seatbook/kernel';
import {
  holderKeys,
  holdersOf,
  orderedSerials,
  queryModels,
  type AssetId,
  type HolderKey,
} from '@seatbook/licensing';
import { mustBeImported } from './accounts.js';
import type { OrderRequest } from './order-request.js';
import { pairsOfHolder } from './pairs.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** All that a device or a person has of an account. */
export interface AllOfHolder {
  readonly uId: string;
  readonly holder: HolderKey;
}

/**
 * All that a device or a person holds or waits for in an account, as a return. `orderedBefore`: the assets of the order
 * that the same request has placed already, null for none.
 * @throws Refusal NOT_FOUND_ACCOUNT, INVALID_SERIAL_NUMBER, REJECTED_NOTHING_HELD
 */
export async function returnOfAll(
  seatbook: SeatbookEdge,
  { uId, holder }: AllOfHolder,
  orderedBefore: () => Promise<readonly AssetId[] | null> = async () => null,
): Promise<OrderRequest> {
  const named = holdersOf([holder]);
  const serialNumbers = orderedSerials(named.serialNumbers, 'return');
  const { userIds } = named;
  const [key = holder] = holderKeys({ serialNumbers, userIds });
  await seatbook.reader.reachHead(queryModels.pairs);
  await mustBeImported(seatbook, uId);
  const assets = (await orderedBefore()) ?? (await assetsHeldBy(seatbook, uId, key));
  if (assets.length === 0) {
    throw new Refusal('REJECTED_NOTHING_HELD', 'nothing of this account is held or waited for', {
      serialNumber: serialNumbers[0] ?? null,
      userId: userIds[0] ?? null,
    });
  }
  return { kind: 'ReturnLicense', uId, assets, serialNumbers, userIds, ifShort: 'wait', platform: null };
}

async function assetsHeldBy({ reader }: SeatbookEdge, uId: string, holder: HolderKey): Promise<AssetId[]> {
  const assets: AssetId[] = [];
  for await (const pair of pairsOfHolder(reader, holder, uId)) {
    const { state, adamId, pricingParam } = pair;
    if (state !== 'failed') assets.push({ adamId, pricingParam });
  }
  return assets;
}
