import { STRUCK_CALLS } from '../weather.js';
import type { Action } from './action.js';

const MINUTE_MS = 60_000;
/** Forward or back. */
const CLOCK_JUMPS_MS = [5, 95, 600, 20_000].flatMap((minutes) => [minutes * MINUTE_MS, -minutes * MINUTE_MS]);
const STORE_CALLS = STRUCK_CALLS.filter((call) => !call.startsWith('apple.'));

export const machine: readonly Action[] = [
  {
    name: 'killed',
    weight: 2,
    async run(world) {
      world.tell('the process is killed');
      await world.revive();
    },
  },
  {
    name: 'dies at a call',
    weight: 6,
    run(world) {
      const { dice, weather } = world;
      const call = dice.of(STRUCK_CALLS);
      weather.plan({ call, fate: dice.of(['dies-before', 'dies-after'] as const), skip: dice.between(0, 5) });
    },
  },
  {
    name: 'dies at an append',
    weight: 3,
    run({ dice, weather }) {
      const fate = dice.of(['dies-before', 'dies-after'] as const);
      weather.plan({ call: 'events.append', fate, skip: dice.between(0, 30) });
    },
  },
  {
    name: 'a call of a store fails',
    weight: 4,
    run({ dice, weather }) {
      for (let strokes = dice.between(1, 4); strokes > 0; strokes -= 1)
        weather.plan({ call: dice.of(STORE_CALLS), fate: 'fails', skip: dice.between(0, 10) });
    },
  },
  {
    name: 'an answer of a store is lost',
    weight: 4,
    run({ dice, weather }) {
      for (let strokes = dice.between(1, 3); strokes > 0; strokes -= 1)
        weather.plan({ call: dice.of(STORE_CALLS), fate: 'answer-lost', skip: dice.between(0, 10) });
    },
  },
  {
    name: 'the disk is full',
    weight: 1,
    run(world) {
      const seconds = world.dice.of([1, 10, 120]);
      world.tell(`the disk is full for ${seconds} s`);
      world.weather.fullUntil(world.virtual.clock.elapsed() + seconds * 1_000);
    },
  },
  {
    name: 'the disk cannot be read',
    weight: 1,
    run(world) {
      const seconds = world.dice.of([1, 10, 120]);
      world.tell(`the disk cannot be read for ${seconds} s`);
      world.weather.unreadableUntil(world.virtual.clock.elapsed() + seconds * 1_000);
    },
  },
  {
    name: 'restarted in order',
    weight: 1,
    async run(world) {
      world.tell('the process is restarted in order');
      try {
        await world.virtual.stop();
      } catch (error) {
        world.tell(`… and does not stop in order: ${(error as Error).message}`);
      }
      await world.revive();
    },
  },
  {
    name: 'the views are deleted',
    weight: 1,
    async run(world) {
      world.tell('the process is killed and its views are deleted');
      await world.revive({ withoutViews: true });
    },
  },
  {
    name: 'the clock is set',
    weight: 1,
    run(world) {
      const by = world.dice.of(CLOCK_JUMPS_MS);
      world.tell(`the clock is set by ${by / MINUTE_MS} minutes`);
      world.covered.add(by > 0 ? 'clock: forward' : 'clock: back');
      world.setClock(by);
    },
  },
];
