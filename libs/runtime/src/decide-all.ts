import {
  Refusal,
  STEPS_REVISED,
  causeOf,
  isRefusal,
  uuidOf,
  type Cause,
  type Command,
  type DomainEvent,
  type Envelope,
  type EventRegistry,
  type Instant,
  type Metadata,
} from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import { AppendTooLarge } from './errors.js';
import { MAX_APPEND_BYTES, MAX_APPEND_EVENTS, bytesOf, type NewEvent } from './event-store.js';
import { stampOf, type StreamKind } from './stream-kind.js';
import { evolve, noteLast, type StreamState } from './stream-state.js';

export interface CommandOptions {
  /** The stream is most likely new: do not look first. Only saves a read, never decides. */
  readonly likelyAbsent?: boolean;
  /** Refuse with `CONFLICT_VERSION` unless the stream's last event has this revision (-1: no event). */
  readonly ifRevision?: number;
  /**
   * Commands of one sequence keep their order even where one fails: those behind it fail with `BehindFailure` and
   * are not decided. (A refusal is an answer, not a failure.)
   */
  readonly sequence?: object;
  /**
   * The command comes from outside and goes on with what the stream was begun for, as Apple's answers do: it follows
   * from the last event that came into the stream from elsewhere, where there is one.
   */
  readonly continues?: boolean;
  /** The receipt brings the events that the command caused. */
  readonly tellsEvents?: boolean;
}

/** For every kind of stream: a stream is to wait for what its steps say now. */
export const REVISE_STEPS: Command = { type: 'ReviseSteps' };

/** An earlier command of the same sequence failed; this one was not decided. */
export class BehindFailure extends Error {
  constructor() {
    super('an earlier command of the same sequence failed');
    this.name = 'BehindFailure';
  }
}

export interface Asked {
  /** Null only asks for the state, behind all that was sent before. */
  readonly command: Command | null;
  readonly context: CommandContext;
  readonly options: CommandOptions;
}

/** An event that a command caused. Its position is known when its append is, and so is what its stream waits for. */
export type Written = Omit<Envelope, 'position'>;

/** What is to be said to one who asked, once the part that it belongs to is durable. */
export type Answer =
  | { readonly kind: 'state' }
  | {
      readonly kind: 'done';
      readonly revision: number;
      readonly events: number;
      readonly repeated: boolean;
      readonly last: Cause | null;
      readonly written: readonly Written[];
    }
  | { readonly kind: 'refused'; readonly refusal: Error }
  /** Not an expected "no": what belongs to its sequence is held back. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** One append and the answers that rest on it, in the order of those who asked. No event: nothing is to be appended. */
export interface Part {
  readonly events: readonly NewEvent[];
  readonly answers: readonly Answer[];
}

/** What a decision takes beside the stream and what it is asked. */
export interface DecisionContext {
  readonly stream: string;
  readonly kind: StreamKind;
  readonly registry: EventRegistry;
  readonly at: Instant;
  /** Makes the event ids of this decision its own: decided again, the same command has other ids. */
  readonly nonce: string;
  /** Whether a command of this sequence failed before. */
  readonly broken: (sequence: object) => boolean;
}

/** Room for the stamp that the last event of an append gets. */
const STAMP_BYTES = 1_000;
const ROOM_BYTES = MAX_APPEND_BYTES - STAMP_BYTES;

/**
 * Decides all that is asked of a stream, one after the other, each on the state that those before it left behind.
 * Nothing is appended and nothing answered here. The stream's state is moved on; it holds only when all parts are
 * durable.
 */
export function decideAll(
  batch: readonly Asked[],
  state: StreamState,
  context: DecisionContext,
): readonly Part[] {
  const parts: Part[] = [];
  const failed = new Set<object>();
  let events: NewEvent[] = [];
  let answers: Answer[] = [];
  let bytes = 0;
  const close = (): void => {
    parts.push({ events: stamped(events, state, context), answers });
    [events, answers, bytes] = [[], [], 0];
  };
  for (const asked of batch) {
    const decided = decide(asked, state, context, failed);
    if ('kind' in decided) {
      answers.push(decided);
      const { sequence } = asked.options;
      if (decided.kind === 'failed' && sequence) failed.add(sequence);
      continue;
    }
    const full =
      bytes + decided.bytes > ROOM_BYTES || events.length + decided.events.length > MAX_APPEND_EVENTS;
    if (events.length > 0 && full) close();
    for (const event of decided.events) events.push(event);
    bytes += decided.bytes;
    carryOut(decided, state, context);
    const { revision, last } = state;
    const count = decided.events.length;
    const written = asked.options.tellsEvents ? writtenBy(decided, revision, context) : NOTHING;
    answers.push({
      kind: 'done',
      revision,
      events: count,
      repeated: false,
      last: count > 0 ? last : null,
      written,
    });
  }
  close();
  return parts;
}

interface Decided {
  readonly context: CommandContext;
  readonly decision: readonly DomainEvent[];
  readonly metadata: readonly Metadata[];
  readonly events: readonly NewEvent[];
  readonly bytes: number;
}

