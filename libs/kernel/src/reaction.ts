import type { CommandMessage } from './decider.js';
import type { DomainEvent, Envelope } from './event.js';

/** When this happened, send these commands. It knows nothing but its event. */
export interface Reaction<E extends DomainEvent = DomainEvent> {
  readonly name: string;
  readonly handles: readonly E['type'][];
  react(event: Envelope<E>): readonly CommandMessage[];
}
