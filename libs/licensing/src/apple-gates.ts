/**
 * What is read at Apple for an account waits behind the gate of its uId, what is written behind this one: where another
 * MDM has the location, nothing is written and reads go on.
 */
export const writeGateOf = (uId: string): string => `${uId}${WRITES}`;

/** Whose gate it is. */
export const accountOfGate = (gate: string): string =>
  gate.endsWith(WRITES) ? gate.slice(0, -WRITES.length) : gate;

const WRITES = '/writes';
