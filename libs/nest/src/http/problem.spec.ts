import { CorruptEvent, InvalidCursor, StoreUnavailable } from '@seatbook/runtime';
import { ERROR_CODES, Refusal, asPosition, type ErrorCode } from '@seatbook/kernel';
import { answerTo, statusOf, titleOf } from './problem.js';

describe('what is answered to a failure', () => {
  it('of the storage says whether it passes', () => {
    const full = answerTo(new StoreUnavailable('events.db: disk full', 'SQLITE_FULL'), false);
    expect(full).toMatchObject({ status: 503, code: 'TRANSIENT_STORE', retryAfterSeconds: 10 });
    const damaged = answerTo(
      new StoreUnavailable('events.db: malformed', 'SQLITE_CORRUPT', null, true),
      false,
    );
    expect(damaged).toMatchObject({
      status: 500,
      code: 'CORRUPT_EVENT',
      facts: { reason: 'SQLITE_CORRUPT' },
    });
    expect(damaged).not.toHaveProperty('retryAfterSeconds');
    expect(answerTo(new CorruptEvent('asset-1', 3, asPosition(7)), false)).toMatchObject({
      status: 500,
      facts: { stream: 'asset-1', revision: 3, position: 7 },
    });
  });

  it('never quotes the storage', () => {
    const { detail, facts } =
      answerTo(new StoreUnavailable('/var/secret/events.db: x', 'SQLITE_IOERR'), false) ?? {};
    expect(JSON.stringify([detail, facts])).not.toContain('/var');
  });

  it('of a client is its own, with its status', () => {
    expect(answerTo(new InvalidCursor(), false)).toMatchObject({ status: 400, code: 'INVALID_CURSOR' });
    const changed = new Refusal('CONFLICT_VERSION', 'it has changed');
    expect([answerTo(changed, false)?.status, answerTo(changed, true)?.status]).toEqual([409, 412]);
    expect(answerTo(new Refusal('THROTTLED', 'too many', {}, 7), false)).toMatchObject({
      retryAfterSeconds: 7,
    });
  });

  it('is nothing for what nobody expected', () => {
    expect(answerTo(new Error('a bug'), false)).toBeNull();
    expect(answerTo('a text', false)).toBeNull();
  });

  it('has a title for every code', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[])
      expect([code, titleOf(statusOf(code))]).not.toEqual([code, 'Failed']);
  });
});
