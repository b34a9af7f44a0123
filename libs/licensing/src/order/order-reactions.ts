import {
  idOf,
  messageTo,
  reaction,
  uuidOf,
  type CommandMessage,
  type Envelope,
  type EventOf,
  type Reaction,
} from '@seatbook/kernel';
import type { ActivationEvent } from '../activation/activation-events.js';
import type { AccountEvent } from '../account/account-events.js';
import { assetOf } from '../asset-id.js';
import type { AssetEvent } from '../asset/asset-events.js';
import type { DeviceEvent } from '../device/device-events.js';
import type { GroupEvent } from '../group/group-events.js';
import { restoringOrder } from '../drift.js';
import { countByOrder, holderCount, type Holders } from '../holder.js';
import type { AssetId } from '../ports.js';
import { orderStream } from '../streams.js';
import { outcomeCounts } from './order-decider.js';
import type { OutcomeCounts } from './order-events.js';

/** The ledger's answer goes back to the order. */
const takeAnswer = reaction<AssetEvent>('order.take-answer', {
  'asset.licenses-reserved': ({ stream, data }) => [
    answer(stream, data, {
      final: outcomeCounts({
        alreadyHeld: holderCount(data.alreadyHeld),
        refused: holderCount(data.refused),
      }),
      waiting: holderCount(data.waiting) + holderCount(data.following),
      open: holderCount(data.reserved),
    }),
  ],
  'asset.licenses-returning': ({ stream, data }) => [
    answer(stream, data, {
      final: outcomeCounts({
        returned: data.ended,
        alreadyHeld: holderCount(data.alreadyHeld),
        notHeld: holderCount(data.notHeld),
        refused: holderCount(data.refused),
      }),
      waiting: 0,
      open: holderCount(data.returning) + holderCount(data.pending),
    }),
  ],
  'asset.installations-answered': ({ stream, data }) => [
    answer(stream, data, {
      final: outcomeCounts({
        alreadyHeld: holderCount(data.start) + holderCount(data.coming),
        refused: holderCount(data.refused),
      }),
      waiting: 0,
      open: 0,
    }),
  ],
});

type Answered = EventOf<
  AssetEvent,
  'asset.licenses-reserved' | 'asset.licenses-returning' | 'asset.installations-answered'
>['data'];

function answer(
  stream: string,
  { orderId, part, refusal }: Answered,
  counts: { final: OutcomeCounts; waiting: number; open: number },
) {
  const { adamId, pricingParam } = assetOf(idOf(stream));
  const asset = { adamId, pricingParam };
  return messageTo(orderStream(orderId), { type: 'RecordAnswer', asset, part, refusal, ...counts });
}

type OutcomeEvent = EventOf<
  AssetEvent,
  | 'asset.licenses-assigned'
  | 'asset.found-held'
  | 'asset.licenses-failed'
  | 'asset.licenses-returned'
  | 'asset.waiting-refused'
  | 'asset.returns-ended'
  | 'asset.reservations-ended'
>;

const take =
  (outcome: keyof OutcomeCounts) =>
  ({ data }: OutcomeEvent) =>
    [...countByOrder(data, data)].map(([orderId, count]) =>
      messageTo(orderStream(orderId), { type: 'RecordOutcomes', final: outcomeCounts({ [outcome]: count }) }),
    );

/** Final outcomes of pairs are counted by the orders that wanted them. */
const takeOutcomes = reaction<AssetEvent>('order.take-outcomes', {
  'asset.licenses-assigned': take('assigned'),
  'asset.found-held': take('alreadyHeld'),
  'asset.licenses-failed': take('failed'),
  'asset.licenses-returned': take('returned'),
  'asset.waiting-refused': take('refused'),
  'asset.returns-ended': take('returned'),
  'asset.reservations-ended': take('cancelled'),
});

const cancel = ({ data }: EventOf<AssetEvent, 'asset.found-short' | 'asset.reservations-withdrawn'>) =>
  [...countByOrder(data, data).keys()].map((orderId) =>
    messageTo(orderStream(orderId), { type: 'CancelAgain' }),
  );

/** Pairs that went back to the waiting list are no longer wanted by a cancelled order. */
const cancelAgain = reaction<AssetEvent>('order.cancel-again', {
  'asset.found-short': cancel,
  'asset.reservations-withdrawn': cancel,
});

