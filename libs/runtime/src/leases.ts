/** Who works on a partition. */
export interface Lease {
  /** Rises with each new holder, never falls. */
  readonly epoch: number;
  /** Null: free. */
  readonly holder: string | null;
  /** Rises while the holder lives. */
  readonly beat: number;
  /** What the holder last told of its work on the partition, for other processes to show; null: nothing yet. */
  readonly status: string | null;
}

/** A lease that its holder raises the beat of. */
export interface HeldLease {
  readonly name: string;
  readonly epoch: number;
  /** Replaces what was told before; without it that stays. */
  readonly status?: string;
}

/** A lease as a contender saw it. */
export type LeaseSeen = Pick<Lease, 'epoch' | 'beat'>;

/**
 * Leases by name of a partition. They only save work: what must not happen twice is fenced by the epoch in a
 * checkpoint's compare-and-set, or by an append at an exact revision. No clock is compared: whoever sees a beat
 * unchanged for the length of the lease, by its own clock, may take the lease over.
 */
export interface Leases {
  /** All that were ever held: some twenty, and one for each account. */
  all(): Promise<ReadonlyMap<string, Lease>>;
  /** Those of the names that were ever held. */
  read(names: readonly string[]): Promise<ReadonlyMap<string, Lease>>;
  /** Takes the lease if it is as it was seen. Answers the new epoch, or null where somebody else was faster. */
  acquire(name: string, holder: string, seen: LeaseSeen | 'absent'): Promise<number | null>;
  /** Raises the beat of all that the holder still has. Answers their names. */
  beat(holder: string, held: readonly HeldLease[]): Promise<readonly string[]>;
  /** Frees the lease at once, if the epoch still has it. */
  release(name: string, epoch: number): Promise<void>;
}
