import type { ModelRef } from '@seatbook/kernel';
import { REACTOR_LEASE, STEP_LEASES, STEP_REVISION_LEASE } from '@seatbook/runtime';
import { allModels } from './model-groups.js';

/** The lease of whoever builds a read model: another one for each version, so that two builds do not wait for each other. */
export const modelLease = ({ name, version }: Pick<ModelRef, 'name' | 'version'>): string =>
  `models/${name}@${version}`;

const APPLE = 'apple/';

/** The lease of all that speaks to Apple for an account. */
export const accountLease = (uId: string): string => `${APPLE}${uId}`;

/** Whose work at Apple a lease covers; null where it covers other work. */
export const accountOf = (lease: string): string | null =>
  lease.startsWith(APPLE) ? lease.slice(APPLE.length) : null;

/** Work that is there in every deployment: each of these leases should always have a holder. */
export const PARTITIONS: readonly string[] = [
  ...allModels.map(modelLease),
  REACTOR_LEASE,
  STEP_REVISION_LEASE,
  ...STEP_LEASES,
];
