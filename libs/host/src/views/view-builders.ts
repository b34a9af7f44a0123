import type { Clock } from '@seatbook/kernel';
import { licensingRegistry } from '@seatbook/licensing';
import {
  Processor,
  joinViews,
  type EventStore,
  type Log,
  type ProcessorOptions,
  type ReadStore,
  type Views,
} from '@seatbook/runtime';
import { modelGroups } from '@seatbook/application';

/**
 * Builders of all read models, one loop for each group: what the product works from is never behind a long pass of what
 * people look at.
 */
export function viewBuilders(
  events: EventStore,
  reads: ReadStore,
  clock: Clock,
  options: ProcessorOptions,
  log: Log,
): Views {
  const registry = licensingRegistry();
  // SQLite answers in the same turn: without a pause between two batches, a long catching up would let no message in.
  const source: EventStore = {
    append: (stream, appended, expected) => events.append(stream, appended, expected),
    readStream: (stream, from, limit) => events.readStream(stream, from, limit),
    async readAll(after, limit) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      return events.readAll(after, limit);
    },
    readAt: (positions) => events.readAt(positions),
    head: () => events.head(),
    onAppended: (listener) => events.onAppended(listener),
  };
  return joinViews(
    modelGroups.map((models) => new Processor(source, reads, registry, models, clock, options, log)),
  );
}
