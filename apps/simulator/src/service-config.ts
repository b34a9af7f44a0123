import { listedErrors } from './apple-errors.js';
import type { Answer, World } from './world.js';

/** GET service/config. The notification types are the four of Apple's example, not all that exist. */
export function serviceConfig(world: World): Answer {
  const api = `${world.baseUrl}/mdm/v2`;
  return {
    errorCodes: listedErrors(),
    limits: {
      ...world.faults.limits,
      maxSubscriptions: 25,
      maxSubscriptionClientUserIds: 1000,
      maxRequestPerSecond: world.faults.rateLimit.perSecond,
    },
    notificationTypes: ['ASSET_COUNT', 'ASSET_MANAGEMENT', 'USER_MANAGEMENT', 'USER_ASSOCIATED'],
    urls: {
      associateAssets: `${api}/assets/associate`,
      disassociateAssets: `${api}/assets/disassociate`,
      revokeAssets: `${api}/assets/revoke`,
      getAssets: `${api}/assets`,
      getAssignments: `${api}/assignments`,
      getUsers: `${api}/users`,
      createUsers: `${api}/users/create`,
      updateUsers: `${api}/users/update`,
      retireUsers: `${api}/users/retire`,
      eventStatus: `${api}/status`,
      clientConfig: `${api}/client/config`,
      contentMetadataLookup: `${world.baseUrl}/WebObjects/MZStorePlatform.woa/wa/lookup`,
      invitationEmail: `${world.baseUrl}/WebObjects/MZFinance.woa/wa/associateVPPUserWithITSAccount?inviteCode=%25inviteCode%25&mt=8`,
    },
  };
}
