import { placeOrder, returnAll } from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const BOOK = '900000002';
const PEOPLE = ['kim', 'robin'];

let virtual: VirtualSeatbook;

afterEach(() => virtual.close());

/** A location that knows Kim and Robin, neither of whom has accepted an invitation, and their ids here. */
async function locationWithPersons(): Promise<{ kim: string; robin: string }> {
  virtual = await VirtualSeatbook.open();
  virtual.createLocation([
    asset(APP, 5),
    asset(BOOK, 5, { productType: 'Book', deviceAssignable: false, revocable: false }),
  ]);
  virtual.simulator.admin.seedUsers(
    UID,
    PEOPLE.map((clientUserId) => ({ clientUserId, status: 'Registered' })),
  );
  await virtual.import();
  await virtual.advance(60_000);
  const seen = PEOPLE.map((clientUserId) => ({ clientUserId }));
  const [kim = '', robin = ''] = await virtual.stores.directory.userIdsOf(UID, seen);
  return { kim, robin };
}

const personsAtApple = (adamId: string): string[] =>
  [...(virtual.simulator.admin.assignments(UID).users[`${adamId}/STDQ`] ?? [])].sort();

const outcomeOf = async (order: Parameters<VirtualSeatbook['place']>[0]) => {
  const { orderId } = await virtual.place(order);
  return (await virtual.finished(orderId)).final;
};

it('a14: a person has one licence, whatever devices they have, and it is given though they have not accepted yet (a13)', async () => {
  const { kim, robin } = await locationWithPersons();
  const order = { assets: [stdq(APP)], serialNumbers: [], userIds: [kim, robin, ` ${kim}`] };
  expect(await outcomeOf(order)).toMatchObject({ assigned: 2, failed: 0 });
  expect(personsAtApple(APP)).toEqual(PEOPLE);
  expect(await outcomeOf(order)).toMatchObject({ assigned: 0, alreadyHeld: 2 });
  expect(await virtual.assetDocument(APP)).toMatchObject({ assigned: 2 });
});

it('a2: an order names devices and persons, and each has its outcome', async () => {
  const { kim, robin } = await locationWithPersons();
  const order = { assets: [stdq(APP)], serialNumbers: serials(2), userIds: [kim, robin] };
  expect(await outcomeOf(order)).toMatchObject({ assigned: 4 });
  expect((await virtual.assetDocument(APP)).assigned).toBe(4);
});

it('a long order lists devices and persons', async () => {
  const { kim, robin } = await locationWithPersons();
  const order = { assets: [stdq(APP)], serialNumbers: serials(1_500), userIds: [kim, robin] };
  const { orderId } = await virtual.place({ ...order, ifShort: 'refuse' });
  const { final } = await virtual.finished(orderId);
  expect(final.assigned + final.refused).toBe(1_502);
});

it('a11: what is not for devices, such as books, goes to persons only', async () => {
  const { kim } = await locationWithPersons();
  const order = { assets: [stdq(BOOK)], serialNumbers: serials(1), userIds: [kim] };
  const { orderId } = await virtual.place(order);
  expect((await virtual.finished(orderId)).final).toMatchObject({ assigned: 1, refused: 1 });
  expect((await virtual.order(orderId))?.refusals).toMatchObject([
    { adamId: BOOK, refusal: 'NOT_DEVICE_ASSIGNABLE', pairs: 1 },
  ]);
  expect(personsAtApple(BOOK)).toEqual(['kim']);
});

it('a person whom Apple does not know at the location is refused before anything is written', async () => {
  const { kim } = await locationWithPersons();
  const before = (await virtual.events()).length;
  const order = { assets: [stdq(APP)], serialNumbers: [], userIds: [kim, 'nobody'] };
  await expect(virtual.place(order)).rejects.toMatchObject({
    code: 'REJECTED_UNKNOWN_PERSON',
    facts: { unknown: 1, userIds: ['nobody'] },
  });
  await expect(virtual.place({ ...order, userIds: [] })).rejects.toMatchObject({
    code: 'INVALID_ORDER_EMPTY',
  });
  expect((await virtual.events()).length).toBe(before);
});

it('a repeated order is the same, even where the person has been forgotten since', async () => {
  const { kim } = await locationWithPersons();
  const order = { assets: [stdq(APP)], serialNumbers: [], userIds: [kim] };
  const { orderId } = await virtual.place(order, 'once');
  await virtual.finished(orderId);
  await virtual.stores.directory.forget(kim);
  expect(await virtual.place(order, 'once')).toMatchObject({ orderId, repeated: true });
});

it('all that a person holds goes back by one command, and only that of this person', async () => {
  const { kim, robin } = await locationWithPersons();
  await outcomeOf({ assets: [stdq(APP)], serialNumbers: [], userIds: [kim, robin] });
  const { orderId } = await virtual.until(returnAll(virtual.edge, { uId: UID, holder: `u:${kim}` }, OWNER));
  expect((await virtual.finished(orderId)).final).toMatchObject({ returned: 1 });
  expect(personsAtApple(APP)).toEqual(['robin']);
  await expect(
    virtual.until(returnAll(virtual.edge, { uId: UID, holder: `u:${kim}` }, OWNER)),
  ).rejects.toMatchObject({ code: 'REJECTED_NOTHING_HELD', facts: { userId: kim, serialNumber: null } });
});

it('what is returned of persons may name whom nobody knows: it is not held', async () => {
  await locationWithPersons();
  const order = { kind: 'ReturnLicense', uId: UID, assets: [stdq(APP)], ifShort: 'wait' } as const;
  const { orderId } = await placeOrder(
    virtual.edge,
    { ...order, serialNumbers: [], userIds: ['nobody'], platform: null },
    OWNER,
  );
  expect((await virtual.finished(orderId)).final).toMatchObject({ notHeld: 1 });
});
