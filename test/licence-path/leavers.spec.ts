import {
  activatePersons,
  addMembers,
  cancelWaiting,
  createGroup,
  deactivatePersons,
  forgetPerson,
  getWhy,
  giveUpLocation,
  leavePerson,
  listActivations,
  listHolderPairs,
  listMembers,
  placeOrder,
  planOrder,
  registerDevice,
  registerPerson,
  setAssignmentType,
} from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';
const BOOK = '900000003';

let virtual: VirtualSeatbook;

afterEach(() => virtual.close());

async function location(assignmentType: 'device' | 'user' = 'user'): Promise<void> {
  virtual = await VirtualSeatbook.open();
  virtual.createLocation([
    asset(APP, 20),
    asset(OTHER, 1),
    asset(BOOK, 20, { productType: 'Book', deviceAssignable: false, revocable: false }),
  ]);
  await virtual.import(undefined, assignmentType);
  await virtual.advance(60_000);
}

async function register(name: string): Promise<string> {
  const details = { name, email: `${name.toLowerCase()}@canary.test`, managedAppleId: null };
  return (await virtual.until(registerPerson(virtual.edge, details, OWNER))).userId;
}

const activate = (...userIds: string[]) =>
  virtual.until(activatePersons(virtual.edge, { uId: UID, userIds }, OWNER));

const deactivate = (...userIds: string[]) =>
  virtual.until(deactivatePersons(virtual.edge, { uId: UID, userIds }, OWNER));

const leave = (userId: string) => virtual.until(leavePerson(virtual.edge, { userId }, OWNER));

const forget = (userId: string) => virtual.until(forgetPerson(virtual.edge, { userId }, OWNER));

async function statesOf(): Promise<Readonly<Record<string, string>>> {
  const page = { uId: UID, part: { limit: 500 } };
  const { rows } = await virtual.until(listActivations(virtual.edge, page));
  return Object.fromEntries(rows.map(({ document: { userId, state } }) => [userId, state]));
}

const reaches = (state: string, ...userIds: string[]): Promise<void> =>
  virtual.advanceUntil(`${userIds.length} persons ${state}`, async () => {
    const states = await statesOf();
    return userIds.every((userId) => states[userId] === state);
  });

async function active(...names: string[]): Promise<string[]> {
  const userIds: string[] = [];
  for (const name of names) userIds.push(await register(name));
  await activate(...userIds);
  await reaches('invited', ...userIds);
  return userIds;
}

const assign = (
  assets: readonly string[],
  userIds: readonly string[],
  serialNumbers: readonly string[] = [],
) => virtual.place({ assets: assets.map(stdq), serialNumbers: [...serialNumbers], userIds: [...userIds] });

const holdersAtApple = (adamId: string): string[] =>
  [...(virtual.simulator.admin.assignments(UID).users[`${adamId}/STDQ`] ?? [])].sort();

const writesTo = (path: string): number =>
  virtual.simulator.admin.requests(0, 10_000).filter((request) => request.path.endsWith(path)).length;

