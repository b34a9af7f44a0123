import { assetKey, queryModels, unknownAsset, type AssetId } from '@seatbook/licensing';
import type { ReadStore } from '@seatbook/runtime';
import { RecentlyUsed } from './recently-used.js';

/** About 10 MB of keys. */
const MAX_ASSETS = 100_000;

/**
 * Which assets an order may name: those of the account's list, once that was read to the end. An asset that was seen
 * once stays known as long as orders name it; looking each one up again would cost a quarter of the rate at which
 * orders are placed.
 */
export class KnownAssets {
  readonly #known = new RecentlyUsed<true>(MAX_ASSETS);

  constructor(private readonly reads: ReadStore) {}

  has(uId: string, assets: readonly AssetId[]): boolean {
    return assets.every((asset) => this.#known.get(assetKey(uId, asset)));
  }

  /** @throws Refusal where the list of the account is known and lacks an asset */
  async check(uId: string, assets: readonly AssetId[]): Promise<void> {
    if (this.has(uId, assets)) return;
    const account = await this.reads.get(queryModels.accounts, uId);
    if (account?.firstReadAt == null) return;
    const keys = assets.map((asset) => assetKey(uId, asset));
    const found = await this.reads.getMany(queryModels.assets, keys);
    for (const asset of assets) {
      const key = assetKey(uId, asset);
      // A ledger may know an asset by orders alone that came before Apple's list.
      if (found.get(key)?.document?.productType == null) throw unknownAsset(asset.adamId, asset.pricingParam);
      this.#known.set(key, true);
    }
  }
}
