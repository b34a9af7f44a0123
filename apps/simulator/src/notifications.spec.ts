import { Rig, serials } from './testing/rig.js';

const minuteMs = 60_000;

describe('notifications', () => {
  it('cuts an event into notifications of at most 100 pairs of one asset, each success or one error', async () => {
    const rig = new Rig();
    rig.admin.purchase(rig.uId, { adamId: '900000001', count: 200 });
    await rig.subscribe();
    rig.admin.failPairs([{ adamId: '900000001', serialPrefix: 'BAD', errorNumber: 9603 }]);
    const targets = [...serials(150), ...serials(3, 1, 'BAD')];
    await rig.associate(['900000001', '900000004'], targets);
    const seen = rig.received.map(({ notification }) => ({
      adamIds: [...new Set(notification.assignments?.map(({ adamId }) => adamId))],
      count: notification.assignments?.length,
      result: notification.result,
      error: notification.error?.errorNumber,
    }));
    expect(seen).toEqual([
      { adamIds: ['900000001'], count: 100, result: 'SUCCESS', error: undefined },
      { adamIds: ['900000001'], count: 50, result: 'SUCCESS', error: undefined },
      { adamIds: ['900000001'], count: 3, result: 'FAILURE', error: 9603 },
      { adamIds: ['900000004'], count: 100, result: 'SUCCESS', error: undefined },
      { adamIds: ['900000004'], count: 53, result: 'SUCCESS', error: undefined },
    ]);
    expect(new Set(rig.received.map(({ notificationId }) => notificationId)).size).toBe(5);
    expect(rig.received[0]).toMatchObject({
      notificationType: 'ASSET_MANAGEMENT',
      uId: rig.uId,
      authorization: 'Bearer shared-secret',
      notification: { type: 'ASSOCIATE', assignments: expect.any(Array) as unknown[] },
    });
  });

  it('sends only what is subscribed to', async () => {
    const rig = new Rig();
    await rig.subscribe();
    await rig.post('/client/config', { notificationTypes: ['ASSET_COUNT'] });
    await rig.associate(['900000001'], ['A']);
    expect(rig.received).toEqual([]);
    rig.admin.purchase(rig.uId, { adamId: '900000001', count: 3 });
    await rig.clock.advance(0);
    expect(rig.received).toHaveLength(1);
  });

  it('announces purchases, refunds and transfers with signed counts', async () => {
    const rig = new Rig();
    await rig.subscribe();
    const other = rig.admin.createLocation({ name: 'Lyon Studio', country: 'FR' });
    rig.admin.purchase(rig.uId, { adamId: '900000002', count: 10 });
    rig.admin.refund(rig.uId, { adamId: '900000002', count: 3 });
    rig.admin.transfer(rig.uId, { adamId: '900000002', count: 4, to: other.uId });
    await rig.clock.advance(0);
    expect(rig.received.map(({ notification }) => notification['countDelta'])).toEqual([10, -3, -4]);
    expect(rig.admin.assets(rig.uId)[1]).toMatchObject({ total: 5, available: 5, retired: 3 });
    expect(rig.admin.assets(other.uId)).toMatchObject([{ adamId: '900000002', total: 4 }]);
  });

  it('tries three times, after 0, 60 and 240 seconds, with the same id', async () => {
    const rig = new Rig();
    await rig.subscribe();
    rig.answers = [500, 500, 204];
    const start = rig.clock.now();
    rig.admin.purchase(rig.uId, { adamId: '900000001', count: 1 });
    await rig.clock.advance(10 * minuteMs);
    expect(rig.received.map(({ at }) => at - start)).toEqual([0, minuteMs, 4 * minuteMs]);
    expect(new Set(rig.received.map(({ notificationId }) => notificationId)).size).toBe(1);
    expect(rig.admin.stats().notifications).toMatchObject({ attempts: 3, failedAttempts: 2, delivered: 1 });
  });

  it('gives up after the third attempt', async () => {
    const rig = new Rig();
    await rig.subscribe();
    rig.answers = ['unreachable', 301, 'unreachable', 200];
    rig.admin.purchase(rig.uId, { adamId: '900000001', count: 1 });
    await rig.clock.advance(60 * minuteMs);
    expect(rig.answers).toEqual([200]);
    expect(rig.admin.stats().notifications).toMatchObject({ delivered: 0, abandoned: 1, waiting: 0 });
  });

  it('drops, doubles, delays and shuffles on demand', async () => {
    const rig = new Rig(5);
    await rig.subscribe();
    rig.admin.setFaults({ notifications: { drop: 1 } });
    await rig.associate(['900000004'], serials(300));
    expect(rig.received).toHaveLength(0);
    expect(rig.admin.stats().notifications.dropped).toBe(3);

    rig.admin.setFaults({ notifications: { drop: 0, duplicate: 1 } });
    await rig.associate(['900000004'], serials(300, 1001));
    expect(rig.received).toHaveLength(6);
    expect(new Set(rig.received.map(({ notificationId }) => notificationId)).size).toBe(3);

    rig.received.length = 0;
    rig.admin.setFaults({ notifications: { duplicate: 0, delayMs: 30_000 } });
    await rig.associate(['900000004'], serials(100, 2001));
    expect(rig.received).toHaveLength(0);
    await rig.clock.advance(30_000);
    expect(rig.received).toHaveLength(1);

    rig.received.length = 0;
    rig.admin.setFaults({ notifications: { delayMs: 0, shuffleMs: 60_000 } });
    await rig.associate(['900000004'], serials(1000, 3001));
    await rig.clock.advance(60_000);
    const firsts = rig.received.map(({ notification }) => notification.assignments?.[0]?.serialNumber ?? '');
    expect(firsts).toHaveLength(10);
    expect(firsts).not.toEqual([...firsts].sort());
  });

  it('spaces the notifications of an event on demand', async () => {
    const rig = new Rig(1, { notifications: { spacingMs: 1_000 }, eventDelayMs: { min: 0, max: 0 } });
    await rig.subscribe();
    await rig.associate(['900000004'], serials(400));
    const times = rig.received.map(({ at }) => at);
    await rig.clock.advance(2_000);
    expect(times).toHaveLength(3);
    expect(rig.received).toHaveLength(4);
  });

  it('delivers early on demand: before the POST is answered', async () => {
    const rig = new Rig(1, { notifications: { early: true } });
    await rig.subscribe();
    let seenBeforeAnswer = 0;
    const post = rig
      .post('/assets/associate', { assets: [{ adamId: '900000001' }], serialNumbers: ['A'] })
      .then((answered) => {
        seenBeforeAnswer = rig.received.length;
        return answered;
      });
    const { body } = await post;
    expect(seenBeforeAnswer).toBe(1);
    expect(rig.received[0]?.notification.eventId).toBe(body.eventId);
    expect((await rig.get(`/status?eventId=${body.eventId}`)).body).toMatchObject({
      eventStatus: 'COMPLETE',
    });
  });

  it('announces accepted invites', async () => {
    const rig = new Rig();
    await rig.subscribe();
    await rig.run('/users/create', { users: [{ clientUserId: 'u-1', email: 'kim@example.test' }] });
    rig.received.length = 0;
    rig.admin.acceptInvite(rig.uId, 'u-1', 'kim@private.example.test');
    await rig.clock.advance(0);
    expect(rig.received[0]).toMatchObject({
      notificationType: 'USER_ASSOCIATED',
      notification: {
        associatedUsers: [
          {
            clientUserId: 'u-1',
            status: 'Associated',
            idHash: expect.any(String) as string,
            inviteCode: expect.any(String) as string,
          },
        ],
      },
    });
  });
});
