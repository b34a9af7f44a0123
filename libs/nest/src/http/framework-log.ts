import type { LoggerService } from '@nestjs/common';
import type { Log } from '@seatbook/host';

/** What the framework says, among our own lines. Its chatter about routes is for debugging. */
export class FrameworkLog implements LoggerService {
  constructor(private readonly logger: Log) {}

  log(message: unknown): void {
    this.logger.debug({ from: 'framework' }, String(message));
  }

  warn(message: unknown): void {
    this.logger.warn({ from: 'framework' }, String(message));
  }

  error(message: unknown): void {
    this.logger.error({ from: 'framework' }, message instanceof Error ? message.message : String(message));
  }
}
