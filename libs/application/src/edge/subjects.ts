import { assetOf, assetStream, orderStream, type Subject } from '@seatbook/licensing';
import { mustExist } from './accounts.js';
import { noSuchAsset } from './assets.js';
import { unknownOrder } from './orders.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/**
 * A filter names what exists. A device or a person may still come.
 * @throws Refusal NOT_FOUND_ACCOUNT, NOT_FOUND_ASSET, NOT_FOUND_ORDER
 */
export async function checkSubjects(seatbook: SeatbookEdge, subjects: readonly Subject[]): Promise<void> {
  for (const { kind, id } of subjects) {
    switch (kind) {
      case 'account':
        await mustExist(seatbook, id);
        break;
      case 'asset': {
        const { uId, ...asset } = assetOf(id);
        await mustExist(seatbook, uId);
        const [first] = await seatbook.events.readStream(assetStream(uId, asset), 0, 1);
        if (!first) throw noSuchAsset(asset);
        break;
      }
      case 'order': {
        const [first] = await seatbook.events.readStream(orderStream(id), 0, 1);
        if (!first) throw unknownOrder();
        break;
      }
      case 'holder':
        break;
    }
  }
}
