import { getAccount, listAccounts, syncAccount, takeOver } from './accounts.js';
import { getAsset, listAssets } from './assets.js';
import { streamHistory } from './history.js';
import { importToken, renewToken } from './import-token.js';
import { getOrder, getPlacedOrder, listOrders, listOutcomes, waitForOrder } from './orders.js';
import { listAssetPairs, listHolderPairs, listPairs } from './pairs.js';
import { listParked, retryParked } from './parked.js';
import { assignLicense, cancelWaiting, returnAll, returnLicense } from './place-order.js';
import { receiveNotification } from './receive-notification.js';
import { getEvent, getTimeline, listCauses } from './timeline.js';

// All that the edge can be asked, each with the function that does it. A command or query is registered here alone.

export const commands = {
  ImportToken: importToken,
  RenewToken: renewToken,
  TakeOver: takeOver,
  SyncAccount: syncAccount,
  AssignLicense: assignLicense,
  ReturnLicense: returnLicense,
  ReturnAll: returnAll,
  CancelWaiting: cancelWaiting,
  ReceiveNotification: receiveNotification,
  RetryParked: retryParked,
};

export const queries = {
  ListAccounts: listAccounts,
  GetAccount: getAccount,
  ListAssets: listAssets,
  GetAsset: getAsset,
  ListPairs: listPairs,
  ListAssetPairs: listAssetPairs,
  ListHolderPairs: listHolderPairs,
  ListOrders: listOrders,
  GetOrder: getOrder,
  GetPlacedOrder: getPlacedOrder,
  WaitForOrder: waitForOrder,
  ListOutcomes: listOutcomes,
  GetTimeline: getTimeline,
  GetEvent: getEvent,
  ListCauses: listCauses,
  StreamHistory: streamHistory,
  ListParked: listParked,
};
