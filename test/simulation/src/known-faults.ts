/**
 * What the product is known to do wrong and is spared until it is mended, each with the reason. A mend removes its line.
 */
export const knownFaults = {} as const satisfies Readonly<Record<string, string>>;

export type KnownFault = keyof typeof knownFaults;

export const isKnown = (fault: string): boolean => fault in knownFaults;
