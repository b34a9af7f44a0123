import type { AppleUser } from './ports.js';

/** Of a clientUserId Apple may list any number of retired records, and one of which this is true at the most. */
export const isActive = ({ status }: AppleUser): boolean =>
  status === 'Registered' || status === 'Associated';
