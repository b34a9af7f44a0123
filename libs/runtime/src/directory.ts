/**
 * What a person is known by: at one location of Apple's, or (`uId` is empty) to the organisation, which registered the
 * person here. Personal data: lives here alone, never in an event.
 */
export interface PersonEntry extends PersonDetails {
  /** Our random id; the only one that events name. Whom we register at Apple, we register under it. */
  readonly userId: string;
  readonly uId: string;
  readonly clientUserId: string;
}

/** What identifies a person, or lets others act as this person. */
export interface PersonDetails {
  readonly email: string | null;
  readonly name: string | null;
  /** The Managed Apple Account that is linked without an invitation. */
  readonly managedAppleId: string | null;
  /** Equal for equal Apple Accounts. */
  readonly idHash: string | null;
  /** With it whoever has it accepts the invitation. */
  readonly inviteCode: string | null;
}

/** What was seen of a person; what is left out was not seen, null: there is none. */
export interface PersonSeen extends Partial<PersonDetails> {
  readonly clientUserId: string;
}

export const NOTHING_KNOWN: PersonDetails = {
  email: null,
  name: null,
  managedAppleId: null,
  idHash: null,
  inviteCode: null,
};

/** An entry as it is after something was seen; the same object where nothing is new. */
export function entryAfter(entry: PersonEntry, seen: Partial<PersonDetails>): PersonEntry {
  const news = DETAILS.filter((field) => seen[field] !== undefined && seen[field] !== entry[field]);
  if (news.length === 0) return entry;
  const after: Partial<PersonDetails> = Object.fromEntries(news.map((field) => [field, seen[field]]));
  return { ...entry, ...after };
}

const DETAILS = Object.keys(NOTHING_KNOWN) as (keyof PersonDetails)[];

/** All that a person can be found by, for a search that does not tell upper from lower case. */
export const findableText = ({
  clientUserId,
  email,
  name,
  managedAppleId,
}: Omit<PersonEntry, 'userId'>): string =>
  [clientUserId, email, name, managedAppleId].join('\n').toLowerCase();

/** Which person is meant, after which entry: `everybody` goes on there. */
export type PlaceInDirectory = Pick<PersonEntry, 'userId' | 'uId'>;

/** The directory of persons: userId ↔ what identifies them. It can forget one person and the ledger stays whole. */
export interface Directory {
  /**
   * Our ids for persons of a location, in the order given. Who is new gets a new id, known ones are brought up to date;
   * a clientUserId that is our id of somebody whom we have registered is that person.
   */
  userIdsOf(uId: string, seen: readonly PersonSeen[]): Promise<readonly string[]>;
  /** All entries of these persons, person by person in the order given, then by location. */
  entries(userIds: readonly string[]): Promise<readonly PersonEntry[]>;
  /** Everybody, in the order of our ids and then by location, after the place named. */
  everybody(after: PlaceInDirectory | null, limit: number): Promise<readonly PersonEntry[]>;
  /** Our ids of persons whose {@link findableText} anywhere contains a text ('' is in all), in order, after the one named. */
  find(text: string, after: string | null, limit: number): Promise<readonly string[]>;
  /** Our ids of those who share an Apple Account at a location, in order. */
  sharing(uId: string, idHash: string): Promise<readonly string[]>;
  /** Keeps entries as they are, with their ids; again changes nothing. */
  keep(entries: readonly PersonEntry[]): Promise<void>;
  /**
   * Removes all that identifies the person. Where Apple knows the person by our own random id, that alone stays: what
   * Apple still says of it is not said of somebody new.
   */
  forget(userId: string): Promise<void>;
}
