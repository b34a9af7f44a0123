import {
  EventRegistry,
  type Document,
  type EventType,
  type ReadModel,
  type Reaction,
} from '@seatbook/kernel';
import { accountDecider } from './account/account-decider.js';
import { accountEventTypes } from './account/account-events.js';
import { accountReactions } from './account/account-reactions.js';
import { accountSteps } from './account/account-steps.js';
import { accountsModel } from './account/accounts-model.js';
import { callDecider } from './apple-call/call-decider.js';
import { weighCall } from './apple-call/call-state.js';
import { callEventTypes } from './apple-call/call-events.js';
import { callReactions } from './apple-call/call-reactions.js';
import { callSteps } from './apple-call/call-steps.js';
import { appleEventDecider } from './apple-event/apple-event-decider.js';
import { weighAppleEvent } from './apple-event/apple-event-state.js';
import { appleEventEventTypes } from './apple-event/apple-event-events.js';
import { appleEventReactions } from './apple-event/apple-event-reactions.js';
import { appleEventSteps } from './apple-event/apple-event-steps.js';
import { assetDecider } from './asset/asset-decider.js';
import { assetEventTypes } from './asset/asset-events.js';
import { assetReactions } from './asset/asset-reactions.js';
import { assetSnapshot, type Asset } from './asset/asset-state.js';
import { assetsModel } from './asset/assets-model.js';
import { pairsModel } from './asset/pairs-model.js';
import { openWorkModel } from './dispatch/open-work.js';
import { timelineModel } from './history/timeline-model.js';
import { importDecider } from './import/import-decider.js';
import { importEventTypes } from './import/import-events.js';
import { importReactions } from './import/import-reactions.js';
import { importSteps } from './import/import-steps.js';
import { notificationDecider } from './notification/notification-decider.js';
import { notificationEventTypes } from './notification/notification-events.js';
import { orderDecider, weighOrder } from './order/order-decider.js';
import { orderEventTypes } from './order/order-events.js';
import { orderReactions } from './order/order-reactions.js';
import { orderSteps } from './order/order-steps.js';
import { ordersModel } from './order/orders-model.js';
import { outcomesModel } from './order/outcomes-model.js';
import { reconciliationDecider } from './reconciliation/reconciliation-decider.js';
import { weighReconciliation } from './reconciliation/reconciliation-state.js';
import { reconciliationEventTypes } from './reconciliation/reconciliation-events.js';
import { reconciliationReactions } from './reconciliation/reconciliation-reactions.js';
import { reconciliationSteps } from './reconciliation/reconciliation-steps.js';
import type { Timings } from './timings.js';

/** Every type of event that the domain knows. */
export const licensingEventTypes: readonly EventType[] = [
  ...importEventTypes,
  ...accountEventTypes,
  ...assetEventTypes,
  ...orderEventTypes,
  ...callEventTypes,
  ...appleEventEventTypes,
  ...notificationEventTypes,
  ...reconciliationEventTypes,
];

export const licensingRegistry = (): EventRegistry => new EventRegistry(licensingEventTypes);

/** All streams of the domain, each with its decider, its steps and what its state takes in memory (bytes, roughly). */
export const licensingStreams = (timings: Timings) => ({
  import: { category: 'import', decider: importDecider, steps: importSteps, weigh: () => 1_000 },
  account: {
    category: 'account',
    decider: accountDecider(timings),
    steps: accountSteps,
    weigh: () => 1_000,
    evolvesInPlace: true,
  },
  asset: {
    category: 'asset',
    decider: assetDecider,
    steps: {},
    weigh: ({ pairs, waiting, claims }: Asset) =>
      1_000 + 400 * pairs.size + 100 * waiting.size + 500 * claims.size,
    evolvesInPlace: true,
    snapshot: assetSnapshot,
  },
  order: {
    category: 'order',
    decider: orderDecider,
    steps: orderSteps(timings),
    weigh: weighOrder,
    evolvesInPlace: true,
  },
  appleCall: {
    category: 'appleCall',
    decider: callDecider(timings),
    steps: callSteps,
    weigh: weighCall,
  },
  appleEvent: {
    category: 'appleEvent',
    decider: appleEventDecider(timings),
    steps: appleEventSteps(timings),
    weigh: weighAppleEvent,
    evolvesInPlace: true,
  },
  appleNotification: {
    category: 'appleNotification',
    decider: notificationDecider,
    steps: {},
    weigh: () => 200,
  },
  reconciliation: {
    category: 'reconciliation',
    decider: reconciliationDecider(timings),
    steps: reconciliationSteps,
    weigh: weighReconciliation,
    evolvesInPlace: true,
  },
});

export const licensingReactions = (timings: Timings): readonly Reaction[] => [
  ...importReactions,
  ...accountReactions,
  ...assetReactions,
  ...orderReactions,
  ...callReactions,
  ...appleEventReactions,
  ...reconciliationReactions(timings),
];

/** Read models that the product itself works from. */
export const workModels = { openWork: openWorkModel };

/** Read models that queries are answered from. A new one is registered here alone. */
export const queryModels = {
  accounts: accountsModel,
  assets: assetsModel,
  pairs: pairsModel,
  orders: ordersModel,
  outcomes: outcomesModel,
  timeline: timelineModel,
};

/** Every read model of the domain; what the product works from comes first. */
export const licensingModels = [
  ...Object.values(workModels),
  ...Object.values(queryModels),
] as readonly ReadModel<Document>[];
