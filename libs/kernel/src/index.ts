export type { Clock, Instant, Milliseconds } from './instant.js';
export { isoTime, systemClock } from './instant.js';
export type { AheadMoments, Due } from './due.js';
export type { DomainEvent, Envelope, EventOf, Metadata, Position, Recorded } from './event.js';
export { START, asPosition, categoryOf, earliest, effectiveAt, idOf, latest, numberOf } from './event.js';
export { chunksOf } from './chunks.js';
export { causeOf, type Cause } from './cause.js';
export type { StreamName } from './stream-name.js';
export type { Command, Decider, SnapshotCodec } from './decider.js';
export type { CommandMessage } from './command-message.js';
export { messageTo } from './command-message.js';
export type {
  Change,
  Document,
  DocumentOf,
  IndexDeclaration,
  IndexOf,
  ModelRef,
  ReadModel,
} from './read-model.js';
export { readModel } from './read-model.js';
export type { ReactsTo, Reaction } from './reaction.js';
export { reaction } from './reaction.js';
export type { Story } from './story.js';
export type { Step, Steps } from './step.js';
export { nextOf } from './step.js';
export { inPhase } from './phase.js';
export type { PlannedCommand, Planner } from './planner.js';
export { ERROR_CODES, type ErrorCode } from './error-codes.js';
export type { KeptRefusal, RefusalKind } from './refusal.js';
export { Refusal, isRefusal, keptRefusal, refusalOf } from './refusal.js';
export type { Ids, Random } from './identity.js';
export { sha256, uuidOf } from './identity.js';
export type { EventType, UnreadableEvent, Upcaster, WrittenEvent } from './event-registry.js';
export {
  EventRegistry,
  NewerEventVersion,
  STEPS_REVISED,
  UnknownEventType,
  firstVersions,
  isUnreadableEvent,
} from './event-registry.js';
