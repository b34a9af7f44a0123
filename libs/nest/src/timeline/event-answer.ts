import { effectiveAt, isoTime, type Envelope, numberOf } from '@seatbook/kernel';
import type { EventAnswer } from './timeline-answer.js';

/** An event whole, as history and single events show it. */
export const eventAnswer = ({
  position,
  id,
  stream,
  revision,
  type,
  data,
  metadata,
}: Envelope): EventAnswer => ({
  position: numberOf(position),
  id,
  stream,
  revision,
  type,
  at: isoTime(metadata.recordedAt) ?? '',
  effectiveAt: isoTime(effectiveAt(metadata)) ?? '',
  data,
  metadata,
});
