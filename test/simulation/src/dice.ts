import type { Random } from '@seatbook/kernel';

/** Chooses as a seed does. */
export class Dice {
  constructor(readonly random: Random) {}

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  of<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to choose from');
    return list[Math.floor(this.random() * list.length)] as T;
  }

  /** At least one of them, in a random order. */
  several<T>(list: readonly T[], most: number = list.length): T[] {
    const left = [...list];
    const count = this.between(1, Math.min(most, left.length));
    return Array.from({ length: count }, () => left.splice(this.between(0, left.length - 1), 1)[0] as T);
  }

  /** One of them, each as likely as its weight says. */
  weighted<T extends { readonly weight: number }>(list: readonly T[]): T {
    let left = this.random() * list.reduce((sum, { weight }) => sum + weight, 0);
    return list.find(({ weight }) => (left -= weight) <= 0) ?? this.of(list);
  }
}
