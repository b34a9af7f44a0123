import type { Dice } from '../dice.js';
import {
  STRUCK_CALLS,
  appleCalls,
  storeCalls,
  struckCalls,
  type StruckCall,
  type Weather,
} from '../weather.js';
import type { World } from '../world.js';
import type { Action } from './action.js';

const MINUTE_MS = 60_000;
const CLOCK_JUMPS_MS = [5, 95, 600, 20_000].flatMap((minutes) => [minutes * MINUTE_MS, -minutes * MINUTE_MS]);

/** One of the next calls of a kind is struck. */
function strike(
  call: StruckCall,
  fate: Parameters<Weather['plan']>[0]['fate'],
  { dice, weather }: { readonly dice: Dice; readonly weather: Weather },
): void {
  weather.plan({ call, fate, skip: dice.between(0, STRUCK_CALLS[call]) });
}

/** A few strokes that are already waiting when the product begins. */
export function strikeTheBeginning(world: World): void {
  const { dice } = world;
  for (let strokes = dice.between(1, 4); strokes > 0; strokes -= 1) {
    const fate = dice.of(['fails', 'answer-lost', 'dies-before', 'dies-after'] as const);
    strike(dice.of(fate.startsWith('dies') ? struckCalls : storeCalls), fate, world);
  }
}

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
      const { dice } = world;
      strike(dice.of(struckCalls), dice.of(['dies-before', 'dies-after'] as const), world);
    },
  },
  {
    name: 'dies at a request to Apple',
    weight: 3,
    run(world) {
      const { dice } = world;
      strike(dice.of(appleCalls), dice.of(['dies-before', 'dies-after'] as const), world);
    },
  },
  {
    name: 'dies at an append',
    weight: 3,
    run(world) {
      strike('events.append', world.dice.of(['dies-before', 'dies-after'] as const), world);
    },
  },
  {
    name: 'a call of a store fails',
    weight: 4,
    run(world) {
      for (let strokes = world.dice.between(1, 4); strokes > 0; strokes -= 1)
        strike(world.dice.of(storeCalls), 'fails', world);
    },
  },
  {
    name: 'an answer of a store is lost',
    weight: 4,
    run(world) {
      for (let strokes = world.dice.between(1, 4); strokes > 0; strokes -= 1)
        strike(world.dice.of(storeCalls), 'answer-lost', world);
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
    weight: 1.5,
    async run(world) {
      const publicUrl = world.dice.of([undefined, null, 'https://seatbook.test', 'https://other.test']);
      world.tell(
        `the process is restarted in order${publicUrl === undefined ? '' : `, with the address ${publicUrl}`}`,
      );
      try {
        await world.virtual.restart(publicUrl === undefined ? {} : { publicUrl });
      } catch (error) {
        world.tell(`… which fails: ${(error as Error).message}`);
        await world.revive();
      }
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
    weight: 2,
    run(world) {
      const by = world.dice.of(CLOCK_JUMPS_MS);
      world.tell(`the clock is set by ${by / MINUTE_MS} minutes`);
      world.covered.add(by > 0 ? 'clock: forward' : 'clock: back');
      world.setClock(by);
    },
  },
];
