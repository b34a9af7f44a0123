import { seededRandom } from '@seatbook/test-support/seeded-random';
import { reconciliationStream } from '@seatbook/licensing';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import { Dice } from '../dice.js';
import type { Site, World } from '../world.js';
import type { Action } from './action.js';
import { place } from './place.js';

/** How long it is waited for the account of an import, in looks of a quarter of a second. */
const LOOKS = 40;
const LOOK_MS = 250;
/** The last move of the other tool comes this long after the import. */
const TOOL_WORKS_MS = 15_000;
/** Pairs that the other tool has when the location is imported. */
const TOOL_PAIRS = 8;

/** Apple takes its time, and its lists have many pages: so much can happen while they are read. */
function readSlowly(world: World): void {
  world.setSwitches({
    latencyMs: { min: 50, max: 900 },
    pageSize: world.dice.of([2, 3, 10]),
    maxParallelPages: world.dice.of([1, 5]),
  });
}

async function untilImported(site: Site, world: World): Promise<boolean> {
  for (let look = 0; look < LOOKS; look += 1) {
    if ((await world.account(site)) !== null) return true;
    await world.pass(LOOK_MS);
  }
  return false;
}

/**
 * Something that the other tool does, to an app whose assignments the first read walks and before it has walked them
 * all: whatever it does later is not announced, and nobody compares it.
 */
async function move(site: Site, dice: Dice, world: World): Promise<void> {
  const { virtual } = world;
  const walked = await virtual.edge.runner.look(reconciliationStream(site.uId), (reading) =>
    reading.phase === 'assignments' && reading.first
      ? [...reading.walked, ...reading.toWalk].map(({ adamId }) => adamId)
      : [],
  );
  const adamIds = walked.filter((adamId) => site.adamIds.includes(adamId));
  if (adamIds.length === 0) return;
  const adamId = dice.of(adamIds);
  const { admin } = virtual.simulator;
  const there = admin.assignments(site.uId).assets[`${adamId}/STDQ`] ?? [];
  const held = there.filter((serial) => serial.startsWith('T'));
  if (held.length > 0 && dice.chance(0.6)) {
    const serialNumber = dice.of(held);
    world.tell(`another tool takes ${adamId} from ${serialNumber} during the first read`);
    world.attempt(() => admin.removeAssignment(site.uId, { adamId, serialNumber }));
    site.foreign.set(`${adamId} ${serialNumber}`, 'moved-at-first');
    return;
  }
  const spelled = new Set(there.map((serial) => serial.toUpperCase()));
  const without = world.devices.filter((serial) => !spelled.has(serial));
  const serialNumber =
    without.length > 0 && dice.chance(0.3)
      ? dice.of(without)
      : `T${String(100 + held.length).padStart(9, '0')}`;
  world.tell(`another tool assigns ${adamId} to ${serialNumber} during the first read`);
  world.attempt(() => admin.addAssignment(site.uId, { adamId, serialNumber }));
  site.foreign.set(`${adamId} ${serialNumber}`, 'moved-at-first');
}

/** What may happen while a location is imported and read for the first time. */
export const beginnings: readonly Action[] = [
  { name: 'nothing else happens', weight: 5, run: () => undefined },
  {
    name: 'orders while the location is read first',
    weight: 2,
    async run(world) {
      const { dice } = world;
      const site = dice.of(world.sites);
      readSlowly(world);
      if (!(await untilImported(site, world))) return;
      for (let orders = dice.between(1, 3); orders > 0; orders -= 1)
        place(world, site, {
          kind: dice.chance(0.85) ? 'AssignLicense' : 'ReturnLicense',
          ...(dice.chance(0.3) ? { assets: [stdq('999999999')] } : { serialNumbers: [...world.devices] }),
          ifShort: 'wait',
        });
    },
  },
  {
    name: 'another tool at work while the location is read first',
    weight: 2,
    run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      readSlowly(world);
      for (const adamId of site.adamIds) {
        const serialNumbers = Array.from(
          { length: Math.min(TOOL_PAIRS, world.available(site, adamId)) },
          (_serial, number) => `T${String(number).padStart(9, '0')}`,
        );
        if (serialNumbers.length > 0)
          world.attempt(() => virtual.simulator.admin.seedAssignments(site.uId, { adamId, serialNumbers }));
      }
      // Its choices are its own, whatever else the world does meanwhile.
      const own = new Dice(seededRandom(world.seed * 6_700_417 + 11));
      for (let moves = dice.between(5, 60); moves > 0; moves -= 1)
        virtual.clock.after(own.between(100, TOOL_WORKS_MS), () => {
          // Where our log cannot be read, nobody knows how far the reading is: it does nothing.
          move(site, own, world).catch(() => undefined);
        });
    },
  },
];
