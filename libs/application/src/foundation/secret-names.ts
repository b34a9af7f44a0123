/** Under which names secrets are kept; events and documents give these names, never what is behind them. */
export const importedTokenName = (importId: string, fingerprint: string): string =>
  `import/${importId}/${fingerprint}`;
export const tokenName = (fingerprint: string): string => `token/${fingerprint}`;
export const notificationSecretName = (uId: string): string => `notification/${uId}`;
export const sealedBodyName = (notificationId: string): string => `notification-body/${notificationId}`;