/** Assets back from holders, by an order as anybody would place it. */
function returning(
  orderId: string,
  uId: string,
  assets: readonly AssetId[],
  holders: Holders,
): CommandMessage {
  const terms = {
    kind: 'ReturnLicense',
    uId,
    assets,
    ifShort: 'wait',
    fromReserve: false,
    platform: null,
    holders: holderCount(holders),
  } as const;
  return messageTo(orderStream(orderId), { type: 'PlaceOrder', terms, holders });
}

/** What goes back when a location is given up. */
const returnGivenUp = reaction<AccountEvent>('order.return-given-up', {
  'account.return-asked': ({ data: { uId, orderId, adamId, pricingParam, serialNumbers, userIds } }) => [
    returning(orderId, uId, [{ adamId, pricingParam }], { serialNumbers, userIds }),
  ],
});

/** What persons hold who are deactivated. */
const returnOfLeaving = reaction<ActivationEvent>('order.return-of-leaving', {
  'activation.return-asked': ({ data: { uId, orderId, adamId, pricingParam, userIds } }) => [
    returning(orderId, uId, [{ adamId, pricingParam }], { serialNumbers: [], userIds }),
  ],
});

/** What others did and is not to stay becomes an order: it is undone as anybody would undo it. */
function restore({
  stream,
  revision,
  data,
}: Envelope<EventOf<AssetEvent, 'asset.drift-found' | 'asset.drift-decided'>>) {
  if (data.decision !== 'restoring') return [];
  const { kind: drift, serialNumbers, userIds } = data;
  const { uId, adamId, pricingParam } = assetOf(idOf(stream));
  const kind = drift === 'taken' ? 'AssignLicense' : 'ReturnLicense';
  const wish = { ifShort: 'wait', fromReserve: false } as const;
  const terms = { kind, uId, assets: [{ adamId, pricingParam }], ...wish, platform: null } as const;
  const holders = { serialNumbers, userIds };
  return [
    messageTo(orderStream(restoringOrder(stream, revision)), {
      type: 'PlaceOrder',
      terms: { ...terms, holders: holderCount(holders) },
      holders,
    }),
  ];
}

const restoreDrift = reaction<AssetEvent>('order.restore-drift', {
  'asset.drift-found': restore,
  'asset.drift-decided': restore,
});

/** What a device had that has left goes back by an order for each account. */
const returnOfDevice = reaction<DeviceEvent>('order.return-of-device', {
  'device.returns-asked': ({ stream, revision, data: { returns } }) =>
    returns.map(({ uId, assets }) =>
      returning(uuidOf(`${stream}/${revision}/${uId}/return`), uId, assets, {
        serialNumbers: [idOf(stream)],
        userIds: [],
      }),
    ),
});

/** Who joins a group that follows gets what its orders gave before. */
const giveJoiners = reaction<GroupEvent>('order.give-joiners', {
  'group.joiners-served': ({ stream, data }) => {
    const { orderId, uId, assets, ifShort, fromReserve, platform, serialNumbers, userIds } = data;
    const holders = { serialNumbers, userIds };
    const wish = { ifShort, fromReserve, platform };
    const more = { groupId: idOf(stream), ...(data.install && { install: data.install }) };
    const terms = { kind: 'AssignLicense', uId, assets, ...wish, ...more } as const;
    return [
      messageTo(orderStream(orderId), {
        type: 'PlaceOrder',
        terms: { ...terms, holders: holderCount(holders) },
        holders,
      }),
    ];
  },
});

/** What those give back who have left a group that follows. */
const returnOfLeavers = reaction<GroupEvent>('order.return-of-leavers', {
  'group.return-asked': ({ data: { uId, orderId, adamId, pricingParam, serialNumbers, userIds } }) => [
    returning(orderId, uId, [{ adamId, pricingParam }], { serialNumbers, userIds }),
  ],
});

export const orderReactions: readonly Reaction[] = [
  giveJoiners,
  returnOfLeavers,
  returnOfDevice,
  takeAnswer,
  takeOutcomes,
  cancelAgain,
  returnGivenUp,
  returnOfLeaving,
  restoreDrift,
];
