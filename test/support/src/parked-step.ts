import { asPosition } from '@seatbook/kernel';
import type { ParkedWork } from '@seatbook/runtime';

/** A step of an order that was parked after five attempts. The order need not exist. */
export function parkedStep(stream: string): ParkedWork {
  return {
    id: `${stream}/ask`,
    kind: 'step',
    stream,
    name: 'ask',
    payload: '',
    reason: 'a bug',
    attempts: 5,
    source: asPosition(1),
    index: 0,
    parkedAt: 1,
  };
}
