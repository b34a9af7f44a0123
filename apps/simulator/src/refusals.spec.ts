import { Rig, serials } from './testing/rig.js';

const assets = [{ adamId: '900000001' }];
const serialNumbers = ['A'];
const users = (count: number) => Array.from({ length: count }, (_, i) => ({ clientUserId: `u-${i}` }));

describe('what Apple refuses at once', () => {
  it.each<[number, number, string, unknown]>([
    [9700, 400, '/assets/associate', { assets: serials(26).map((adamId) => ({ adamId })), serialNumbers }],
    [9701, 400, '/assets/associate', { assets, clientUserIds: serials(1001) }],
    [9702, 400, '/assets/associate', { assets, serialNumbers: serials(1001) }],
    [9702, 400, '/assets/disassociate', { assets, serialNumbers: serials(1001) }],
    [9701, 400, '/assets/revoke', { clientUserIds: serials(101) }],
    [9702, 400, '/assets/revoke', { serialNumbers: serials(101) }],
    [
      9703,
      400,
      '/assets/associate',
      { assets: [...assets, { adamId: '900000001', pricingParam: 'STDQ' }], serialNumbers },
    ],
    [9704, 400, '/assets/associate', { assets, clientUserIds: ['u', 'u'] }],
    [9705, 400, '/assets/associate', { assets, serialNumbers: ['A', 'A'] }],
    [9706, 400, '/assets/disassociate', { assets: [{ adamId: '900000003' }], clientUserIds: ['u'] }],
    [9707, 400, '/assets/associate', { assets: [{ adamId: '900000003' }], serialNumbers }],
    [9718, 400, '/assets/associate', { serialNumbers }],
    [9718, 400, '/assets/associate', { assets: [], serialNumbers }],
    [9719, 400, '/assets/associate', { assets }],
    [9719, 400, '/assets/associate', { assets, serialNumbers: [], clientUserIds: [] }],
    [9719, 400, '/assets/revoke', {}],
    [9714, 400, '/users/create', { users: users(101) }],
    [9715, 400, '/users/create', { users: [...users(1), ...users(1)] }],
    [9717, 400, '/users/create', { users: [{ clientUserId: 'u', email: 'nobody' }] }],
    [9720, 400, '/users/create', {}],
    [9720, 400, '/users/retire', { users: [] }],
    [9602, 400, '/assets/associate', { assets, serialNumbers: [1] }],
    [
      9602,
      400,
      '/assets/associate',
      { assets: [{ adamId: '900000001', pricingParam: 'GOLD' }], serialNumbers },
    ],
    [9602, 400, '/assets/associate', '{'],
    [9710, 400, '/client/config', { notificationUrl: 'https://mdm.example.test/n' }],
    [9710, 400, '/client/config', { notificationAuthToken: 'x' }],
    [
      9711,
      400,
      '/client/config',
      { notificationUrl: `https://mdm.example.test/${'n'.repeat(512)}`, notificationAuthToken: 'x' },
    ],
    [
      9711,
      400,
      '/client/config',
      { notificationUrl: 'https://mdm.example.test/n', notificationAuthToken: 'x'.repeat(513) },
    ],
    [
      9712,
      400,
      '/client/config',
      { notificationUrl: 'http://mdm.example.test/n', notificationAuthToken: 'x' },
    ],
    [
      9712,
      400,
      '/client/config',
      { notificationUrl: 'https://mdm.example.test/n?a=1', notificationAuthToken: 'x' },
    ],
    [9712, 400, '/client/config', { notificationUrl: 'nowhere', notificationAuthToken: 'x' }],
    [9713, 400, '/client/config', { mdmInfo: { id: 'i', name: 'n', metadata: 'm'.repeat(256) } }],
    [9723, 400, '/client/config', { mdmInfo: { id: 'i', name: 'n' } }],
    [9724, 400, '/client/config', { mdmInfo: { id: 'i'.repeat(101), name: 'n', metadata: '' } }],
    [9725, 400, '/client/config', { mdmInfo: { id: 'i', name: 'n'.repeat(101), metadata: '' } }],
    [9602, 400, '/client/config', { notificationTypes: ['GOSSIP'] }],
  ])('%i with HTTP %i at %s', async (errorNumber, httpStatus, path, body) => {
    const rig = new Rig();
    const answered = await rig.post(path, body);
    expect([answered.body.errorNumber, answered.status]).toEqual([errorNumber, httpStatus]);
    expect(answered.body).toMatchObject({ errorMessage: expect.any(String) as string, uId: rig.uId });
    await rig.clock.advance(10_000);
    expect(rig.admin.assignments(rig.uId)).toEqual({ assets: {}, users: {} });
    expect(rig.admin.users(rig.uId)).toEqual([]);
  });

  it('names what is wrong', async () => {
    const rig = new Rig();
    const mixed = { assets: [...assets, { adamId: '900000003' }], serialNumbers };
    expect((await rig.post('/assets/associate', mixed)).body.errorInfo).toEqual({
      assets: [{ adamId: '900000003', pricingParam: 'STDQ' }],
    });
    const twice = { assets, serialNumbers: ['A', 'B', 'A'] };
    expect((await rig.post('/assets/associate', twice)).body.errorInfo).toEqual({ serialNumbers: ['A'] });
  });

  it('refuses the wrong verb, content type and path', async () => {
    const rig = new Rig();
    const wrongVerb = await rig.get('/assets/associate');
    expect([wrongVerb.status, wrongVerb.body.errorNumber]).toEqual([405, 9726]);
    const wrongType = await rig.post('/assets/associate', {}, { 'content-type': 'text/plain' });
    expect([wrongType.status, wrongType.body.errorNumber]).toEqual([415, 9727]);
    const withCharset = { 'content-type': 'application/json; charset=utf-8' };
    expect((await rig.post('/assets/associate', {}, withCharset)).body.errorNumber).toBe(9718);
    expect((await rig.send('GET', '/licences')).status).toBe(404);
  });

  it('does not show events of another location', async () => {
    const rig = new Rig();
    const { body } = await rig.post('/assets/associate', { assets, serialNumbers });
    expect((await rig.get('/status?eventId=none')).body.errorNumber).toBe(9708);
    expect((await rig.get('/status')).body.errorNumber).toBe(9708);
    rig.token = rig.admin.createLocation({ name: 'Lyon Studio', country: 'FR' }).token;
    expect((await rig.get(`/status?eventId=${body.eventId}`)).body.errorNumber).toBe(9708);
  });

  it('refuses unknown users and assets at once where that is switched on', async () => {
    const rig = new Rig(1, { unknownUser: 'sync', unknownAsset: 'sync' });
    const user = await rig.post('/assets/associate', { assets, clientUserIds: ['u-unknown'] });
    expect([user.status, user.body.errorNumber]).toEqual([400, 9609]);
    expect(user.body.errorInfo).toEqual({ clientUserIds: ['u-unknown'] });
    const asset = await rig.post('/assets/associate', { assets: [{ adamId: '1' }], serialNumbers });
    expect(asset.body.errorNumber).toBe(9602);
  });

  it('enforces the limits that service/config shows', async () => {
    const rig = new Rig(1, { limits: { maxSerialNumbers: 2 } });
    expect((await rig.get('/service/config')).body['limits']).toMatchObject({
      maxSerialNumbers: 2,
      maxAssets: 25,
    });
    const three = await rig.post('/assets/associate', { assets, serialNumbers: serials(3) });
    expect(three.body.errorNumber).toBe(9702);
  });

  it('can answer errors with HTTP 200', async () => {
    const rig = new Rig(1, { errorsAs200: true });
    const { status, body } = await rig.post('/assets/associate', {});
    expect([status, body.errorNumber]).toEqual([200, 9718]);
  });
});
