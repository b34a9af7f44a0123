import { idOf, type Envelope } from '@seatbook/kernel';
import {
  assetKey,
  assetStream,
  deviceIdOf,
  installationKey,
  personAppsStream,
  queryModels,
  type AssetEvent,
  type DeviceDocument,
  type InstallationDocument,
  type PersonAppsEvent,
} from '@seatbook/licensing';
import type { World } from '../world.js';

type Known = Envelope<AssetEvent | PersonAppsEvent>;

/** Where a person's licence goes back with its app, or went back before, the devices of the person are gone through. */
export function auditRemovals(log: readonly Envelope[]): string[] {
  const open = new Set<string>();
  for (const event of log as readonly Known[]) {
    const id = idOf(event.stream);
    switch (event.type) {
      case 'asset.licenses-returned':
        for (const userId of event.data.toRemove?.userIds ?? []) open.add(`${id} of ${userId}`);
        break;
      case 'asset.licenses-returning':
        for (const userId of event.data.removeApp ? event.data.notHeld.userIds : [])
          open.add(`${id} of ${userId}`);
        break;
      case 'personApps.unwanted': {
        const { uId, apps } = event.data;
        for (const app of apps) open.delete(`${assetKey(uId, app)} of ${id}`);
        break;
      }
      default:
        break;
    }
  }
  return [...open].map((app) => `${app} was to go from the person's devices, and nobody looked for it there`);
}

/**
 * What must come right in the end for who holds a licence and has devices: an app that was rolled out to the person waits
 * for an acceptance alone that never came, for a device alone where none of the person's is enrolled, and is else known on
 * each of them.
 */
export async function ownersOpen(
  rows: readonly InstallationDocument[],
  devices: readonly DeviceDocument[],
  world: World,
): Promise<string[]> {
  const wrong: string[] = [];
  const { virtual, sites } = world;
  const { runner } = virtual.edge;
  const known = new Set(
    rows.flatMap(({ device, adamId }) => (device === null ? [] : installationKey(device, adamId))),
  );
  for (const { uId, adamIds } of sites) {
    const query = { index: 'by-account', equals: [uId], limit: 1_000 } as const;
    const { rows: activations } = await virtual.stores.reads.query(queryModels.activations, query);
    const accepted = new Set(
      activations.flatMap(({ userId, state }) => (state === 'associated' ? userId : [])),
    );
    for (const adamId of adamIds) {
      const asset = { adamId, pricingParam: 'STDQ' };
      const { held, fits } = await virtual.until(
        runner.look(assetStream(uId, asset), ({ pairs, traits }) => ({
          held: [...pairs].flatMap(([key, { state, rolledOut, followUp }]) =>
            key.startsWith('u:') && state === 'assigned' && rolledOut === true && followUp === null
              ? key.slice(2)
              : [],
          ),
          fits: traits?.productType === 'Book' ? [] : (traits?.supportedPlatforms ?? []),
        })),
      );
      for (const userId of held) {
        const wants = await virtual.until(
          runner.look(personAppsStream(userId), ({ apps }) => apps.has(`${uId}.${adamId}.STDQ`)),
        );
        if (!wants) {
          wrong.push(`${adamId} was rolled out to ${userId}, and is not wanted`);
          continue;
        }
        const having = devices.filter(
          (device) =>
            device.userId === userId &&
            device.state === 'enrolled' &&
            device.platform !== null &&
            fits.includes(device.platform),
        );
        const waiting = rows.find(
          (row) => row.device === null && row.userId === userId && row.uId === uId && row.adamId === adamId,
        );
        const state = !accepted.has(userId)
          ? 'waiting-for-person'
          : having.length === 0
            ? 'waiting-for-device'
            : undefined;
        if (waiting?.state !== state)
          wrong.push(`${adamId} of ${userId} is ${waiting?.state}, and is to be ${state}`);
        if (!accepted.has(userId)) continue;
        for (const { device } of having)
          if (!known.has(installationKey(deviceIdOf(device), adamId)))
            wrong.push(`${adamId} of ${userId} is not known on ${device}`);
      }
    }
  }
  return wrong;
}
