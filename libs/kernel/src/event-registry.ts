import type { DomainEvent, Metadata } from './event.js';

/** Data of an event of version n as version n + 1 has it. */
export type Upcaster = (data: never) => unknown;

/** All that the product knows of one type of event. */
export interface EventType {
  readonly type: string;
  /** The version that is written today. */
  readonly version: number;
  /** `upcasters[n]` lifts version n + 1 to n + 2; as many as there are older versions. */
  readonly upcasters: readonly Upcaster[];
}

/** An event has a newer version than this build knows: who needs it waits for a newer worker and skips nothing. */
export class NewerEventVersion extends Error {
  readonly code = 'NEWER_EVENT_VERSION';
  constructor(
    readonly type: string,
    readonly version: number,
    readonly known: number,
  ) {
    super(`${type} has version ${version}, this build knows ${known}: run a newer Seatbook`);
    this.name = 'NewerEventVersion';
  }
}

/** An event has a type that this build does not know: a newer one wrote it. */
export class UnknownEventType extends Error {
  readonly code = 'UNKNOWN_EVENT_TYPE';
  constructor(
    readonly type: string,
    readonly stream: string,
  ) {
    super(
      `${stream} holds an event of the type ${type}, which this build does not know: run a newer Seatbook`,
    );
    this.name = 'UnknownEventType';
  }
}

/** Why this build cannot read an event. */
export type UnreadableEvent = NewerEventVersion | UnknownEventType;

/** By code and not by class, so that two copies of this module agree. */
export const isUnreadableEvent = (error: unknown): error is UnreadableEvent =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'NEWER_EVENT_VERSION' || error.code === 'UNKNOWN_EVENT_TYPE');

/**
 * Written by the runtime into streams of any kind, and folded by no decider: it carries what the stream waits for by
 * the steps of a newer build.
 */
export const STEPS_REVISED = 'stream.steps-revised';

const RUNTIME_TYPES: readonly EventType[] = [{ type: STEPS_REVISED, version: 1, upcasters: [] }];

/** Names and versions of all events. Type names are chosen, never class names, so code can be renamed. */
export class EventRegistry {
  readonly #types = new Map<string, EventType>();

  constructor(...groups: (readonly EventType[])[]) {
    for (const type of [RUNTIME_TYPES, ...groups].flat()) {
      if (this.#types.has(type.type)) throw new Error(`the event type ${type.type} is registered twice`);
      if (type.upcasters.length !== type.version - 1) {
        throw new Error(`${type.type} is at version ${type.version} and needs ${type.version - 1} upcasters`);
      }
      this.#types.set(type.type, type);
    }
  }

  types(): readonly EventType[] {
    return [...this.#types.values()];
  }

  /** The version to write an event with. An unregistered type is a bug. */
  versionOf(type: string): number {
    const known = this.#types.get(type);
    if (!known) throw new Error(`the event type ${type} is not registered`);
    return known.version;
  }

  /** Why this build cannot read an event; null where it can. */
  problemOf(event: WrittenEvent): UnreadableEvent | null {
    const known = this.#types.get(event.type);
    if (!known) return new UnknownEventType(event.type, event.stream);
    const { version } = event.metadata;
    return version > known.version ? new NewerEventVersion(event.type, version, known.version) : null;
  }

  /**
   * The data as today's version has it.
   * @throws UnreadableEvent where `problemOf` names one
   */
  upcast(event: WrittenEvent): unknown {
    const known = this.#types.get(event.type);
    if (known && event.metadata.version === known.version) return event.data;
    const problem = this.problemOf(event);
    if (problem) throw problem;
    const older = known?.upcasters.slice(event.metadata.version - 1) ?? [];
    return older.reduce((data: unknown, upcaster) => upcaster(data as never), event.data);
  }
}

/** An event as it was written, by whatever build. */
export interface WrittenEvent {
  readonly stream: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Pick<Metadata, 'version'>;
}

/** Registers the types of a union of events, all at version 1. The compiler knows when one is missing. */
export function firstVersions<E extends DomainEvent>(names: Record<E['type'], true>): EventType[] {
  return (Object.keys(names) as E['type'][]).map((type) => ({ type, version: 1, upcasters: [] }));
}
