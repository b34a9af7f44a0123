import type { Command } from './decider.js';

/**
 * Due work of one stream. `begin` gives the command whose event is appended, at the revision just read, before
 * anything leaves the process: who loses that append does not perform. A step without a begin only
 * reads, or writes what may be written twice.
 * `perform` returns commands for its own stream.
 */
export interface Step<S, P, C extends Command = Command> {
  readonly name: string;
  /** Null: it is not to be started now (the state of another stream says no); the runner looks again later. */
  begin?(state: S, ports: P, stream: string): Promise<C | null>;
  perform(state: S, ports: P, stream: string): Promise<readonly C[]>;
}
