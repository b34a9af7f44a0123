/**
 * What the product is known not to do right and is spared until it does, each with the reason. Whoever mends it removes
 * its line.
 */
export const knownFaults = {
  'late-effect':
    'What an attempt in doubt does after Apple was read because of it is not seen: its event was still pending.',
} as const satisfies Readonly<Record<string, string>>;

export const isKnown = (fault: string): boolean => fault in knownFaults;
