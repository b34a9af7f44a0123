import type { Clock, Ids } from '@seatbook/kernel';

/** What stores need of the process. */
export interface StoresContext {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Told what an operator should know about the stores later on; `notices` of the opened stores is about the start. */
  readonly notice?: (line: string) => void;
}
