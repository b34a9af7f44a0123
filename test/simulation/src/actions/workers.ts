import { STRUCK_CALLS, appleCalls, struckCalls } from '../weather.js';
import type { World } from '../world.js';
import type { Action } from './action.js';
import { place } from './place.js';

/** Shorter than a beat, and longer than each kind of lease. */
const SLEEPS_MS = [3_000, 20_000, 70_000, 150_000];
/** For so long a worker is not started again. */
const DEAD_MS = [0, 20_000, 90_000];

const anyOf = ({ dice, virtual }: World): number => dice.between(0, virtual.workers.length - 1);

/** What happens to workers, where there are several. */
export const workers: readonly Action[] = [
  {
    name: 'one of several workers is killed',
    weight: 4,
    async run(world) {
      const { dice, virtual } = world;
      const number = anyOf(world);
      world.tell(`worker ${number} is killed`);
      virtual.killOne(number);
      await world.pass(dice.of(DEAD_MS));
    },
  },
  {
    name: 'one of several workers ends in order',
    weight: 2,
    async run(world) {
      const { dice, virtual } = world;
      // The edge would end with the first.
      const number = dice.between(1, virtual.workers.length - 1);
      world.tell(`worker ${number} ends in order`);
      await virtual.stopOne(number);
      await world.pass(dice.of(DEAD_MS));
    },
  },
  {
    name: 'a machine is suspended',
    weight: 4,
    run(world) {
      const { dice, virtual } = world;
      const number = anyOf(world);
      const ms = dice.of(SLEEPS_MS);
      world.tell(`the machine of worker ${number} is suspended for ${ms / 1_000} s`);
      virtual.suspend(number, ms);
    },
  },
  {
    name: 'a machine is suspended at a call',
    weight: 6,
    async run(world) {
      const { dice, weather } = world;
      for (let strokes = dice.between(1, 3); strokes > 0; strokes -= 1) {
        const call = dice.of(struckCalls);
        const fate = dice.of(['sleeps-before', 'sleeps-after'] as const);
        weather.plan({ call, fate, skip: dice.between(0, STRUCK_CALLS[call]) });
      }
    },
  },
  {
    name: 'a machine is suspended while it sends an order to Apple',
    weight: 6,
    async run(world) {
      const { dice, sites, weather } = world;
      const fate = dice.of(['sleeps-before', 'sleeps-after'] as const);
      const beginning = { call: 'events.append', stream: 'appleCall-', skip: dice.between(1, 3) } as const;
      const token = { call: 'secrets.get', skip: 0 } as const;
      weather.plan({
        ...dice.of([beginning, beginning, token, { call: dice.of(appleCalls), skip: 0 }]),
        fate,
      });
      place(world, dice.of(sites), { kind: dice.of(['AssignLicense', 'ReturnLicense'] as const) });
      await world.pass(dice.of([1_000, 20_000, 100_000]));
    },
  },
];