it('a35: a person leaves by one command: all groups, all that is held by one call, and what waits; then Apple retires the person', async () => {
  await location();
  const [kim = '', robin = ''] = await active('Kim', 'Robin');
  const wanted = { name: 'Staff', kind: 'persons', follows: true } as const;
  const { groupId } = await virtual.until(createGroup(virtual.edge, wanted, OWNER));
  await virtual.until(addMembers(virtual.edge, { groupId, userIds: [kim, robin] }, OWNER));
  const order = { kind: 'AssignLicense', uId: UID, ifShort: 'wait', platform: null } as const;
  const grouped = await virtual.until(
    placeOrder(virtual.edge, { ...order, assets: [stdq(APP)], groupId }, OWNER),
  );
  await virtual.finished(grouped.orderId);
  await virtual.finished((await assign([BOOK], [kim])).orderId);
  // The one licence of the other app is Robin's: Kim waits for it.
  await virtual.finished((await assign([OTHER], [robin])).orderId);
  await assign([OTHER], [kim]);
  await virtual.advance(10_000);
  await expect(forget(kim)).rejects.toMatchObject({
    code: 'REJECTED_PERSON_IN_USE',
    facts: { accountIds: [UID] },
  });
  const before = writesTo('/assets/disassociate');
  expect(await leave(kim)).toMatchObject({ accountIds: [UID], groupIds: [groupId] });
  await expect(assign([APP], [kim])).rejects.toMatchObject({
    code: 'REJECTED_PERSON_LEAVING',
    facts: { leaving: 1, userIds: [kim] },
  });
  await reaches('retired', kim);
  await virtual.advance(60_000);
  expect(writesTo('/assets/disassociate') - before).toBe(1);
  expect(writesTo('/users/retire')).toBe(1);
  expect(holdersAtApple(APP)).toEqual([robin]);
  // A book is not taken back: what Apple says of it is all that is left.
  const { rows } = await virtual.until(
    listHolderPairs(virtual.edge, { holder: `u:${kim}`, part: { limit: 10 } }),
  );
  expect(rows.map(({ adamId }) => adamId)).toEqual([BOOK]);
  const members = await virtual.until(listMembers(virtual.edge, { groupId, part: { limit: 10 } }));
  expect(members.rows.map(({ holder }) => holder)).toEqual([`u:${robin}`]);
  // Somebody who has left already leaves nothing more.
  expect(await leave(kim)).toMatchObject({ accountIds: [UID], groupIds: [] });
  await virtual.advance(60_000);
  expect(writesTo('/users/retire')).toBe(1);
  await expect(assign([APP], [kim])).rejects.toMatchObject({ code: 'REJECTED_PERSON_LEAVING' });
});

it('a35: a person leaves two accounts by one command, each by the fewest calls; what others hold there stays', async () => {
  await location();
  const lyon = '7700000000000002';
  const { admin } = virtual.simulator;
  const { token } = admin.createLocation({ uId: lyon, name: 'Lyon Studio', country: 'FR' });
  admin.addAssets(lyon, [asset(APP, 20), asset(OTHER, 20)]);
  await virtual.import(token, 'user');
  await virtual.advance(60_000);
  const [kim = '', robin = ''] = await active('Kim', 'Robin');
  await virtual.until(activatePersons(virtual.edge, { uId: lyon, userIds: [kim, robin] }, OWNER));
  const states = async (uId: string): Promise<Readonly<Record<string, string>>> => {
    const { rows } = await virtual.until(listActivations(virtual.edge, { uId, part: { limit: 500 } }));
    return Object.fromEntries(rows.map(({ document: { userId, state } }) => [userId, state]));
  };
  const both = (state: string): Promise<void> =>
    virtual.advanceUntil(`the person is ${state} at both`, async () =>
      [await states(UID), await states(lyon)].every((of) => of[kim] === state),
    );
  await both('invited');
  const give = async (uId: string, assets: readonly string[]): Promise<void> => {
    const order = { kind: 'AssignLicense', uId, ifShort: 'wait', platform: null } as const;
    const named = { assets: assets.map(stdq), userIds: [kim, robin] };
    const { orderId } = await virtual.until(placeOrder(virtual.edge, { ...order, ...named }, OWNER));
    await virtual.finished(orderId);
  };
  await give(UID, [APP]);
  await give(lyon, [APP, OTHER]);
  const before = writesTo('/assets/disassociate');
  const left = await leave(kim);
  expect([...left.accountIds].sort()).toEqual([UID, lyon]);
  await both('retired');
  await virtual.advance(60_000);
  // One call for each location takes all back, and one retires the person there.
  expect(writesTo('/assets/disassociate') - before).toBe(2);
  expect(writesTo('/users/retire')).toBe(2);
  const holders = (uId: string, adamId: string) => admin.assignments(uId).users[`${adamId}/STDQ`] ?? [];
  expect([holders(UID, APP), holders(lyon, APP), holders(lyon, OTHER)]).toEqual([[robin], [robin], [robin]]);
  const { rows } = await virtual.until(
    listHolderPairs(virtual.edge, { holder: `u:${kim}`, part: { limit: 10 } }),
  );
  expect(rows).toEqual([]);
  expect([await states(UID), await states(lyon)]).toMatchObject([
    { [robin]: 'invited' },
    { [robin]: 'invited' },
  ]);
  await forget(kim);
});

