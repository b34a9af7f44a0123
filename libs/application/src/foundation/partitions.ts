import { REACTOR_LEASE, STEP_LEASES, STEP_REVISION_LEASE } from '@seatbook/runtime';
import { modelGroups, type ModelGroup } from './model-groups.js';

/** The lease of whoever builds a group of read models. */
export const groupLease = (group: ModelGroup['name']): string => `models/${group}`;

/** The lease of all that speaks to Apple for an account. */
export const accountLease = (uId: string): string => `apple/${uId}`;

/** Work that is there in every deployment: each of these leases should always have a holder. */
export const PARTITIONS: readonly string[] = [
  ...modelGroups.map(({ name }) => groupLease(name)),
  REACTOR_LEASE,
  STEP_REVISION_LEASE,
  ...STEP_LEASES,
];
