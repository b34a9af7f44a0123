import {
  activatePersons,
  addMembers,
  changePerson,
  createGroup,
  forgetPerson,
  importPersons,
  listPersons,
  registerDevice,
  registerPerson,
  type Cells,
  type GivenDetails,
  type ImportedPersons,
  type PersonInTable,
} from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const KIM = {
  name: 'Kim Canary',
  email: 'kim.canary@example.test',
  managedAppleId: 'kim.canary@appleid.example.test',
};
const NOBODY = { name: null, email: null, managedAppleId: null };

let virtual: VirtualSeatbook;

beforeEach(async () => {
  virtual = await VirtualSeatbook.open();
});

afterEach(() => virtual.close());

const register = (details: GivenDetails = KIM, idempotencyKey?: string) =>
  virtual.until(
    registerPerson(
      virtual.edge,
      details,
      idempotencyKey === undefined ? OWNER : { ...OWNER, idempotencyKey },
    ),
  );

const found = async (search?: string) => {
  const { rows } = await virtual.until(listPersons(virtual.edge, { search, part: { limit: 50 } }));
  return rows;
};

const typesOf = async (): Promise<string[]> => (await virtual.events()).map(({ type }) => type);

it('a person is registered once for a key, and the log has nothing but the random id', async () => {
  const { userId, repeated } = await register(KIM, 'kim');
  expect(repeated).toBe(false);
  expect(await register(KIM, 'kim')).toMatchObject({ userId, repeated: true });
  await expect(register({ ...KIM, name: 'Robin' }, 'kim')).rejects.toMatchObject({
    code: 'CONFLICT_IDEMPOTENCY_KEY',
  });
  expect(await found()).toMatchObject([{ userId, ...KIM, registered: true, accountIds: [], assigned: 0 }]);
  const log = JSON.stringify(await virtual.events());
  expect(log).toContain(userId);
  expect(log.toLowerCase()).not.toMatch(/canary|appleid/);
});

it('persons are listed with what each holds, by one read', async () => {
  virtual.createLocation([asset(APP, 5)]);
  const names = ['one', 'two', 'three', 'four'];
  virtual.simulator.admin.seedUsers(
    UID,
    names.map((clientUserId) => ({ clientUserId, status: 'Registered' })),
  );
  await virtual.import();
  await virtual.advance(60_000);
  const seen = names.map((clientUserId) => ({ clientUserId }));
  const ids = await virtual.stores.directory.userIdsOf(UID, seen);
  const userIds = [...ids].sort();
  const [first = '', , third = '', fourth = ''] = userIds;
  const order = { assets: [stdq(APP)], serialNumbers: [], userIds: [first, third, fourth] };
  await virtual.finished((await virtual.place(order)).orderId);
  const asked: string[] = [];
  const query = virtual.stores.reads.query.bind(virtual.stores.reads);
  virtual.stores.reads.query = (model, ...wanted) => {
    asked.push(model.name);
    return query(model, ...wanted);
  };
  expect((await found()).map(({ assigned }) => assigned)).toEqual([1, 0, 1, 1]);
  expect(asked).toEqual(['pairs']);
  // Persons whom a search has found lie far apart.
  const apart = userIds.filter((userId) => userId !== ids[names.indexOf('three')]);
  expect((await found('o')).map(({ userId, assigned }) => [userId, assigned])).toEqual(
    apart.map((userId) => [userId, order.userIds.includes(userId) ? 1 : 0]),
  );
  expect(asked).toEqual(['pairs', 'pairs']);
  virtual.stores.reads.query = query;
  expect(await found('ONE')).toHaveLength(1);
});

it('registering goes on where the process died between the directory and the event', async () => {
  virtual.dieAt = { append: virtual.appends + 2, when: 'before' };
  await register(KIM, 'kim').catch(() => undefined);
  expect(virtual.dead).toBe(true);
  virtual.dieAt = null;
  await virtual.restart();
  const { userId } = await register(KIM, 'kim');
  expect(await found()).toMatchObject([{ userId, ...KIM }]);
  expect((await typesOf()).filter((type) => type === 'person.registered')).toHaveLength(1);
});

it('persons are searched by what the directory knows, page by page', async () => {
  const { userId: kim } = await register();
  const { userId: robin } = await register({ ...NOBODY, name: 'Robin Example' });
  expect((await found('CANARY@EXAMPLE')).map(({ userId }) => userId)).toEqual([kim]);
  expect((await found('robin')).map(({ userId }) => userId)).toEqual([robin]);
  expect(await found('nobody')).toEqual([]);
  const first = await listPersons(virtual.edge, { part: { limit: 1 } });
  const second = await listPersons(virtual.edge, { part: { limit: 1, cursor: first.next ?? '' } });
  expect([...first.rows, ...second.rows].map(({ userId }) => userId)).toEqual([kim, robin].sort());
  expect(second.next).toBeNull();
});

