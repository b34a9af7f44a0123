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
  type TenureOf,
  type Views,
} from '@seatbook/runtime';
import { type ModelGroup } from '@seatbook/application';

export interface ViewBuildersOptions {
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly clock: Clock;
  readonly limits: ProcessorLimits;
  readonly log: Log;
  readonly tenureOf: TenureOf;
  readonly groups: readonly ModelGroup[];
}

/**
 * Builders of read models, one loop for each group: the models that the product works from never wait for a long pass
 * of the models that people look at.
 */
export function viewBuilders({ events, groups, ...shared }: ViewBuildersOptions): Views {
  const log = new EventLog(events, licensingRegistry());
  return joinViews(groups.map(({ models }) => new Processor({ ...shared, events: log, models })));
}
