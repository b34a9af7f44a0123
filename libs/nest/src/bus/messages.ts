import {
  assignLicense,
  cancelWaiting,
  getAccount,
  getAsset,
  getEvent,
  getOrder,
  getPlacedOrder,
  getTimeline,
  importToken,
  listAccounts,
  listAssetPairs,
  listAssets,
  listCauses,
  listHolderPairs,
  listOrders,
  listOutcomes,
  listPairs,
  listParked,
  receiveNotification,
  renewToken,
  retryParked,
  returnAll,
  returnLicense,
  streamHistory,
  syncAccount,
  takeOver,
  waitForOrder,
} from '@seatbook/application';
import { CommandOf, QueryOf } from './binding.js';

// All that the buses carry, each with the function of the application that does it. Nothing else is to be registered.

export class ImportToken extends CommandOf(importToken) {}
export class RenewToken extends CommandOf(renewToken) {}
export class TakeOver extends CommandOf(takeOver) {}
export class SyncAccount extends CommandOf(syncAccount) {}
export class AssignLicense extends CommandOf(assignLicense) {}
export class ReturnLicense extends CommandOf(returnLicense) {}
export class ReturnAll extends CommandOf(returnAll) {}
export class CancelWaiting extends CommandOf(cancelWaiting) {}
export class ReceiveNotification extends CommandOf(receiveNotification) {}
export class RetryParked extends CommandOf(retryParked) {}

export class ListAccounts extends QueryOf(listAccounts) {}
export class GetAccount extends QueryOf(getAccount) {}
export class ListAssets extends QueryOf(listAssets) {}
export class GetAsset extends QueryOf(getAsset) {}
export class ListPairs extends QueryOf(listPairs) {}
export class ListAssetPairs extends QueryOf(listAssetPairs) {}
export class ListHolderPairs extends QueryOf(listHolderPairs) {}
export class ListOrders extends QueryOf(listOrders) {}
export class GetOrder extends QueryOf(getOrder) {}
export class GetPlacedOrder extends QueryOf(getPlacedOrder) {}
export class WaitForOrder extends QueryOf(waitForOrder) {}
export class ListOutcomes extends QueryOf(listOutcomes) {}
export class GetTimeline extends QueryOf(getTimeline) {}
export class GetEvent extends QueryOf(getEvent) {}
export class ListCauses extends QueryOf(listCauses) {}
export class StreamHistory extends QueryOf(streamHistory) {}
export class ListParked extends QueryOf(listParked) {}
