import { renewToken } from '@seatbook/application';
import type { Dice } from '../dice.js';
import {
  STRUCK_CALLS,
  appleCalls,
  storeCalls,
  struckCalls,
  type StruckCall,
  type Weather,
} from '../weather.js';
import type { Action } from './action.js';
import { place } from './place.js';
import { spoilSnapshots } from '../snapshots.js';

const MINUTE_MS = 60_000;
const CLOCK_JUMPS_MS = [5, 95, 600, 20_000].flatMap((minutes) => [minutes * MINUTE_MS, -minutes * MINUTE_MS]);

const DAY_MS = 24 * 60 * MINUTE_MS;
const TOKEN_LIVES_MS = 10 * DAY_MS;
const TOO_FAR_MS = 14 * DAY_MS;

/** One of the next calls of a kind is struck. */
function strike(
  call: StruckCall,
  fate: Parameters<Weather['plan']>[0]['fate'],
  { dice, weather }: { readonly dice: Dice; readonly weather: Weather },
): void {
  weather.plan({ call, fate, skip: dice.between(0, STRUCK_CALLS[call]) });
}

/** Every way in which every call can be struck: each number stands for one. */
const STROKES = [
  ...struckCalls.flatMap((call) => (['dies-before', 'dies-after'] as const).map((fate) => ({ call, fate }))),
  ...storeCalls.flatMap((call) => (['fails', 'answer-lost'] as const).map((fate) => ({ call, fate }))),
];

/** A few strokes that are already waiting when the product begins. The seed numbers the first: none is left out. */
export function strikeTheBeginning(seed: number, dice: Dice, weather: Weather): void {
  for (let strokes = dice.between(1, 4), number = seed; strokes > 0; strokes -= 1) {
    const { call, fate } = STROKES[number % STROKES.length] as (typeof STROKES)[number];
    strike(call, fate, { dice, weather });
    number = dice.between(0, STROKES.length - 1);
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
    name: 'dies while Apple is asked how an event stands',
    weight: 1,
    run(world) {
      const { dice } = world;
      world.tell('no notification comes, and the process dies as it asks');
      world.setSwitches({ notifications: { drop: 1 } });
      place(world, dice.of(world.sites), { kind: 'AssignLicense' });
      world.weather.plan({ call: 'apple.status', fate: dice.of(['dies-before', 'dies-after']), skip: 0 });
    },
  },
  {
    name: 'dies as licences go back',
    weight: 1,
    run(world) {
      const { dice } = world;
      world.tell('licences go back, and the process dies as it tells Apple');
      place(world, dice.of(world.sites), { kind: 'ReturnLicense' });
      const fate = dice.of(['dies-before', 'dies-after'] as const);
      world.weather.plan({ call: 'apple.disassociate', fate, skip: 0 });
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
    name: 'the views cannot be written',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      // Work that is planned now is not seen to be planned.
      if (dice.chance(0.7)) {
        place(world, dice.of(world.sites), { kind: dice.of(['AssignLicense', 'ReturnLicense'] as const) });
        await world.pass(dice.of([20, 100, 190]));
      }
      const seconds = dice.of([1, 20, 60]);
      world.tell(`the views cannot be written for ${seconds} s`);
      world.weather.viewsFullUntil(virtual.clock.elapsed() + seconds * 1_000);
    },
  },
  {
    name: 'snapshots go bad, and the process is killed',
    weight: 2,
    async run(world) {
      await spoilSnapshots(world);
      world.tell('the process is killed');
      await world.revive();
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
  {
    name: 'the clock is past the date of a token for a while',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const { uId } = site;
      const token = world.newToken(site, TOKEN_LIVES_MS);
      world.tell(`the token of ${uId} is renewed with one of ten days`);
      world.send('renewal', (caller) => renewToken(virtual.edge, { uId, file: token }, caller));
      await world.pass(10_000);
      world.tell('the clock is set two weeks ahead, and put right soon');
      world.setClock(TOO_FAR_MS);
      await world.pass(dice.of([5_000, 60_000]));
      world.setClock(-TOO_FAR_MS);
    },
  },
];
