import { uuidOf } from '@seatbook/kernel';

/** A pair as far as a comparison with Apple needs to know it. */
interface ComparedPair {
  readonly state: string;
  readonly callId: string | null;
  readonly followUp: object | null;
}

/** Assigned, and nothing of ours is about it: Apple should hold it. */
export const isSettled = (pair: ComparedPair | undefined): boolean =>
  pair?.state === 'assigned' && pair.callId === null && pair.followUp === null;

/** Nobody of ours has it: Apple should not hold it. */
export const isNotOurs = (pair: ComparedPair | undefined): boolean =>
  pair === undefined || pair.state === 'failed' || pair.state === 'waiting';

/** The order that undoes what an event of drift decides to undo. */
export const restoringOrder = (stream: string, revision: number): string =>
  uuidOf(`${stream}/${revision}/restore`);
