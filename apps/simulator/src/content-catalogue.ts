import type { Platform, ProductType } from './asset.js';

/**
 * Where the lookup shows an item: `listed` to everybody; `unlisted` (no longer sold) and `custom` (B2B) only with
 * the cookie of a location that owns it; `delisted` to nobody.
 */
export type Availability = 'listed' | 'unlisted' | 'custom' | 'delisted';

/** The store's entry of an app or book. */
export interface ContentItem {
  readonly adamId: string;
  readonly productType: ProductType;
  readonly supportedPlatforms: readonly Platform[];
  name: string;
  bundleId: string;
  artistName: string;
  genre: string;
  version: string;
  externalVersionId: number;
  minimumOSVersion: string;
  /** In the storefront's currency; 0 is free. */
  price: number;
  /** Bytes. */
  size: number;
  deviceAssignable: boolean;
  availability: Availability;
  /** Countries in which it is sold; null: everywhere. */
  storefronts: readonly string[] | null;
}

const storefrontIds: Readonly<Record<string, string>> = {
  US: '143441',
  FR: '143442',
  DE: '143443',
  GB: '143444',
  AT: '143445',
  CH: '143459',
};

const deviceFamilies: Readonly<Record<Platform, readonly string[]>> = {
  iOS: ['iphone', 'ipad', 'ipod'],
  macOS: ['mac'],
  tvOS: ['tvos'],
  watchOS: ['watch'],
  visionOS: ['realityDevice'],
};

/** Who the lookup is for, and in which form it answers. */
export interface LookupManner {
  /** The assets that the cookie's location owns, by adamId; null without a valid cookie. */
  readonly owned: ReadonlySet<string> | null;
  readonly artwork: 'array' | 'object';
  readonly id: 'string' | 'number';
}

/** The store: what the content metadata lookup answers from. Items are shared by all locations. */
export class ContentCatalogue {
  private readonly items = new Map<string, ContentItem>();

  find(adamId: string): ContentItem | undefined {
    return this.items.get(adamId);
  }

  put(item: ContentItem): void {
    this.items.set(item.adamId, item);
  }

  /** The whole answer; what cannot be shown is left out, as at Apple. */
  lookup(query: URLSearchParams, manner: LookupManner): Record<string, unknown> {
    const country = (query.get('cc') ?? 'us').toUpperCase();
    const forMac = query.get('platform') === 'macappstore';
    const results: Record<string, unknown> = {};
    // Apple answers requests with any other value of `p` with no results.
    const ids = query.get('p') === 'mdm-lockup' ? (query.get('id') ?? '').split(',') : [];
    for (const adamId of ids.map((id) => id.trim())) {
      const item = this.items.get(adamId);
      if (item === undefined || !isShown(item, country, manner.owned)) continue;
      if (forMac && !item.supportedPlatforms.includes('macOS')) continue;
      results[adamId] = itemBody(item, forMac, manner);
    }
    return {
      version: 2,
      isAuthenticated: false,
      meta: {
        storefront: { id: storefrontIds[country] ?? storefrontIds['US'], cc: country },
        language: { tag: query.get('l') ?? 'en-gb' },
      },
      results,
    };
  }
}

function isShown(item: ContentItem, country: string, owned: ReadonlySet<string> | null): boolean {
  if (item.storefronts !== null && !item.storefronts.includes(country)) return false;
  if (item.availability === 'listed') return true;
  return item.availability !== 'delisted' && (owned?.has(item.adamId) ?? false);
}

function kindOf(item: ContentItem, forMac: boolean): string {
  if (item.productType === 'Book') return 'ebook';
  return forMac || item.supportedPlatforms[0] === 'macOS' ? 'macSoftware' : 'iosSoftware';
}

function artworkOf(adamId: string, form: 'array' | 'object'): unknown {
  const folder = `https://img.example.test/icon/${adamId}`;
  if (form === 'object') return { width: 1024, height: 1024, url: `${folder}/{w}x{h}bb.{f}` };
  return [128, 512].map((side) => ({ width: side, height: side, url: `${folder}/${side}x${side}bb.png` }));
}

function itemBody(item: ContentItem, forMac: boolean, manner: LookupManner): Record<string, unknown> {
  const kind = kindOf(item, forMac);
  const families = forMac ? ['mac'] : item.supportedPlatforms.flatMap((platform) => deviceFamilies[platform]);
  return {
    id: manner.id === 'number' ? Number(item.adamId) : item.adamId,
    name: item.name,
    bundleId: item.bundleId,
    kind,
    artistName: item.artistName,
    genreNames: [item.genre],
    genres: [
      { genreId: '6000', name: item.genre, mediaType: '8', url: 'https://apps.example.test/genre/6000' },
    ],
    deviceFamilies: families,
    minimumOSVersion: item.minimumOSVersion,
    artwork: artworkOf(item.adamId, manner.artwork),
    latestVersionReleaseDate: 'Aug 3, 2026',
    releaseDate: '2021-02-01',
    isVppDeviceBasedLicensingEnabled: item.deviceAssignable,
    isB2BCustomApp: item.availability === 'custom',
    isFirstParty: false,
    hasInAppPurchases: false,
    ...(item.supportedPlatforms.includes('watchOS') ? { watchBundleId: `${item.bundleId}.watch` } : {}),
    offers: [
      {
        type: item.price === 0 ? 'get' : 'buy',
        price: item.price,
        priceFormatted: item.price.toFixed(2),
        version: { display: item.version, externalId: item.externalVersionId },
        assets: [{ flavor: kind, size: item.size }],
      },
    ],
  };
}
