import type { SimulatorClock, Timers } from './clock.js';
import type { ContentCatalogue } from './content-catalogue.js';
import type { ErrorRules } from './error-rules.js';
import type { EventQueue } from './event-queue.js';
import type { Faults } from './faults.js';
import type { Identifiers } from './identifiers.js';
import type { Location } from './location.js';
import type { Notifier } from './notifier.js';
import type { PairRules } from './pair-rules.js';
import type { Token, TokenRegistry } from './token.js';
import type { Traffic } from './traffic.js';

/** Everything that one simulator holds. */
export interface World {
  readonly clock: SimulatorClock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly ids: Identifiers;
  readonly baseUrl: string;
  readonly faults: Faults;
  /** The switches that a reset restores. */
  readonly initialFaults: Faults;
  readonly errorRules: ErrorRules;
  readonly pairRules: PairRules;
  readonly tokens: TokenRegistry;
  readonly locations: Map<string, Location>;
  readonly catalogue: ContentCatalogue;
  readonly traffic: Traffic;
  readonly notifier: Notifier;
  readonly events: EventQueue;
}

/** An authorised request of a location, as an endpoint gets it. */
export interface Visit {
  readonly world: World;
  readonly location: Location;
  readonly token: Token;
  readonly query: URLSearchParams;
  /** The parsed JSON body; undefined for a GET. */
  readonly body: unknown;
  /** Called when an event that this request started has run. */
  readonly applied: () => void;
}

/** The members of an endpoint's answer, without those that every answer has. */
export type Answer = Record<string, unknown>;
