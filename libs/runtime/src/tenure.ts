import type { Milliseconds, ModelRef } from '@seatbook/kernel';
import type { LeaseKeeper } from './lease-keeper.js';

/** Whether this process is the one that builds a read model, among all that could. */
export interface Tenure {
  /** In which it builds; null while another one does. */
  epoch(): number | null;
  /** Called when an epoch has begun. Returns an unsubscribe function. */
  onGained(listener: () => void): () => void;
  /** Lets others come first for a while: there is something here that only a newer build can do. */
  giveAway(): Promise<void>;
}

/** Who builds which read model. */
export type TenureOf = (model: Pick<ModelRef, 'name' | 'version'>) => Tenure;

/** For a process that is alone with its read models. */
export const ALONE: Tenure = {
  epoch: () => 1,
  onGained: () => () => undefined,
  giveAway: async () => undefined,
};

/** Another worker takes over the building when it has not heard of this one for so long. */
export const BUILDER_LEASE_MS: Milliseconds = 15_000;

/** The tenure of whoever holds a lease. */
export function leaseTenure(leases: LeaseKeeper, name: string, lengthMs = BUILDER_LEASE_MS): Tenure {
  leases.want(name, lengthMs);
  return {
    epoch: () => leases.epochOf(name),
    onGained: (listener) =>
      leases.onGained((gained) => {
        if (gained === name) listener();
      }),
    giveAway: () => leases.giveAway(name),
  };
}
