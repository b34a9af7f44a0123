import type { Command } from './decider.js';
import type { Instant } from './instant.js';
import type { StreamName } from './stream-name.js';

/** A command and the stream that decides it. */
export interface CommandMessage {
  readonly stream: string;
  readonly command: Command;
  /** When what it tells of happened, where it tells of something elsewhere. */
  readonly occurredAt?: Instant;
}

/** A command for a stream that takes it; `occurredAt`: when what it tells of happened elsewhere. */
export const messageTo = <C extends Command>(
  stream: StreamName<C>,
  command: NoInfer<C>,
  occurredAt?: Instant,
): CommandMessage => ({ stream, command, ...(occurredAt === undefined ? {} : { occurredAt }) });
