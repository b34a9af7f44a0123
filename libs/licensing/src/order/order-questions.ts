import { MAX_HOLDERS } from '../holder.js';
import type { AssetId } from '../ports.js';
import type { OrderTerms } from './order-events.js';

/** What an order asks a ledger at a time: an asset, and those of its listed holders from `from` up to, without, `to`. */
export interface Question {
  readonly asset: AssetId;
  readonly from: number;
  readonly to: number;
}

type Listed = Pick<OrderTerms, 'assets' | 'holders' | 'targets'>;

/** Assets times holders, or what each asset is for. */
export const pairsOf = ({ assets, holders, targets }: Listed): number =>
  targets ? holders : assets.length * holders;

/** Which of the listed holders each asset is for. */
export function rangesOf({ assets, holders, targets }: Listed): readonly Question[] {
  let from = 0;
  return assets.map((asset, index) => {
    if (!targets) return { asset, from: 0, to: holders };
    const range = { asset, from, to: from + (targets[index] ?? 0) };
    from = range.to;
    return range;
  });
}

/** All questions of an order, in the order in which they are asked. */
export function questionsOf(terms: Listed): readonly Question[] {
  const questions: Question[] = [];
  for (const { asset, from, to } of rangesOf(terms))
    for (let start = from; start < to; start += MAX_HOLDERS)
      questions.push({ asset, from: start, to: Math.min(to, start + MAX_HOLDERS) });
  return questions;
}
