import type { Clock } from '@seatbook/kernel';
import { licensingRegistry } from '@seatbook/licensing';
import {
  EventLog,
  Processor,
  joinViews,
  type EventStore,
  type Log,
  type ProcessorLimits,
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
  limits: ProcessorLimits,
  log: Log,
): Views {
  const source = new EventLog(events, licensingRegistry());
  return joinViews(
    modelGroups.map((models) => new Processor({ events: source, reads, models, clock, log, limits })),
  );
}
