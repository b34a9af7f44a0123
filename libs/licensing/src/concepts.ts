import type { EventType, Reaction } from '@seatbook/kernel';
import { accountDecider } from './account/account-decider.js';
import { accountEventTypes } from './account/account-events.js';
import { accountReactions } from './account/account-reactions.js';
import { accountSteps, accountWaits } from './account/account-steps.js';
import { accountStory, accountSubjects } from './account/account-story.js';
import { activationDecider } from './activation/activation-decider.js';
import { activationEventTypes } from './activation/activation-events.js';
import { activationReactions } from './activation/activation-reactions.js';
import { weighActivation } from './activation/activation-state.js';
import { activationSteps, activationWaits } from './activation/activation-steps.js';
import { activationStory, activationSubjects } from './activation/activation-story.js';
import { callDecider } from './apple-call/call-decider.js';
import { callEventTypes, endedAtApple } from './apple-call/call-events.js';
import { callReactions } from './apple-call/call-reactions.js';
import { weighCall } from './apple-call/call-state.js';
import { callSteps, callWaits } from './apple-call/call-steps.js';
import { callStory, callSubjects } from './apple-call/call-story.js';
import { appleEventDecider } from './apple-event/apple-event-decider.js';
import { appleEventEventTypes } from './apple-event/apple-event-events.js';
import { appleEventReactions } from './apple-event/apple-event-reactions.js';
import { weighAppleEvent } from './apple-event/apple-event-state.js';
import { appleEventSteps, appleEventWaits } from './apple-event/apple-event-steps.js';
import { appleEventStory, appleEventSubjects } from './apple-event/apple-event-story.js';
import { appSettingsDecider } from './app-settings/app-settings-decider.js';
import { appSettingsEventTypes } from './app-settings/app-settings-events.js';
import { appSettingsReactions } from './app-settings/app-settings-reactions.js';
import { appSettingsSteps, appSettingsWaits } from './app-settings/app-settings-steps.js';
import { appSettingsStory, appSettingsSubjects } from './app-settings/app-settings-story.js';
import { assetDecider } from './asset/asset-decider.js';
import { assetEventTypes, happenedAtApple } from './asset/asset-events.js';
import { assetReactions } from './asset/asset-reactions.js';
import { assetSnapshot, weighAsset } from './asset/asset-state.js';
import { assetStory, assetSubjects } from './asset/asset-story.js';
import { deviceDecider } from './device/device-decider.js';
import { deviceEventTypes } from './device/device-events.js';
import { deviceSteps, deviceWaits } from './device/device-steps.js';
import { deviceStory, deviceSubjects } from './device/device-story.js';
import { groupDecider } from './group/group-decider.js';
import { groupEventTypes } from './group/group-events.js';
import { groupReactions } from './group/group-reactions.js';
import { weighGroup } from './group/group-state.js';
import { groupSteps, groupWaits } from './group/group-steps.js';
import { groupStory, groupSubjects } from './group/group-story.js';
import { importDecider } from './import/import-decider.js';
import { importEventTypes } from './import/import-events.js';
import { importReactions } from './import/import-reactions.js';
import { importSteps, importWaits } from './import/import-steps.js';
import { importStory, importSubjects } from './import/import-story.js';
import { installationDecider } from './installation/installation-decider.js';
import { installationEventTypes } from './installation/installation-events.js';
import { installationReactions } from './installation/installation-reactions.js';
import { weighDeviceApps } from './installation/installation-state.js';
import { installationSteps, installationWaits } from './installation/installation-steps.js';
import { installationStory, installationSubjects } from './installation/installation-story.js';
import { mdmCommandDecider } from './mdm-command/mdm-command-decider.js';
import { mdmCommandEventTypes } from './mdm-command/mdm-command-events.js';
import { mdmCommandSteps, mdmCommandWaits } from './mdm-command/mdm-command-steps.js';
import { mdmCommandStory, mdmCommandSubjects } from './mdm-command/mdm-command-story.js';
import { notificationDecider } from './notification/notification-decider.js';
import { notificationEventTypes } from './notification/notification-events.js';
import { notificationStory, notificationSubjects } from './notification/notification-story.js';
import { orderDecider, weighOrder } from './order/order-decider.js';
import { orderEventTypes } from './order/order-events.js';
import { orderReactions } from './order/order-reactions.js';
import { orderSteps, orderWaits } from './order/order-steps.js';
import { orderStory, orderSubjects } from './order/order-story.js';
import { personAppsDecider, weighPersonApps } from './person-apps/person-apps-decider.js';
import { personAppsEventTypes } from './person-apps/person-apps-events.js';
import { personAppsReactions } from './person-apps/person-apps-reactions.js';
import { PERSON_APPS_WAITS, personAppsSteps } from './person-apps/person-apps-steps.js';
import { personAppsStory, personAppsSubjects } from './person-apps/person-apps-story.js';
import { personDecider } from './person/person-decider.js';
import { personEventTypes } from './person/person-events.js';
import { personStory, personSubjects } from './person/person-story.js';
import { profileDecider, weighProfile } from './profile/profile-decider.js';
import { profileEventTypes } from './profile/profile-events.js';
import { profileSteps } from './profile/profile-steps.js';
import { profileStory, profileSubjects } from './profile/profile-story.js';
import { reconciliationDecider } from './reconciliation/reconciliation-decider.js';
import { reconciliationEventTypes } from './reconciliation/reconciliation-events.js';
import { reconciliationReactions } from './reconciliation/reconciliation-reactions.js';
import { weighReconciliation } from './reconciliation/reconciliation-state.js';
import { reconciliationSteps, reconciliationWaits } from './reconciliation/reconciliation-steps.js';
import { reconciliationStory, reconciliationSubjects } from './reconciliation/reconciliation-story.js';
import type { Timings } from './timings.js';

