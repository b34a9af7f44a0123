import {
  activatePersons,
  changePerson,
  deactivatePersons,
  importPersons,
  listActivations,
  registerPerson,
  type ActivationFound,
  type Cells,
} from '@seatbook/application';
import { DEFAULT_TIMINGS } from '@seatbook/licensing';
import {
  OWNER,
  UID,
  VirtualSeatbook,
  asset,
  stdq,
  type VirtualOptions,
} from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';
const BOOK = '900000003';
/** Somebody had it before. */
const HELD = '900000004';
const MANAGED = 'appleid.canary.test';

let virtual: VirtualSeatbook;

afterEach(() => virtual.close());

async function location(
  options: VirtualOptions = {},
  assignmentType: 'device' | 'user' = 'user',
): Promise<void> {
  virtual = await VirtualSeatbook.open(options);
  virtual.createLocation([
    asset(APP, 10),
    asset(OTHER, 10),
    asset(BOOK, 10, { productType: 'Book', deviceAssignable: false, revocable: false }),
    asset(HELD, 10),
  ]);
  virtual.simulator.admin.seedAssignments(UID, { adamId: HELD, serialNumbers: ['HELD00000001'] });
  virtual.simulator.admin.setManagedDomains(UID, [MANAGED]);
  await virtual.import(undefined, assignmentType);
  await virtual.advance(60_000);
}

async function register(name: string, managedAppleId: string | null = null): Promise<string> {
  const details = { name, email: `${name.toLowerCase()}@canary.test`, managedAppleId };
  return (await virtual.until(registerPerson(virtual.edge, details, OWNER))).userId;
}

async function registered(count: number): Promise<string[]> {
  const userIds: string[] = [];
  for (let number = 1; number <= count; number += 1) userIds.push(await register(`Person${number}`));
  return userIds;
}

const activate = (...userIds: string[]) =>
  virtual.until(activatePersons(virtual.edge, { uId: UID, userIds }, OWNER));

const deactivate = (...userIds: string[]) =>
  virtual.until(deactivatePersons(virtual.edge, { uId: UID, userIds }, OWNER));

async function found(): Promise<ReadonlyMap<string, ActivationFound>> {
  const page = { uId: UID, part: { limit: 500 } };
  const { rows } = await virtual.until(listActivations(virtual.edge, page));
  return new Map(rows.map((row) => [row.document.userId, row]));
}

async function stateOf(userId: string): Promise<string | undefined> {
  return (await found()).get(userId)?.document.state;
}

async function reaches(state: string, ...userIds: string[]): Promise<void> {
  await virtual.advanceUntil(`${userIds.length} persons ${state}`, async () => {
    const rows = await found();
    return userIds.every((userId) => rows.get(userId)?.document.state === state);
  });
}

const atApple = () => virtual.simulator.admin.users(UID);

const writesTo = (path: string): number =>
  virtual.simulator.admin.requests().filter((request) => request.path.endsWith(path)).length;

const outcomeOf = async (order: Parameters<VirtualSeatbook['place']>[0]) =>
  (await virtual.finished((await virtual.place(order)).orderId)).final;

it('a24: persons are activated, invited with their link, and the log has nothing of them but their ids', async () => {
  await location();
  const [kim = '', robin = ''] = await registered(2);
  await activate(kim, robin);
  await activate(kim);
  await reaches('invited', kim, robin);
  const known = new Map(atApple().map((user) => [user['clientUserId'], user]));
  expect([...known.keys()].sort()).toEqual([kim, robin].sort());
  expect(known.get(kim)).toMatchObject({ email: 'person1@canary.test', status: 'Registered' });
  expect(writesTo('/users/create')).toBe(1);
  const { inviteCode } = (await found()).get(kim) as ActivationFound;
  expect(inviteCode).toBe(known.get(kim)?.['inviteCode']);
  const log = JSON.stringify(await virtual.events());
  expect(log).not.toMatch(/canary|Person1/);
  expect(log).not.toContain(inviteCode);
});

