import type { Metadata } from './event.js';

/** An event that something follows from, with what is carried on from it. */
export interface Cause {
  readonly eventId: string;
  readonly stream: string;
  readonly revision: number;
  readonly correlationId: string;
  readonly traceparent?: string;
}

export function causeOf(event: {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly metadata: Pick<Metadata, 'correlationId' | 'traceparent'>;
}): Cause {
  const { id, stream, revision, metadata } = event;
  const { correlationId, traceparent } = metadata;
  return {
    eventId: id,
    stream,
    revision,
    correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
