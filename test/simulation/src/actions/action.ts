import type { World } from '../world.js';

/** Something that a person, Apple, the network or the machine does. Its choices are those of `world.dice`. */
export interface Action {
  readonly name: string;
  /** How often it is chosen, against all others. */
  readonly weight: number;
  run(world: World): void | Promise<void>;
}
