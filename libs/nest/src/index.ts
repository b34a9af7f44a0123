export { Product, type ProductOptions, type StartListener } from './boot/product.js';
export { SeatbookHost, type HostOptions, type HostPhase } from './boot/seatbook-host.js';
export { createApplication } from './http/create-application.js';
export { createLog, errorFacts, type Log } from './http/log.js';
export { PlaceOrderCommand } from './orders/order-commands.js';
export { SeatbookModule } from './seatbook.module.js';
export {
  ConfigurationInvalid,
  readConfiguration,
  unknownVariables,
  type Configuration,
  type Environment,
} from './settings/configuration.js';
export { configurationPage } from './settings/configuration-page.js';
