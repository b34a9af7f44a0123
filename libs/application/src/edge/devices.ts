import { queryModels, type PairDocument } from '@seatbook/licensing';
import { giveWay } from '@seatbook/runtime';
import { countsOf, type HeldCounts } from './held-counts.js';
import { cursorAt, placeOf } from './page-of-list.js';
import type { ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** A device with its pairs, counted. */
export interface DeviceRow extends HeldCounts {
  readonly serialNumber: string;
  readonly accountIds: readonly string[];
}

export interface WantedDevices extends WantedPage {
  /** A part of the serial number, in whatever case. */
  readonly serialNumber?: string | undefined;
}

const PAGE_PAIRS = 500;
/** Pairs that are looked at for one page. */
const LOOK_AT_PAIRS = 50_000;
/** Holders that are devices: from the first on, and no person. */
const DEVICES = { from: 'd:', to: 'd:\uffff' };

/**
 * Devices that hold or wait for something, by serial number. Their pairs lie beside each other in the index of holders,
 * so they are counted as they are read.
 */
export async function listDevices(
  { reader }: SeatbookEdge,
  { serialNumber = '', part: { limit, cursor }, position }: WantedDevices,
): Promise<ReflectedPage<DeviceRow>> {
  const asOf = await reader.reflected(queryModels.pairs, position);
  const wanted = serialNumber.trim().toUpperCase();
  const devices: DeviceRow[] = [];
  const after = cursor === undefined ? null : placeOf(cursor);
  let pairs: PairDocument[] = [];
  let looked = 0;
  const end = (): void => {
    const [first] = pairs;
    if (first && first.holder.toUpperCase().includes(wanted, DEVICES.from.length))
      devices.push(deviceOf(pairs));
    pairs = [];
  };
  const range = after === null ? DEVICES : { after, to: DEVICES.to };
  for await (const pair of reader.all(queryModels.pairs, { index: 'by-holder', equals: [], range })) {
    const holder = pairs[0]?.holder;
    if (holder !== undefined && holder !== pair.holder) {
      end();
      if (devices.length === limit || looked >= LOOK_AT_PAIRS)
        return { rows: devices, next: cursorAt(holder), asOf };
    }
    pairs.push(pair);
    looked += 1;
    if (looked % PAGE_PAIRS === 0) await giveWay();
  }
  end();
  return { rows: devices, next: null, asOf };
}

function deviceOf(pairs: readonly PairDocument[]): DeviceRow {
  const [first] = pairs;
  return {
    serialNumber: first?.spelledAs.slice(DEVICES.from.length) ?? '',
    accountIds: [...new Set(pairs.map(({ uId }) => uId))],
    ...countsOf(pairs),
  };
}

export const deviceQueries = { ListDevices: listDevices };
