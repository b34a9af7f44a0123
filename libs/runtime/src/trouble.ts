/** What keeps a runner from its work. */
export interface Trouble {
  /** Which runner of a worker, e.g. `reactor`. */
  readonly runner: string;
  readonly reason: string;
  /** It has given up; otherwise it keeps trying. */
  readonly halted: boolean;
}
