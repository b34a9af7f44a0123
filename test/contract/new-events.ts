import { randomUUID } from 'node:crypto';
import type { Metadata } from '@seatbook/kernel';
import type { NewEvent } from '@seatbook/runtime';

export const METADATA: Metadata = {
  version: 1,
  commandId: '00000000-0000-8000-8000-000000000001',
  principal: 'admin',
  correlationId: '00000000-0000-8000-8000-000000000002',
  causationId: '00000000-0000-8000-8000-000000000003',
  recordedAt: 1_750_000_000_000,
};

/** An event with an id of its own. */
export const newEvent = (data: unknown, metadata: Metadata = METADATA): NewEvent => ({
  id: randomUUID(),
  type: 'contract.happened',
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
});

/** `count` events that tell their number. */
export const newEvents = (count: number): readonly NewEvent[] =>
  Array.from({ length: count }, (_, number) => newEvent({ number }));

/** A stream that no other case uses, on a server that all cases share. */
export const newStream = (): string => `contract-${randomUUID()}`;
