import type { Clock } from '@seatbook/kernel';
import { LeaseKeeper, type Leases } from '@seatbook/runtime';

let processes = 0;

/** Keeps leases as a process of its own does. It is started, and whoever made it stops it. */
export function keptLeases(
  leases: Leases,
  clock: Clock,
  holder = `process ${(processes += 1)}`,
): LeaseKeeper {
  const keeper = new LeaseKeeper({ leases, holder, clock, log: () => undefined });
  keeper.start();
  return keeper;
}
