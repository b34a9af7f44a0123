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

/** An event is newer than this build knows: the reader waits for a newer worker and skips nothing. */
export class NewerEventVersion extends Error {
  constructor(
    readonly type: string,
    readonly version: number,
    readonly known: number,
  ) {
    super(`${type} has version ${version}, this build knows ${known}: run a newer Seatbook`);
    this.name = 'NewerEventVersion';
  }
}

/** Names and versions of all events. Type names are chosen, never class names, so code can be renamed. */
export class EventRegistry {
  readonly #types = new Map<string, EventType>();

  constructor(...groups: (readonly EventType[])[]) {
    for (const type of groups.flat()) {
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

  /** The data as today's version has it. Types that nobody registered pass through: nobody handles them. */
  upcast(event: { type: string; data: unknown; metadata: Pick<Metadata, 'version'> }): unknown {
    const known = this.#types.get(event.type);
    if (!known || event.metadata.version === known.version) return event.data;
    if (event.metadata.version > known.version) {
      throw new NewerEventVersion(event.type, event.metadata.version, known.version);
    }
    let data = event.data;
    for (const upcaster of known.upcasters.slice(event.metadata.version - 1)) data = upcaster(data as never);
    return data;
  }
}

/** Registers the types of a union of events, all at version 1. The compiler knows when one is missing. */
export function firstVersions<E extends DomainEvent>(names: Record<E['type'], true>): EventType[] {
  return (Object.keys(names) as E['type'][]).map((type) => ({ type, version: 1, upcasters: [] }));
}
