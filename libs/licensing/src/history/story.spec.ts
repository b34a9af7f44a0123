import { STEPS_REVISED, type Envelope, type EventOf, type Story } from '@seatbook/kernel';
import { LOCATION, PAGES } from '@seatbook/test-support/licensing-builders';
import { everyEvent } from '@seatbook/test-support/licensing-journey';
import type { AccountEvent } from '../account/account-events.js';
import { accountStory } from '../account/account-story.js';
import { licensingEventTypes } from '../licensing.js';
import { storyOf, subjectsOf, timelinesOf } from './story.js';
import type { StoryContext } from '../wording.js';

const journey = everyEvent().log.envelopes;
const context: StoryContext = {
  holder: null,
  assetName: (_uId, { adamId }) => (adamId === PAGES.adamId ? 'Pages' : 'Keynote'),
  errorMeaning: () => 'a reason',
};
const first = (type: string): Envelope => {
  const event = journey.find((one) => one.type === type);
  if (!event) throw new Error(`no ${type} in the journey`);
  return event;
};

describe('stories', () => {
  it.each(licensingEventTypes.map(({ type }) => type))('%s is told in a sentence', (type) => {
    for (const event of journey.filter((one) => one.type === type)) {
      const lives = [null, ...(subjectsOf(event)?.holders ?? [])];
      for (const holder of lives) {
        const story = storyOf(event, { ...context, holder });
        expect(story).toMatch(/^[A-Z0-9].*\.$/);
        expect(story).not.toMatch(/undefined|null|NaN|\[object| {2}|\.\./);
      }
    }
  });

  it.each([
    ['account.imported', 'The location Berlin Office was imported as "Berlin".'],
    ['order.placed', 'An order was placed: assign Pages to 4 holders.'],
    ['asset.licenses-reserved', 'Licences of Pages: 3 reserved, 1 waiting.'],
    ['call.started', 'Attempt 1 of the call was sent to Apple.'],
    ['appleEvent.bound', "Apple's event belongs to the call call-1 with 2 pairs."],
    ['notification.test-received', 'Apple sent a test notification.'],
    ['reconciliation.first-read-started', 'The first full read of the location started.'],
  ])('%s reads as a person would say it', (type, story) => {
    expect(storyOf(first(type), context)).toBe(story);
  });

  it('tell the life of one holder without counting the others', () => {
    const event = first('asset.licenses-assigned');
    const [holder = ''] = subjectsOf(event)?.holders ?? [];
    expect(storyOf(event, { ...context, holder })).toBe('A licence of Pages was assigned.');
  });

  it('tell of a moment that was noted again, whatever stream it is of', () => {
    for (const type of ['account.owned', 'order.placed'])
      expect(storyOf({ ...first(type), type: STEPS_REVISED }, context)).toBe(
        'What is to be done next, and when, was noted again.',
      );
  });

  it('name a type that this build does not know', () => {
    const event = { ...first('account.owned'), type: 'account.painted' };
    expect(storyOf(event, context)).toBe('account.painted');
  });

  it('do not compile where an event is forgotten, or told of what it does not have', () => {
    const { 'account.owned': owned, ...others } = accountStory;
    // @ts-expect-error account.owned is forgotten
    const forgotten: Story<AccountEvent, StoryContext> = others;
    expect(Object.keys(forgotten)).not.toContain('account.owned');
    const wrong: Story<EventOf<AccountEvent, 'account.owned'>, StoryContext> = {
      // @ts-expect-error it has no reason
      'account.owned': ({ data }) => String(data.reason),
    };
    expect(Object.keys(wrong)).toEqual(['account.owned']);
    expect(owned).toBeDefined();
  });
});

describe('the timelines of an event', () => {
  it('are those of its account, asset, orders and holders, each once', () => {
    const event = first('asset.licenses-assigned');
    const timelines = timelinesOf(event);
    expect(timelines).toContain(`account ${LOCATION}`);
    expect(timelines).toContain(`asset ${LOCATION}.${PAGES.adamId}.${PAGES.pricingParam}`);
    expect(timelines.filter((timeline) => timeline.startsWith('order '))).not.toEqual([]);
    expect(timelines.filter((timeline) => timeline.startsWith('holder '))).not.toEqual([]);
    expect(new Set(timelines).size).toBe(timelines.length);
  });

  it('include those of the holders whose remembered returns ended', () => {
    const timelines = timelinesOf(first('asset.returns-ended'));
    expect(timelines.filter((timeline) => timeline.startsWith('holder '))).not.toEqual([]);
  });

  it('leave out holders where the business is that of a call', () => {
    const timelines = timelinesOf(first('asset.licenses-claimed'));
    expect(timelines.filter((timeline) => timeline.startsWith('holder '))).toEqual([]);
  });
});
