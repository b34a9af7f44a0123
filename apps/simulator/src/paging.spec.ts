import { Rig, serials } from './testing/rig.js';

describe('paged endpoints', () => {
  it('cuts a list into pages and names the next one until the last', async () => {
    const rig = new Rig(1, { pageSize: 3 });
    rig.admin.seedAssignments(rig.uId, { adamId: '900000001', serialNumbers: serials(7) });
    const pages = await rig.walk('/assignments');
    expect(pages.map(({ size, totalPages, nextPageIndex }) => [size, totalPages, nextPageIndex])).toEqual([
      [3, 3, 1],
      [3, 3, 2],
      [1, 3, undefined],
    ]);
    expect(pages.flatMap(({ assignments }) => assignments?.map(({ serialNumber }) => serialNumber))).toEqual(
      serials(7),
    );
    expect(pages[2]).not.toHaveProperty('nextPageIndex');
    expect(new Set(pages.map(({ versionId }) => versionId)).size).toBe(1);
  });

  it('joins the assignments of several assets without gaps', async () => {
    const rig = new Rig(1, { pageSize: 4 });
    rig.admin.seedAssignments(rig.uId, { adamId: '900000001', serialNumbers: serials(5) });
    rig.admin.seedAssignments(rig.uId, { adamId: '900000004', serialNumbers: serials(6) });
    const pages = await rig.walk('/assignments');
    const pairs = pages.flatMap(({ assignments }) =>
      assignments?.map(({ adamId, serialNumber }) => `${adamId} ${serialNumber}`),
    );
    expect(pages).toHaveLength(3);
    expect(new Set(pairs).size).toBe(11);
  });

  it('has one empty page for an empty list', async () => {
    const { body } = await new Rig().get('/assignments');
    expect(body).toMatchObject({ assignments: [], currentPageIndex: 0, size: 0, totalPages: 1 });
    expect(body).not.toHaveProperty('nextPageIndex');
  });

  it.each(['1', '-1', 'x', ''])('refuses page index "%s"', async (index) => {
    const { status, body } = await new Rig().get(`/assets?pageIndex=${index}`);
    expect([status, body.errorNumber]).toEqual([400, 9650]);
  });

  it('moves the version with every write, by endpoint', async () => {
    const rig = new Rig();
    const versions = async () =>
      Promise.all(
        ['/assets', '/assignments', '/users'].map(async (path) => (await rig.get(path)).body.versionId),
      );
    const first = await versions();
    await rig.associate(['900000001'], ['A']);
    const second = await versions();
    expect(second[0]).not.toBe(first[0]);
    expect(second[1]).not.toBe(first[1]);
    expect(second[2]).toBe(first[2]);
    await rig.associate(['900000001'], ['A']);
    expect(await versions()).toEqual(second);
  });

  it('moves the version during a walk as often as it is asked to', async () => {
    const rig = new Rig(1, { pageSize: 2, moveVersionDuringWalk: { times: 1 } });
    rig.admin.seedAssignments(rig.uId, { adamId: '900000001', serialNumbers: serials(6) });
    const moved = (await rig.walk('/assignments')).map(({ versionId }) => versionId);
    expect(moved[1]).not.toBe(moved[0]);
    expect(moved[2]).toBe(moved[1]);
    const still = (await rig.walk('/assignments')).map(({ versionId }) => versionId);
    expect(new Set(still).size).toBe(1);
  });

  it('shows only what was assigned since a version; removals are invisible', async () => {
    const rig = new Rig(1, { pageSize: 2 });
    await rig.associate(['900000001'], serials(3));
    const { versionId } = (await rig.get('/assignments')).body;
    expect((await rig.get(`/assignments?sinceVersionId=${versionId}`)).body).toMatchObject({ size: 0 });
    rig.admin.removeAssignment(rig.uId, { adamId: '900000001', serialNumber: serials(1)[0] ?? '' });
    await rig.associate(['900000001'], serials(3, 10));
    const delta = await rig.walk(`/assignments?sinceVersionId=${versionId}`);
    expect(delta).toHaveLength(2);
    expect(delta.flatMap(({ assignments }) => assignments?.map(({ serialNumber }) => serialNumber))).toEqual(
      serials(3, 10),
    );
  });

  it('refuses a version that it never gave out', async () => {
    const rig = new Rig();
    const users = (await rig.get('/users')).body.versionId;
    const ahead = users?.replace(/0{12}$/, '0000000000ff');
    for (const path of ['/assignments?sinceVersionId=x', `/assignments?sinceVersionId=${users}`]) {
      expect((await rig.get(path)).body.errorNumber).toBe(9721);
    }
    expect((await rig.get(`/users?sinceVersionId=${ahead}`)).body.errorNumber).toBe(9721);
    expect((await rig.get(`/users?sinceVersionId=${users}`)).status).toBe(200);
  });

  it('filters assets', async () => {
    const rig = new Rig();
    await rig.associate(['900000001', '900000002'], ['A', 'B']);
    const found = async (query: string) =>
      (await rig.get(`/assets?${query}`)).body.assets?.map(({ adamId }) => adamId);
    expect(await found('adamId=900000002')).toEqual(['900000002']);
    expect(await found('productType=Book')).toEqual(['900000003']);
    expect(await found('revocable=false')).toEqual(['900000003']);
    expect(await found('deviceAssignable=false')).toEqual(['900000003']);
    expect(await found('maxAvailableCount=0')).toEqual(['900000002']);
    expect(await found('minAssignedCount=2&maxAssignedCount=2')).toEqual(['900000001', '900000002']);
    expect(await found('minAvailableCount=49')).toEqual(['900000004']);
    expect(await found('pricingParam=PLUS')).toEqual([]);
    expect((await rig.get('/assets?revocable=perhaps')).body.errorNumber).toBe(9602);
  });

  it('filters assignments and shows the state of users on demand', async () => {
    const rig = new Rig();
    rig.admin.seedUsers(rig.uId, [
      { clientUserId: 'u-1', account: 'kim@example.test' },
      { clientUserId: 'u-2', status: 'Registered' },
    ]);
    await rig.run('/assets/associate', {
      assets: [{ adamId: '900000001' }, { adamId: '900000004' }],
      serialNumbers: ['A', 'B'],
      clientUserIds: ['u-1'],
    });
    await rig.run('/assets/associate', { assets: [{ adamId: '900000003' }], clientUserIds: ['u-2'] });
    const found = async (query: string) => (await rig.get(`/assignments?${query}`)).body.assignments;
    expect(await found('adamId=900000001')).toHaveLength(3);
    expect(await found('serialNumber=A')).toHaveLength(2);
    expect(await found('clientUserId=u-1&adamId=900000004')).toEqual([
      { adamId: '900000004', pricingParam: 'STDQ', clientUserId: 'u-1' },
    ]);
    expect(await found('clientUserId=u-1&adamId=900000004&includeUserState=true')).toEqual([
      expect.objectContaining({
        userStatus: 'Associated',
        idHash: expect.stringMatching(/^.{28}$/) as string,
      }),
    ]);
    await rig.run('/users/retire', { users: [{ clientUserId: 'u-2' }] });
    // A book stays with its holder.
    expect(await found('adamId=900000003')).toHaveLength(1);
    expect(await found('adamId=900000003&excludeInactiveUsers=true')).toHaveLength(0);
  });

  it('shows unlimited assets in three ways', async () => {
    const rig = new Rig();
    await rig.associate(['900000004'], ['A']);
    const plain = (await rig.get('/assets')).body;
    expect(plain.assets?.[3]).toMatchObject({
      totalCount: 2147483647,
      assignedCount: 1,
      availableCount: 2147483646,
    });
    expect(plain).not.toHaveProperty('unlimitedAssets');
    const apart = (await rig.get('/assets?unlimited=true')).body;
    expect(apart.assets).toHaveLength(3);
    expect(apart['unlimitedAssets']).toEqual([
      {
        adamId: '900000004',
        pricingParam: 'STDQ',
        productType: 'App',
        deviceAssignable: true,
        revocable: true,
        supportedPlatforms: ['iOS'],
        assignedCount: 1,
      },
    ]);
    const without = (await rig.get('/assets?unlimited=false')).body;
    expect(without.assets).toHaveLength(3);
    expect(without).not.toHaveProperty('unlimitedAssets');
  });
});
