import type { AppleLimits } from '@seatbook/licensing';

/** Limits of a call as Apple documents them; service/config has those of the day. */
export const documentedLimits: AppleLimits = {
  maxAssets: 25,
  maxSerialNumbers: 1_000,
  maxClientUserIds: 1_000,
  maxUsers: 100,
};

/** Requests in a second of one location, as Apple documents them. */
export const documentedRequestsPerSecond = 15;