it('a13: who has not accepted may hold a licence, and the acceptance is learnt from the notification', async () => {
  await location();
  const [kim = ''] = await registered(1);
  await activate(kim);
  await reaches('invited', kim);
  const order = { assets: [stdq(APP)], serialNumbers: [], userIds: [kim] };
  expect(await outcomeOf(order)).toMatchObject({ assigned: 1 });
  virtual.simulator.admin.acceptInvite(UID, kim, 'kim@private.test');
  await virtual.advance(30_000);
  expect(await found()).toMatchObject(
    new Map([[kim, { document: { state: 'associated' }, inviteCode: null }]]),
  );
});

it('an acceptance is learnt by reading where notifications do not come', async () => {
  await location({ publicUrl: null });
  const [kim = ''] = await registered(1);
  await activate(kim);
  await reaches('invited', kim);
  virtual.simulator.admin.acceptInvite(UID, kim, 'kim@private.test');
  await reaches('associated', kim);
});

it.each(['announced', 'read'])('a Managed Apple Account is linked at once (%s)', async (how) => {
  await location(how === 'read' ? { publicUrl: null } : {});
  const kim = await register('Kim', `kim@${MANAGED}`);
  await activate(kim);
  await reaches('associated', kim);
  expect((await found()).get(kim)).toMatchObject({ inviteCode: null, sharedWith: [] });
});

it('a24: 9635, 9641 and 9716 are of one person each, and who is active stays so when asked again', async () => {
  await location();
  const taken = await register('Taken', `kim@${MANAGED}`);
  await activate(taken);
  await reaches('associated', taken);
  const foreign = await register('Foreign', 'kim@other.test');
  const double = await register('Double', `KIM@${MANAGED}`);
  const known = await register('Known');
  const fine = await register('Fine');
  virtual.simulator.admin.seedUsers(UID, [{ clientUserId: known }]);
  await activate(foreign, double, known, fine, taken);
  await reaches('invited', known, fine);
  const rows = await found();
  expect(rows.get(foreign)?.document).toMatchObject({ state: 'failed', errorNumber: 9635 });
  expect(rows.get(double)?.document).toMatchObject({ state: 'failed', errorNumber: 9641 });
  // Mended, the person is activated by asking again.
  expect(await stateOf(taken)).toBe('associated');
});