it('a person who held nothing is forgotten when Apple has retired the person, not before', async () => {
  await location();
  const [kim = ''] = await active('Kim');
  await leave(kim);
  await expect(forget(kim)).rejects.toMatchObject({ code: 'REJECTED_PERSON_IN_USE' });
  await reaches('retired', kim);
  expect((await forget(kim)).userId).toBe(kim);
});

it('a25: whom another tool had registered is deactivated as well: what the person holds goes back, then Apple retires the person', async () => {
  virtual = await VirtualSeatbook.open();
  virtual.createLocation([asset(APP, 5)]);
  virtual.simulator.admin.seedUsers(UID, [{ clientUserId: 'kim@old-mdm', status: 'Associated' }]);
  await virtual.import(undefined, 'user');
  await virtual.advance(60_000);
  const [kim = ''] = await virtual.stores.directory.userIdsOf(UID, [{ clientUserId: 'kim@old-mdm' }]);
  await virtual.finished((await assign([APP], [kim])).orderId);
  await deactivate(kim, 'somebody nobody knows');
  await reaches('retired', kim);
  expect(holdersAtApple(APP)).toEqual([]);
  expect(virtual.simulator.admin.users(UID)).toMatchObject([
    { clientUserId: 'kim@old-mdm', status: 'Retired' },
  ]);
  expect(Object.keys(await statesOf())).toEqual([kim]);
});

it('nobody is activated or deactivated any more for a location that is given up, and it comes to its end', async () => {
  await location();
  const [kim = '', robin = ''] = await active('Kim', 'Robin');
  const late = await register('Late');
  virtual.simulator.admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
  await deactivate(kim);
  await activate(late);
  await virtual.until(giveUpLocation(virtual.edge, { uId: UID, licences: 'keep' }, OWNER));
  await virtual.advanceUntil('it is given up', async () => (await virtual.account())?.givenUp?.at != null);
  const writes = writesTo('/users/create') + writesTo('/users/retire');
  const reads = writesTo('/users');
  await virtual.advance(3_600_000);
  expect(writesTo('/users/create') + writesTo('/users/retire')).toBe(writes);
  expect(writesTo('/users')).toBe(reads);
  expect((await statesOf())[robin]).toBe('invited');
  await expect(activate(late)).rejects.toMatchObject({ code: 'REJECTED_NOT_OURS' });
  expect(await virtual.stores.progress.countParked()).toBe(0);
});

