/** Under which names secrets are kept; events and documents give these names, never what is behind them. */
export const importedTokenName = (importId: string, fingerprint: string): string =>
  `import/${importId}/${fingerprint}`;
export const tokenName = (fingerprint: string): string => `token/${fingerprint}`;
export const notificationSecretName = (uId: string): string => `notification/${uId}`;
/** Whose enrolment it is: the device's id. Enrolment ids are known to whoever has the device's profile. */
export const enrolmentName = (enrolmentId: string): string => `enrolment/${enrolmentId}`;
/** A note that an enrolment is ready of which nobody knows the device yet. */
export const readyName = (enrolmentId: string): string => `enrolment-ready/${enrolmentId}`;
export const deviceNameName = (deviceId: string): string => `device-name/${deviceId}`;
export const sealedBodyName = (notificationId: string): string => `notification-body/${notificationId}`;
/** What a profile has, while it has this fingerprint. */
export const profilePayloadName = (profileId: string, fingerprint: string): string =>
  `profile/${profileId}/${fingerprint}`;
/** What fingerprints of profiles are made with: who knows the history alone cannot try what was in a profile. */
export const PROFILE_FINGERPRINTS = 'profile-fingerprints';
