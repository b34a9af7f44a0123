import type { AppleSettings } from './settings.js';

/** What we call, by the names that service/config uses. */
export type Endpoint =
  | 'clientConfig'
  | 'getAssets'
  | 'getAssignments'
  | 'getUsers'
  | 'associateAssets'
  | 'disassociateAssets'
  | 'createUsers'
  | 'updateUsers'
  | 'retireUsers'
  | 'eventStatus'
  | 'contentMetadataLookup';

const paths: Readonly<Record<Exclude<Endpoint, 'contentMetadataLookup'>, string>> = {
  clientConfig: '/client/config',
  getAssets: '/assets',
  getAssignments: '/assignments',
  getUsers: '/users',
  associateAssets: '/assets/associate',
  disassociateAssets: '/assets/disassociate',
  createUsers: '/users/create',
  updateUsers: '/users/update',
  retireUsers: '/users/retire',
  eventStatus: '/status',
};

type UrlSettings = Pick<AppleSettings, 'baseUrl' | 'contentMetadataUrl' | 'trustedDomains'>;

/** Where service/config is read. */
export const serviceConfigUrl = (settings: UrlSettings): string =>
  `${settings.baseUrl.replace(/\/+$/, '')}/service/config`;

/** The configured address of an endpoint. */
export const configuredUrl = (endpoint: Endpoint, settings: UrlSettings): string =>
  endpoint === 'contentMetadataLookup'
    ? settings.contentMetadataUrl
    : settings.baseUrl.replace(/\/+$/, '') + paths[endpoint];

/**
 * Whether we may send a token there: the origins that were configured, and https at the standard port of subdomains of
 * the trusted domains. Any other address in service/config is ignored: otherwise an attacker who changes that answer
 * would receive tokens or reach into our network.
 */
export function isTrusted(address: string, settings: UrlSettings): boolean {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return false;
  }
  if (url.username !== '' || url.password !== '') return false;
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  const configured = [settings.baseUrl, settings.contentMetadataUrl].map((known) => new URL(known).origin);
  if (configured.includes(url.origin)) return true;
  return (
    url.protocol === 'https:' &&
    url.port === '' &&
    settings.trustedDomains.some((domain) => url.hostname.endsWith(`.${domain}`))
  );
}

/** The address with a query, which replaces any that it had. */
export function withQuery(address: string, query: Readonly<Record<string, string>>): string {
  const url = new URL(address);
  url.hash = '';
  // Commas between ids stay as they are: that is how the lookup is commonly called.
  url.search = new URLSearchParams(query).toString().replaceAll('%2C', ',');
  return url.href;
}
