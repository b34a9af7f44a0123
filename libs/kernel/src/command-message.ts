import type { Command } from './decider.js';
import type { StreamName } from './stream-name.js';

/** A command and the stream that decides it. */
export interface CommandMessage {
  readonly stream: string;
  readonly command: Command;
}

/** A command for a stream that takes it. */
export const messageTo = <C extends Command>(stream: StreamName<C>, command: NoInfer<C>): CommandMessage => ({
  stream,
  command,
});
