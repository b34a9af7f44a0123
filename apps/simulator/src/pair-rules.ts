import type { AssetName, ErrorInfo } from './apple-errors.js';
import { Refusal } from './apple-errors.js';
import { object, oneOf, optional, type Shape, text, whole } from './shape.js';

export type PairOperation = 'ASSOCIATE' | 'DISASSOCIATE';

/** Makes matching pairs fail. All given members must match; a rule without a target matches every target. */
export interface FailPair {
  operation?: PairOperation;
  adamId?: string;
  pricingParam?: string;
  serialNumber?: string;
  serialPrefix?: string;
  clientUserId?: string;
  /** Default 9603. */
  errorNumber?: number;
  /** Leaves this many matching pairs (with `syncRefuse`: requests) alone first; default 0. */
  skip?: number;
  /** How many pairs fail (with `syncRefuse`: how many requests); default without end. */
  times?: number;
  /**
   * The whole request is refused at once if it holds a matching pair, with an `errorInfo` that names the
   * asset, the target, both or nothing. Without it only the pair fails, in the event.
   */
  syncRefuse?: 'asset' | 'target' | 'both' | 'none';
}

/** Reads a rule from JSON. */
export const failPairShape: Shape<FailPair> = object({
  operation: optional(oneOf('ASSOCIATE', 'DISASSOCIATE')),
  adamId: optional(text),
  pricingParam: optional(text),
  serialNumber: optional(text),
  serialPrefix: optional(text),
  clientUserId: optional(text),
  errorNumber: optional(whole(1)),
  skip: optional(whole(0)),
  times: optional(whole(1)),
  syncRefuse: optional(oneOf('asset', 'target', 'both', 'none')),
});

/** Who a task is for, as the request named it. */
export interface NamedTarget {
  readonly serialNumber: string | null;
  readonly clientUserId: string | null;
}

interface ActiveRule {
  readonly rule: FailPair;
  skip: number;
  left: number;
}

const matchesAsset = (rule: FailPair, asset: AssetName): boolean =>
  (rule.adamId === undefined || rule.adamId === asset.adamId) &&
  (rule.pricingParam === undefined || rule.pricingParam === asset.pricingParam);

const matchesTarget = (rule: FailPair, target: NamedTarget): boolean =>
  (rule.serialNumber === undefined || rule.serialNumber === target.serialNumber) &&
  (rule.serialPrefix === undefined || (target.serialNumber?.startsWith(rule.serialPrefix) ?? false)) &&
  (rule.clientUserId === undefined || rule.clientUserId === target.clientUserId);

const matchesOperation = (rule: FailPair, operation: PairOperation): boolean =>
  rule.operation === undefined || rule.operation === operation;

/** The rules in force about single pairs. */
export class PairRules {
  private rules: ActiveRule[] = [];

  add(rules: readonly FailPair[]): void {
    for (const rule of rules)
      this.rules.push({ rule, skip: rule.skip ?? 0, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.rules = [];
  }

  list(): FailPair[] {
    return this.rules.map(({ rule }) => rule);
  }

  /** Throws the refusal of a request that holds a poisonous pair. */
  refusePoison(
    operation: PairOperation,
    assets: readonly AssetName[],
    targets: readonly NamedTarget[],
  ): void {
    for (const active of this.rules) {
      const { rule } = active;
      if (rule.syncRefuse === undefined || !matchesOperation(rule, operation)) continue;
      const hitAssets = assets.filter((asset) => matchesAsset(rule, asset));
      const hitTargets = targets.filter((target) => matchesTarget(rule, target));
      if (hitAssets.length === 0 || hitTargets.length === 0) continue;
      if (!this.use(active)) continue;
      throw new Refusal(rule.errorNumber ?? 9602, poisonInfo(rule.syncRefuse, hitAssets, hitTargets));
    }
  }

  /** For one asset of an event: says per target the number it fails with, or null. Null if no rule concerns it. */
  ofAsset(operation: PairOperation, asset: AssetName): ((target: NamedTarget) => number | null) | null {
    const concerned = this.rules.filter(
      ({ rule }) =>
        rule.syncRefuse === undefined && matchesOperation(rule, operation) && matchesAsset(rule, asset),
    );
    if (concerned.length === 0) return null;
    return (target) => {
      const hit = concerned.find((active) => active.left > 0 && matchesTarget(active.rule, target));
      if (hit === undefined || !this.use(hit)) return null;
      return hit.rule.errorNumber ?? 9603;
    };
  }

  /** Whether a rule that matches takes effect this time. */
  private use(active: ActiveRule): boolean {
    if (active.skip > 0) {
      active.skip -= 1;
      return false;
    }
    active.left -= 1;
    if (active.left <= 0) this.rules = this.rules.filter((other) => other !== active);
    return true;
  }
}

function poisonInfo(
  names: 'asset' | 'target' | 'both' | 'none',
  assets: readonly AssetName[],
  targets: readonly NamedTarget[],
): ErrorInfo | undefined {
  if (names === 'none') return undefined;
  const serialNumbers = targets.flatMap(({ serialNumber }) => serialNumber ?? []);
  const clientUserIds = targets.flatMap(({ clientUserId }) => clientUserId ?? []);
  return {
    ...(names === 'target' ? {} : { assets }),
    ...(names === 'asset' || serialNumbers.length === 0 ? {} : { serialNumbers }),
    ...(names === 'asset' || clientUserIds.length === 0 ? {} : { clientUserIds }),
  };
}
