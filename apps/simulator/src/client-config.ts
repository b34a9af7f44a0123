import { Refusal } from './apple-errors.js';
import type { Faults } from './faults.js';
import type { Location, MdmInfo } from './location.js';
import { notificationTypes } from './notifier.js';
import { anyText, list, object, oneOf, optional } from './shape.js';
import type { Answer, Visit } from './world.js';

const requestShape = object(
  {
    mdmInfo: optional(
      object({ id: optional(anyText), name: optional(anyText), metadata: optional(anyText) }, 'open'),
    ),
    notificationUrl: optional(anyText),
    notificationAuthToken: optional(anyText),
    notificationTypes: optional(list(oneOf(...notificationTypes))),
  },
  'open',
);

function websiteOf(location: Location): string {
  return location.facts.platform === 'volumestore'
    ? 'https://school.apple.com'
    : 'https://business.apple.com';
}

/** GET client/config. */
export function readClientConfig({ location }: Visit): Answer {
  const { facts } = location;
  return {
    countryISO2ACode: facts.country,
    defaultPlatform: facts.platform,
    locationName: facts.name,
    ...(location.notificationUrl === null ? {} : { notificationUrl: location.notificationUrl }),
    ...(location.notificationAuthToken === null
      ? {}
      : { notificationAuthToken: location.notificationAuthToken }),
    subscribedNotificationTypes: location.notificationTypes,
    websiteURL: websiteOf(location),
  };
}

/**
 * POST client/config. Given members replace the old ones. A URL is tested with a TEST_NOTIFICATION first. Like
 * Apple's, the answer lacks the location's name, country and platform and the notification token.
 */
export async function writeClientConfig(visit: Visit): Promise<Answer> {
  const { location, world } = visit;
  const request = requestShape(visit.body, '');
  const mdmInfo =
    request.mdmInfo === undefined ? undefined : checkedMdmInfo(request.mdmInfo, world.faults.limits);
  const { notificationUrl: url, notificationAuthToken: authToken } = request;
  if ((url === undefined) !== (authToken === undefined)) throw new Refusal(9710);
  if (url !== undefined && authToken !== undefined) {
    checkNotificationTarget(url, authToken, world.faults);
    if (
      world.faults.notifications.testNotification &&
      !(await world.notifier.test(location, url, authToken))
    ) {
      throw new Refusal(9728);
    }
    location.notificationUrl = url;
    location.notificationAuthToken = authToken;
  }
  if (mdmInfo !== undefined) location.mdmInfo = mdmInfo;
  if (request.notificationTypes !== undefined) location.notificationTypes = request.notificationTypes;
  return {
    ...(location.notificationUrl === null ? {} : { notificationUrl: location.notificationUrl }),
    subscribedNotificationTypes: location.notificationTypes,
    websiteURL: websiteOf(location),
  };
}

function checkedMdmInfo(
  given: { id: string | undefined; name: string | undefined; metadata: string | undefined },
  limits: Faults['limits'],
): MdmInfo {
  const { id = '', name = '', metadata } = given;
  if (id === '' || name === '' || metadata === undefined) throw new Refusal(9723);
  if (id.length > limits.maxMdmIdLength) throw new Refusal(9724);
  if (name.length > limits.maxMdmNameLength) throw new Refusal(9725);
  if (metadata.length > limits.maxMdmMetadataLength) throw new Refusal(9713);
  return { id, name, metadata };
}

/** The URL must be HTTPS and consist of host and path only. */
function checkNotificationTarget(url: string, authToken: string, faults: Faults): void {
  const { maxNotificationLength } = faults.limits;
  if (url.length > maxNotificationLength || authToken.length > maxNotificationLength) throw new Refusal(9711);
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const allowed = faults.allowHttpCallbacks ? ['https:', 'http:'] : ['https:'];
  if (parsed === null || !allowed.includes(parsed.protocol) || parsed.search !== '' || parsed.hash !== '') {
    throw new Refusal(9712);
  }
}
