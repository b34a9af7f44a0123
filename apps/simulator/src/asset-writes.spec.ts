import { Rig, serials } from './testing/rig.js';

describe('associate, disassociate and revoke', () => {
  it('runs an event over the cross product and completes it after its delay', async () => {
    const rig = new Rig();
    const { body } = await rig.post('/assets/associate', {
      assets: [{ adamId: '900000001' }, { adamId: '900000004', pricingParam: 'STDQ' }],
      serialNumbers: serials(3),
    });
    expect((await rig.get(`/status?eventId=${body.eventId}`)).body).toMatchObject({
      eventStatus: 'PENDING',
      eventType: 'ASSOCIATE',
      numRequested: 6,
      numCompleted: 0,
    });
    await rig.clock.advance(199);
    expect((await rig.get(`/status?eventId=${body.eventId}`)).body).toMatchObject({ eventStatus: 'PENDING' });
    await rig.clock.advance(1801);
    const done = (await rig.get(`/status?eventId=${body.eventId}`)).body;
    expect(done).toMatchObject({ eventStatus: 'COMPLETE', numRequested: 6, numCompleted: 6 });
    expect(done).not.toHaveProperty('failures');
    expect(rig.admin.assignments(rig.uId).assets).toEqual({
      '900000001/STDQ': serials(3),
      '900000004/STDQ': serials(3),
    });
  });

  it('tells of pairs that an event changed which a later one had overtaken, until one that comes later still settles it', async () => {
    const rig = new Rig(1, { eventDelayMs: { min: 0, max: 0 }, eventDelayPerTaskMs: 100 });
    const assets = [{ adamId: '900000001' }];
    const [first = '', second = ''] = serials(2);
    await rig.post('/assets/associate', { assets, serialNumbers: [first, second] });
    await rig.post('/assets/disassociate', { assets, serialNumbers: [first] });
    await rig.clock.advance(100);
    expect(rig.admin.overtaken(rig.uId)).toEqual({});
    await rig.clock.advance(100);
    expect(rig.admin.assignments(rig.uId).assets).toEqual({ '900000001/STDQ': [first, second] });
    expect((await rig.get(`/admin/locations/${rig.uId}/overtaken`)).body).toEqual({
      '900000001/STDQ': [first],
    });
    await rig.post('/assets/disassociate', { assets, serialNumbers: [first] });
    await rig.clock.advance(100);
    expect(rig.admin.overtaken(rig.uId)).toEqual({});
  });

  it('obeys what an asset is for from the moment on when that changes', async () => {
    const rig = new Rig();
    const assets = [{ adamId: '900000001' }];
    const traits = { adamId: '900000001', deviceAssignable: false };
    expect((await rig.post(`/admin/locations/${rig.uId}/traits`, traits)).status).toBe(200);
    const refused = await rig.post('/assets/associate', { assets, serialNumbers: serials(1) });
    expect(refused.body.errorNumber).toBe(9707);
    const listed = (await rig.get('/assets')).body.assets?.find(({ adamId }) => adamId === '900000001');
    expect(listed).toMatchObject({ deviceAssignable: false, revocable: true });
  });

  it('lets the first pairs win where licences run out', async () => {
    const rig = new Rig();
    const status = await rig.associate(['900000001', '900000002'], serials(4));
    expect(status).toMatchObject({ eventStatus: 'FAILED', numRequested: 8, numCompleted: 6 });
    expect(status.failures).toEqual([
      {
        errorNumber: 9709,
        errorMessage: expect.any(String) as string,
        errorInfo: {
          assets: [{ adamId: '900000002', pricingParam: 'STDQ' }],
          serialNumbers: serials(4).slice(2),
        },
      },
    ]);
    expect(rig.admin.assignments(rig.uId).assets['900000002/STDQ']).toEqual(serials(2));
  });

  it('fails the whole asset where that is switched on', async () => {
    const rig = new Rig(1, { shortage: 'whole-asset' });
    await rig.associate(['900000002'], ['X']);
    const status = await rig.associate(['900000001', '900000002'], ['X', 'Y', 'Z']);
    expect(status).toMatchObject({ eventStatus: 'FAILED', numCompleted: 4 });
    expect(rig.admin.assignments(rig.uId).assets['900000002/STDQ']).toEqual(['X']);
  });

  it('fails unknown users in the event and names them alone where they fail for every asset', async () => {
    const rig = new Rig();
    rig.admin.seedUsers(rig.uId, [{ clientUserId: 'u-1' }]);
    const status = await rig.run('/assets/associate', {
      assets: [{ adamId: '900000001' }, { adamId: '900000004' }],
      serialNumbers: ['A'],
      clientUserIds: ['u-1', 'u-unknown'],
    });
    expect(status).toMatchObject({ eventStatus: 'FAILED', numRequested: 6, numCompleted: 4 });
    expect(status.failures).toMatchObject([
      { errorNumber: 9609, errorInfo: { clientUserIds: ['u-unknown'] } },
    ]);
    expect(status.failures?.[0]?.errorInfo).not.toHaveProperty('assets');
  });

  it('takes what is assigned or absent already as success, without counting it twice', async () => {
    const rig = new Rig();
    await rig.associate(['900000002'], ['A', 'B']);
    expect(await rig.associate(['900000002'], ['A', 'B'])).toMatchObject({ eventStatus: 'COMPLETE' });
    const body = { assets: [{ adamId: '900000002' }], serialNumbers: ['A', 'never'] };
    expect(await rig.run('/assets/disassociate', body)).toMatchObject({
      eventStatus: 'COMPLETE',
      eventType: 'DISASSOCIATE',
      numCompleted: 2,
    });
    expect(rig.admin.assets(rig.uId)[1]).toMatchObject({ total: 2, assigned: 1, available: 1 });
    expect(rig.admin.stats().pairs).toMatchObject({
      associated: 2,
      alreadyAssociated: 2,
      disassociated: 1,
      alreadyAbsent: 1,
    });
  });

  it('refuses repeats per pair where that is switched on', async () => {
    const rig = new Rig(1, { rejectReassociate: true, rejectDisassociateAbsent: true });
    await rig.associate(['900000001'], ['A']);
    expect((await rig.associate(['900000001'], ['A', 'B'])).failures).toMatchObject([{ errorNumber: 9616 }]);
    const body = { assets: [{ adamId: '900000001' }], serialNumbers: ['C'] };
    expect((await rig.run('/assets/disassociate', body)).failures).toMatchObject([{ errorNumber: 9619 }]);
  });

  it('has no licence of an asset that the location does not own', async () => {
    const status = await new Rig().associate(['900000099'], ['A']);
    expect(status).toMatchObject({ eventStatus: 'FAILED', numCompleted: 0 });
    expect(status.failures).toMatchObject([{ errorNumber: 9709 }]);
  });

  it('revokes every revocable asset of the targets', async () => {
    const rig = new Rig();
    rig.admin.seedUsers(rig.uId, [{ clientUserId: 'u-1' }]);
    await rig.associate(['900000001', '900000004'], ['A', 'B']);
    await rig.run('/assets/associate', {
      assets: [{ adamId: '900000001' }, { adamId: '900000003' }],
      clientUserIds: ['u-1'],
    });
    await rig.subscribe();
    const status = await rig.run('/assets/revoke', { serialNumbers: ['A', 'none'], clientUserIds: ['u-1'] });
    expect(status).toMatchObject({
      eventStatus: 'COMPLETE',
      eventType: 'REVOKE',
      numRequested: 3,
      numCompleted: 3,
    });
    expect(rig.admin.assignments(rig.uId)).toEqual({
      assets: { '900000001/STDQ': ['B'], '900000004/STDQ': ['B'] },
      users: { '900000003/STDQ': ['u-1'] },
    });
    expect(
      rig.received.map(({ notification }) => [notification.type, notification.assignments?.length]),
    ).toEqual([
      ['REVOKE', 2],
      ['REVOKE', 1],
    ]);
  });

  it('makes chosen pairs fail', async () => {
    const rig = new Rig();
    rig.admin.failPairs([
      { adamId: '900000001', serialPrefix: 'BAD', errorNumber: 9603 },
      { serialNumber: 'ONCE', errorNumber: 9644, times: 1 },
    ]);
    const status = await rig.associate(['900000001', '900000004'], ['A', 'BAD1', 'BAD2', 'ONCE']);
    expect(status).toMatchObject({ eventStatus: 'FAILED', numCompleted: 5 });
    expect(status.failures).toMatchObject([
      { errorNumber: 9603, errorInfo: { serialNumbers: ['BAD1', 'BAD2'] } },
      { errorNumber: 9644, errorInfo: { serialNumbers: ['ONCE'] } },
    ]);
    expect(await rig.associate(['900000001'], ['ONCE'])).toMatchObject({ eventStatus: 'COMPLETE' });
  });

  it('refuses a request with a poisonous pair as a whole', async () => {
    const rig = new Rig();
    rig.admin.failPairs([{ serialNumber: 'POISON', syncRefuse: 'target', errorNumber: 9602 }]);
    const body = { assets: [{ adamId: '900000001' }], serialNumbers: ['A', 'POISON'] };
    const named = await rig.post('/assets/associate', body);
    expect([named.status, named.body.errorNumber]).toEqual([400, 9602]);
    expect(named.body.errorInfo).toEqual({ serialNumbers: ['POISON'] });
    rig.admin.clearFailPairs();
    rig.admin.failPairs([{ serialNumber: 'POISON', syncRefuse: 'none' }]);
    expect((await rig.post('/assets/associate', body)).body).not.toHaveProperty('errorInfo');
    expect(rig.admin.stats().writes.associate).toEqual({ received: 2, accepted: 0, applied: 0 });
  });

  it('leaves the first matching requests alone where a rule says so', async () => {
    const rig = new Rig();
    rig.admin.failPairs([{ serialNumber: 'POISON', syncRefuse: 'target', skip: 1 }]);
    const body = { assets: [{ adamId: '900000001' }], serialNumbers: ['POISON'] };
    expect((await rig.post('/assets/associate', body)).status).toBe(200);
    expect((await rig.post('/assets/associate', body)).body.errorNumber).toBe(9602);
  });

  it('groups failures by asset where that is switched on', async () => {
    const rig = new Rig(1, { statusGrouping: 'asset' });
    rig.admin.failPairs([
      { adamId: '900000001', serialNumber: 'A' },
      { adamId: '900000004', serialNumber: 'B' },
    ]);
    const status = await rig.associate(['900000001', '900000004'], ['A', 'B']);
    expect(status.failures?.map(({ errorInfo }) => errorInfo)).toEqual([
      { assets: [{ adamId: '900000001', pricingParam: 'STDQ' }], serialNumbers: ['A'] },
      { assets: [{ adamId: '900000004', pricingParam: 'STDQ' }], serialNumbers: ['B'] },
    ]);
  });

  it('holds events while paused, and never completes them where that is switched on', async () => {
    const rig = new Rig();
    const body = { assets: [{ adamId: '900000001' }], serialNumbers: ['A'] };
    rig.admin.pauseEvents();
    await rig.post('/assets/associate', body);
    await rig.clock.advance(60_000);
    expect(rig.admin.stats()).toMatchObject({ eventsPending: 1, associateReceived: 1, associateApplied: 0 });
    rig.admin.resumeEvents();
    expect(rig.admin.stats()).toMatchObject({ eventsPending: 0, associateApplied: 1 });
    rig.admin.setFaults({ eventDelayMs: 'never' });
    await rig.post('/assets/associate', body);
    await rig.clock.advance(3_600_000);
    expect(rig.admin.stats().eventsPending).toBe(1);
    expect(await rig.admin.completeEvents()).toBe(1);
    expect(rig.admin.stats().eventsPending).toBe(0);
  });

  it('keeps a forced refund visible: the total falls below what is assigned', async () => {
    const rig = new Rig();
    await rig.associate(['900000002'], ['A', 'B']);
    expect(() => rig.admin.refund(rig.uId, { adamId: '900000002', count: 1 })).toThrow('free');
    rig.admin.refund(rig.uId, { adamId: '900000002', count: 1, force: true });
    const { body } = await rig.get('/assets?adamId=900000002');
    expect(body.assets?.[0]).toMatchObject({
      totalCount: 1,
      assignedCount: 2,
      availableCount: 0,
      retiredCount: 1,
    });
  });
});