function decide(
  { command, context: sent, options }: Asked,
  state: StreamState,
  { stream, kind, registry, at, nonce, broken }: DecisionContext,
  failed: ReadonlySet<object>,
): Decided | Answer {
  const { sequence, ifRevision } = options;
  if (sequence && (failed.has(sequence) || broken(sequence)))
    return { kind: 'failed', error: new BehindFailure() };
  if (command === null) return { kind: 'state' };
  const { revision } = state;
  const context = contextIn(state, sent, command, options);
  const bodyHash = state.commands.bodyHashOf(context.commandId);
  if (bodyHash !== undefined) {
    if (bodyHash !== (context.bodyHash ?? '')) return { kind: 'refused', refusal: reusedKey() };
    return { kind: 'done', revision, events: 0, repeated: true, last: null, written: NOTHING };
  }
  if (ifRevision !== undefined && ifRevision !== revision)
    return { kind: 'refused', refusal: staleRevision(stream, ifRevision, revision) };
  try {
    const decision =
      command === REVISE_STEPS
        ? reviseSteps({ kind, at }, state)
        : (kind.decider.decide(command, state.state, at) as readonly DomainEvent[]);
    const metadata = decision.map(({ type }) =>
      metadataOf(
        context,
        registry.versionOf(type),
        at,
        kind.elsewhere?.has(type) ? context.occurredAt : undefined,
      ),
    );
    const events = decision.map(({ type, data }, index) => ({
      id: uuidOf(`${context.commandId}/${stream}/${index}/${nonce}`),
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify(metadata[index]),
    }));
    const bytes = events.reduce((sum, event) => sum + bytesOf(event), 0);
    if (events.length > MAX_APPEND_EVENTS || bytes > ROOM_BYTES)
      return { kind: 'failed', error: new AppendTooLarge(stream, events.length, bytes) };
    return { context, decision, metadata, events, bytes };
  } catch (error) {
    return isRefusal(error) ? { kind: 'refused', refusal: error } : { kind: 'failed', error };
  }
}

/** What the command follows from may be known only here, where it is decided. */
function contextIn(
  { entry, last }: StreamState,
  sent: CommandContext,
  command: Command,
  { continues }: CommandOptions,
): CommandContext {
  const cause = command === REVISE_STEPS ? last : continues ? entry : null;
  return cause ? { ...sent, ...following(cause, sent) } : sent;
}

/** Stamps a stream again where its kind's steps wait for something else than its last stamp says. */
function reviseSteps(
  { kind, at }: Pick<DecisionContext, 'kind' | 'at'>,
  stream: StreamState,
): readonly DomainEvent[] {
  const { state, stamp, revision } = stream;
  const next = stampOf(kind, state, at, stream) ?? null;
  const same = next?.step === stamp?.step && next?.at === stamp?.at && next?.gate === stamp?.gate;
  return same || revision < 0 ? [] : [{ type: STEPS_REVISED, data: {} }];
}

/** Moves the state on by what a command decided. */
function carryOut(
  { context, decision, events }: Decided,
  state: StreamState,
  { stream, kind }: DecisionContext,
): void {
  for (const [index, event] of decision.entries()) {
    evolve(kind, state, event);
    const { id } = events[index] as NewEvent;
    noteLast(state, causeOf({ id, stream, revision: state.revision + 1, metadata: context }), context.cause);
  }
  if (decision.length > 0) state.commands.add(context.commandId, context.bodyHash);
}

const NOTHING: readonly Written[] = [];

/** The events of a decision, of which the last one has this revision. */
const writtenBy = (
  { decision, metadata, events }: Decided,
  last: number,
  { stream }: DecisionContext,
): readonly Written[] =>
  decision.map(({ type, data }, index) => ({
    type,
    data,
    id: (events[index] as NewEvent).id,
    stream,
    revision: last - decision.length + 1 + index,
    metadata: metadata[index] as Metadata,
  }));

const metadataOf = (
  context: CommandContext,
  version: number,
  recordedAt: Instant,
  occurredAt: Instant | undefined,
): Metadata => ({
  version,
  commandId: context.commandId,
  principal: context.principal,
  correlationId: context.correlationId,
  causationId: context.causationId,
  recordedAt,
  // What is undefined is left out of the text.
  cause: context.cause,
  bodyHash: context.bodyHash,
  reason: context.reason,
  traceparent: context.traceparent,
  occurredAt,
});

/** The last event of an append says what its stream waits for from here on. */
function stamped(
  events: readonly NewEvent[],
  stream: StreamState,
  { kind, at }: DecisionContext,
): readonly NewEvent[] {
  const last = events.at(-1);
  const next = stampOf(kind, stream.state, at, stream);
  if (!last || next === undefined) return events;
  stream.stamp = next;
  stream.stampedAt = at;
  const metadata = `${last.metadata.slice(0, -1)},"next":${JSON.stringify(next)}}`;
  return [...events.slice(0, -1), { ...last, metadata }];
}

const reusedKey = (): Refusal =>
  new Refusal(
    'CONFLICT_IDEMPOTENCY_KEY',
    'this Idempotency-Key was used for another request; use a new key for a new request',
  );

const staleRevision = (stream: string, expected: number, actual: number): Refusal =>
  new Refusal('CONFLICT_VERSION', `${stream} has changed; read it again`, { stream, expected, actual });
