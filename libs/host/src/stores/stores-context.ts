import type { Clock, Ids } from '@seatbook/kernel';

/**
 * Called when the stored read models turn out to be damaged while they are in use: they are made again from the log when
 * the stores are opened again. Only the embedded store has to be told: servers mend themselves.
 */
export type ViewsDamaged = (reason: string) => void;

/** What stores need of the process. */
export interface StoresContext {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Told what an operator should know about the stores later on; `notices` of the opened stores is about the start. */
  readonly notice?: (line: string) => void;
  readonly viewsDamaged?: ViewsDamaged | undefined;
}
