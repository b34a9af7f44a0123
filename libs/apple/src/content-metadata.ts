import type { ContentMetadata } from '@seatbook/licensing';
import { integerOf, type JsonObject, listOf, objectOf, textOf, textsOf } from './json-shape.js';

/** In points: large enough for any list, small enough to load many of them. */
const iconSize = 256;

/** The query of one content metadata lookup. `mdm-lockup` is spelt as Apple's service wants it. */
export const lookupQuery = (
  adamIds: readonly string[],
  storefront: { readonly countryCode: string; readonly platform: string },
): Readonly<Record<string, string>> => ({
  version: '2',
  id: adamIds.join(','),
  p: 'mdm-lockup',
  caller: 'MDM',
  platform: storefront.platform,
  cc: storefront.countryCode.toLowerCase(),
  l: 'en',
});

/** What a lookup found of what was asked for; null if the answer cannot be parsed. Empty also means: not permitted. */
export function lookedUp(body: JsonObject, asked: readonly string[]): readonly ContentMetadata[] | null {
  const results = objectOf(body['results']);
  if (!results) return null;
  const wanted = new Set(asked);
  return Object.entries(results)
    .map(([key, value]) => contentOf(key, value))
    .filter((content) => content !== null)
    .filter((content) => wanted.delete(content.adamId));
}

function contentOf(key: string, value: unknown): ContentMetadata | null {
  const item = objectOf(value);
  if (!item) return null;
  const adamId = textOf(item['id']) ?? key;
  const bundleId = textOf(item['bundleId']);
  return {
    adamId,
    // A name to show if the store gives none.
    name: textOf(item['name']) ?? bundleId ?? adamId,
    bundleId,
    iconUrl: iconOf(item['artwork']),
    artistName: textOf(item['artistName']),
    deviceFamilies: textsOf(item['deviceFamilies']),
    kind: textOf(item['kind']),
    version: versionOf(item['offers']),
  };
}

/** Of the first offer: of one app, all offers have the same. */
function versionOf(offers: unknown): number | null {
  const [first] = listOf(offers) ?? [];
  return integerOf(objectOf(objectOf(first)?.['version'])?.['externalId']);
}

/** Artwork is a list of sizes, or one address with placeholders for width, height and format. */
function iconOf(artwork: unknown): string | null {
  const sizes = (listOf(artwork) ?? [])
    .map(objectOf)
    .map((size) => ({ width: integerOf(size?.['width']) ?? 0, url: httpsOf(textOf(size?.['url'])) }))
    .filter((size) => size.url !== null)
    .sort((a, b) => a.width - b.width);
  const fitting = sizes.find(({ width }) => width >= iconSize) ?? sizes.at(-1);
  if (fitting) return fitting.url;
  const template = textOf(objectOf(artwork)?.['url']);
  return httpsOf(
    template
      ?.replaceAll('{w}', String(iconSize))
      .replaceAll('{h}', String(iconSize))
      .replaceAll('{c}', 'bb')
      .replaceAll('{f}', 'png') ?? null,
  );
}

// It is shown in people's browsers.
function httpsOf(address: string | null): string | null {
  if (address === null) return null;
  try {
    const url = new URL(address);
    return url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}
