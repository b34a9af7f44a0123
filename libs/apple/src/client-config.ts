import type { ClientConfig } from '@seatbook/licensing';
import { appleDate } from './apple-date.js';
import { type JsonObject, textOf } from './json-shape.js';
import { mdmInfoOf } from './mdm-info.js';

/**
 * client/config; null if it names no location and none is expected. The answer to a POST may leave out name, country
 * and platform: read them with a GET. The notification secret, which Apple echoes, is not taken from it.
 */
export function clientConfigOf(body: JsonObject, expectedUId: string): ClientConfig | null {
  const uId = textOf(body['uId']) ?? expectedUId;
  if (uId === '') return null;
  return {
    uId,
    locationName: textOf(body['locationName']),
    countryCode: textOf(body['countryISO2ACode']),
    defaultPlatform: textOf(body['defaultPlatform']),
    websiteUrl: textOf(body['websiteURL']),
    tokenExpiresAt: appleDate(body['tokenExpirationDate']),
    mdmInfo: mdmInfoOf(body['mdmInfo']),
    notificationUrl: textOf(body['notificationUrl']),
  };
}
