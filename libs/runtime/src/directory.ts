/** What Apple knows a person by at one location. Personal data: lives here alone, never in an event. */
export interface PersonEntry {
  /** Our random id; the only one that events name. */
  readonly userId: string;
  readonly uId: string;
  readonly clientUserId: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly idHash: string | null;
}

export interface PersonSeen {
  readonly clientUserId: string;
  readonly email?: string | null;
  readonly name?: string | null;
  readonly idHash?: string | null;
}

/** The directory of persons: userId ↔ what identifies them. It can forget one person and the ledger stays whole. */
export interface Directory {
  /** Our ids for persons of a location, in the order given; who is new gets a new id, known ones are brought up to date. */
  userIdsOf(uId: string, seen: readonly PersonSeen[]): Promise<readonly string[]>;
  entries(userIds: readonly string[]): Promise<readonly PersonEntry[]>;
  /** Everybody, in the order of our ids, after the one named: for a copy into another store. */
  everybody(after: string | null, limit: number): Promise<readonly PersonEntry[]>;
  /** Keeps entries of another store as they are, with their ids; again changes nothing. */
  restore(entries: readonly PersonEntry[]): Promise<void>;
  /** Removes all that identifies the person. */
  forget(userId: string): Promise<void>;
}
