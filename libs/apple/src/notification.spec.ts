import { isRefusal } from '@seatbook/kernel';
import fc from 'fast-check';
import { decodeNotification } from './notification.js';

const notificationId = 'e2a1c7be-0b8d-4f0e-9d1b-9b8f6f0f6a10';
const uId = '7700000000000001';
const decode = (notificationType: string, notification: unknown) =>
  decodeNotification({ notificationId, notificationType, uId, notification });
const pair = { adamId: '900000001', pricingParam: 'STDQ', serialNumber: 'SIMF0000001' };

describe('notifications of Apple', () => {
  it('test', () => {
    const test = { type: 'TEST_NOTIFICATION', notificationId };
    expect(decode('TEST_NOTIFICATION', {})).toEqual({ ...test, uId });
    expect(decodeNotification({ notificationId, notificationType: 'TEST_NOTIFICATION' })).toEqual({
      ...test,
      uId: null,
    });
  });

  it('report assignments that were made', () => {
    expect(
      decode('ASSET_MANAGEMENT', {
        eventId: 'e-1',
        type: 'ASSOCIATE',
        result: 'SUCCESS',
        assignments: [pair, { adamId: 900000002, clientUserId: 'u-1' }],
      }),
    ).toEqual({
      type: 'ASSET_MANAGEMENT',
      notificationId,
      uId,
      eventId: 'e-1',
      operation: 'ASSOCIATE',
      succeeded: true,
      errorNumber: null,
      assignments: [
        { ...pair, clientUserId: null },
        { adamId: '900000002', pricingParam: 'STDQ', serialNumber: null, clientUserId: 'u-1' },
      ],
    });
  });

  it('report those that failed', () => {
    const content = { eventId: 'e-1', type: 'DISASSOCIATE', result: 'FAILURE', assignments: [pair] };
    expect(decode('ASSET_MANAGEMENT', { ...content, error: { errorNumber: 9709 } })).toMatchObject({
      operation: 'DISASSOCIATE',
      succeeded: false,
      errorNumber: 9709,
    });
    expect(decode('ASSET_MANAGEMENT', content)).toMatchObject({ succeeded: false, errorNumber: null });
  });

  it('report counts', () => {
    expect(decode('ASSET_COUNT', { adamId: '9', pricingParam: 'PLUS', countDelta: -3 })).toEqual({
      type: 'ASSET_COUNT',
      notificationId,
      uId,
      asset: { adamId: '9', pricingParam: 'PLUS' },
      countDelta: -3,
    });
  });

  it('report users', () => {
    const user = {
      clientUserId: 'u-1',
      email: 'kim@example.test',
      status: 'Registered',
      idHash: null,
      inviteCode: 'i',
    };
    expect(
      decode('USER_MANAGEMENT', { eventId: 'e-2', type: 'CREATE', result: 'SUCCESS', users: [user] }),
    ).toMatchObject({ type: 'USER_MANAGEMENT', eventId: 'e-2', operation: 'CREATE', users: [user] });
    expect(
      decode('USER_ASSOCIATED', { associatedUsers: [{ clientUserId: 'u-1', status: 'Associated' }] }),
    ).toEqual({
      type: 'USER_ASSOCIATED',
      notificationId,
      uId,
      users: [{ clientUserId: 'u-1', email: null, status: 'Associated', idHash: null, inviteCode: null }],
    });
  });

  it('are kept if they cannot be parsed', () => {
    const content = { some: 'thing' };
    const unknown = (notificationType: string) => ({
      type: 'unknown',
      notificationId,
      uId,
      notificationType,
      notification: content,
    });
    for (const type of [
      'UNLIMITED_ASSET',
      'ASSET_MANAGEMENT',
      'ASSET_COUNT',
      'USER_MANAGEMENT',
      'USER_ASSOCIATED',
    ])
      expect(decode(type, content)).toEqual(unknown(type));
    const half = { eventId: 'e', type: 'ASSOCIATE', result: 'SUCCESS', assignments: [pair, { adamId: '9' }] };
    expect(decode('ASSET_MANAGEMENT', half)).toMatchObject({ type: 'unknown' });
  });

  it('are refused in one way if they are not notifications', () => {
    const soup = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          notificationId: fc.jsonValue(),
          notificationType: fc.oneof(
            fc.constantFrom('ASSET_MANAGEMENT', 'ASSET_COUNT', 'USER_ASSOCIATED'),
            fc.jsonValue(),
          ),
          uId: fc.jsonValue(),
          notification: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(soup, (body) => {
        try {
          expect(decodeNotification(body).notificationId).toBeTruthy();
        } catch (error) {
          expect(isRefusal(error) && error.code).toBe('INVALID_NOTIFICATION');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
