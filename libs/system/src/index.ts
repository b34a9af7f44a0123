export { AccountGates } from './account-gates.js';
export { Seatbook, modelGroups, type SeatbookOptions, type Stores } from './seatbook.js';
export { notificationSecretName, sealedBodyName, tokenName } from './vault.js';
