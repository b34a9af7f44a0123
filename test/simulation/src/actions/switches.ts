import type { FaultsPatch } from '@seatbook/simulator';
import type { World } from '../world.js';

/** Sets switches of the simulator, and counts those that change. */
export function setSwitches(world: World, patch: FaultsPatch): void {
  const { admin } = world.virtual.simulator;
  const before = admin.faults();
  const after = admin.setFaults(patch);
  for (const [name, value] of Object.entries(after) as [keyof typeof after, unknown][]) {
    if (JSON.stringify(before[name]) === JSON.stringify(value)) continue;
    if (typeof value !== 'object' || value === null || 'min' in value) {
      world.covered.add(`knob: ${name}`);
      continue;
    }
    const old = before[name] as unknown as Record<string, unknown>;
    for (const [inner, now] of Object.entries(value))
      if (old[inner] !== now) world.covered.add(`knob: ${name}.${inner}`);
  }
}

/** The administrator of the simulator refuses what makes no sense, e.g. a purchase of an unlimited app. */
export function attempt(world: World, act: () => unknown): void {
  try {
    act();
  } catch (error) {
    world.tell(`… which Apple refuses: ${(error as Error).message}`);
  }
}
