import { renewToken, retryParked } from '@seatbook/application';
import { OWNER } from '@seatbook/test-support/virtual-seatbook';
import type { World } from './world.js';

/** Apple behaves again, the disks are well, the clock is right. */
export async function calm(world: World): Promise<void> {
  const { admin } = world.virtual.simulator;
  world.tell('all is calm from here on');
  world.weather.clear();
  if (world.clockAhead !== 0) world.setClock(-world.clockAhead);
  admin.clearErrorRules();
  admin.clearFailPairs();
  admin.resetFaults();
  admin.resumeEvents();
  await admin.completeEvents();
  await world.pass(1_000);
}

/**
 * What people do in the end: clients ask again for what they have no answer to; a dead token is renewed, a location that
 * another MDM had is taken back, parked work is retried.
 */
export async function attend(world: World): Promise<void> {
  const { virtual, sites } = world;
  for (const sent of world.sent) if (!sent.answered && !sent.givenUp) world.ask(sent);
  for (const site of sites) {
    const account = await world.account(site);
    const { uId } = site;
    if (!account) {
      world.newToken(site);
      world.importToken(site);
    } else if (account.conflict) {
      await world.done(`${uId} is taken back`, () => world.takeBack(site));
    } else if (!account.usable) {
      const token = world.newToken(site);
      await world.done(`the token of ${uId} is renewed at last`, () =>
        renewToken(virtual.edge, { uId, file: token }, OWNER),
      );
    }
  }
  const { rows } = await virtual.stores.progress.parked({ limit: 100 });
  for (const stream of new Set(rows.map((work) => work.stream)))
    await world.done(`parked work of ${stream} is retried`, () => retryParked(virtual.edge, { stream }));
}
