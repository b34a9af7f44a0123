export { Foundation, type FoundationOptions } from './foundation/foundation.js';
export {
  allModels,
  embeddedViews,
  modelGroups,
  modelsApart,
  type EmbeddedViews,
  type ModelGroup,
} from './foundation/model-groups.js';
export { notificationSecretName, sealedBodyName, tokenName } from './foundation/secret-names.js';
export { SeatbookEdge, type EdgeMdm, type EdgeOptions, type ExpectAbove } from './edge/seatbook-edge.js';
export { contextOf, requestId, type Caller } from './edge/principal.js';
export { commands, queries } from './edge/catalogue.js';
export * from './edge/reader.js';
export * from './edge/import-token.js';
export * from './edge/accounts.js';
export * from './edge/assets.js';
export * from './edge/app-settings.js';
export * from './edge/forecast.js';
export * from './edge/pairs.js';
export * from './edge/waiting-list.js';
export * from './edge/device-registry.js';
export * from './edge/devices.js';
export * from './edge/persons.js';
export * from './edge/activations.js';
export * from './edge/groups.js';
export * from './edge/profiles.js';
export * from './edge/import-persons.js';
export * from './edge/leave-person.js';
export * from './edge/uploaded-table.js';
export * from './edge/order-request.js';
export * from './edge/drift.js';
export * from './edge/syncs.js';
export * from './edge/place-order.js';
export * from './edge/orders.js';
export * from './edge/plan-order.js';
export * from './edge/receive-notification.js';
export * from './edge/receive-mdm-message.js';
export * from './edge/installations.js';
export * from './edge/why.js';
export * from './edge/device-apps.js';
export * from './edge/as-of.js';
export * from './edge/history.js';
export * from './edge/differences.js';
export * from './edge/period.js';
export * from './edge/report.js';
export * from './edge/subjects.js';
export * from './edge/timeline.js';
export * from './edge/parked.js';
export {
  Health,
  type HealthReport,
  type ModelHealth,
  type PartitionHealth,
  type WorkerPace,
  type WorkerTrouble,
} from './edge/health.js';
export { AccountGates } from './worker/account-gates.js';
export { SeatbookWorker, type WorkerOptions } from './worker/seatbook-worker.js';
