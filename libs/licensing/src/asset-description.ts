import type { AssetTraits } from './asset/asset-events.js';

/** An app's bundle id, which its devices know it by, as far as the store has told it. */
export function bundleIdOf({ descriptionJson }: { readonly descriptionJson: string }): string | null {
  if (descriptionJson === '') return null;
  return (JSON.parse(descriptionJson) as { readonly bundleId: string | null }).bundleId;
}

/** Apple's rule: books go to persons, and are read on whatever device. */
export const isBook = ({ traits }: { readonly traits: AssetTraits | null }): boolean =>
  traits?.productType === 'Book';