describe('people with several devices', () => {
  const owns = async (userId: string, serialNumbers: readonly string[]): Promise<void> => {
    for (const serialNumber of serialNumbers) {
      const device = {
        serialNumber,
        platform: 'iOS',
        ownership: 'organisation',
        userId,
      } as const;
      await virtual.until(registerDevice(virtual.edge, device, OWNER));
    }
  };

  it('a10, a13, a14: five persons with three devices each have one licence each; a sixth who never accepts is waited for, and has not failed', async () => {
    await location('user');
    const people = await active('One', 'Two', 'Three', 'Four', 'Five', 'Never');
    const accepting = people.slice(0, 5);
    const never = people[5] ?? '';
    const devices = serials(15);
    for (const [index, userId] of accepting.entries())
      await owns(userId, devices.slice(3 * index, 3 * index + 3));
    for (const userId of accepting)
      virtual.simulator.admin.acceptInvite(UID, userId, `${userId}@private.test`);
    await reaches('associated', ...accepting);
    const { final } = await virtual.finished((await assign([APP], people)).orderId);
    expect(final).toMatchObject({ assigned: 6, failed: 0, refused: 0 });
    expect(holdersAtApple(APP)).toEqual([...people].sort());
    expect(await virtual.assetDocument(APP)).toMatchObject({ assigned: 6 });
    const why = async (userId: string): Promise<string> => {
      const wanted = { uId: UID, asset: stdq(APP), holder: `u:${userId}` };
      return (await virtual.until(getWhy(virtual.edge, wanted))).reason;
    };
    await virtual.advance(3_600_000);
    expect(await why(never)).toBe('waiting-for-person');
    for (const userId of accepting) expect(await why(userId)).toBe('offered-to-person');
    const { rows } = await virtual.until(
      listHolderPairs(virtual.edge, { holder: `u:${never}`, part: { limit: 10 } }),
    );
    expect(rows).toMatchObject([{ state: 'assigned', errorNumber: null }]);
  });

  it('a10, a12: where licences are assigned to devices, the three devices of a person have three', async () => {
    await location('device');
    const kim = await register('Kim');
    const devices = serials(3);
    await owns(kim, devices);
    const { final } = await virtual.finished((await assign([APP], [], devices)).orderId);
    expect(final).toMatchObject({ assigned: 3 });
    expect(virtual.atApple(APP).sort()).toEqual(devices);
    expect((await virtual.assetDocument(APP)).assigned).toBe(3);
  });

  it('a10: licences of persons move to their devices, and back: planned, ordered, and given back by who had them', async () => {
    await location('user');
    const [kim = '', robin = ''] = await active('Kim', 'Robin');
    const devices = serials(3);
    await owns(kim, devices);
    await virtual.finished((await assign([APP, OTHER], [kim])).orderId);
    await virtual.finished((await assign([APP], [robin])).orderId);
    const terms = { uId: UID, assets: [APP, OTHER].map(stdq), ifShort: 'wait', platform: null } as const;
    const moving = (kind: 'AssignLicense' | 'ReturnLicense', moveTo: 'device' | 'user') =>
      ({ ...terms, kind, scope: { moveTo } }) as const;
    const plan = (...order: Parameters<typeof moving>) =>
      virtual.until(planOrder(virtual.edge, moving(...order)));
    const placed = async (...order: Parameters<typeof moving>) =>
      (await virtual.until(placeOrder(virtual.edge, moving(...order), OWNER))).orderId;

    const before = (await virtual.events()).length;
    expect(await plan('AssignLicense', 'device')).toMatchObject({
      assets: [
        { sent: 3, needed: 3, short: 0 },
        { sent: 0, waiting: 3, needed: 3, short: 3 },
      ],
      calls: 1,
    });
    // Nobody gives back what nobody has in place of it.
    for (const order of [plan, placed])
      await expect(order('ReturnLicense', 'device')).rejects.toMatchObject({ code: 'REJECTED_NOTHING_HELD' });
    expect((await virtual.events()).length).toBe(before);
    await virtual.until(setAssignmentType(virtual.edge, { uId: UID, assignmentType: 'device' }, OWNER));
    const given = await placed('AssignLicense', 'device');
    await virtual.advance(60_000);
    expect(holdersAtApple(APP)).toEqual([kim, robin].sort());
    expect(virtual.atApple(APP).sort()).toEqual(devices);
    expect(await plan('ReturnLicense', 'device')).toMatchObject({ assets: [{ sent: 1 }, { sent: 1 }] });
    const { final } = await virtual.finished(await placed('ReturnLicense', 'device'));
    expect(final).toMatchObject({ returned: 2 });
    await virtual.advance(60_000);
    // Who has no device keeps it; where there are too few, what came back is that of who waited first.
    expect(holdersAtApple(APP)).toEqual([robin]);
    expect(holdersAtApple(OTHER)).toEqual([]);
    expect(virtual.atApple(OTHER)).toEqual([devices[0]]);
    expect((await virtual.pairs(OTHER))['waiting']).toEqual(devices.slice(1));
    await virtual.until(cancelWaiting(virtual.edge, { orderId: given }, OWNER));

    await placed('AssignLicense', 'user');
    await virtual.advance(60_000);
    await virtual.finished(await placed('ReturnLicense', 'user'));
    await virtual.advance(60_000);
    expect([APP, OTHER].map(holdersAtApple)).toEqual([[kim, robin].sort(), [kim]]);
    expect([APP, OTHER].map((adamId) => virtual.atApple(adamId))).toEqual([[], []]);
  });

  it('a3: what Apple does not take back is refused before Apple is asked', async () => {
    await location();
    const [kim = ''] = await active('Kim');
    await virtual.finished((await assign([BOOK], [kim])).orderId);
    const back = {
      kind: 'ReturnLicense',
      uId: UID,
      assets: [stdq(BOOK)],
      ifShort: 'wait',
      platform: null,
    } as const;
    const { orderId } = await virtual.until(placeOrder(virtual.edge, { ...back, userIds: [kim] }, OWNER));
    expect((await virtual.finished(orderId)).final).toMatchObject({ refused: 1, returned: 0 });
    expect(writesTo('/assets/disassociate')).toBe(0);
    expect(holdersAtApple(BOOK)).toEqual([kim]);
  });
});
