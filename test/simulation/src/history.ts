import type { Milliseconds } from '@seatbook/kernel';
import { hasCode } from '@seatbook/runtime';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import type { Action } from './actions/action.js';
import { apple } from './actions/apple.js';
import { beginnings } from './actions/beginnings.js';
import { comingAndGoing } from './actions/coming-and-going.js';
import { deviceSettings } from './actions/device-settings.js';
import { owners } from './actions/owners.js';
import { devices } from './actions/devices.js';
import { groups } from './actions/groups.js';
import { machine, strikeTheBeginning } from './actions/machine.js';
import { people } from './actions/people.js';
import { persons } from './actions/persons.js';
import { servers } from './actions/servers.js';
import { workers } from './actions/workers.js';
import { COMPARED_FROM, attend, calm } from './calm.js';
import type { Coverage } from './coverage.js';
import { Dice } from './dice.js';
import { contradictions, logOf, unsettled } from './invariants.js';
import { lastOrder } from './last-order.js';
import { othersAtWork } from './others-at-work.js';
import { Standstill } from './standstill.js';
import { World, devicesIn, ownersIn, personsIn, settingsIn, workersOf, type Where } from './world.js';

/** How one seed's history ended. */
export interface Ending {
  readonly seed: number;
  readonly where: Where;
  /** What was wrong at the end; empty when all was well. */
  readonly wrong: readonly string[];
  /** Its process did not survive it. */
  readonly broke?: boolean;
  readonly story: readonly string[];
  /** Numbers of what happened: 0 is the beginning, the actions follow from 1 on. */
  readonly actions: readonly number[];
  readonly covered: Coverage;
}

/** One thing that happens, with dice of its own: it is the same whether or not others happen before it. */
interface Planned {
  readonly action: Action;
  readonly dice: Dice;
  readonly pause: Milliseconds;
}

const ACTIONS: readonly Action[] = [...people, ...persons, ...groups, ...apple, ...machine];

/** Names of all that can happen, as they are counted. */
export const actionNames: readonly string[] = [
  ...beginnings,
  ...ACTIONS,
  ...workers,
  ...devices,
  ...deviceSettings,
  ...owners,
  ...comingAndGoing,
].map(({ name }) => `action: ${name}`);

/** Pauses between two things that happen: most histories are made of what happens close together. */
const PAUSES_MS = [
  0, 0, 0, 0, 20, 60, 60, 250, 250, 250, 600, 600, 1_000, 1_000, 3_000, 3_000, 5_000, 5_000, 20_000, 30_000,
  60_000, 240_000,
];
/** Rounds of calm: together longer than any deadline, silence, retry or rhythm of the product. */
const CALM_MS = [
  30_000, 60_000, 120_000, 180_000, 180_000, 180_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
  3_600_000,
];

/** A last order may be the first to meet a dead token, and the next one to meet another MDM. */
const LAST_ORDERS = 4;

/**
 * What happens in a history. Each kind of action is in one of any few dozen consecutive seeds at least twice. On servers
 * half as much happens, since it costs ten times as much.
 */
function planOf(seed: number, where: Where): Planned[] {
  const dice = new Dice(seededRandom(seed * 104_729 + 3));
  const about = [
    ...(devicesIn(seed) ? devices : []),
    ...(settingsIn(seed) ? deviceSettings : []),
    ...(ownersIn(seed) ? owners : []),
    ...(personsIn(seed) ? comingAndGoing : []),
  ];
  const actions = [
    ...ACTIONS,
    ...(where === 'servers' ? servers : []),
    ...(workersOf(seed) > 1 ? workers : []),
    ...about,
  ];
  const many = settingsIn(seed) || ownersIn(seed) || personsIn(seed);
  const themes = ownersIn(seed) ? owners : many ? about : actions;
  const theme = themes[seed % themes.length] as Action;
  // Few worlds have settings of apps, persons with devices, or are about persons: more happens in each.
  const length = many ? 36 : dice.between(6, 30);
  return Array.from({ length: where === 'servers' ? Math.ceil(length / 2) : length }, (_planned, index) => {
    const own = new Dice(seededRandom(seed * 15_485_863 + index * 32_452_843));
    // Where there are devices, most that happens is about them, as it is about persons in some worlds.
    const ofThese = about.length > 0 && dice.chance(0.6);
    const action = index % 7 === 2 ? theme : dice.weighted(ofThese ? about : actions);
    return { action, dice: own, pause: dice.of(PAUSES_MS) };
  });
}

export interface LifeOptions {
  /** Numbers of what happens, all of it when absent: for finding a shorter history that goes wrong. */
  readonly kept?: ReadonlySet<number> | undefined;
  /** On servers answers come in an order that no seed decides: a history may differ from time to time. */
  readonly where?: Where;
  /** Hears the story as it is made. */
  readonly told?: (line: string) => void;
}

