import { listHolderPairs, returnAll } from '@seatbook/application';
import { canonicalHolder } from '@seatbook/licensing';
import { OWNER, UID, VirtualSeatbook, asset, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const ODD = ['VMq7RtLm+4Zs', 'Parallels-9A 12', 'c02lower0001', 'C02TRAILING1 ', 'X1', 'C02-ABC-123'];

describe('serial numbers as Apple spells them', () => {
  let virtual: VirtualSeatbook;

  const imported = async (serialNumbers: readonly string[], total: number): Promise<void> => {
    virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset(APP, total)]);
    virtual.simulator.admin.seedAssignments(UID, { adamId: APP, serialNumbers });
    await virtual.import();
    await virtual.advance(10_000);
  };
  const pairsOf = async (serialNumber: string) => {
    const holder = canonicalHolder(`d:${serialNumber}`);
    return (await listHolderPairs(virtual.edge, { holder, part: { limit: 10 } })).rows;
  };
  afterEach(() => virtual.close());

  it('are found and returned, whatever they are', async () => {
    await imported(ODD, 10);
    expect((await virtual.pairs(APP)).assigned).toEqual([...ODD].sort());
    for (const serialNumber of ODD) expect(await pairsOf(serialNumber.toLowerCase())).toHaveLength(1);
    const returning = await virtual.place({
      kind: 'ReturnLicense',
      assets: [stdq(APP)],
      serialNumbers: ODD.slice(1),
    });
    expect((await virtual.finished(returning.orderId)).final).toMatchObject({ returned: 5, notHeld: 0 });
    expect(virtual.atApple(APP)).toEqual(ODD.slice(0, 1));
    const all = await virtual.until(returnAll(virtual.edge, { uId: UID, holder: 'd:vmq7rtlm+4zs' }, OWNER));
    expect((await virtual.finished(all.orderId)).final).toMatchObject({ returned: 1 });
    expect(virtual.atApple(APP)).toEqual([]);
  });

  it('are one device in whatever case: it gets no second licence', async () => {
    await imported(['c02xk0aahv29'], 2);
    const placed = await virtual.place({ assets: [stdq(APP)], serialNumbers: ['C02XK0AAHV29'] });
    expect((await virtual.finished(placed.orderId)).final).toMatchObject({ alreadyHeld: 1, assigned: 0 });
    expect(virtual.atApple(APP)).toEqual(['c02xk0aahv29']);
  });

  it('are one device also where the order came before the first read', async () => {
    virtual = await VirtualSeatbook.open();
    virtual.createLocation([asset(APP, 2)]);
    virtual.simulator.admin.seedAssignments(UID, { adamId: APP, serialNumbers: ['c02xk0aahv29'] });
    virtual.simulator.admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
    await virtual.import();
    const placed = await virtual.place({ assets: [stdq(APP)], serialNumbers: ['C02XK0AAHV29'] });
    expect((await virtual.finished(placed.orderId)).final).toMatchObject({ alreadyHeld: 1, assigned: 0 });
    expect(virtual.atApple(APP)).toEqual(['c02xk0aahv29']);
    expect(await virtual.pairs(APP)).toEqual({ assigned: ['c02xk0aahv29'] });
  });
});
