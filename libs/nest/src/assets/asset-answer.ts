import { ApiProperty } from '@nestjs/swagger';
import { isoTime } from '@seatbook/kernel';
import { countsOf } from '@seatbook/application';
import { idOfAsset, type AssetDocument } from '@seatbook/licensing';
import { API } from '../http/api-root.js';
import { AsOfAnswer } from '../reading/as-of.js';
import type { Items } from '../reading/page.js';

export class LicenceCounts {
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'As Apple reports; null for an unlimited asset, or before the first read.',
  })
  owned!: number | null;

  @ApiProperty({ description: 'Reserved, assigned and returning.' })
  used!: number;

  @ApiProperty()
  reserved!: number;

  @ApiProperty()
  assigned!: number;

  @ApiProperty()
  returning!: number;

  @ApiProperty()
  waiting!: number;

  @ApiProperty()
  failed!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Can be assigned now; null for an unlimited asset.',
  })
  available!: number | null;

  @ApiProperty({ description: 'In use in excess of those owned.' })
  excess!: number;
}

export class AssetAnswer {
  @ApiProperty()
  accountId!: string;

  @ApiProperty({ description: '`{adamId}.{pricingParam}`', example: '900000001.STDQ' })
  assetId!: string;

  @ApiProperty({ description: "Apple's number of the app or book." })
  adamId!: string;

  @ApiProperty({ description: 'STDQ, or PLUS.' })
  pricingParam!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Name in the store; null until it has been looked up.',
  })
  name!: string | null;

  @ApiProperty({ type: String, nullable: true })
  bundleId!: string | null;

  @ApiProperty({ type: String, nullable: true })
  iconUrl!: string | null;

  @ApiProperty({ type: String, nullable: true })
  seller!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'App' })
  productType!: string | null;

  @ApiProperty({ type: [String] })
  supportedPlatforms!: readonly string[];

  @ApiProperty({ type: Boolean, nullable: true })
  deviceAssignable!: boolean | null;

  @ApiProperty({ type: Boolean, nullable: true })
  revocable!: boolean | null;

  @ApiProperty({ description: 'Free of charge: it has no number of licences and is left out of totals.' })
  unlimited!: boolean;

  @ApiProperty({ type: LicenceCounts })
  licences!: LicenceCounts;

  @ApiProperty({
    description:
      'Apple reported "not enough licences" although one seemed available; cleared when the totals are read.',
  })
  short!: boolean;

  @ApiProperty({ description: 'The ledger contains what Apple held when the account was imported.' })
  baseline!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'When `owned` was read.' })
  totalsReadAt!: string | null;

  @ApiProperty({ type: Object })
  links!: { self: string; pairs: string; timeline: string };
}

export interface AssetListAnswer extends Items<AssetAnswer> {
  readonly totals?: TotalsAnswer;
}

export class AssetWithPosition extends AssetAnswer {
  @ApiProperty({ type: AsOfAnswer })
  asOf!: AsOfAnswer;
}

/** Sums over limited assets only. */
export class TotalsAnswer extends LicenceCounts {
  @ApiProperty({ description: 'Number of assets in the sums: those with a number of licences.' })
  assets!: number;

  @ApiProperty({ description: 'Number of assets left out because they are unlimited.' })
  unlimitedAssets!: number;
}

export function assetAnswer(asset: AssetDocument): AssetAnswer {
  const { uId: accountId, adamId, pricingParam } = asset;
  const assetId = idOfAsset(asset);
  const self = `${API}/accounts/${accountId}/assets/${assetId}`;
  return {
    accountId,
    assetId,
    adamId,
    pricingParam,
    name: asset.name,
    bundleId: asset.bundleId,
    iconUrl: asset.iconUrl,
    seller: asset.artistName,
    productType: asset.productType,
    supportedPlatforms: asset.supportedPlatforms,
    deviceAssignable: asset.deviceAssignable,
    revocable: asset.revocable,
    unlimited: asset.unlimited,
    licences: countsOf(asset),
    short: asset.short,
    baseline: asset.baseline,
    totalsReadAt: isoTime(asset.totalsReadAt),
    links: {
      self,
      pairs: `${self}/pairs`,
      timeline: `${API}/timeline?accountId=${accountId}&assetId=${assetId}`,
    },
  };
}
