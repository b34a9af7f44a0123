import type { Position } from '@seatbook/kernel';
import type { Directory } from './directory.js';
import type { EventStore } from './event-store.js';
import type { Leases } from './leases.js';
import type { Progress } from './progress.js';
import type { ReadStore } from './read-store.js';
import type { Secrets } from './secrets.js';

/** Where everything is kept. */
export interface Stores {
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly progress: Progress;
  readonly leases: Leases;
  readonly secrets: Secrets;
  readonly directory: Directory;
}

/** Stores that a process has opened, whichever they are. */
export interface OpenedStores extends Stores {
  /** What was unusual about the start, as lines for the log of the process. */
  readonly notices: readonly string[];
  /** Finishes what was asked for and lets go of files and connections. */
  close(): Promise<void>;
}

/** What a thread that builds read models works with, beside the one that has opened the stores. */
export interface BuilderStores {
  /** For reading only. */
  readonly events: EventStore;
  readonly reads: ReadStore;
  /** Passes on what the log of the main thread called back: new events are there, up to this position. */
  ring(position: Position): void;
  close(): void;
}
