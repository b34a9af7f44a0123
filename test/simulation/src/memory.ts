import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Histories after which everything is loaded and compiled. */
const WARM = 20;
/** What the engine itself may need more by the end. A history that is kept takes a few MB. */
const MAY_GROW_BYTES = 48 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Whether the memory of the histories lived is given back. */
export class Memory {
  #lived = 0;
  #warm: number | null = null;

  /** Another history is over. */
  note(): void {
    this.#lived += 1;
    if (this.#lived === WARM) this.#warm = heapBytes();
  }

  /** How much more is kept than after the first histories; null where there were too few of them. */
  grown(): number | null {
    return this.#warm === null || this.#lived < 2 * WARM ? null : heapBytes() - this.#warm;
  }

  static wrong(grown: number | null): string[] {
    return grown === null || grown <= MAY_GROW_BYTES
      ? []
      : [`${Math.round(grown / 2 ** 20)} MB more are kept at the end than after the first ${WARM} histories`];
  }
}

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
