import { isoTime } from '@seatbook/kernel';
import type { SyncDocument } from '@seatbook/licensing';
import type { SyncFound } from '@seatbook/application';
import { Count, CountOrNull, Flag, Links, OneOf, Part, Text, Time, TimeOrNull } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

export class DifferencesAnswer {
  @Count(2, 'Pairs that Apple holds and the ledger did not have.')
  added!: number;

  @Count(0, 'Pairs that the ledger had and Apple no longer holds.')
  taken!: number;
}

/** A comparison of an account with Apple that somebody asked for. */
export class SyncAnswer {
  @Text('2b8c1d4e-6f7a-8b9c-8d0e-1f2a3b4c5d6e')
  syncId!: string;

  @Text('7700000000000001')
  accountId!: string;

  @OneOf(
    ['requested', 'comparing', 'completed'],
    'comparing',
    '`requested`: the totals are still to be read. `comparing`: assets are read whose pairs may differ.',
  )
  state!: string;

  @Flag(false, 'All assignments are read, not only those of assets that differ.')
  full!: boolean;

  @Text('owner')
  requestedBy!: string;

  @Time()
  requestedAt!: string;

  @TimeOrNull(undefined, null)
  completedAt!: string | null;

  @CountOrNull(3, 'Assets whose assignments are read; null until the totals were read.')
  assets!: number | null;

  @Count(1, 'Of these, how many have been read.')
  assetsRead!: number;

  @Part(() => DifferencesAnswer)
  differences!: DifferencesAnswer;

  @Links({
    self: '/api/v1/accounts/7700000000000001/syncs/2b8c1d4e-6f7a-8b9c-8d0e-1f2a3b4c5d6e',
    drift: '/api/v1/accounts/7700000000000001/drift',
  })
  links!: { self: string; drift: string };
}

export class SyncWithPosition extends SyncAnswer {
  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const syncAnswer = (sync: SyncDocument): SyncAnswer => ({
  syncId: sync.syncId,
  accountId: sync.uId,
  state: sync.state,
  full: sync.full,
  requestedBy: sync.requestedBy,
  requestedAt: isoTime(sync.requestedAt) ?? '',
  completedAt: isoTime(sync.completedAt),
  assets: sync.assets,
  assetsRead: sync.walked,
  differences: { added: sync.added, taken: sync.taken },
  links: {
    self: `${API}/accounts/${sync.uId}/syncs/${encodeURIComponent(sync.syncId)}`,
    drift: `${API}/accounts/${sync.uId}/drift`,
  },
});

export const syncFound = ({ sync, asOf }: SyncFound): SyncWithPosition => ({
  ...syncAnswer(sync),
  asOf: asOfAnswer(asOf),
});
