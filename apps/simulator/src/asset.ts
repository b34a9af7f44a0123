import type { AssetName } from './apple-errors.js';
import type { User } from './user.js';

/** What Apple reports as the total of an unlimited asset. */
export const unlimitedTotal = 2147483647;

export type PricingParam = 'STDQ' | 'PLUS';
export type ProductType = 'App' | 'Book';
export type Platform = 'iOS' | 'macOS' | 'tvOS' | 'watchOS' | 'visionOS';

/** Who a licence is for: a device, or a person's current user record. */
export interface Target {
  /** Unique among devices and user records of a location. */
  readonly key: string;
  readonly serialNumber: string | null;
  readonly user: User | null;
}

/** One licence in use. */
export interface Assignment extends Target {
  readonly asset: Asset;
  /** The counter of the assignments' version that brought it. */
  readonly change: number;
}

export function deviceTarget(serialNumber: string): Target {
  return { key: `s${serialNumber}`, serialNumber, user: null };
}

export function userTarget(user: User): Target {
  return { key: `u${user.record}`, serialNumber: null, user };
}

/** The key of an asset within a location. */
export function assetKey(name: AssetName): string {
  return `${name.adamId}/${name.pricingParam}`;
}

export interface AssetFacts {
  readonly adamId: string;
  readonly pricingParam: PricingParam;
  readonly productType: ProductType;
  readonly deviceAssignable: boolean;
  readonly revocable: boolean;
  readonly supportedPlatforms: readonly Platform[];
}

/**
 * An app or book of a location with its licences. `total = assigned + available`, unless a forced refund took
 * licences that were in use. Retired licences are outside the total.
 */
export class Asset {
  retired = 0;
  /** Removal moves the last assignment into the gap: constant time, and rows move during a walk, as they may at Apple. */
  private readonly held: Assignment[] = [];
  private readonly positions = new Map<string, number>();
  /** By target: the highest number of the events that have run. They are numbered as they are accepted. */
  private readonly lastEvents = new Map<string, number>();
  private readonly overtakenTargets = new Map<string, Target>();

  constructor(
    public facts: AssetFacts,
    public total: number,
    readonly unlimited: boolean,
  ) {}

  get name(): AssetName {
    return { adamId: this.facts.adamId, pricingParam: this.facts.pricingParam };
  }

  get assigned(): number {
    return this.held.length;
  }

  get available(): number {
    return this.unlimited ? unlimitedTotal - this.assigned : Math.max(0, this.total - this.assigned);
  }

  /** The assignments; the order is stable only while nothing is removed. */
  get assignments(): readonly Assignment[] {
    return this.held;
  }

  isAssigned(target: Target): boolean {
    return this.positions.has(target.key);
  }

  /** Uses a licence for the target; false if none is free. The pair must not be assigned yet. */
  assign(target: Target, change: number): boolean {
    if (this.available === 0) return false;
    this.positions.set(target.key, this.held.length);
    this.held.push({ ...target, asset: this, change });
    return true;
  }

  /** Frees the target's licence; false if it has none. */
  release(target: Target): boolean {
    const position = this.positions.get(target.key);
    if (position === undefined) return false;
    this.positions.delete(target.key);
    const last = this.held.pop();
    if (last !== undefined && last.key !== target.key) {
      this.held[position] = last;
      this.positions.set(last.key, position);
    }
    return true;
  }

  /**
   * An event about the target has run. Where it changed the pair after one that was accepted later had run, the client
   * cannot know how the pair is now, until an event that is accepted later still succeeds.
   */
  ran(eventNumber: number, target: Target, { changed, failed }: { changed: boolean; failed: boolean }): void {
    const last = this.lastEvents.get(target.key) ?? 0;
    if (eventNumber > last) {
      this.lastEvents.set(target.key, eventNumber);
      if (!failed) this.overtakenTargets.delete(target.key);
    } else if (changed) {
      this.overtakenTargets.set(target.key, target);
    }
  }

  /** Targets whose pair was last changed by an event that a later one had overtaken. */
  get overtaken(): readonly Target[] {
    return [...this.overtakenTargets.values()];
  }
}
