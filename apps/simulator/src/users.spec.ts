import { Rig } from './testing/rig.js';

describe('users', () => {
  it('creates with an invite, or linked at once to a Managed Apple Account', async () => {
    const rig = new Rig();
    await rig.subscribe();
    const status = await rig.run('/users/create', {
      users: [
        { clientUserId: 'u-1', email: 'kim@example.test' },
        { clientUserId: 'u-2', managedAppleId: 'robin@appleid.example.test' },
      ],
    });
    expect(status).toMatchObject({ eventStatus: 'COMPLETE', eventType: 'CREATE', numCompleted: 2 });
    const { users } = (await rig.get('/users')).body;
    expect(users).toMatchObject([
      {
        clientUserId: 'u-1',
        email: 'kim@example.test',
        status: 'Registered',
        inviteCode: expect.any(String) as string,
      },
      { clientUserId: 'u-2', status: 'Associated', idHash: expect.any(String) as string },
    ]);
    expect(users?.[1]).not.toHaveProperty('inviteCode');
    expect(rig.received).toMatchObject([
      { notificationType: 'USER_MANAGEMENT', notification: { type: 'CREATE', result: 'SUCCESS', users } },
    ]);
  });

  it('fails per user in the event', async () => {
    const rig = new Rig();
    rig.admin.setManagedDomains(rig.uId, ['appleid.example.test']);
    rig.admin.seedUsers(rig.uId, [{ clientUserId: 'u-1', managedAppleId: 'kim@appleid.example.test' }]);
    await rig.subscribe();
    const status = await rig.run('/users/create', {
      users: [
        { clientUserId: 'u-1' },
        { clientUserId: 'u-2', managedAppleId: 'KIM@appleid.example.test' },
        { clientUserId: 'u-3', managedAppleId: 'kim@other.example.test' },
        { clientUserId: 'u-4' },
      ],
    });
    expect(status).toMatchObject({ eventStatus: 'FAILED', numRequested: 4, numCompleted: 1 });
    expect(status.failures).toMatchObject([
      { errorNumber: 9716, errorInfo: { clientUserIds: ['u-1'] } },
      { errorNumber: 9641, errorInfo: { clientUserIds: ['u-2'] } },
      { errorNumber: 9635, errorInfo: { clientUserIds: ['u-3'] } },
    ]);
    expect(rig.received.map(({ notification }) => notification.error?.errorNumber)).toEqual([
      undefined,
      9716,
      9641,
      9635,
    ]);
  });

  it('updates e-mail and account', async () => {
    const rig = new Rig();
    rig.admin.seedUsers(rig.uId, [{ clientUserId: 'u-1' }]);
    const users = [
      { clientUserId: 'u-1', email: 'new@example.test', managedAppleId: 'kim@appleid.example.test' },
      { clientUserId: 'u-2' },
    ];
    const status = await rig.run('/users/update', { users });
    expect(status.failures).toMatchObject([{ errorNumber: 9609, errorInfo: { clientUserIds: ['u-2'] } }]);
    expect((await rig.get('/users')).body.users).toMatchObject([
      { clientUserId: 'u-1', email: 'new@example.test', status: 'Associated' },
    ]);
  });

  it('retires, frees the revocable licences and keeps the rest', async () => {
    const rig = new Rig();
    rig.admin.seedUsers(rig.uId, [{ clientUserId: 'u-1' }]);
    await rig.run('/assets/associate', {
      assets: [{ adamId: '900000001' }, { adamId: '900000003' }],
      clientUserIds: ['u-1'],
    });
    await rig.subscribe();
    await rig.run('/users/retire', { users: [{ clientUserId: 'u-1' }] });
    expect(rig.admin.assets(rig.uId).map(({ assigned }) => assigned)).toEqual([0, 0, 1, 0]);
    const [retired] = (await rig.get('/users')).body.users ?? [];
    expect(retired).toMatchObject({ clientUserId: 'u-1', status: 'Retired' });
    expect(retired).not.toHaveProperty('inviteCode');
    expect(rig.received[0]?.notification.users).toMatchObject([
      { clientUserId: 'u-1', status: 'Retired', inviteCode: expect.any(String) as string },
    ]);
    const again = await rig.run('/users/retire', { users: [{ clientUserId: 'u-1' }] });
    expect(again.failures).toMatchObject([{ errorNumber: 9609 }]);
  });

  it('keeps any number of retired records beside the active one of an id', async () => {
    const rig = new Rig();
    const users = [{ clientUserId: 'u-1' }];
    for (let round = 0; round < 2; round += 1) {
      await rig.run('/users/create', { users });
      await rig.run('/users/retire', { users });
    }
    const { versionId } = (await rig.get('/users')).body;
    await rig.run('/users/create', { users });
    const statuses = async (query: string) =>
      (await rig.get(`/users?${query}`)).body.users?.map(({ status }) => status);
    expect(await statuses('clientUserId=u-1')).toEqual(['Retired', 'Retired', 'Registered']);
    expect(await statuses('activeOnly=true')).toEqual(['Registered']);
    expect(await statuses('retiredOnly=true')).toEqual(['Retired', 'Retired']);
    expect(await statuses(`sinceVersionId=${versionId}`)).toEqual(['Registered']);
    await rig.run('/users/retire', { users });
    expect(await statuses(`sinceVersionId=${versionId}`)).toEqual(['Retired']);
  });
});
