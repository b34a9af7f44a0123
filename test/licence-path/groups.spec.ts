import {
  activatePersons,
  addMembers,
  createGroup,
  deleteGroup,
  listMembers,
  listStanding,
  placeOrder,
  planOrder,
  registerPerson,
  removeMembers,
  setGroupPolicy,
  type OrderRequest,
} from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';
const DAY = 24 * 3_600_000;

let virtual: VirtualSeatbook;

afterEach(() => virtual.close());

async function location(licences = 20): Promise<void> {
  virtual = await VirtualSeatbook.open();
  virtual.createLocation([asset(APP, licences), asset(OTHER, licences)]);
  await virtual.import();
  await virtual.advance(60_000);
}

async function group(members: readonly string[], follows = true): Promise<string> {
  const wanted = { name: 'Class 7b', kind: 'devices', follows } as const;
  const { groupId } = await virtual.until(createGroup(virtual.edge, wanted, OWNER));
  if (members.length > 0) await join(groupId, ...members);
  return groupId;
}

const join = (groupId: string, ...serialNumbers: string[]) =>
  virtual.until(addMembers(virtual.edge, { groupId, serialNumbers }, OWNER));

const leave = (groupId: string, ...serialNumbers: string[]) =>
  virtual.until(removeMembers(virtual.edge, { groupId, serialNumbers }, OWNER));

const order = (groupId: string, more: Partial<OrderRequest> = {}): OrderRequest => ({
  kind: 'AssignLicense',
  uId: UID,
  assets: [stdq(APP)],
  groupId,
  ifShort: 'wait',
  platform: null,
  ...more,
});

const place = (request: OrderRequest, idempotencyKey?: string) =>
  virtual.until(
    placeOrder(virtual.edge, request, idempotencyKey === undefined ? OWNER : { ...OWNER, idempotencyKey }),
  );

async function finished(request: OrderRequest) {
  return (await virtual.finished((await place(request)).orderId)).final;
}

const [ONE = '', TWO = '', THREE = '', FOUR = ''] = serials(4);

it('a2: an order to a group is expanded when it is placed, and each member has an outcome', async () => {
  await location();
  const groupId = await group([ONE, TWO], false);
  expect((await virtual.until(planOrder(virtual.edge, order(groupId)))).assets).toMatchObject([{ sent: 2 }]);
  const { orderId } = await place(order(groupId), 'once');
  await join(groupId, THREE);
  expect(await virtual.finished(orderId)).toMatchObject({ groupId, holders: 2, final: { assigned: 2 } });
  // A repeat is the same order, whoever is a member by now; another request with its key is none.
  expect(await place(order(groupId), 'once')).toMatchObject({ orderId, repeated: true });
  await expect(place(order(groupId, { assets: [stdq(OTHER)] }), 'once')).rejects.toMatchObject({
    code: 'CONFLICT_IDEMPOTENCY_KEY',
  });
  await virtual.advance(60_000);
  expect(virtual.atApple(APP).sort()).toEqual([ONE, TWO]);
});

it('a2: where a group follows, who joins gets what its orders gave, and who leaves gives it back', async () => {
  await location();
  const groupId = await group([ONE, TWO]);
  expect(await finished(order(groupId, { assets: [stdq(APP), stdq(OTHER)] }))).toMatchObject({ assigned: 4 });
  await join(groupId, THREE);
  await leave(groupId, ONE);
  await virtual.advance(60_000);
  for (const adamId of [APP, OTHER]) expect(virtual.atApple(adamId).sort()).toEqual([TWO, THREE]);
  const page = { groupId, part: { limit: 10 } };
  const members = await virtual.until(listMembers(virtual.edge, page));
  expect(members.rows.map(({ holder }) => holder)).toEqual([`d:${TWO}`, `d:${THREE}`]);
  expect((await virtual.until(listStanding(virtual.edge, page))).rows).toHaveLength(2);
  // What the group gives back as a whole, joiners do not get any more.
  expect(await finished(order(groupId, { kind: 'ReturnLicense' }))).toMatchObject({ returned: 2 });
  await join(groupId, FOUR);
  await virtual.advance(60_000);
  expect(virtual.atApple(APP)).toEqual([]);
  expect(virtual.atApple(OTHER).sort()).toEqual([TWO, THREE, FOUR]);
});

it('a leaver keeps what another order or another group wants as well', async () => {
  await location();
  const groupId = await group([ONE, TWO, THREE, FOUR]);
  const other = await group([TWO]);
  expect(await finished({ ...order(groupId), groupId: undefined, serialNumbers: [ONE] })).toMatchObject({
    assigned: 1,
  });
  await finished(order(groupId));
  await finished(order(other));
  expect(await finished({ ...order(groupId), groupId: undefined, serialNumbers: [THREE] })).toMatchObject({
    alreadyHeld: 1,
  });
  await leave(groupId, ONE, TWO, THREE, FOUR);
  await virtual.advance(60_000);
  expect(virtual.atApple(APP).sort()).toEqual([ONE, TWO, THREE]);
  // Who has left both gives it back.
  await leave(other, TWO);
  await virtual.advance(60_000);
  expect(virtual.atApple(APP).sort()).toEqual([ONE, THREE]);
});

