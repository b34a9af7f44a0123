import { OmitType } from '@nestjs/swagger';
import { isoTime } from '@seatbook/kernel';
import { countsOf } from '@seatbook/application';
import { idOfAsset, type AssetDocument } from '@seatbook/licensing';
import {
  Count,
  CountOrNull,
  Flag,
  FlagOrNull,
  Links,
  Part,
  Text,
  TextOrNull,
  Texts,
  Time,
  TimeOrNull,
} from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer } from '../reading/as-of.js';
import type { Items } from '../reading/page.js';

export class LicenceCounts {
  @CountOrNull(500, 'As Apple reports; null for an unlimited asset, or before the first read.')
  owned!: number | null;

  @TimeOrNull('When `owned` was read; all other numbers are of the moment `asOf`.')
  ownedAt!: string | null;

  @Count(62, 'Reserved, assigned and returning.')
  used!: number;

  @Count(0)
  reserved!: number;

  @Count(62)
  assigned!: number;

  @Count(0)
  returning!: number;

  @Count(0)
  waiting!: number;

  @Count(0)
  failed!: number;

  @CountOrNull(438, 'Owned and not used: can be assigned now. Null for an unlimited asset.')
  available!: number | null;

  @Count(20, 'Kept back for orders that name the reserve. May be more than there are.')
  reserve!: number;

  @CountOrNull(20, 'Of `available`: those of the reserve. Fewer than `reserve` while licences are short.')
  inReserve!: number | null;

  @CountOrNull(418, 'Of `available`: those that any order can have.')
  unreserved!: number | null;

  @Count(0, 'In use in excess of those owned.')
  excess!: number;
}

/** What Apple counts, beside the numbers of the ledger. */
export class AppleCounts {
  @CountOrNull(62, 'Pairs assigned at Apple; null before the first read.')
  assigned!: number | null;

  @CountOrNull(500, 'Licences owned; null for an unlimited asset, or before the first read.')
  owned!: number | null;

  @CountOrNull(0, 'Licences that can no longer be used, after a refund for example.')
  retired!: number | null;

  @TimeOrNull('When these numbers last changed.')
  readAt!: string | null;

  @TimeOrNull(
    'Since when Apple was seen to count other pairs as assigned than the ledger; null if it does not, or if the reason was found.',
    null,
  )
  differsSince!: string | null;
}

export class AssetAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @Text('900000001', "Apple's number of the app or book.")
  adamId!: string;

  @Text('STDQ', 'STDQ, or PLUS.')
  pricingParam!: string;

  @TextOrNull('Field Notes', 'Name in the store; null until it has been looked up.')
  name!: string | null;

  @TextOrNull('com.example.fieldnotes')
  bundleId!: string | null;

  @TextOrNull('https://is1-ssl.mzstatic.com/image/thumb/icon.png')
  iconUrl!: string | null;

  @TimeOrNull(
    "Since when Apple's store tells nothing of it: it is not offered any more, not in the country of the location, or not shown to the location. Apple does not say which of these. Licences that are held stay. Null: the store tells of it, or has not been asked yet.",
  )
  untoldSince!: string | null;

  @TextOrNull('Example Ltd.')
  seller!: string | null;

  @TextOrNull('App')
  productType!: string | null;

  @Texts(['iOS'])
  supportedPlatforms!: readonly string[];

  @FlagOrNull(true)
  deviceAssignable!: boolean | null;

  @FlagOrNull(true)
  revocable!: boolean | null;

  @Flag(false, 'Free of charge: it has no number of licences and is left out of totals.')
  unlimited!: boolean;

  @Part(() => LicenceCounts)
  licences!: LicenceCounts;

  @Part(() => AppleCounts)
  apple!: AppleCounts;

  @Flag(
    false,
    'Apple reported "not enough licences" although one seemed available; cleared when the totals are read.',
  )
  short!: boolean;

  @Flag(true, 'The ledger contains what Apple held when the account was imported.')
  baseline!: boolean;

  @Time('When the last change of these facts was recorded.')
  at!: string;

  @Time("When that change happened: at Apple's end where it did there.")
  effectiveAt!: string;

  @Links({
    self: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ',
    pairs: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ/pairs',
    waiting: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ/waiting',
    forecast: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ/forecast',
    timeline: '/api/v1/timeline?accountId=7700000000000001&assetId=900000001.STDQ',
  })
  links!: { self: string; pairs: string; waiting: string; forecast: string; timeline: string };
}

/** Sums over limited assets only. */
export class TotalsAnswer extends OmitType(LicenceCounts, ['ownedAt'] as const) {
  @Count(7, 'Number of assets in the sums: those with a number of licences.')
  assets!: number;

  @Count(1, 'Number of assets left out because they are unlimited.')
  unlimitedAssets!: number;
}

export interface AssetListAnswer extends Items<AssetAnswer> {
  readonly totals?: TotalsAnswer;
}

export class AssetWithPosition extends AssetAnswer {
  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
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
    untoldSince: isoTime(asset.untoldSince),
    seller: asset.artistName,
    productType: asset.productType,
    supportedPlatforms: asset.supportedPlatforms,
    deviceAssignable: asset.deviceAssignable,
    revocable: asset.revocable,
    unlimited: asset.unlimited,
    licences: { ...countsOf(asset), ownedAt: isoTime(asset.totalsReadAt) },
    apple: {
      assigned: asset.appleAssigned,
      owned: asset.owned,
      retired: asset.retired,
      readAt: isoTime(asset.totalsReadAt),
      differsSince: isoTime(asset.differsSince),
    },
    short: asset.short,
    baseline: asset.baseline,
    at: isoTime(asset.at) ?? '',
    effectiveAt: isoTime(asset.effectiveAt) ?? '',
    links: {
      self,
      pairs: `${self}/pairs`,
      waiting: `${self}/waiting`,
      forecast: `${self}/forecast`,
      timeline: `${API}/timeline?accountId=${accountId}&assetId=${assetId}`,
    },
  };
}
