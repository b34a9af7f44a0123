/** Facts of a refusal name so many, each by so many characters: a list may be long, and hold anything. */
const MOST = 20;
const LONGEST = 40;

/** Those of a list that the facts of a refusal name. */
export const namedInRefusal = (ids: readonly string[]): string[] =>
  ids.slice(0, MOST).map((id) => id.slice(0, LONGEST));