/**
 * Lives the history that a seed makes, lets all be calm, and looks whether everything is as it must be.
 */
export async function live(
  seed: number,
  { kept, where = 'embedded', told = () => undefined }: LifeOptions = {},
): Promise<Ending> {
  const world = await World.create(seed, where, told);
  const actions: number[] = [];
  const happens = (number: number): boolean => {
    const does = kept?.has(number) ?? true;
    if (does) actions.push(number);
    return does;
  };
  let wrong: string[];
  try {
    await begin(world, happens(0));
    for (const [index, planned] of planOf(seed, where).entries())
      if (happens(index + 1)) await act(planned, world);
    wrong = await endOf(world);
  } catch (error) {
    wrong = [`it broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  }
  try {
    await world.close();
  } catch (error) {
    wrong = [...wrong, `it did not end: ${error instanceof Error ? error.stack : String(error)}`];
  }
  return { seed, where, wrong, story: world.story, actions, covered: world.covered };
}

/** Most locations are imported at once. Whatever else happens meanwhile can be left out. */
async function begin(world: World, disturbed: boolean): Promise<void> {
  const { dice, seed } = world;
  const imported = dice.chance(0.9) ? world.sites : [];
  const pause = dice.of([0, 500, 10_000]);
  const own = new Dice(seededRandom(seed * 6_364_136 + 5));
  if (disturbed && own.chance(0.4)) strikeTheBeginning(seed, own, world.weather);
  if (seed % 25 === 20) {
    world.tell('Apple does not take the mark of a location at first');
    const marking = { path: '/client/config', method: 'POST' };
    world.virtual.simulator.admin.addErrorRule({ match: marking, times: 1, status: 503 });
  }
  for (const site of imported) world.importToken(site);
  if (disturbed && imported.length > 0) {
    const beginning = dice.weighted(beginnings);
    world.covered.add(`action: ${beginning.name}`);
    await beginning.run(world);
  }
  await world.pass(pause);
}

async function act({ action, dice, pause }: Planned, world: World): Promise<void> {
  world.covered.add(`action: ${action.name}`);
  world.dice = dice;
  try {
    await action.run(world);
  } catch (error) {
    // Who acts on the stores themselves meets a server that is away, as the product does.
    if (world.servers === null || !hasCode(error, 'STORE_UNAVAILABLE')) throw error;
    world.tell('… which a server prevents that is away');
  }
  await world.pass(pause);
}

async function endOf(world: World): Promise<string[]> {
  await calm(world);
  const wrong = await settled(world);
  if (wrong.length === 0) wrong.push(...(await othersAtWork(world)));
  if (wrong.length === 0) wrong.push(...(await promptInTheEnd(world)));
  wrong.push(...(await contradictions(world)));
  await countEvents(world);
  return wrong;
}

/** Waits until nothing is unsettled any more; what still is when no time is left, or nothing moves. */
async function settled(world: World): Promise<string[]> {
  const standstill = new Standstill(world);
  let left = CALM_MS.reduce((sum, ms) => sum + ms, 0);
  let wrong: string[] = [];
  for (const [round, ms] of CALM_MS.entries()) {
    await attend(world, round);
    await world.pass(ms);
    left -= ms;
    wrong = await unsettled(world);
    if (wrong.length === 0) break;
    // Until all is compared with Apple, pair by pair, it may come right that way.
    if (round >= COMPARED_FROM && (await standstill.reached(world.virtual.clock.now() + left))) break;
  }
  return wrong;
}

async function promptInTheEnd(world: World): Promise<string[]> {
  for (let number = 1; number <= LAST_ORDERS; number += 1) {
    const ended = await lastOrder(world, number);
    if (ended === 'none' || ended === 'ended') return [];
    if (ended !== 'held') return [ended.late];
    const wrong = await settled(world);
    if (wrong.length > 0) return wrong;
  }
  return ['each of the last orders met a refusal'];
}

/** Which events and steps occurred. A step is recognised by what it sends: it follows from its own stream's last event. */
async function countEvents(world: World): Promise<void> {
  const log = await logOf(world);
  const stamped = new Map(log.map(({ id, metadata }) => [id, metadata.next]));
  for (const { type, stream, metadata } of log) {
    world.covered.add(`event: ${type}`);
    const { cause, causationId } = metadata;
    const step = cause?.stream === stream ? stamped.get(causationId)?.step : undefined;
    if (step !== undefined) world.covered.add(`step: ${stream.slice(0, stream.indexOf('-'))} ${step}`);
  }
}
