import { accountCommands, accountQueries } from './accounts.js';
import { activationCommands, activationQueries } from './activations.js';
import { appSettingsCommands, appSettingsQueries } from './app-settings.js';
import { assetCommands, assetQueries } from './assets.js';
import { deviceAppQueries } from './device-apps.js';
import { registryCommands, registryQueries } from './device-registry.js';
import { deviceQueries } from './devices.js';
import { differenceQueries } from './differences.js';
import { driftCommands, driftQueries } from './drift.js';
import { forecastQueries } from './forecast.js';
import { groupCommands, groupQueries } from './groups.js';
import { historyQueries } from './history.js';
import { importingCommands } from './import-persons.js';
import { importCommands, importQueries } from './import-token.js';
import { installationQueries } from './installations.js';
import { mdmCommands } from './receive-mdm-message.js';
import { leavingCommands } from './leave-person.js';
import { orderQueries } from './orders.js';
import { pairQueries } from './pairs.js';
import { parkingCommands, parkingQueries } from './parked.js';
import { orderCommands } from './place-order.js';
import { periodQueries } from './period.js';
import { personCommands, personQueries } from './persons.js';
import { planQueries } from './plan-order.js';
import { profileCommands, profileQueries } from './profiles.js';
import { notificationCommands } from './receive-notification.js';
import { reportQueries } from './report.js';
import { syncCommands, syncQueries } from './syncs.js';
import { timelineQueries } from './timeline.js';
import { waitingCommands, waitingQueries } from './waiting-list.js';
import { whyQueries } from './why.js';

// All that the edge can be asked. A command or query is registered beside the function that does it, and nowhere else.

export const commands = {
  ...accountCommands,
  ...activationCommands,
  ...appSettingsCommands,
  ...assetCommands,
  ...driftCommands,
  ...groupCommands,
  ...importCommands,
  ...importingCommands,
  ...leavingCommands,
  ...parkingCommands,
  ...orderCommands,
  ...mdmCommands,
  ...notificationCommands,
  ...personCommands,
  ...profileCommands,
  ...registryCommands,
  ...syncCommands,
  ...waitingCommands,
};

export const queries = {
  ...accountQueries,
  ...activationQueries,
  ...appSettingsQueries,
  ...assetQueries,
  ...deviceAppQueries,
  ...deviceQueries,
  ...differenceQueries,
  ...driftQueries,
  ...forecastQueries,
  ...groupQueries,
  ...historyQueries,
  ...importQueries,
  ...installationQueries,
  ...orderQueries,
  ...pairQueries,
  ...parkingQueries,
  ...periodQueries,
  ...personQueries,
  ...planQueries,
  ...profileQueries,
  ...registryQueries,
  ...reportQueries,
  ...syncQueries,
  ...timelineQueries,
  ...waitingQueries,
  ...whyQueries,
};
