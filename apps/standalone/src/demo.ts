import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DemoStory } from './demo-story.js';

/** Waits that are minutes and hours in real life. */
const SHORT = {
  SEATBOOK_TIMINGS_QUIET_MS: '500',
  SEATBOOK_TIMINGS_ROLLOUT_QUIET_MS: '200',
  SEATBOOK_TIMINGS_ROLLOUT_WAIT_MS: '1000',
  SEATBOOK_TIMINGS_FIRST_LOOK_MS: '800',
  SEATBOOK_TIMINGS_LOOK_AGAIN_MS: '500',
};

interface Running {
  readonly seatbook: string;
  readonly simulator: string;
  readonly ownerKey: string;
  readonly end: () => Promise<void>;
}

/**
 * A product that runs already: `SEATBOOK_URL`, `SEATBOOK_OWNER_KEY` and `SIMULATOR_URL`. It must be a fresh one, since the
 * story imports the demo locations.
 */
function running(): Running | null {
  const { SEATBOOK_URL: seatbook, SEATBOOK_OWNER_KEY: ownerKey, SIMULATOR_URL: simulator } = process.env;
  if (seatbook === undefined) return null;
  if (ownerKey === undefined || simulator === undefined)
    throw new Error('with SEATBOOK_URL, give SEATBOOK_OWNER_KEY and SIMULATOR_URL as well');
  return { seatbook, ownerKey, simulator, end: () => Promise.resolve() };
}

/** `npm start` in a folder of its own, which is deleted in the end. */
async function started(): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'seatbook-demo-'));
  const child = fork(new URL('./start.js', import.meta.url), {
    cwd: folder,
    env: { ...process.env, ...SHORT, SEATBOOK_PORT: '0', SIMULATOR_PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const message = await new Promise<{ listening: number; simulator: string; ownerKey: string } | null>(
    (resolve) => {
      child.once('message', (said) =>
        resolve(said as { listening: number; simulator: string; ownerKey: string }),
      );
      void ended.then(() => resolve(null));
    },
  );
  if (message === null) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error('Seatbook did not start');
  }
  const { listening, simulator, ownerKey } = message;
  return { seatbook: `http://127.0.0.1:${listening}`, simulator, ownerKey, end };
}

async function demo(): Promise<void> {
  const product = running() ?? (await started());
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    void product.end().then(() => process.exit(1));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    await new DemoStory(product, (line) => void process.stdout.write(`${line}\n`)).tell();
  } finally {
    if (!stopped) await product.end();
  }
}

demo().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