it('who waits for a licence by a group leaves the waiting list with it', async () => {
  await location(1);
  const groupId = await group([ONE, TWO]);
  await place(order(groupId));
  await virtual.advance(30_000);
  expect((await virtual.pairs(APP))['waiting']).toEqual([TWO]);
  await leave(groupId, TWO);
  await virtual.advance(30_000);
  expect(await virtual.pairs(APP)).toEqual({ assigned: [ONE] });
});

it('who joined or left while the group did not follow is not concerned when it begins to', async () => {
  await location();
  const groupId = await group([ONE, TWO], false);
  await finished(order(groupId));
  await leave(groupId, ONE);
  await join(groupId, THREE);
  await virtual.until(setGroupPolicy(virtual.edge, { groupId, follows: true }, OWNER));
  await join(groupId, FOUR);
  await virtual.advance(60_000);
  expect(virtual.atApple(APP).sort()).toEqual([ONE, TWO, FOUR]);
});

it('leaving and joining right behind an order end as if they had come one after the other', async () => {
  await location();
  const groupId = await group([ONE, TWO]);
  const placing = place(order(groupId));
  const leaving = leave(groupId, ONE);
  const joining = join(groupId, THREE);
  await Promise.all([placing, leaving, joining]);
  await virtual.advance(120_000);
  expect(virtual.atApple(APP).sort()).toEqual([TWO, THREE]);
});

it('an order whose process dies before it is placed stands for nobody', async () => {
  await location();
  const groupId = await group([ONE]);
  virtual.dieAt = { append: virtual.appends + 2, when: 'before' };
  await place(order(groupId)).catch(() => undefined);
  expect(virtual.dead).toBe(true);
  virtual.dieAt = null;
  await virtual.restart();
  await virtual.advance(virtual.timings.placeWithinMs + virtual.timings.answerWithinMs + 60_000);
  const events = (await virtual.events()).map(({ type }) => type);
  expect(events.filter((type) => type.startsWith('group.order-'))).toEqual([
    'group.order-admitted',
    'group.order-withdrawn',
  ]);
  await join(groupId, TWO);
  await virtual.advance(60_000);
  expect(virtual.atApple(APP)).toEqual([]);
});

it('an order that was never placed while the clock was ahead keeps no leaver waiting when it is right again', async () => {
  await location();
  const groupId = await group([ONE, TWO]);
  await finished(order(groupId));
  virtual.clock.set(14 * DAY);
  virtual.dieAt = { append: virtual.appends + 2, when: 'before' };
  await place(order(groupId, { assets: [stdq(OTHER)] })).catch(() => undefined);
  virtual.dieAt = null;
  await virtual.restart();
  virtual.clock.set(-14 * DAY);
  await leave(groupId, ONE);
  await virtual.advance(virtual.timings.placeWithinMs + virtual.timings.answerWithinMs + 60_000);
  expect(virtual.atApple(APP)).toEqual([TWO]);
});

it('a long group is listed as it was when the order was admitted', async () => {
  await location(2_000);
  const many = serials(1_500);
  const groupId = await group(many.slice(0, 1_000));
  await join(groupId, ...many.slice(1_000));
  const { orderId } = await place(order(groupId, { ifShort: 'refuse' }), 'once');
  expect(await place(order(groupId, { ifShort: 'refuse' }), 'once')).toMatchObject({ repeated: true });
  expect(await virtual.finished(orderId)).toMatchObject({ holders: 1_500, final: { assigned: 1_500 } });
});

it('persons join only where Apple knows them, and groups of persons install nothing', async () => {
  virtual = await VirtualSeatbook.open();
  virtual.createLocation([asset(APP, 5)]);
  await virtual.import(undefined, 'user');
  await virtual.advance(60_000);
  const register = async (name: string): Promise<string> => {
    const details = { name, email: null, managedAppleId: null };
    return (await virtual.until(registerPerson(virtual.edge, details, OWNER))).userId;
  };
  const [kim, robin] = [await register('Kim'), await register('Robin')];
  await virtual.until(activatePersons(virtual.edge, { uId: UID, userIds: [kim] }, OWNER));
  await virtual.advance(60_000);
  const wanted = { name: 'Staff', kind: 'persons', follows: true } as const;
  const { groupId } = await virtual.until(createGroup(virtual.edge, wanted, OWNER));
  const addPersons = (...userIds: string[]) =>
    virtual.until(addMembers(virtual.edge, { groupId, userIds }, OWNER));
  await addPersons(kim);
  expect(await finished(order(groupId))).toMatchObject({ assigned: 1 });
  await expect(addPersons(robin)).rejects.toMatchObject({ code: 'REJECTED_UNKNOWN_PERSON' });
  await expect(addPersons('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND_PERSON' });
  await expect(join(groupId, ONE)).rejects.toMatchObject({ code: 'INVALID_HOLDER' });
  await expect(virtual.until(deleteGroup(virtual.edge, { groupId }, OWNER))).rejects.toMatchObject({
    code: 'REJECTED_GROUP_NOT_EMPTY',
  });
});
