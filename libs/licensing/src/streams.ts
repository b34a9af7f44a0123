import type { StreamName } from '@seatbook/kernel';
import type { AccountCommand } from './account/account-decider.js';
import type { Account } from './account/account-state.js';
import type { CallCommand } from './apple-call/call-decider.js';
import type { AppSettingsCommand, AppSettingsState } from './app-settings/app-settings-decider.js';
import type { Call } from './apple-call/call-state.js';
import type { ActivationCommand } from './activation/activation-decider.js';
import type { Activation } from './activation/activation-state.js';
import type { AppleEventCommand } from './apple-event/apple-event-decider.js';
import type { AppleEvent } from './apple-event/apple-event-state.js';
import type { AssetCommand } from './asset/asset-decider.js';
import type { Asset } from './asset/asset-state.js';
import { assetKey } from './asset-id.js';
import type { NotificationCommand, ReceivedNotification } from './notification/notification-decider.js';
import type { Order, OrderCommand } from './order/order-decider.js';
import type { Device, DeviceCommand } from './device/device-decider.js';
import type { GroupCommand } from './group/group-decider.js';
import type { Group } from './group/group-state.js';
import type { Import, ImportCommand } from './import/import-decider.js';
import type { InstallationCommand } from './installation/installation-decider.js';
import type { DeviceApps } from './installation/installation-state.js';
import type { MdmCommandCommand, MdmCommandState } from './mdm-command/mdm-command-decider.js';
import type { PersonApps, PersonAppsCommand } from './person-apps/person-apps-decider.js';
import type { Person, PersonCommand } from './person/person-decider.js';
import type { AssetId } from './ports.js';
import type { Profile, ProfileCommand } from './profile/profile-decider.js';
import type { ReconciliationCommand } from './reconciliation/reconciliation-decider.js';
import type { Reconciliation } from './reconciliation/reconciliation-state.js';

export const activationStream = (uId: string): StreamName<ActivationCommand, Activation> =>
  `activation-${uId}`;
export const importStream = (importId: string): StreamName<ImportCommand, Import> => `import-${importId}`;
export const accountStream = (uId: string): StreamName<AccountCommand, Account> => `account-${uId}`;
/** Settings of one app, or (null) of all apps of an account. */
export const appSettingsStream = (
  uId: string,
  adamId: string | null,
): StreamName<AppSettingsCommand, AppSettingsState> =>
  `appSettings-${adamId === null ? uId : `${uId}.${adamId}`}`;
export type AssetLedger = Asset;

export const assetStream = (uId: string, asset: AssetId): StreamName<AssetCommand, Asset> =>
  `asset-${assetKey(uId, asset)}`;
export type OrderState = Order;

export const orderStream = (orderId: string): StreamName<OrderCommand, Order> => `order-${orderId}`;
export const callStream = (callId: string): StreamName<CallCommand, Call> => `appleCall-${callId}`;
export const appleEventStream = (eventId: string): StreamName<AppleEventCommand, AppleEvent> =>
  `appleEvent-${eventId}`;
export const notificationStream = (
  notificationId: string,
): StreamName<NotificationCommand, ReceivedNotification> => `appleNotification-${notificationId}`;
export const personStream = (userId: string): StreamName<PersonCommand, Person> => `person-${userId}`;
/** What is to be on the devices of a person. */
export const personAppsStream = (userId: string): StreamName<PersonAppsCommand, PersonApps> =>
  `personApps-${userId}`;
export const groupStream = (groupId: string): StreamName<GroupCommand, Group> => `group-${groupId}`;
export const profileStream = (profileId: string): StreamName<ProfileCommand, Profile> =>
  `profile-${profileId}`;
export const reconciliationStream = (uId: string): StreamName<ReconciliationCommand, Reconciliation> =>
  `reconciliation-${uId}`;
export type DeviceState = Device;

/** A device by the id that {@link deviceIdOf} makes of its serial number. */
export const deviceStream = (deviceId: string): StreamName<DeviceCommand, Device> => `device-${deviceId}`;
/** All apps of a device. */
export const deviceAppsStream = (deviceId: string): StreamName<InstallationCommand, DeviceApps> =>
  `deviceApps-${deviceId}`;
export const mdmCommandStream = (uuid: string): StreamName<MdmCommandCommand, MdmCommandState> =>
  `mdmCommand-${uuid}`;
