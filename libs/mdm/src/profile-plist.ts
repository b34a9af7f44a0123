import { uuidOf } from '@seatbook/kernel';
import type { DeviceProfile } from '@seatbook/licensing';
import { textOf } from './dictionary.js';
import { plistOf, type PlistDictionary } from './plist.js';

/** By it a device replaces the profile that it has from us, or removes it. */
export const PROFILE_IDENTIFIER = 'seatbook.device-profile';

/** The same for the same content: a device that has it changes nothing. */
const uuidFor = (digest: string, part: string): string => uuidOf(`${digest}/${part}`).toUpperCase();

/** A configuration profile in XML, unsigned: it comes by the MDM. */
export const profilePlist = (digest: string, profile: DeviceProfile): string =>
  plistOf({
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: PROFILE_IDENTIFIER,
    PayloadUUID: uuidFor(digest, 'profile'),
    PayloadDisplayName: 'Seatbook',
    PayloadContent: payloadsOf(profile).map((payload) => {
      const type = textOf(payload['PayloadType']) ?? '';
      const identifier = `${PROFILE_IDENTIFIER}.${type}`;
      const own = { PayloadVersion: 1, PayloadIdentifier: identifier, PayloadUUID: uuidFor(digest, type) };
      return { ...payload, ...own };
    }),
  });

const payloadsOf = ({ rules }: DeviceProfile): readonly PlistDictionary[] => [
  ...(rules.length === 0
    ? []
    : [
        {
          PayloadType: 'com.apple.networkusagerules',
          ApplicationRules: rules.map(({ bundleIds, cellularData, dataRoaming }) => ({
            AppIdentifierMatches: bundleIds,
            AllowCellularData: cellularData,
            AllowRoamingCellularData: dataRoaming,
          })),
        },
      ]),
];
