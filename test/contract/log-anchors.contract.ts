import { randomUUID } from 'node:crypto';
import { asPosition } from '@seatbook/kernel';
import type { LogAnchor, LogAnchors } from '@seatbook/runtime';
import { runContract, type Cases, type Fixture } from './contract.js';
import { same } from './same.js';

export interface LogAnchorsFixture extends Fixture {
  readonly store: LogAnchors;
  /** Ends the store and opens it again, as another process does. */
  reopen(): Promise<LogAnchors>;
}

const anchorAt = (position: number): LogAnchor => ({
  log: '00000000-0000-4000-8000-000000000001',
  position: asPosition(position),
  eventId: randomUUID(),
});

export const logAnchorsCases: Cases<LogAnchorsFixture> = {
  'nothing was noted at first, and then what was saved': async ({ store }) => {
    same(await store.load(), null);
    const anchor = anchorAt(548);
    await store.save(anchor);
    same(await store.load(), anchor);
  },

  'the one that is furthest on stays, in whatever order they are saved': async ({ store }) => {
    const furthest = anchorAt(9_007_199_254_740_991);
    await Promise.all([anchorAt(700), furthest, anchorAt(800)].map((anchor) => store.save(anchor)));
    same(await store.load(), furthest);
    await store.save(anchorAt(900));
    same(await store.load(), furthest);
  },

  'at one position the first stays: it was delivered': async ({ store }) => {
    const first = anchorAt(548);
    await store.save(first);
    await store.save(anchorAt(548));
    same(await store.load(), first);
  },

  'what was saved is there for the next process': async (fixture) => {
    const anchor = anchorAt(548);
    await fixture.store.save(anchor);
    const reopened = await fixture.reopen();
    same(await reopened.load(), anchor);
  },
};

/** Runs the contract of the LogAnchors port. */
export const logAnchorsContract = (name: string, open: () => Promise<LogAnchorsFixture>): void =>
  runContract(`${name} keeps the contract of LogAnchors`, logAnchorsCases, open);
