/** Path under the public URL where Apple delivers notifications of an account. */
export const notificationPath = (uId: string): string => `/apple/notifications/${uId}`;

/** Where Apple is to send notifications of an account; null where it cannot reach us. */
export const notificationUrlOf = (publicUrl: string | null, uId: string): string | null =>
  publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}${notificationPath(uId)}`;
