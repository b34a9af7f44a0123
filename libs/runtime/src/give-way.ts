/** Lets other work of the process have its turn, in the middle of work that would hold it up. */
export const giveWay = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
