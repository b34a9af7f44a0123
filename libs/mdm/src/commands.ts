import type { DeviceRequest } from '@seatbook/licensing';
import { PROFILE_IDENTIFIER, profilePlist } from './profile-plist.js';
import { plistOf, type PlistDictionary } from './plist.js';

/** NanoMDM's own limit. */
export const MAX_COMMAND_UUID = 127;

/**
 * A command as the property list that NanoMDM queues and the device gets. All devices that it is sent to share its id;
 * their answers are told apart by who answers.
 */
export function commandPlist(uuid: string, command: DeviceRequest): string {
  if (uuid === '' || uuid.length > MAX_COMMAND_UUID)
    throw new Error(`the id of a command has 1 to ${MAX_COMMAND_UUID} characters`);
  return plistOf({
    CommandUUID: uuid,
    Command: { RequestType: command.requestType, ...contentOf(command) },
  });
}

function contentOf(command: DeviceRequest): PlistDictionary {
  switch (command.requestType) {
    case 'InstallApplication':
      return {
        iTunesStoreID: BigInt(command.adamId),
        // With 0, the device would ask for an Apple Account instead of looking for the licence.
        Options: { PurchaseMethod: 1 },
        ManagementFlags: command.managementFlags,
        InstallAsManaged: true,
        // Account-driven enrolments refuse to take over what the user has installed.
        ...(command.vpnUuid === null ? {} : { Attributes: { VPNUUID: command.vpnUuid } }),
        ...(command.takeOver ? { ChangeManagementState: 'Managed' } : {}),
      };
    case 'ManagedApplicationList':
      return command.bundleIds.length === 0 ? {} : { Identifiers: command.bundleIds };
    case 'RemoveApplication':
      return { Identifier: command.bundleId };
    case 'InstallProfile':
      return { Payload: Buffer.from(profilePlist(command.digest, command.profile, command.sealed)) };
    case 'RemoveProfile':
      return { Identifier: PROFILE_IDENTIFIER };
    case 'DeviceInformation':
      return { Queries: command.queries };
  }
}
