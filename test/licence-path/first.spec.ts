import { VirtualSeatbook, asset, serials, stdq } from '../support/virtual-seatbook.js';

describe('the licence path', () => {
  it('imports, assigns and returns', async () => {
    const virtual = await VirtualSeatbook.imported([asset('900000001', 50), asset('900000002', 50)]);
    console.log(await virtual.account());
    console.log(await virtual.assetDocument('900000001'));
    const { orderId } = await virtual.place({ assets: [stdq('900000001'), stdq('900000002')], serialNumbers: serials(25) });
    console.log(await virtual.finished(orderId));
    console.log((await virtual.events()).map((e) => `${e.position} ${e.stream.slice(0, 50)} ${e.type}`).join('\n'));
    expect(virtual.atApple('900000001')).toEqual(serials(25));
    expect(await virtual.pairs('900000001')).toEqual({ assigned: serials(25) });
    await virtual.close();
  });
});
