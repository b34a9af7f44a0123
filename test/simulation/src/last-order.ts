import { placeOrder } from '@seatbook/application';
import type { Milliseconds } from '@seatbook/kernel';
import { assetKey, queryModels, unreservedOf } from '@seatbook/licensing';
import { OWNER, stdq } from '@seatbook/test-support/virtual-seatbook';
import type { Site, World } from './world.js';

/** Devices that nothing was ever ordered for, by number. */
const SERIAL = 'LAST00000';
/** What an order takes beside Apple's own time, where notifications come; without them the status is polled. */
const PROMPT_MS: Milliseconds = 15_000;
const POLLED_MS: Milliseconds = 60_000;
/** A few hands through which an order goes, from one worker to another. */
const HANDED_ON_MS: Milliseconds = 120_000;
/** Where it is looked whether the order has ended. */
const LOOK_MS: Milliseconds = 1_000;

/** How the last order went: there was none to give, it ended in time, it met a refusal that nobody had met, or it is late. */
export type LastOrder = 'none' | 'ended' | 'held' | { readonly late: string };

/**
 * When all is calm, an order for a licence that is free ends at once: what waits for a wake-up that got lost comes to
 * pass all the same, but late.
 */
export async function lastOrder(world: World, number: number): Promise<LastOrder> {
  const { virtual, sites } = world;
  for (const site of sites) {
    const account = await world.account(site);
    const adamId = await appWithFreeLicence(site, world);
    // After refusals it waits for a probe; with another address at Apple it waits until that is seen.
    const { subscribed = false, notificationUrl = null, writesHeld = null } = account ?? {};
    const atApple = addressAtApple(site, world);
    if (adamId === null || writesHeld !== null || (subscribed && atApple !== notificationUrl)) continue;
    const request = {
      kind: 'AssignLicense',
      uId: site.uId,
      assets: [stdq(adamId)],
      serialNumbers: [`${SERIAL}${number}`],
      ifShort: 'refuse',
      platform: null,
    } as const;
    world.tell(`a last order of ${adamId}`);
    const { orderId } = await virtual.until(placeOrder(virtual.edge, request, OWNER));
    const several = virtual.workers.length > 1;
    // On servers a subscription that was dropped is opened again after a pause, which may have begun just now.
    const prompt = world.servers ? POLLED_MS : PROMPT_MS;
    const alone = (subscribed ? prompt : POLLED_MS) + world.eventDelayMs.max;
    // What one worker does another one sees when it looks, and here they look at ease.
    const within = several ? alone + HANDED_ON_MS : alone;
    for (let passed = 0; passed < within; passed += LOOK_MS) {
      if ((await virtual.order(orderId))?.state === 'finished') {
        world.covered.add(subscribed ? 'last order: notified' : 'last order: polled');
        return 'ended';
      }
      await world.pass(LOOK_MS);
    }
    // A token that was dead, or a location that was another MDM's, without anybody having seen it so far.
    if (!(await world.account(site))?.usable) return 'held';
    const late = JSON.stringify(await virtual.order(orderId));
    return { late: `the last order has not ended within ${within / 1_000} s: ${late}` };
  }
  return 'none';
}

/** Where Apple sends the notifications of a location. */
export const addressAtApple = ({ uId }: Site, { virtual }: World): unknown =>
  virtual.simulator.admin.locations().find((location) => location['uId'] === uId)?.['notificationUrl'] ??
  null;

async function appWithFreeLicence(site: Site, world: World): Promise<string | null> {
  for (const adamId of site.adamIds) {
    const key = assetKey(site.uId, stdq(adamId));
    const asset = await world.virtual.stores.reads.get(queryModels.assets, key);
    if (!asset?.deviceAssignable || !asset.baseline || asset.waiting > 0 || asset.short) continue;
    // Where other tools were at work unseen, there may be none at Apple.
    if (world.available(site, adamId) > asset.reserve && (unreservedOf(asset) ?? 1) > 0) return adamId;
  }
  return null;
}
