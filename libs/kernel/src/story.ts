import type { DomainEvent, Envelope, EventOf } from './event.js';

/** One sentence for each type of event of a union, for people. A forgotten type does not compile. */
export type Story<E extends DomainEvent, C> = {
  readonly [T in E['type']]: (event: Envelope<EventOf<E, T>>, context: C) => string;
};
