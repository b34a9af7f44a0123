import { placeOrder, type OrderRequest } from '@seatbook/application';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { Sent, Site, World } from '../world.js';

/** A client orders; what the order does not say is left to the dice. */
export function place(
  world: World,
  site: Site,
  order: Partial<OrderRequest> & Pick<OrderRequest, 'kind'>,
  { givenUp = false } = {},
): Sent {
  const { dice, virtual, devices } = world;
  const request: OrderRequest = {
    uId: site.uId,
    assets: dice.several(site.adamIds).map(stdq),
    serialNumbers: dice.several(devices),
    ifShort: dice.chance(0.8) ? 'wait' : 'refuse',
    fromReserve: dice.chance(0.25),
    platform: dice.chance(0.2) ? 'iOS' : null,
    ...order,
  };
  // People write serial numbers as they like.
  const careless = dice.chance(0.1);
  const { serialNumbers = [] } = request;
  const spelled = serialNumbers.map((serial) => (careless ? serial.toLowerCase() : serial));
  const { kind, assets, ifShort, fromReserve } = request;
  const apps = assets.map(({ adamId }) => adamId.slice(-2)).join(', ');
  world.tell(
    `${kind} of apps ${apps} for ${serialNumbers.length} devices (${ifShort}${fromReserve ? ', from the reserve' : ''})`,
  );
  return world.send(
    'order',
    (caller) => placeOrder(virtual.edge, { ...request, serialNumbers: spelled }, caller),
    { givenUp },
  );
}
