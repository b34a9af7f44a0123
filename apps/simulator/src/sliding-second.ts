/** Counts what happened within the last 1,000 ms. */
export class SlidingSecond {
  private moments: number[] = [];

  /** How many moments lie in the second that ends at `now` (epoch ms). */
  count(now: number): number {
    const first = this.moments.findIndex((moment) => moment > now - 1000);
    if (first === -1) this.moments = [];
    else if (first > 0) this.moments = this.moments.slice(first);
    return this.moments.length;
  }

  /** Adds a moment and returns the count including it. */
  add(now: number): number {
    this.count(now);
    this.moments.push(now);
    return this.moments.length;
  }
}
