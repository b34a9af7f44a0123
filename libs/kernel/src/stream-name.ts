import type { Command } from './decider.js';

declare const of: unique symbol;

/**
 * The name of a stream. It knows which commands the stream takes and what its state is, so that neither a wrong command
 * nor a wrong state compiles. Text that is not known to name a stream of a kind is one for any command.
 */
export type StreamName<C extends Command = never, S = unknown> = string & {
  readonly [of]?: { readonly command: (command: C) => void; readonly state: S };
};
