import type { PairDocument } from './asset/pairs-model.js';
import { DEFAULT_TIMINGS } from './timings.js';
import type { InstallationDocument } from './installation/installations-model.js';
import { whyOf, type Circumstances, type Why } from './why.js';

const AT = 1_700_000_000_000;

const pairIn = (state: PairDocument['state'], more: Partial<PairDocument> = {}) =>
  ({ state, reason: null, since: AT, ...more }) as PairDocument;

const appIn = (state: InstallationDocument['state'], more: Partial<InstallationDocument> = {}) =>
  ({
    state,
    reason: null,
    code: null,
    nextAt: null,
    endsAt: null,
    since: AT,
    ...more,
  }) as InstallationDocument;

const NOTHING: Circumstances = {
  person: false,
  pair: null,
  place: null,
  held: false,
  callDue: null,
  readingDue: null,
  activation: null,
  device: 'enrolled',
  installation: null,
  giveUpAt: null,
};

const why = (known: Partial<Circumstances>): Why => whyOf({ ...NOTHING, ...known }, DEFAULT_TIMINGS);
const assigned = pairIn('assigned');

describe('why an app is not installed', () => {
  it('names what is missing first on the way from the licence to the device', () => {
    const reasons = [
      why({}),
      why({ pair: pairIn('failed', { reason: 'no such device' }) }),
      why({ pair: pairIn('waiting', { reason: 'short' }) }),
      why({ pair: pairIn('reserved') }),
      why({ pair: pairIn('claimed') }),
      why({ pair: pairIn('claimed'), held: true }),
      why({ pair: pairIn('returning') }),
      why({ pair: assigned }),
      why({
        pair: assigned,
        device: 'checked-out',
        installation: appIn('failed', { reason: 'device-left' }),
      }),
      why({ pair: assigned, installation: appIn('wanted') }),
      why({ pair: assigned, installation: appIn('commanded') }),
      why({ pair: assigned, installation: appIn('put-off') }),
      why({ pair: assigned, installation: appIn('installing') }),
      why({ pair: assigned, installation: appIn('prompting') }),
      why({ pair: assigned, installation: appIn('retrying', { reason: 'licence-not-found' }) }),
      why({ pair: assigned, installation: appIn('failed', { reason: 'user-rejected' }) }),
      why({ pair: assigned, installation: appIn('removed') }),
      why({ pair: assigned, installation: appIn('cancelled') }),
      why({ installation: appIn('removing') }),
      why({ installation: appIn('not-removed', { reason: 'offline' }) }),
      why({ pair: assigned, installation: appIn('not-removed', { reason: 'offline' }) }),
      why({ pair: assigned, installation: appIn('installed') }),
    ].map(({ reason }) => reason);
    expect(reasons).toEqual([
      'no-licence',
      'licence-failed',
      'licence-waiting',
      'licence-reserved',
      'licence-claimed',
      'on-hold',
      'licence-returning',
      'not-rolled-out',
      'not-enrolled',
      'command-coming',
      'commanded',
      'put-off',
      'installing',
      'prompting',
      'retrying',
      'failed',
      'removed',
      'not-rolled-out',
      'removing',
      'not-removed',
      'not-removed',
      'installed',
    ]);
  });

  it('says what happens next, and when', () => {
    const { dispatchAfterMs, rolloutWaitMs } = DEFAULT_TIMINGS;
    expect(why({ pair: pairIn('reserved') }).next?.at).toBe(AT + dispatchAfterMs);
    const poll = { step: 'poll', at: AT + 5 };
    expect(why({ pair: pairIn('claimed'), callDue: poll }).next).toEqual({
      what: 'Apple is asked how far it is',
      at: AT + 5,
    });
    const reading = { step: 'read-totals', at: AT + 7 };
    expect(why({ pair: pairIn('waiting'), place: 3, readingDue: reading })).toMatchObject({
      text: 'It waits for a licence. It is number 3 of those who wait.',
      next: { what: 'the numbers of licences are read at Apple', at: AT + 7 },
      remedy: 'Buy licences at Apple, or return some that are not used.',
    });
    expect(why({ pair: assigned, installation: appIn('wanted') }).next?.at).toBe(AT + rolloutWaitMs);
    const prompting = appIn('prompting', { nextAt: AT + 9 });
    expect(why({ pair: assigned, installation: prompting, giveUpAt: AT + 99 })).toMatchObject({
      next: { at: AT + 9 },
      deadline: AT + 99,
      remedy: null,
    });
    const retrying = appIn('retrying', { reason: 'licence-not-found', code: 12064, nextAt: AT + 30 });
    expect(why({ pair: assigned, installation: retrying })).toMatchObject({
      text: 'The last try failed: the device does not find its licence (12064).',
      next: { at: AT + 30 },
    });
  });

  it('where nothing happens by itself any more, it says what a person can do', () => {
    const over = [
      {},
      { pair: pairIn('failed') },
      { pair: assigned },
      { pair: assigned, installation: appIn('failed', { reason: 'offline' }) },
      { pair: assigned, installation: appIn('failed', { reason: 'refused', code: 12008 }) },
      { pair: assigned, installation: appIn('removed') },
      { installation: appIn('not-removed', { reason: 'refused', code: 12021 }) },
      { pair: assigned, installation: appIn('not-removed', { reason: 'offline' }) },
    ] as const;
    for (const known of over) {
      expect(why(known).next).toBeNull();
      expect(why(known).remedy).toMatch(/\w\.$/);
    }
    expect(why({ pair: assigned, installation: appIn('installed') }).remedy).toBeNull();
  });

  it('an installed app whose licence went back is installed all the same', () => {
    const { reason, text } = why({ installation: appIn('installed', { endsAt: AT }) });
    expect([reason, text]).toEqual([
      'installed',
      'The app is installed, and its licence went back: it can be used for 30 days.',
    ]);
  });

  it('a13: a person who has not accepted is waited for, which is no failure', () => {
    const person = { person: true, pair: assigned };
    expect(why({ ...person, activation: 'invited' })).toMatchObject({
      reason: 'waiting-for-person',
      next: { at: null },
    });
    expect(why({ ...person, activation: 'associated' }).reason).toBe('offered-to-person');
    expect(why({ ...person, activation: 'retired' }).reason).toBe('person-not-active');
    expect(why({ ...person, pair: pairIn('waiting'), activation: 'invited' }).reason).toBe('licence-waiting');
  });
});