it('details are replaced; the same ones again change nothing', async () => {
  const { userId } = await register();
  const change = () =>
    virtual.until(changePerson(virtual.edge, { ...NOBODY, userId, name: 'Kim Other' }, OWNER));
  expect(await change()).toMatchObject({ repeated: false });
  expect(await change()).toMatchObject({ repeated: true });
  expect(await found()).toMatchObject([{ userId, ...NOBODY, name: 'Kim Other' }]);
  expect((await typesOf()).filter((type) => type === 'person.details-changed')).toHaveLength(1);
  await expect(
    virtual.until(changePerson(virtual.edge, { ...NOBODY, userId: 'nobody' }, OWNER)),
  ).rejects.toMatchObject({ code: 'NOT_FOUND_PERSON' });
});

it('other details under a key that was used are refused, and the same ones go on where the process died', async () => {
  const { userId } = await register();
  const change = (details: GivenDetails, idempotencyKey: string) =>
    virtual.until(changePerson(virtual.edge, { ...details, userId }, { ...OWNER, idempotencyKey }));
  const conflict = { code: 'CONFLICT_IDEMPOTENCY_KEY' };
  const other = { ...KIM, name: 'Kim Other' };
  expect(await change(other, 'one')).toMatchObject({ repeated: false });
  expect(await change(other, 'one')).toMatchObject({ repeated: true });
  await expect(change(KIM, 'one')).rejects.toMatchObject(conflict);
  expect(await found()).toMatchObject([{ userId, ...other }]);
  // What is the same request may not bring back what was known then.
  const third = { ...NOBODY, name: 'Kim Third' };
  await change(third, 'two');
  await expect(change(other, 'one')).rejects.toMatchObject(conflict);
  expect(await found()).toMatchObject([{ userId, ...third }]);
  // Key, event, in this order: it dies before each of them.
  for (const [index, append] of [1, 2].entries()) {
    const details = { ...KIM, name: `Kim ${index}` };
    virtual.dieAt = { append: virtual.appends + append, when: 'before' };
    await change(details, `dies ${index}`).catch(() => undefined);
    expect(virtual.dead).toBe(true);
    virtual.dieAt = null;
    await virtual.restart();
    await change(details, `dies ${index}`);
    expect(await found()).toMatchObject([{ userId, ...details }]);
    await expect(change(other, `dies ${index}`)).rejects.toMatchObject(conflict);
  }
});

it('a forgotten person is found by nothing; only the random id is left', async () => {
  const { userId } = await register();
  const forget = () => virtual.until(forgetPerson(virtual.edge, { userId }, OWNER));
  expect(await forget()).toMatchObject({ userId });
  await forget();
  expect(await found()).toEqual([]);
  expect(await found('kim')).toEqual([]);
  expect((await typesOf()).filter((type) => type === 'person.forgotten')).toHaveLength(1);
  await expect(virtual.until(changePerson(virtual.edge, { ...KIM, userId }, OWNER))).rejects.toMatchObject({
    code: 'REJECTED_PERSON_FORGOTTEN',
  });
  const entries = await virtual.stores.directory.entries([userId]);
  expect(JSON.stringify(entries)).not.toMatch(/[Cc]anary/);
});

it('who was forgotten is activated for no account, owns no device, and joins no group; who has no details yet may', async () => {
  virtual.createLocation([asset(APP, 5)]);
  await virtual.import(undefined, 'user');
  const [gone, bare] = [(await register()).userId, (await register(NOBODY)).userId];
  await virtual.until(forgetPerson(virtual.edge, { userId: gone }, OWNER));
  expect(await found()).toMatchObject([{ userId: bare, ...NOBODY, registered: true }]);
  const wanted = { name: 'Staff', kind: 'persons', follows: false } as const;
  const { groupId } = await virtual.until(createGroup(virtual.edge, wanted, OWNER));
  const device = { serialNumber: 'C02XK0AAHV29', platform: 'iOS', ownership: 'personal' } as const;
  const uses = (userId: string) => [
    () => activatePersons(virtual.edge, { uId: UID, userIds: [userId] }, OWNER),
    () => registerDevice(virtual.edge, { ...device, userId }, OWNER),
    () => addMembers(virtual.edge, { groupId, userIds: [userId] }, OWNER),
  ];
  for (const use of uses(gone))
    await expect(virtual.until<unknown>(use())).rejects.toMatchObject({ code: 'NOT_FOUND_PERSON' });
  for (const use of uses(bare)) await virtual.until<unknown>(use());
});

