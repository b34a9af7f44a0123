export type { Clock, Instant, Milliseconds } from './instant.js';
export { isoTime, systemClock } from './instant.js';
export type { Due } from './due.js';
export type { DomainEvent, Envelope, Metadata, Position } from './event.js';
export { START, asPosition, categoryOf, earliest, idOf, latest } from './event.js';
export { causeOf, type Cause } from './cause.js';
export type { CommandMessage, Command, Decider, SnapshotCodec } from './decider.js';
export type { Document, IndexDeclaration, ReadModel } from './read-model.js';
export type { Reaction } from './reaction.js';
export type { Step } from './step.js';
export type { PlannedCommand, Planner } from './planner.js';
export type { RefusalKind } from './refusal.js';
export { Refusal, isRefusal } from './refusal.js';
export type { Ids, Random } from './identity.js';
export { sha256, uuidOf } from './identity.js';
export type { EventType, UnreadableEvent, Upcaster, WrittenEvent } from './event-registry.js';
export {
  EventRegistry,
  NewerEventVersion,
  UnknownEventType,
  firstVersions,
  isUnreadableEvent,
} from './event-registry.js';
