import { Refusal } from '@seatbook/kernel';

/** The Single Sign-On of an app. */
export interface AppSso {
  readonly profileId: string;
  /** Addresses that it is for, by how they begin, each with a slash at its end; null: all addresses. */
  readonly baseUrlMatches: readonly string[] | null;
}

/** So many addresses may an app name. */
export const MAX_BASE_URLS = 50;

/**
 * Beginnings of addresses as devices compare them, each once: letter by letter, so that `http://host/` is none of
 * `http://host:80/`, and with a slash at the end.
 * @throws Refusal INVALID_BASE_URL
 */
export function baseUrlsOf(texts: readonly string[]): readonly string[] {
  if (texts.length === 0 || texts.length > MAX_BASE_URLS)
    throw new Refusal('INVALID_BASE_URL', `name 1 to ${MAX_BASE_URLS} addresses, or null for all`);
  const wrong = texts.filter((text) => !/^https?:\/\/[^\s/?#][^\s?#]*$/.test(text));
  if (wrong.length > 0)
    throw new Refusal('INVALID_BASE_URL', 'an address begins with http:// or https://, and has no ? and #', {
      wrong,
    });
  return [...new Set(texts.map((text) => (text.endsWith('/') ? text : `${text}/`)))].sort();
}