it('whom Apple knew before is listed, registered by details, and not forgotten while licences are held', async () => {
  virtual.createLocation([asset(APP, 5)]);
  const { admin } = virtual.simulator;
  admin.seedUsers(UID, [{ clientUserId: 'robin-4711', email: 'robin@example.test', status: 'Registered' }]);
  admin.seedAssignments(UID, { adamId: APP, clientUserIds: ['robin-4711'] });
  await virtual.import();
  await virtual.advance(60_000);
  const [robin] = await found('ROBIN-4711');
  expect(robin).toMatchObject({
    email: 'robin@example.test',
    registered: false,
    accountIds: [UID],
    assigned: 1,
  });
  const userId = robin?.userId ?? '';
  await virtual.until(changePerson(virtual.edge, { ...NOBODY, userId, name: 'Robin' }, OWNER));
  expect(await found()).toMatchObject([{ userId, name: 'Robin', registered: true, accountIds: [UID] }]);
  await expect(virtual.until(forgetPerson(virtual.edge, { userId }, OWNER))).rejects.toMatchObject({
    code: 'REJECTED_PERSON_IN_USE',
    facts: { assigned: 1 },
  });
  const returning = {
    kind: 'ReturnLicense',
    assets: [stdq(APP)],
    serialNumbers: [],
    userIds: [userId],
  } as const;
  await virtual.finished((await virtual.place(returning)).orderId);
  await virtual.until(forgetPerson(virtual.edge, { userId }, OWNER));
  expect(await found()).toEqual([]);
});

describe('a table of persons', () => {
  const upload = (
    rows: readonly (Readonly<Record<string, string>> | null)[],
    idempotencyKey?: string,
  ): Promise<ImportedPersons> => {
    async function* lines() {
      for (const [index, cells] of rows.entries()) yield { line: index + 2, cells };
    }
    const read = ({ userId = '', ...details }: Cells): PersonInTable => ({
      userId: userId === '' ? null : userId,
      details: Object.fromEntries(Object.entries(details).map(([name, text]) => [name, text || null])),
    });
    const caller = idempotencyKey === undefined ? OWNER : { ...OWNER, idempotencyKey };
    const table = { rows: lines(), ignoredColumns: [] };
    return virtual.until(importPersons(virtual.edge, { table, read }, caller));
  };

  it('registers who is new, changes who is known, and names the lines of the others', async () => {
    const { userId } = await register();
    const gone = (await register({ ...KIM, name: 'Gone Canary' })).userId;
    await virtual.until(forgetPerson(virtual.edge, { userId: gone }, OWNER));
    const outcome = await upload([
      { name: 'Robin Canary', email: 'robin.canary@example.test' },
      { userId, name: 'Kim Other Canary' },
      { userId, name: 'Kim Other Canary' },
      { userId: 'nobody', name: 'Nobody Canary' },
      { userId: gone, name: 'Gone Canary' },
      null,
    ]);
    expect(outcome).toMatchObject({ rows: 6, created: 1, changed: 1, unchanged: 1, refused: 3 });
    expect(outcome.refusals.map(({ line, code }) => [line, code])).toEqual([
      [5, 'NOT_FOUND_PERSON'],
      [6, 'REJECTED_PERSON_FORGOTTEN'],
      [7, 'INVALID_ROW'],
    ]);
    // What the table has no column for stays as it is.
    const rows = await found();
    expect(rows.find((row) => row.userId === userId)).toMatchObject({ ...KIM, name: 'Kim Other Canary' });
    expect(rows.map(({ name }) => name).sort()).toEqual(['Kim Other Canary', 'Robin Canary']);
    const log = JSON.stringify(await virtual.events());
    expect(log).not.toMatch(/canary/i);
  });

  it('sent again with its key registers nobody twice, also where the process died on the way', async () => {
    const people = Array.from({ length: 130 }, (_row, index) => ({ name: `Person ${index}` }));
    virtual.dieAt = { append: virtual.appends + 3, when: 'before' };
    await upload(people, 'table').catch(() => undefined);
    expect(virtual.dead).toBe(true);
    virtual.dieAt = null;
    await virtual.restart();
    expect(await upload(people, 'table')).toMatchObject({ rows: 130, refused: 0 });
    expect(await upload(people, 'table')).toMatchObject({ created: 0, unchanged: 130 });
    const { rows } = await virtual.until(listPersons(virtual.edge, { part: { limit: 500 } }));
    expect(new Set(rows.map(({ name }) => name)).size).toBe(130);
    expect(rows).toHaveLength(130);
    expect((await typesOf()).filter((type) => type === 'person.registered')).toHaveLength(130);
    const other = await upload([{ name: 'Somebody Else' }], 'table');
    expect(other.refusals).toMatchObject([{ line: 2, code: 'CONFLICT_IDEMPOTENCY_KEY' }]);
  });
});
