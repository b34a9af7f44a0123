export {
  AdminError,
  type AssetCounts,
  type AssetRef,
  type IssuedToken,
  type LicenceCount,
  type NewAsset,
  type NewLocation,
  type NewToken,
  type PairRef,
  type SeededAssignments,
  type SeededUser,
  SimulatorAdmin,
} from './admin.js';
export type { SimulatorClock } from './clock.js';
export { DeviceFleet, type DeviceView, type NewDevice } from './devices/device-fleet.js';
export {
  VirtualDevice,
  type CommandSeen,
  type DeviceKnobs,
  type DeviceServer,
  type DeviceWorld,
} from './devices/virtual-device.js';
export { MDM_PATH, NO_MDM_FAULTS, type NanoMdmFaults, type NanoMdmSettings } from './devices/nano-mdm.js';
export { seedDemo } from './demo-scenario.js';
export type { ErrorRule } from './error-rules.js';
export type { Faults, FaultsPatch, Limits, RetryAfter, Span } from './faults.js';
export type { MdmInfo } from './location.js';
export type { FailPair } from './pair-rules.js';
export { seededRandom } from './seeded-random.js';
export { createSimulator, type Simulator, type SimulatorOptions } from './simulator.js';
export type { TokenState } from './token.js';
export type { LoggedRequest, Stats } from './traffic.js';
export type { Deliver, OutgoingNotification, SimulatorRequest, SimulatorResponse } from './transport.js';
