import type { AssetReport } from '@seatbook/application';
import { idOfAsset } from '@seatbook/licensing';
import { Count, Flag, Links, Part, Text, TextOrNull, Whole } from '../document/fields.js';
import { API } from '../http/api-root.js';

/** Licences owned. */
export class OwnedReport {
  @Count(450, 'At the beginning.')
  opening!: number;

  @Count(0, 'Owned already when the asset was first read, in this period.')
  found!: number;

  @Count(100, "Bought, or moved here from another location: Apple's numbers do not tell which.")
  bought!: number;

  @Count(50, 'Refunded, or used up.')
  refunded!: number;

  @Count(0, 'Moved to another location.')
  movedAway!: number;

  @Whole(0, 'More, or fewer, because Apple counts in another way, e.g. without limit.')
  recounted!: number;

  @Count(500, 'At the end: opening + found + bought - refunded - movedAway + recounted.')
  closing!: number;
}

/** Licences used: reserved, assigned and returning. */
export class UsedReport {
  @Count(40, 'At the beginning.')
  opening!: number;

  @Whole(0, 'Held already when the asset was first read; less those that turned out not to be.')
  adopted!: number;

  @Count(30)
  assigned!: number;

  @Count(10)
  returned!: number;

  @Count(2, 'Given by others.')
  driftAdded!: number;

  @Count(1, 'Taken back by others.')
  driftTaken!: number;

  @Whole(1, 'Reserved and not assigned yet: those at the end, less those at the beginning.')
  reserved!: number;

  @Count(62, 'At the end: opening + adopted + assigned - returned + driftAdded - driftTaken + reserved.')
  closing!: number;
}

/** What became of one asset in a period. */
export class AssetReportAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @Text('900000001.STDQ', '`{adamId}.{pricingParam}`')
  assetId!: string;

  @TextOrNull('Field Notes', 'Name in the store, as it is now.')
  name!: string | null;

  @Flag(false, 'At the end it has no number of licences: those owned count as 0.')
  unlimited!: boolean;

  @Part(() => OwnedReport)
  owned!: OwnedReport;

  @Part(() => UsedReport)
  used!: UsedReport;

  @Links({
    asset: '/api/v1/accounts/7700000000000001/assets/900000001.STDQ',
    timeline: '/api/v1/timeline?accountId=7700000000000001&assetId=900000001.STDQ',
  })
  links!: { asset: string; timeline: string };
}

export function assetReportAnswer({
  uId: accountId,
  name,
  unlimited,
  owned,
  used,
  ...asset
}: AssetReport): AssetReportAnswer {
  const assetId = idOfAsset(asset);
  return {
    accountId,
    assetId,
    name,
    unlimited,
    owned,
    used,
    links: {
      asset: `${API}/accounts/${accountId}/assets/${assetId}`,
      timeline: `${API}/timeline?accountId=${accountId}&assetId=${assetId}`,
    },
  };
}