describe('what has changed of a person', () => {
  const change = (userId: string, email: string, managedAppleId: string | null = null) =>
    virtual.until(changePerson(virtual.edge, { userId, name: 'Kim', email, managedAppleId }, OWNER));
  const emailsAtApple = () => atApple().map(({ email }) => email);

  it('is told to Apple, by as few calls as Apple allows', async () => {
    await location();
    const userIds = await registered(7);
    virtual.simulator.admin.setFaults({ limits: { maxUsers: 3 } });
    await virtual.advance(6 * 60_000);
    await activate(...userIds);
    await reaches('invited', ...userIds);
    for (const userId of userIds) await change(userId, `${userId}@other.canary.test`);
    await virtual.advance(30_000);
    expect(emailsAtApple().sort()).toEqual(userIds.map((userId) => `${userId}@other.canary.test`).sort());
    expect(writesTo('/users/update')).toBe(3);
    // Of a name Apple is told nothing, and of nobody whom it does not know.
    const [kim = ''] = userIds;
    const details = { userId: kim, name: 'Other', email: `${kim}@other.canary.test`, managedAppleId: null };
    await virtual.until(changePerson(virtual.edge, details, OWNER));
    await change(await register('Nobody'), 'nobody@other.canary.test');
    await virtual.advance(30_000);
    expect(writesTo('/users/update')).toBe(3);
    expect(JSON.stringify(await virtual.events())).not.toMatch(/canary/);
  });

  it('is told where a table says it, by one call for its rows, and of who says nothing new Apple is told nothing', async () => {
    await location();
    const userIds = await registered(4);
    await activate(...userIds);
    await reaches('invited', ...userIds);
    const [one = '', two = '', same = '', renamed = ''] = userIds;
    const table = async function* () {
      for (const cells of [
        { userId: one, email: 'one@other.canary.test' },
        { userId: two, managedAppleId: `two@${MANAGED}` },
        { userId: same, email: 'person3@canary.test' },
        { userId: renamed, name: 'Other' },
      ])
        yield { line: 1 + userIds.indexOf(cells.userId), cells };
    };
    const read = ({ userId = '', ...details }: Cells) => ({ userId, details });
    const rows = { rows: table(), ignoredColumns: [] };
    const outcome = await virtual.until(importPersons(virtual.edge, { table: rows, read }, OWNER));
    expect(outcome).toMatchObject({ changed: 3, unchanged: 1, refused: 0 });
    await reaches('associated', two);
    await virtual.advance(30_000);
    expect(emailsAtApple().sort()).toEqual([
      'one@other.canary.test',
      'person2@canary.test',
      'person3@canary.test',
      'person4@canary.test',
    ]);
    expect(writesTo('/users/update')).toBe(1);
    expect(JSON.stringify(await virtual.events())).not.toMatch(/canary/);
  });

  it('a Managed Apple Account is linked by it; 9635 and 9641 are of one person each', async () => {
    await location();
    const taken = await register('Taken', `kim@${MANAGED}`);
    const [linked = '', foreign = '', double = ''] = await registered(3);
    await activate(taken, linked, foreign, double);
    await reaches('associated', taken);
    await reaches('invited', linked, foreign, double);
    await change(linked, 'linked@canary.test', `linked@${MANAGED}`);
    await change(foreign, 'foreign@canary.test', 'kim@other.test');
    await change(double, 'double@canary.test', `KIM@${MANAGED}`);
    await reaches('associated', linked);
    await virtual.advance(30_000);
    const rows = await found();
    expect(rows.get(linked)?.document).toMatchObject({ errorNumber: null });
    expect(rows.get(foreign)?.document).toMatchObject({ state: 'invited', errorNumber: 9635 });
    expect(rows.get(double)?.document).toMatchObject({ state: 'invited', errorNumber: 9641 });
    await change(double, 'double@canary.test', `double@${MANAGED}`);
    await reaches('associated', double);
    expect((await found()).get(double)?.document).toMatchObject({ errorNumber: null });
  });

  it('is told when the person has been created, where that is on its way', async () => {
    await location();
    virtual.simulator.admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
    const [kim = ''] = await registered(1);
    await activate(kim);
    await virtual.advanceUntil('it is on its way', async () =>
      (await virtual.events()).some(({ type }) => type === 'call.started'),
    );
    await change(kim, 'kim@other.canary.test');
    await virtual.advance(60_000);
    expect(emailsAtApple()).toEqual(['kim@other.canary.test']);
  });

  it('is told also where the process died before, when it is sent again', async () => {
    await location();
    const [kim = ''] = await registered(1);
    await activate(kim);
    await reaches('invited', kim);
    const details = { userId: kim, name: 'Kim', email: 'kim@other.canary.test', managedAppleId: null };
    const caller = { ...OWNER, idempotencyKey: 'change' };
    // The key, the event, and then what the account is told.
    virtual.dieAt = { append: virtual.appends + 3, when: 'before' };
    await virtual.until(changePerson(virtual.edge, details, caller)).catch(() => undefined);
    expect(virtual.dead).toBe(true);
    virtual.dieAt = null;
    await virtual.restart();
    await virtual.until(changePerson(virtual.edge, details, caller));
    await virtual.advance(60_000);
    expect(emailsAtApple()).toEqual(['kim@other.canary.test']);
    expect(writesTo('/users/update')).toBe(1);
  });
});

