export type {
  Appended,
  EventReference,
  EventStore,
  ExpectedRevision,
  LogPage,
  NewEvent,
  StoredEvent,
  SubscribeOptions,
} from './event-store.js';
export { keepsCredentialsApart } from './credentials-apart.js';
export { MAX_APPEND_BYTES, MAX_APPEND_EVENTS, MAX_REFERENCES, bytesOf } from './event-store.js';
export type { CheckpointPlace, StoreErrorCode } from './errors.js';
export {
  AppendTooLarge,
  CheckpointMoved,
  CorruptEvent,
  InvalidCursor,
  SecretUnreadable,
  StoreUnavailable,
  WrongExpectedRevision,
  hasCode,
} from './errors.js';
export { EventLog, readable, type LoggedEvent } from './event-log.js';
export type {
  CheckpointMove,
  FieldValue,
  IndexQuery,
  Sieve,
  Page,
  Placed,
  ReadStore,
  Snapshot,
} from './read-store.js';
export { checkedQuery, type CheckedQuery } from './checked-query.js';
export { readCursor, writeCursor, type CursorPlace } from './index-cursor.js';
export type { ParkedQuery, ParkedWork, Progress } from './progress.js';
export type { LogAnchor, LogAnchors } from './log-anchors.js';
export type { HeldLease, Lease, LeaseSeen, Leases } from './leases.js';
export type { Secrets } from './secrets.js';
export {
  NOTHING_KNOWN,
  entryAfter,
  findableText,
  type Directory,
  type PersonDetails,
  type PersonEntry,
  type PersonSeen,
  type PlaceInDirectory,
} from './directory.js';
export { streamKind, type StreamKind } from './stream-kind.js';
export { following, type CommandContext } from './command-context.js';
export { BehindFailure, type CommandOptions } from './decide-all.js';
export {
  CommandRunner,
  type CommandRunnerOptions,
  type StreamLimits,
  type LoadedStream,
  type Receipt,
} from './command-runner.js';
export { PROCESSOR_LIMITS, Processor, type ProcessorLimits, type ProcessorOptions } from './processor.js';
export { ALONE, BUILDER_LEASE_MS, leaseTenure, type Tenure, type TenureOf } from './tenure.js';
export { builderOf, joinViews, reached, troublesOf, type ModelStatus, type Views } from './views.js';
export { giveWay } from './give-way.js';
export { pause } from './pause.js';
export { PollLoop, type PollLoopOptions } from './poll-loop.js';
export { RunnerHealth, reasonOf, type Log } from './runner-health.js';
export type { Trouble } from './trouble.js';
export { MAX_PACES, readStatus, type Pace, type WorkerStatus } from './worker-status.js';
export { Freshness } from './freshness.js';
export type { BuilderStores, OpenedStores, Stores } from './stores.js';
export { STEP_LEASES, dueModel, stepLeaseOf, type DueRow } from './due.js';
export { startOf, timeKey, timesModel, type TimeRow, type TimeSpan } from './times.js';
export {
  LEASE_KEEPER_LIMITS,
  LeaseKeeper,
  type LeaseKeeperLimits,
  type LeaseKeeperOptions,
} from './lease-keeper.js';
export {
  REACTOR_LEASE,
  REACTOR_LIMITS,
  Reactor,
  type ReactorLimits,
  type ReactorOptions,
} from './reactor.js';
export type { Gates } from './gates.js';
export {
  STEP_REVISION_LEASE,
  STEP_REVISION_LIMITS,
  StepRevision,
  type StepRevisionLimits,
} from './step-revision.js';
export { DUE_RUNNER_LIMITS, DueRunner, type DueRunnerLimits, type DueRunnerOptions } from './due-runner.js';
export {
  PLANNER_LOOP_LIMITS,
  PlannerLoop,
  type PlannerLoopLimits,
  type PlannerLoopOptions,
} from './planner-loop.js';
export { withoutAddresses } from './without-addresses.js';
