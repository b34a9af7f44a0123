import { renewToken, retryParked, syncAccount } from '@seatbook/application';
import { OWNER } from '@seatbook/test-support/virtual-seatbook';
import { calmDevices } from './actions/devices.js';
import type { World } from './world.js';

/** From this round of calm on all is compared with Apple, pair by pair: some worlds wait a day for that. */
export const COMPARED_FROM = 6;

/** Who gave up asking comes back in this round of calm: by then, what was half done is abandoned. */
const GIVEN_UP_UNTIL = 3;

/** Apple behaves again, the disks are well, the clock is right. */
export async function calm(world: World): Promise<void> {
  const { admin } = world.virtual.simulator;
  world.tell('all is calm from here on');
  world.weather.clear();
  world.virtual.wake();
  await world.virtual.backEnd.calm();
  if (world.clockAhead !== 0) world.setClock(-world.clockAhead);
  admin.clearErrorRules();
  admin.clearFailPairs();
  admin.resetFaults();
  // Apple is calm and as fast as it was: what is under way is not overtaken by all that comes.
  admin.setFaults({ eventDelayMs: world.eventDelayMs });
  admin.resumeEvents();
  await calmDevices(world);
  await world.pass(1_000);
}

/**
 * What people do in the end: clients ask again for what they have no answer to; a dead token is renewed, a location that
 * another MDM had is taken back, parked work is retried.
 */
export async function attend(world: World, round: number): Promise<void> {
  const { virtual, sites } = world;
  for (const sent of world.sent)
    if (!sent.answered && (!sent.givenUp || round >= GIVEN_UP_UNTIL)) world.ask(sent);
  for (const site of sites) {
    const account = await world.account(site);
    const { uId } = site;
    if (!account) {
      world.newToken(site);
      // Another MDM may have it.
      world.importToken(site, true);
    } else if (account.tokenState !== 'active' || site.readOnly) {
      const token = world.newToken(site);
      await world.done(`the token of ${uId} is renewed at last`, () =>
        renewToken(virtual.edge, { uId, file: token }, OWNER),
      );
    } else if (round >= COMPARED_FROM && account.usable && account.firstReadAt !== null) {
      await world.done(`${uId} is compared with Apple`, () =>
        syncAccount(virtual.edge, { uId, full: true }, OWNER),
      );
    } else if (account.conflict || account.givenUp) {
      await world.done(`${uId} is taken back`, () => world.takeBack(site));
    }
  }
  const { rows } = await virtual.stores.progress.parked({ limit: 100 });
  for (const stream of new Set(rows.map((work) => work.stream)))
    await world.done(`parked work of ${stream} is retried`, () => retryParked(virtual.edge, { stream }));
}
