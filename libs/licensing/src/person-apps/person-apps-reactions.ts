import { idOf, messageTo, reaction, type Reaction } from '@seatbook/kernel';
import type { ActivationEvent } from '../activation/activation-events.js';
import { assetOf } from '../asset-id.js';
import type { AssetEvent } from '../asset/asset-events.js';
import type { DeviceEvent } from '../device/device-events.js';
import { orderAt, type Holders, type OrderRefs } from '../holder.js';
import { personAppsStream } from '../streams.js';

/** Persons are listed behind devices. */
const wanted = (stream: string, { serialNumbers, userIds }: Holders, refs: OrderRefs) => {
  const { uId, adamId, pricingParam } = assetOf(idOf(stream));
  return userIds.map((userId, index) =>
    messageTo(personAppsStream(userId), {
      type: 'WantApp',
      uId,
      asset: { adamId, pricingParam },
      orderId: orderAt(refs, serialNumbers.length + index),
    }),
  );
};

/** What is rolled out to a person who has the licence is wanted on the person's devices. */
const want = reaction<AssetEvent>('person-apps.want', {
  'asset.installations-answered': ({ stream, data }) => wanted(stream, data.start, data),
  'asset.licenses-assigned': ({ stream, data: { toInstall } }) =>
    toInstall ? wanted(stream, toInstall, toInstall) : [],
});

const doubted = (stream: string, userIds: readonly string[]) => {
  const { uId, adamId, pricingParam } = assetOf(idOf(stream));
  return userIds.map((userId) =>
    messageTo(personAppsStream(userId), { type: 'DoubtApps', of: { uId, adamId, pricingParam } }),
  );
};

/** What goes from the devices of persons with their licences, or after them. */
const unwanted = (stream: string, { serialNumbers, userIds }: Holders, refs: OrderRefs) => {
  const { uId, adamId, pricingParam } = assetOf(idOf(stream));
  return userIds.map((userId, index) =>
    messageTo(personAppsStream(userId), {
      type: 'RemoveApp',
      uId,
      asset: { adamId, pricingParam },
      orderId: orderAt(refs, serialNumbers.length + index),
    }),
  );
};

/** A licence that an app is wanted by goes back, is gone, or stays after all. */
const followLicence = reaction<AssetEvent>('person-apps.follow-licence', {
  'asset.licenses-returning'({ stream, data: { returning, pending, notHeld, removeApp, orderId } }) {
    const going = doubted(stream, [...returning.userIds, ...pending.userIds]);
    return removeApp ? [...going, ...unwanted(stream, notHeld, { orderId })] : going;
  },
  'asset.licenses-returned'({ stream, data: { userIds, toRemove } }) {
    const removed = new Set(toRemove?.userIds);
    return [
      ...doubted(
        stream,
        userIds.filter((userId) => !removed.has(userId)),
      ),
      ...(toRemove ? unwanted(stream, toRemove, toRemove) : []),
    ];
  },
  'asset.licenses-failed': ({ stream, data: { action, userIds } }) =>
    action === 'disassociate' ? doubted(stream, userIds) : [],
  'asset.drift-found': ({ stream, data: { kind, userIds } }) =>
    kind === 'taken' ? doubted(stream, userIds) : [],
  'asset.reservations-ended': ({ stream, data: { was, userIds } }) =>
    was === 'returning' || was === 'pending' ? doubted(stream, userIds) : [],
});

const doubtedAll = (userIds: readonly (string | null | undefined)[]) =>
  [...new Set(userIds)].flatMap((userId) =>
    userId == null ? [] : [messageTo(personAppsStream(userId), { type: 'DoubtApps' as const, of: null })],
  );

/** Apple says something else of the person than before. */
const followPerson = reaction<ActivationEvent>('person-apps.follow-person', {
  'activation.associated': ({ data: { userIds } }) => doubtedAll(userIds),
  'activation.created': ({ data: { userIds } }) => doubtedAll(userIds),
  'activation.leaving': ({ data: { uId, userIds, removeApps } }) =>
    removeApps
      ? userIds.map((userId) => messageTo(personAppsStream(userId), { type: 'RemoveApps', uId }))
      : doubtedAll(userIds),
  'activation.found-retired': ({ data: { userIds } }) => doubtedAll(userIds),
});

/** A device comes to the person, goes, or tells what it is. */
const followDevice = reaction<DeviceEvent>('person-apps.follow-device', {
  'device.registered': ({ data: { userId, formerUserId } }) => doubtedAll([userId, formerUserId]),
  'device.ready': ({ stream, data: { userId } }) =>
    userId === undefined
      ? []
      : [messageTo(personAppsStream(userId), { type: 'DoubtApps', of: null, device: idOf(stream) })],
  'device.described': ({ data: { userId } }) => doubtedAll([userId]),
  'device.left': ({ data: { userId } }) => doubtedAll([userId]),
});

export const personAppsReactions: readonly Reaction[] = [want, followLicence, followPerson, followDevice];
