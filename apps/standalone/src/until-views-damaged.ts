import { setTimeout as pause } from 'node:timers/promises';
import type { HostOptions } from '@seatbook/host';
import { Product, type StartListener } from '@seatbook/nest';

/** Between two starts because of damage: a disk that damages whatever is written must not keep the processor busy. */
const START_AGAIN_MS = 5_000;

export interface LifeListener extends StartListener {
  /** Work is being done. */
  readonly ready: (product: Product) => Promise<void>;
  /** The views cannot be read any more, and why. */
  readonly damaged: (reason: string) => void;
}

/**
 * Starts the product and lets it run. When its views turn out to be damaged, during the start or later, it is stopped
 * in order, and this resolves: the next start makes the views again from the log.
 */
export async function untilViewsDamaged(options: HostOptions, listener: LifeListener): Promise<void> {
  const startedAt = performance.now();
  let found: (reason: string) => void = () => undefined;
  const damaged = new Promise<string>((resolve) => (found = resolve)).then(listener.damaged);
  let product: Product | null = null;
  let heard: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => (heard = resolve));
  const starting = Product.start(
    { ...options, viewsDamaged: (reason) => found(reason) },
    {
      ...listener,
      listening(listens) {
        product = listens;
        listener.listening?.(listens);
        heard();
      },
    },
  ).then(async (started) => {
    // It may have been stopped while it started.
    if (started.host.phase === 'ready') await listener.ready(started);
  });
  const ended = starting.catch(() => undefined);
  // A start that fails because of the damage has told of it before.
  await Promise.race([damaged, starting.then(() => damaged)]);
  await pause(Math.max(0, START_AGAIN_MS - (performance.now() - startedAt)));
  await Promise.race([listening, ended]);
  await (product as Product | null)?.stop();
  await ended;
}