it('the same Apple Account behind two persons is shown', async () => {
  await location();
  const [kim = '', robin = ''] = await registered(2);
  await activate(kim, robin);
  await reaches('invited', kim, robin);
  for (const userId of [kim, robin]) virtual.simulator.admin.acceptInvite(UID, userId, 'both@private.test');
  await reaches('associated', kim, robin);
  const rows = await found();
  expect(rows.get(kim)?.sharedWith).toEqual([robin]);
  expect(rows.get(robin)?.sharedWith).toEqual([kim]);
});

it('a call has as many persons as Apple allows', async () => {
  await location();
  const userIds = await registered(7);
  virtual.simulator.admin.setFaults({ limits: { maxUsers: 3 } });
  await virtual.advance(6 * 60_000);
  await activate(...userIds);
  await reaches('invited', ...userIds);
  expect(writesTo('/users/create')).toBe(3);
});

it('a26: on an account that assigns to devices activation is refused with the reason', async () => {
  await location({}, 'device');
  const [kim = ''] = await registered(1);
  await expect(activate(kim)).rejects.toMatchObject({
    code: 'REJECTED_ASSIGNMENT_TYPE',
    facts: { assignmentType: 'device' },
  });
  expect(atApple()).toEqual([]);
});

it('a25: deactivation returns the licences of the person, then Apple retires the person; books stay', async () => {
  await location();
  const [kim = '', robin = ''] = await registered(2);
  await activate(kim, robin);
  await reaches('invited', kim, robin);
  const assets = [stdq(APP), stdq(OTHER), stdq(BOOK)];
  expect(await outcomeOf({ assets, serialNumbers: [], userIds: [kim, robin] })).toMatchObject({
    assigned: 6,
  });
  await deactivate(kim);
  await reaches('retired', kim);
  expect(atApple().find(({ clientUserId }) => clientUserId === kim)).toMatchObject({ status: 'Retired' });
  const { users } = virtual.simulator.admin.assignments(UID);
  expect(users[`${APP}/STDQ`]).toEqual([robin]);
  expect(users[`${OTHER}/STDQ`]).toEqual([robin]);
  expect((await virtual.assetDocument(APP)).assigned).toBe(1);
  expect(writesTo('/assets/disassociate')).toBe(1);
  expect(writesTo('/users/retire')).toBe(1);
  expect(await stateOf(robin)).toBe('invited');
});

it('a25: deactivation works in the middle of an order: nothing is left, at Apple or in the ledger', async () => {
  await location();
  const [kim = '', robin = ''] = await registered(2);
  await activate(kim, robin);
  await reaches('invited', kim, robin);
  virtual.simulator.admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
  const order = { assets: [stdq(APP), stdq(OTHER)], serialNumbers: [], userIds: [kim, robin] };
  const { orderId } = await virtual.place(order);
  await virtual.advance(1_000);
  await deactivate(kim);
  await reaches('retired', kim);
  await virtual.finished(orderId);
  await virtual.advance(60_000);
  const { users } = virtual.simulator.admin.assignments(UID);
  for (const adamId of [APP, OTHER]) {
    expect(users[`${adamId}/STDQ`]).toEqual([robin]);
    expect(await virtual.assetDocument(adamId)).toMatchObject({ assigned: 1, reserved: 0, returning: 0 });
  }
});

it('who is deactivated while being created leaves afterwards, and can be activated again', async () => {
  await location();
  virtual.simulator.admin.setFaults({ latencyMs: { min: 2_000, max: 2_000 } });
  const [kim = '', robin = ''] = await registered(2);
  await activate(kim);
  await virtual.advance(1_000);
  await deactivate(kim);
  await activate(robin);
  await deactivate(robin);
  await reaches('retired', kim);
  expect(await stateOf(robin)).toBeUndefined();
  await activate(kim);
  await reaches('invited', kim);
  expect(atApple().map(({ status }) => status)).toEqual(['Retired', 'Registered']);
});

it('a lost answer creates nobody twice', async () => {
  await location();
  const [kim = '', robin = ''] = await registered(2);
  virtual.simulator.admin.addErrorRule({ match: { path: '/users/create' }, times: 2, resetAfter: true });
  await activate(kim, robin);
  await reaches('invited', kim, robin);
  expect(atApple()).toHaveLength(2);
});

