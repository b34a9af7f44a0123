export * from './ports.js';
export { hasAccepted } from './accepted-person.js';
export { DEFAULT_TIMINGS, timingTable, type Timings } from './timings.js';
export * from './asset-id.js';
export * from './streams.js';
export {
  MAX_HOLDERS,
  NOBODY,
  holderCount,
  holderKeys,
  holdersOf,
  kindOfHolder,
  type HolderKey,
  type Holders,
} from './holder.js';
export {
  licensingEventTypes,
  licensingReactions,
  licensingRegistry,
  licensingStreams,
  licensingModels,
  queryModels,
  workModels,
} from './licensing.js';
export { accountOfGate, writeGateOf } from './apple-gates.js';
export { unknownAccount } from './account-refusals.js';
export type { AccountCommand } from './account/account-decider.js';
export { REMINDER_DAYS, type Account } from './account/account-state.js';
export { notificationUrlOf } from './notification-url.js';
export type {
  AccountEvent,
  AccountSettings,
  AssignmentType,
  Licences,
  LocationFacts,
  Platform,
} from './account/account-events.js';
export type { AccountDocument } from './account/accounts-model.js';
export {
  DEFAULT_APP_SETTINGS,
  effectiveSettings,
  type AppSettings,
  type OwnSettings,
  type RecordedSettings,
} from './app-settings.js';
export type { AppSettingsEvent } from './app-settings/app-settings-events.js';
export { settingsInForce } from './settings-in-force.js';
export type { AppSettingsCommand, AppSettingsState } from './app-settings/app-settings-decider.js';
export { unknownAsset, type AssetCommand } from './asset/asset-decider.js';
export type {
  Action,
  AssetEvent,
  DriftDecision,
  DriftKind,
  DriftPolicy,
  RefusalReason,
} from './asset/asset-events.js';
export { placesInLine, type Asset, type Pair } from './asset/asset-state.js';
export { placesAfter, type Place } from './asset/waiting-list.js';
export {
  availableOf,
  excessOf,
  inReserveOf,
  unreservedOf,
  usedOf,
  type AssetDocument,
} from './asset/assets-model.js';
export type { DriftDocument } from './asset/drifts-model.js';
export { ownedIn, usedIn, type OwnedInPeriod, type UsedInPeriod } from './asset/asset-report.js';
export {
  DAY_MS,
  FORECAST_DAYS,
  forecastFrom,
  forecastOf,
  type Forecast,
  type Outlook,
  type UsedInDay,
} from './asset/forecast.js';
export { PairDifferences, type PairDifference } from './asset/pair-differences.js';
export {
  addEvent,
  addMovements,
  noMovements,
  pairMovesOf,
  type Counted,
  type Movements,
} from './asset/movements.js';
export { SECTION_EVENTS, type LedgerSection } from './asset/sections-model.js';
export { pairKey, type PairDocument, type PairState } from './asset/pairs-model.js';
export { canonicalHolder, deviceIdOf, orderedSerials } from './serial-number.js';
export { MAX_PAIRS, type Order, type OrderCommand } from './order/order-decider.js';
export { pairsOf, rangesOf } from './order/order-questions.js';
export {
  ORDER_KINDS,
  type OrderEvent,
  type OrderKind,
  type OrderTerms,
  type OutcomeCounts,
  type OrderScope,
} from './order/order-events.js';
export {
  NAMED_IN_PLAN,
  PLANNED_COUNTS,
  orderPlan,
  planOfLedger,
  type OrderPlan,
  type PlannedAsset,
  type PlannedCount,
  type PlannedLedger,
  type DevicesOfPersons,
} from './order-plan.js';
export type { OrderDocument } from './order/orders-model.js';
export type { OutcomeDocument } from './order/outcomes-model.js';
export {
  GRACE_MS,
  INSTALLATION_STATES,
  installationKey,
  personInstallationKey,
} from './installation/installations-model.js';
export { INSTALLATION_FAILURES } from './installation/installation-story.js';
export { REASONS_WHY, whyOf, type Circumstances, type NextStep, type ReasonWhy, type Why } from './why.js';
export { MAX_BASE_URLS, baseUrlsOf, type AppSso } from './app-sso.js';
export {
  type DeviceSso,
  type SealedPayload,
  composedProfile,
  digestOf,
  type AppTerms,
  type DeviceProfile,
  type UsageRule,
} from './device-profile.js';
export { newCommandUuid, commandAnswered, isOurs } from './command-uuid.js';
export { hasLeft, type Device, type DeviceCommand, type DevicePhase } from './device/device-decider.js';
export type { DeviceEvent, DeviceLeft, Ownership, RegisteredFacts } from './device/device-events.js';
export type { DeviceDocument } from './device/devices-model.js';
export type { InstallationCommand } from './installation/installation-decider.js';
export type { InstallationEvent, InstallationFailure } from './installation/installation-events.js';
export { PROFILE_STATES, profileStateOf, type ProfileState } from './installation/device-profile-state.js';
export type { DeviceApps, Installation } from './installation/installation-state.js';
export type { InstallationDocument, InstallationState } from './installation/installations-model.js';
export type { MdmCommandCommand, MdmCommandState } from './mdm-command/mdm-command-decider.js';
export type { MdmCommandEvent } from './mdm-command/mdm-command-events.js';
export { mdmDispatcher, type MdmDispatchContext } from './mdm-command/mdm-dispatcher.js';
export { MDM_SERVER, wantedInstallationsModel, type WantedRow } from './mdm-command/wanted-installations.js';
export type { CallCommand } from './apple-call/call-decider.js';
export type { Call } from './apple-call/call-state.js';
export { mayBeRepeated, type Import, type ImportCommand } from './import/import-decider.js';
export type { ImportEvent, RequestedImport } from './import/import-events.js';
export type { CallEvent, PairFailure } from './apple-call/call-events.js';
export type { AppleEventCommand } from './apple-event/apple-event-decider.js';
export type { AppleEventEvent } from './apple-event/apple-event-events.js';
export type { NotificationCommand } from './notification/notification-decider.js';
export type { NotificationEvent } from './notification/notification-events.js';
export type { ReconciliationCommand } from './reconciliation/reconciliation-decider.js';
export type { Reconciliation } from './reconciliation/reconciliation-state.js';
export type { DriftPolicies, ReconciliationEvent } from './reconciliation/reconciliation-events.js';
export type { SyncDocument } from './reconciliation/syncs-model.js';
export { dispatcher, type DispatchContext } from './dispatch/dispatcher.js';
export { openWorkModel, type OpenWorkRow } from './dispatch/open-work.js';
export { rectanglesOf, type Column, type Rectangle } from './dispatch/rectangles.js';
export { storyOf, subjectsOf, timelineSubjects, timelinesOf, type LicensingEvent } from './history/story.js';
export { activationKey, type ActivationDocument } from './activation/activations-model.js';
export type { ActivationEvent } from './activation/activation-events.js';
export type { ActivationCommand } from './activation/activation-decider.js';
export type { ActivationState } from './activation/activation-state.js';
export { MAX_MEMBERS, unknownGroup, type GroupCommand } from './group/group-decider.js';
export type { GroupEvent, GroupKind, GroupTerms } from './group/group-events.js';
export type { PersonAppsEvent } from './person-apps/person-apps-events.js';
export type { PersonApps, PersonAppsCommand } from './person-apps/person-apps-decider.js';
export { namedBy, type Group, type Standing } from './group/group-state.js';
export type { GroupMemberDocument } from './group/group-members-model.js';
export type { GroupDocument } from './group/groups-model.js';
export type { Person, PersonCommand } from './person/person-decider.js';
export { unknownProfile, type Profile, type ProfileCommand } from './profile/profile-decider.js';
export type { ProfileEvent, ProfileKind, ProfilePayload, ProfileUser } from './profile/profile-events.js';
export type { ProfileDocument } from './profile/profiles-model.js';
export { streamOfSubject, subjectOf, type Subject, type SubjectKind } from './subjects.js';
export type { TimelineRow } from './history/timeline-model.js';
export type { StoryContext } from './wording.js';
