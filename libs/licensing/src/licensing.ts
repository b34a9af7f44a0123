import { EventRegistry, type Document, type ReadModel } from '@seatbook/kernel';
import { accountsModel } from './account/accounts-model.js';
import { activationsModel } from './activation/activations-model.js';
import { assetsModel } from './asset/assets-model.js';
import { dailyUseModel } from './asset/daily-use-model.js';
import { driftsModel } from './asset/drifts-model.js';
import { pairsModel } from './asset/pairs-model.js';
import { sectionsModel } from './asset/sections-model.js';
import { licensingEventTypes } from './concepts.js';
import { openWorkModel } from './dispatch/open-work.js';
import { devicesModel } from './device/devices-model.js';
import { groupMembersModel } from './group/group-members-model.js';
import { groupsModel } from './group/groups-model.js';
import { installationsModel } from './installation/installations-model.js';
import { wantedInstallationsModel } from './mdm-command/wanted-installations.js';
import { timelineModel } from './history/timeline-model.js';
import { ordersModel } from './order/orders-model.js';
import { outcomesModel } from './order/outcomes-model.js';
import { profilesModel } from './profile/profiles-model.js';
import { syncsModel } from './reconciliation/syncs-model.js';

export { licensingEventTypes, licensingReactions, licensingStreams } from './concepts.js';

export const licensingRegistry = (): EventRegistry => new EventRegistry(licensingEventTypes);

/** Read models that the product itself works from. */
export const workModels = { openWork: openWorkModel, wantedInstallations: wantedInstallationsModel };

/** Read models that queries are answered from. A new one is registered here alone. */
export const queryModels = {
  accounts: accountsModel,
  activations: activationsModel,
  assets: assetsModel,
  pairs: pairsModel,
  drifts: driftsModel,
  sections: sectionsModel,
  dailyUse: dailyUseModel,
  syncs: syncsModel,
  orders: ordersModel,
  outcomes: outcomesModel,
  devices: devicesModel,
  groups: groupsModel,
  groupMembers: groupMembersModel,
  installations: installationsModel,
  profiles: profilesModel,
  timeline: timelineModel,
};

/** Every read model of the domain; what the product works from comes first. */
export const licensingModels = [
  ...Object.values(workModels),
  ...Object.values(queryModels),
] as readonly ReadModel<Document>[];
