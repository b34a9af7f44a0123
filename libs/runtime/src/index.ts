export type { Appended, EventStore, ExpectedRevision, NewEvent, StoredEvent } from './event-store.js';
export {
  AppendTooLarge,
  CorruptEvent,
  MAX_APPEND_BYTES,
  MAX_APPEND_EVENTS,
  WrongExpectedRevision,
  bytesOf,
} from './event-store.js';
export type { FieldValue, IndexQuery, ModelRef, Page, ReadStore, Snapshot } from './read-store.js';
export { CheckpointMoved, InvalidCursor } from './read-store.js';
export type { ParkedWork, Progress } from './progress.js';
export type { Secrets } from './secrets.js';
export { SecretUnreadable } from './secrets.js';
export type { Directory, PersonEntry, PersonSeen } from './directory.js';