it('of nobody it is said that another tool did what we asked for', async () => {
  await location();
  const [kim = ''] = await registered(1);
  await activate(kim);
  await reaches('invited', kim);
  await virtual.advance(10 * 60_000);
  const types = (await virtual.events()).map(({ type }) => type);
  expect(types).not.toContain('appleEvent.found-foreign');
  expect(types).not.toContain('reconciliation.foreign-event-noted');
});

describe('what others do to persons at Apple', () => {
  const ROUND = DEFAULT_TIMINGS.totalsEveryMs;
  const read = () => virtual.simulator.admin.requests().filter(({ method }) => method === 'GET');
  const accepts = (userId: string, account: string): void =>
    virtual.simulator.admin.acceptInvite(UID, userId, account);

  async function invited(count: number): Promise<string[]> {
    await location();
    const userIds = await registered(count);
    await activate(...userIds);
    await reaches('invited', ...userIds);
    await virtual.advance(5_000);
    return userIds;
  }

  it('is learnt within one round where its notification is lost', async () => {
    const [kim = '', robin = ''] = await invited(2);
    virtual.simulator.admin.setFaults({ notifications: { drop: 1 } });
    accepts(kim, 'both@private.test');
    accepts(robin, 'both@private.test');
    await virtual.advance(5_000);
    expect(await stateOf(kim)).toBe('invited');
    await virtual.advance(ROUND);
    const rows = await found();
    expect(rows.get(kim)).toMatchObject({ document: { state: 'associated' }, sharedWith: [robin] });
    expect(rows.get(robin)).toMatchObject({ document: { state: 'associated' }, sharedWith: [kim] });
  });

  it('is read as a delta: an idle round costs three calls', async () => {
    const [kim = ''] = await invited(2);
    accepts(kim, 'kim@private.test');
    await virtual.advance(2 * ROUND);
    const before = read();
    await virtual.advance(ROUND);
    const round = read()
      .slice(before.length)
      .filter(({ path }) => !path.endsWith('/config'));
    const asked = round.map(({ path }) => path.split('/').at(-1)?.replace(/=.*/, '')).sort();
    expect(asked).toEqual(['assets', 'assignments?sinceVersionId', 'users?sinceVersionId']);
  });

  it('finds whom another tool has retired, also where there are several records, and lets them be activated again', async () => {
    const [kim = '', robin = ''] = await invited(2);
    const { admin } = virtual.simulator;
    // Retired and created again by the other tool: Apple knows Robin still.
    admin.retireUser(UID, robin);
    admin.seedUsers(UID, [{ clientUserId: robin, account: 'robin@private.test' }]);
    admin.retireUser(UID, kim);
    await virtual.advance(ROUND);
    expect(await stateOf(kim)).toBe('retired');
    expect(await stateOf(robin)).toBe('associated');
    expect(writesTo('/users/retire')).toBe(0);
    await activate(kim);
    await reaches('invited', kim);
    // Two records of Kim by now, of which the retired one means nothing.
    await virtual.advance(2 * ROUND);
    expect(await stateOf(kim)).toBe('invited');
    expect(atApple().map(({ status }) => status)).toEqual(['Retired', 'Retired', 'Associated', 'Registered']);
  });

  it('is read whole where Apple knows no more of the version', async () => {
    const [kim = '', robin = ''] = await invited(2);
    const { admin } = virtual.simulator;
    admin.setFaults({ notifications: { drop: 1 } });
    admin.retireUser(UID, kim);
    accepts(robin, 'robin@private.test');
    admin.addErrorRule({ match: { path: '/users' }, times: 1, errorNumber: 9_721 });
    await virtual.advance(ROUND);
    expect(await stateOf(kim)).toBe('retired');
    expect(await stateOf(robin)).toBe('associated');
  });
});
