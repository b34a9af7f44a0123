import type { ChildProcess } from 'node:child_process';
import { eventually } from '@seatbook/test-support/eventually';
import { sized } from '@seatbook/test-support/full-size';
import { openAttempts, type LoggedEvent } from '@seatbook/test-support/open-attempts';
import type { Json } from '@seatbook/test-support/processes';
import { UID, importLocation, serials } from '@seatbook/test-support/process-location';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { ServerProcesses } from '@seatbook/test-support/server-processes';

/** `SIZE=25x4000` is the order of 100,000 pairs: minutes, so by hand. */
const [APP_COUNT = 5, DEVICE_COUNT = 400] = (process.env['SIZE'] ?? '5x400').split('x').map(Number);
const LARGE = DEVICE_COUNT > 1_000;
const APPS = Array.from({ length: APP_COUNT }, (_app, index) => String(900000001 + index));
const DEVICES = serials(DEVICE_COUNT);
const PAIRS = APPS.length * DEVICES.length;
/** A call carries up to 25 apps for 1,000 devices. */
const CALLS = Math.ceil(DEVICE_COUNT / 1_000);
const KILL_EVERY_MS = LARGE ? 5_000 : 1_500;
/** The small order has so many kills; the large one has them until it has ended. */
const KILLS = LARGE ? Infinity : sized(2, 4);
const WITHIN_MS = LARGE ? 15 * 60_000 : 200_000;

/** Workers that live for a quarter of a minute must take over sooner than in a minute. */
const SETTINGS = {
  SEATBOOK_LEASES_BEAT_MS: '500',
  SEATBOOK_LEASES_BUILDERS_MS: '2000',
  SEATBOOK_REACTOR_LEASE_MS: '2000',
  SEATBOOK_DUE_STEP_LEASE_MS: '2000',
  SEATBOOK_DUE_GATE_LEASE_MS: '4000',
  SEATBOOK_PLANNER_LEASE_MS: '4000',
  SEATBOOK_DUE_GATE_LEASE_LEFT_MS: '2000',
  SEATBOOK_LOG_LEVEL: 'warn',
  SEATBOOK_APPLE_WRITE_TIMEOUT_MS: '2000',
  SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS: '2500',
  SEATBOOK_TIMINGS_FIRST_RETRY_MS: '500',
  SEATBOOK_TIMINGS_QUIET_MS: '1000',
  SEATBOOK_TIMINGS_POLL_EVERY_MS: '1000',
};

interface OrderBody extends Json {
  readonly orderId: string;
  readonly state: string;
  readonly progress: { readonly assigned: number };
}

const stats = async (processes: ServerProcesses): Promise<{ received: number; inFlight: number }> => {
  const { associateReceived, inFlightWrites } = await processes.apple<{
    associateReceived: number;
    inFlightWrites: number;
  }>('GET', '/stats');
  return { received: associateReceived, inFlight: inFlightWrites };
};

it(
  `${APPS.length} × ${DEVICES.length} pairs come to the same end with three workers of which one after the other is killed`,
  async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
    const random = seededRandom(seed);
    const processes = new ServerProcesses(SETTINGS);
    await processes.start();
    try {
      await Promise.all([processes.startApi(0), processes.startApi(1)]);
      const workers: ChildProcess[] = [1, 2, 3].map(() => processes.startWorker());
      for (const number of [0, 1])
        await processes.eventually('the API is ready', () => processes.isReady(number));
      await importLocation(processes, APPS, DEVICES.length);
      // Most kills hit calls on their way, done at Apple and not answered.
      await processes.apple('POST', '/error-rules', {
        match: { path: '/mdm/v2/assets/associate' },
        times: 'forever',
        delayMs: 1_000,
      });
      const started = Date.now();
      const order = { kind: 'AssignLicense', accountId: UID, assetIds: APPS, serialNumbers: DEVICES };
      const placed = await processes.api<OrderBody>('POST', '/orders', order);
      expect(placed.status).toBe(202);
      const now = async (number: number): Promise<OrderBody> =>
        (await processes.api<OrderBody>('GET', `/orders/${placed.body.orderId}`, undefined, { number })).body;

      const kills: { at: number; inFlight: number }[] = [];
      let killing = true;
      const killer = (async () => {
        for (let next = started + KILL_EVERY_MS; killing && kills.length < KILLS; next += KILL_EVERY_MS) {
          await eventually('it is time', () => Date.now() >= next || !killing, WITHIN_MS);
          if (!killing) return;
          const victim = Math.floor(random() * workers.length);
          const { inFlight } = await stats(processes);
          kills.push({ at: Date.now(), inFlight });
          await processes.end(workers[victim] as ChildProcess, 'SIGKILL');
          workers[victim] = processes.startWorker();
        }
      })();
      const finished = processes.eventually(
        'the order is finished',
        async () => (LARGE || kills.length === KILLS) && (await now(1)).state === 'finished',
        WITHIN_MS,
      );
      await finished.finally(() => (killing = false));
      await killer;
      const seconds = (Date.now() - started) / 1_000;

      expect((await now(0)).progress.assigned).toBe(PAIRS);
      const { assets } = await processes.apple<{ assets: Record<string, string[]> }>(
        'GET',
        `/locations/${UID}/assignments`,
      );
      expect(Object.keys(assets).sort()).toEqual(APPS.map((adamId) => `${adamId}/STDQ`));
      for (const held of Object.values(assets)) expect([...held].sort()).toEqual(DEVICES);
      const open = openAttempts(await processes.lines<LoggedEvent>('/history'));
      const inFlight = kills.reduce((sum, kill) => sum + Math.max(kill.inFlight, open(kill.at)), 0);
      const { received } = await stats(processes);
      console.log(
        `seed ${seed}: ${PAIRS} pairs in ${seconds.toFixed(1)} s, ${received} associate calls, ${inFlight} in flight at ${kills.length} kills`,
      );
      expect(received).toBeLessThanOrEqual(CALLS + inFlight);
    } catch (error) {
      throw new Error(`with SEED=${seed}\n${processes.tail()}`, { cause: error });
    } finally {
      await processes.close();
    }
  },
  WITHIN_MS + 300_000,
);