interface Concept {
  readonly types: readonly EventType[];
  /** How its streams are decided; `weigh`: what a state takes in memory, in bytes, roughly. */
  readonly stream: (timings: Timings) => {
    readonly decider: object;
    readonly steps: object;
    readonly waits?: object;
    readonly elsewhere?: ReadonlySet<string>;
    readonly weigh: (state: never) => number;
    readonly snapshot?: object;
  };
  /** What sends commands to its streams. */
  readonly reactions: (timings: Timings) => readonly Reaction[];
  /** What its events are in words. */
  readonly story: object;
  /** Whom and what its events are about. */
  readonly subjects: (event: never) => object | null;
}

/** The concepts of the domain by the category of their streams, and all that belongs to each. */
export const concepts = {
  import: {
    types: importEventTypes,
    stream: () => ({ decider: importDecider, steps: importSteps, waits: importWaits, weigh: () => 1_000 }),
    reactions: () => importReactions,
    story: importStory,
    subjects: importSubjects,
  },
  account: {
    types: accountEventTypes,
    stream: (timings: Timings) => ({
      decider: accountDecider(timings),
      steps: accountSteps,
      waits: accountWaits(timings),
      weigh: () => 1_000,
    }),
    reactions: () => accountReactions,
    story: accountStory,
    subjects: accountSubjects,
  },
  asset: {
    types: assetEventTypes,
    stream: () => ({
      decider: assetDecider,
      steps: {},
      elsewhere: happenedAtApple,
      weigh: weighAsset,
      snapshot: assetSnapshot,
    }),
    reactions: () => assetReactions,
    story: assetStory,
    subjects: assetSubjects,
  },
  appSettings: {
    types: appSettingsEventTypes,
    stream: (timings: Timings) => ({
      decider: appSettingsDecider(timings),
      steps: appSettingsSteps,
      waits: appSettingsWaits(timings),
      weigh: () => 500,
    }),
    reactions: () => appSettingsReactions,
    story: appSettingsStory,
    subjects: appSettingsSubjects,
  },
  order: {
    types: orderEventTypes,
    stream: (timings: Timings) => ({
      decider: orderDecider(timings),
      steps: orderSteps,
      waits: orderWaits(timings),
      weigh: weighOrder,
    }),
    reactions: () => orderReactions,
    story: orderStory,
    subjects: orderSubjects,
  },
  appleCall: {
    types: callEventTypes,
    stream: (timings: Timings) => ({
      decider: callDecider(timings),
      steps: callSteps,
      waits: callWaits(timings),
      elsewhere: endedAtApple,
      weigh: weighCall,
    }),
    reactions: () => callReactions,
    story: callStory,
    subjects: callSubjects,
  },
  appleEvent: {
    types: appleEventEventTypes,
    stream: (timings: Timings) => ({
      decider: appleEventDecider(timings),
      steps: appleEventSteps,
      waits: appleEventWaits(timings),
      weigh: weighAppleEvent,
    }),
    reactions: () => appleEventReactions,
    story: appleEventStory,
    subjects: appleEventSubjects,
  },
  appleNotification: {
    types: notificationEventTypes,
    stream: () => ({ decider: notificationDecider, steps: {}, weigh: () => 200 }),
    reactions: () => [],
    story: notificationStory,
    subjects: notificationSubjects,
  },
  activation: {
    types: activationEventTypes,
    stream: (timings: Timings) => ({
      decider: activationDecider(timings),
      steps: activationSteps,
      waits: activationWaits(timings),
      weigh: weighActivation,
    }),
    reactions: () => activationReactions,
    story: activationStory,
    subjects: activationSubjects,
  },
  person: {
    types: personEventTypes,
    stream: () => ({ decider: personDecider, steps: {}, weigh: () => 200 }),
    reactions: () => [],
    story: personStory,
    subjects: personSubjects,
  },
  personApps: {
    types: personAppsEventTypes,
    stream: () => ({
      decider: personAppsDecider,
      steps: personAppsSteps,
      waits: PERSON_APPS_WAITS,
      weigh: weighPersonApps,
    }),
    reactions: () => personAppsReactions,
    story: personAppsStory,
    subjects: personAppsSubjects,
  },
  group: {
    types: groupEventTypes,
    stream: (timings: Timings) => ({
      decider: groupDecider(timings),
      steps: groupSteps,
      waits: groupWaits(timings),
      weigh: weighGroup,
    }),
    reactions: () => groupReactions,
    story: groupStory,
    subjects: groupSubjects,
  },
  profile: {
    types: profileEventTypes,
    stream: () => ({ decider: profileDecider, steps: profileSteps, weigh: weighProfile }),
    reactions: () => [],
    story: profileStory,
    subjects: profileSubjects,
  },
  reconciliation: {
    types: reconciliationEventTypes,
    stream: (timings: Timings) => ({
      decider: reconciliationDecider(timings),
      steps: reconciliationSteps,
      waits: reconciliationWaits(timings),
      weigh: weighReconciliation,
    }),
    reactions: (timings: Timings) => reconciliationReactions(timings),
    story: reconciliationStory,
    subjects: reconciliationSubjects,
  },
  device: {
    types: deviceEventTypes,
    stream: (timings: Timings) => ({
      decider: deviceDecider(timings),
      steps: deviceSteps,
      waits: deviceWaits(timings),
      weigh: () => 600,
    }),
    reactions: () => [],
    story: deviceStory,
    subjects: deviceSubjects,
  },
  deviceApps: {
    types: installationEventTypes,
    stream: (timings: Timings) => ({
      decider: installationDecider(timings),
      steps: installationSteps,
      waits: installationWaits(timings),
      weigh: weighDeviceApps,
    }),
    reactions: () => installationReactions,
    story: installationStory,
    subjects: installationSubjects,
  },
  mdmCommand: {
    types: mdmCommandEventTypes,
    stream: (timings: Timings) => ({
      decider: mdmCommandDecider(timings),
      steps: mdmCommandSteps(timings),
      waits: mdmCommandWaits(timings),
      weigh: () => 10_000,
    }),
    reactions: () => [],
    story: mdmCommandStory,
    subjects: mdmCommandSubjects,
  },
} satisfies Readonly<Record<string, Concept>>;

export type Category = keyof typeof concepts;

type Streams = {
  readonly [K in Category]: { readonly category: K } & ReturnType<(typeof concepts)[K]['stream']>;
};

/** All streams of the domain by category. */
export function licensingStreams(timings: Timings): Streams {
  const streams = Object.entries(concepts).map(([category, { stream }]) => [
    category,
    { category, ...stream(timings) },
  ]);
  // The compiler cannot see that each category has its own stream.
  return Object.fromEntries(streams) as Streams;
}

/** Every type of event that the domain knows. */
export const licensingEventTypes: readonly EventType[] = Object.values(concepts).flatMap(
  ({ types }) => types,
);

export const licensingReactions = (timings: Timings): readonly Reaction[] =>
  Object.values(concepts).flatMap(({ reactions }) => reactions(timings));
