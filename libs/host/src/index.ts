export { OwnerKey } from './keys/owner-key.js';
export { createLog, errorFacts, type Log } from './log.js';
export { LogFile } from './log-file.js';
export { runProgram, type ProgramContext, type Running } from './program.js';
export {
  SeatbookHost,
  type EdgeHost,
  type Halves,
  type HostOptions,
  type HostPhase,
  type WorkerHost,
} from './seatbook-host.js';
export {
  ConfigurationInvalid,
  readConfiguration,
  requireServers,
  unknownVariables,
  usesServers,
  type Configuration,
  type Environment,
} from './settings/configuration.js';
export { configurationPage } from './settings/configuration-page.js';
export { CopyRefused, type CopiedStores } from './stores/copy.js';
export { viewsInThreads } from './views/worker-views.js';
export { backupLog, copyToServers, openStores, verifyLog, type VerifiedLog } from './stores/open-stores.js';
