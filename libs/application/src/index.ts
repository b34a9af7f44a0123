export { AccountGates } from './account-gates.js';
export { Seatbook, modelGroups, type SeatbookOptions, type Stores } from './seatbook.js';
export { notificationSecretName, sealedBodyName, tokenName } from './vault.js';
export { contextOf, requestId, type Caller } from './principal.js';
export {
  importToken,
  notificationPath,
  notificationUrlOf,
  renewToken,
  type ImportToken,
} from './import-token.js';
export { cancelWaiting, placeOrder, returnAll, type OrderRequest, type PlacedOrder } from './place-order.js';
export { receiveNotification } from './receive-notification.js';
export { assetAsOf, history, holderAsOf, type AsOf, type HistoryFilter } from './history.js';
