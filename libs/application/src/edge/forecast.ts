import {
  assetKey,
  forecastFrom,
  forecastOf,
  queryModels,
  unreservedOf,
  type Forecast,
  type UsedInDay,
} from '@seatbook/licensing';
import { getAsset, type WantedAsset } from './assets.js';
import type { Reflected } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';

export interface ForecastFound extends Forecast {
  /** Licences that any order can have now; null for an unlimited asset, and before the first read. */
  readonly unreserved: number | null;
  readonly asOf: Reflected;
}

/**
 * When the licences of an asset will be used up, by how they were assigned and returned in the last weeks.
 * @throws Refusal NOT_FOUND_ASSET
 */
export async function forecastAsset(
  seatbook: SeatbookEdge,
  wanted: Omit<WantedAsset, 'at'>,
): Promise<ForecastFound> {
  const { reader, clock } = seatbook;
  const { dailyUse } = queryModels;
  const now = clock.now();
  const { asset, asOf } = await getAsset(seatbook, wanted);
  const equals = [assetKey(wanted.uId, wanted.asset)];
  const start = { index: 'by-asset', equals } as const;
  const { rows } = await reader.page(dailyUse, start, { part: { limit: 1 }, position: wanted.position });
  const used: UsedInDay[] = [];
  for await (const day of reader.all(dailyUse, { ...start, range: { from: forecastFrom(now) } }))
    used.push(day);
  const unreserved = unreservedOf(asset);
  const facts = { unlimited: asset.unlimited, unreserved, firstDay: rows[0]?.day ?? null, used };
  return { ...forecastOf(facts, now), unreserved, asOf };
}

export const forecastQueries = { ForecastAsset: forecastAsset };
