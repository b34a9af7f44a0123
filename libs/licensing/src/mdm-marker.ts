import type { MdmInfo } from './ports.js';

/** What a location is marked with when it is given up: Apple takes no empty marker, so this one says that it is free. */
export const RELEASED: MdmInfo = {
  id: 'released',
  name: 'No MDM: released by Seatbook',
  metadata: '',
};

/** The MDM that a location is marked with, where that is another one than ours. */
export const foreignIn = (mdmInfo: MdmInfo | null, ours: MdmInfo): MdmInfo | null =>
  mdmInfo === null || mdmInfo.id === ours.id || mdmInfo.id === RELEASED.id ? null : mdmInfo;
