import { Processes, type Json } from '@seatbook/test-support/processes';
import { UID, atApple, importLocation, serials } from '@seatbook/test-support/process-location';
import { seededRandom } from '@seatbook/test-support/seeded-random';
import { sized } from '@seatbook/test-support/full-size';
import { openAttempts, type LoggedEvent } from '@seatbook/test-support/open-attempts';

// Fewer apps take as many calls: a call carries up to 25 of them for 1,000 devices.
const APPS = Array.from({ length: sized(5, 7) }, (_app, index) => String(900000001 + index));
const DEVICES = serials(4_000);
const PAIRS = APPS.length * DEVICES.length;
const CALLS = 4;
const MAX_EVENTS = sized(300, 420);
const KILLS = sized(4, 10);
const ORDER = { kind: 'AssignLicense', accountId: UID, assetIds: APPS, serialNumbers: DEVICES };

interface OrderBody extends Json {
  readonly orderId: string;
  readonly state: string;
}

const finished = (processes: Processes, orderId: string): Promise<OrderBody> =>
  processes.eventually(
    'the order is finished',
    async () => {
      const { body } = await processes.api<OrderBody>('GET', `/orders/${orderId}`);
      return body.state === 'finished' ? body : null;
    },
    300_000,
  );

async function expectAllAssigned(processes: Processes): Promise<void> {
  const apple = await atApple(processes);
  for (const adamId of APPS) expect(apple.get(adamId)).toEqual(DEVICES);
  for (const adamId of APPS) expect(await assignedPairs(processes, adamId)).toEqual(DEVICES);
  const counts = await processes.apple<{ assigned: number }[]>('GET', `/locations/${UID}/assets`);
  const list =
    (Array.isArray(counts) ? counts : (counts as unknown as { assets: { assigned: number }[] }).assets) ?? [];
  expect(list.reduce((sum, { assigned }) => sum + assigned, 0)).toBe(PAIRS);
}

async function assignedPairs(processes: Processes, adamId: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '';
  for (;;) {
    const { body } = await processes.api<{
      items: { serialNumber: string; state: string }[];
      next: string | null;
    }>('GET', `/accounts/${UID}/assets/${adamId}/pairs?limit=500${cursor}`);
    for (const { serialNumber, state } of body.items) if (state === 'assigned') found.push(serialNumber);
    if (body.next === null) return found.sort();
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

const associates = async (processes: Processes): Promise<{ received: number; inFlight: number }> => {
  const stats = await processes.apple<{ associateReceived: number; inFlightWrites: number }>('GET', '/stats');
  return { received: stats.associateReceived, inFlight: stats.inFlightWrites };
};

const callsOnTheirWay = (processes: Processes): Promise<true> =>
  processes.eventually('calls are on their way', async () => {
    const { received, inFlight } = await associates(processes);
    return inFlight > 0 || received >= CALLS;
  });

describe(`${APPS.length} assets × 4,000 devices, product and Apple in processes of their own`, () => {
  it(`takes exactly 4 calls, at most ${MAX_EVENTS} events and less than 512 MB`, async () => {
    const processes = new Processes();
    await processes.start();
    try {
      await importLocation(processes, APPS, 5_000);
      processes.watchMemory();
      const started = Date.now();
      const { status, body } = await processes.api<OrderBody>('POST', '/orders', ORDER);
      expect(status).toBe(202);
      await finished(processes, body.orderId);
      const wallMs = Date.now() - started;
      expect((await associates(processes)).received).toBe(CALLS);
      await expectAllAssigned(processes);
      const events = await processes.lines<LoggedEvent>('/history');
      const ours = events.filter(({ stream }) => !/^apple(Event|Notification)-/.test(stream));
      expect(ours.length).toBeLessThanOrEqual(MAX_EVENTS);
      expect(processes.peakRssBytes).toBeGreaterThan(0);
      expect(processes.peakRssBytes).toBeLessThan(512 * 1024 * 1024);
      console.log(
        `${PAIRS} pairs: ${wallMs} ms, ${ours.length} events, peak ${Math.round(processes.peakRssBytes / 1e6)} MB`,
      );
    } finally {
      await processes.close();
    }
  }, 600_000);

  it(`comes to the same end through ${KILLS} SIGKILLs`, async () => {
    const seed = Number(process.env['SEATBOOK_TEST_SEED'] ?? Date.now() % 100_000);
    const random = seededRandom(seed);
    const processes = new Processes({
      SEATBOOK_APPLE_WRITE_TIMEOUT_MS: '2000',
      SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS: '2500',
      SEATBOOK_TIMINGS_FIRST_RETRY_MS: '500',
      SEATBOOK_TIMINGS_QUIET_MS: '1000',
      SEATBOOK_TIMINGS_POLL_EVERY_MS: '1000',
    });
    await processes.start();
    try {
      await importLocation(processes, APPS, 5_000);
      // Nothing is finished before the last kill: a few notifications are lost, so some pairs stay open until then.
      await processes.apple('POST', '/faults', {
        latencyMs: { min: 50, max: 600 },
        eventDelayMs: { min: 2_000, max: 12_000 },
        notifications: { drop: 0.1, spacingMs: 20 },
      });
      await processes.apple('POST', '/error-rules', {
        match: { path: '/mdm/v2/status' },
        times: 'forever',
        status: 503,
      });
      // Answers come late enough that most kills hit calls in flight, applied and not yet answered.
      await processes.apple('POST', '/error-rules', {
        match: { path: '/mdm/v2/assets/associate' },
        times: 'forever',
        delayMs: 1_200,
      });
      const place = async (): Promise<OrderBody | null> => {
        const key = { 'idempotency-key': 'the order' };
        const { status, body } = await processes.api<OrderBody>('POST', '/orders', ORDER, key);
        return status === 202 ? body : null;
      };
      const placed = (): Promise<OrderBody> => processes.eventually('the order is placed', place);
      const kills: { at: number; inFlight: number }[] = [];
      let orderId: string | null = null;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const life = 400 + random() * (kill < 2 ? 600 : 1_600);
        // The first two may hit the order while it is placed; the others hit calls, however slowly the product starts here.
        const placing = kill < 2 ? place().catch(() => null) : Promise.resolve(null);
        if (kill >= 2) {
          orderId ??= (await placed()).orderId;
          await callsOnTheirWay(processes);
        }
        await processes.freezeAfter(life);
        const { inFlight } = await associates(processes);
        kills.push({ at: Date.now(), inFlight });
        await processes.kill();
        orderId ??= (await placing)?.orderId ?? null;
        // Some lives end before the product listens.
        const child = processes.forkProduct();
        if (random() < 0.8) await new Promise<void>((resolve) => child.once('message', () => resolve()));
      }
      await processes.eventually('the product is back', async () =>
        (await processes.isReady()) ? true : null,
      );
      const order = await placed();
      expect(order.state).not.toBe('finished');
      expect(order.orderId).toBe(orderId);
      await processes.apple('POST', '/error-rules/clear');
      await finished(processes, order.orderId);
      await expectAllAssigned(processes);
      const open = openAttempts(await processes.lines<LoggedEvent>('/history'));
      const inFlight = kills.reduce((sum, kill) => sum + Math.max(kill.inFlight, open(kill.at)), 0);
      const { received } = await associates(processes);
      console.log(`seed ${seed}: ${received} associate calls, ${inFlight} in flight at ${KILLS} kills`);
      expect(received).toBeLessThanOrEqual(CALLS + inFlight);
    } catch (error) {
      throw new Error(`seed ${seed}\n${processes.tail()}`, { cause: error });
    } finally {
      await processes.close();
    }
  }, 900_000);
});
