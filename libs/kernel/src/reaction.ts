import type { CommandMessage } from './command-message.js';
import type { DomainEvent, Envelope, EventOf } from './event.js';

/** When this happened, send these commands. It knows nothing but its event. */
export interface Reaction {
  /** Part of the ids of its commands: a renamed reaction would send them once more. */
  readonly name: string;
  readonly handles: readonly string[];
  react(event: Envelope): readonly CommandMessage[];
}

/** What follows from each type of event; other types are none of the reaction's business. */
export type ReactsTo<E extends DomainEvent> = {
  readonly [T in E['type']]?: (event: Envelope<EventOf<E, T>>) => readonly CommandMessage[];
};

/** A reaction to events of a union. It stands in the folder of the stream that it sends to. */
export function reaction<E extends DomainEvent>(name: string, on: ReactsTo<E>): Reaction {
  // Each function is given only events of its own type, which the compiler cannot see in a lookup by type.
  const reactions = on as unknown as Readonly<Record<string, Reaction['react'] | undefined>>;
  return { name, handles: Object.keys(on), react: (event) => reactions[event.type]?.(event) ?? [] };
}
