import { sized } from '@seatbook/test-support/full-size';
import { Processes, type Json } from '@seatbook/test-support/processes';
import { UID, atApple, importLocation, serials } from '@seatbook/test-support/process-location';
import { seededRandom } from '@seatbook/test-support/seeded-random';

const APPS = Array.from({ length: sized(2, 25) }, (_app, index) => String(900000001 + index));
const DEVICES = serials(sized(10, 200));
const TARGETS = APPS.length * DEVICES.length;
const KILLS = sized(2, 20);
/** The kills are shared out over the installations; each comes so long after it is due, or sooner. */
const KILLED_WITHIN_MS = 500;
const EACH_SLOWER_BY_MS = 500;
const WITHIN_MS = sized(60_000, 600_000);

/** Waits that are minutes in real life. What is in doubt is sent again long before a device counts as silent. */
const SETTINGS = {
  SEATBOOK_LOG_LEVEL: 'warn',
  SEATBOOK_APPLE_WRITE_TIMEOUT_MS: '1000',
  SEATBOOK_NANO_MDM_TIMEOUT_MS: '1000',
  SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS: '1500',
  SEATBOOK_TIMINGS_FIRST_RETRY_MS: '300',
  SEATBOOK_TIMINGS_QUIET_MS: '500',
  SEATBOOK_TIMINGS_POLL_EVERY_MS: '500',
  SEATBOOK_TIMINGS_SILENCE_MS: '1500',
  SEATBOOK_TIMINGS_ROLLOUT_QUIET_MS: '200',
  SEATBOOK_TIMINGS_ROLLOUT_WAIT_MS: '1000',
  SEATBOOK_TIMINGS_FIRST_LOOK_MS: '800',
  SEATBOOK_TIMINGS_LOOK_AGAIN_MS: '700',
  SEATBOOK_TIMINGS_UNANSWERED_MS: '3000',
  SEATBOOK_TIMINGS_MAX_LOOK_MS: '10000',
};

interface Device {
  readonly serialNumber: string;
  readonly installs: readonly string[];
}

it(
  `${APPS.length} apps on ${DEVICES.length} devices, of a product that is killed ${KILLS} times: each ends installed, once`,
  async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
    const random = seededRandom(seed);
    const processes = new Processes(SETTINGS, true);
    const place = async (kind: string): Promise<string> => {
      const order = { kind, accountId: UID, assetIds: APPS, serialNumbers: DEVICES };
      const { status, body } = await processes.api<Json & { orderId: string }>('POST', '/orders', order);
      expect(status).toBe(202);
      return body.orderId;
    };
    try {
      await processes.start();
      await importLocation(processes, APPS, DEVICES.length);
      // Some take longer than others, so that there is something left for each kill.
      const devices = DEVICES.map((serialNumber, index) => ({
        serialNumber,
        knobs: { installMs: 1_000 + index * EACH_SLOWER_BY_MS },
      }));
      await processes.apple('POST', '/devices', { devices });
      for (const serialNumber of DEVICES) await processes.apple('POST', `/devices/${serialNumber}/enrol`);
      for (const serialNumber of DEVICES) {
        const registration = `/devices/${serialNumber}/registration`;
        await processes.eventually(
          'it has enrolled',
          async () => (await processes.api('GET', registration)).body['state'] === 'enrolled',
        );
      }

      const started = Date.now();
      const assignment = await place('AssignLicense');
      // At full size there are kills enough for the licences, too.
      if (KILLS < 20)
        await processes.eventually(
          'all have their licences',
          async () => (await processes.api('GET', `/orders/${assignment}`)).body['state'] === 'finished',
          WITHIN_MS,
        );
      const rollout = await place('RolloutApp');
      const states = async (): Promise<Readonly<Record<string, number>>> =>
        (await processes.api<Json & { states: Record<string, number> }>('GET', `/orders/${rollout}/rollout`))
          .body.states;
      const installedAt: number[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        const due = Math.floor((kill * TARGETS) / KILLS);
        await processes.eventually(
          `${due} are installed, after ${kill} kills`,
          async () => ((await states())['installed'] ?? 0) >= due,
          WITHIN_MS,
        );
        const at = Date.now() + random() * KILLED_WITHIN_MS;
        await processes.eventually('it is time', async () => Date.now() >= at);
        installedAt.push((await states())['installed'] ?? 0);
        await processes.kill();
        await processes.startProduct();
      }
      await processes.eventually(
        'every target is installed',
        async () => (await states())['installed'] === TARGETS,
        WITHIN_MS,
      );
      const seconds = (Date.now() - started) / 1_000;

      const held = await atApple(processes);
      expect([...held.keys()].sort()).toEqual(APPS);
      for (const holders of held.values()) expect(holders).toEqual(DEVICES);
      const { devices: seen } = await processes.apple<{ devices: Device[] }>('GET', '/devices');
      const installs = Object.fromEntries(
        seen.map((device) => [device.serialNumber, [...device.installs].sort()]),
      );
      expect(installs).toEqual(Object.fromEntries(DEVICES.map((serialNumber) => [serialNumber, APPS])));
      const assigned = (
        await processes.lines<{ type: string; data: { serialNumbers: string[] } }>('/history')
      )
        .filter(({ type }) => type === 'asset.licenses-assigned')
        .reduce((sum, { data }) => sum + data.serialNumbers.length, 0);
      expect(assigned).toBe(TARGETS);
      const { lost, byType } = await processes.apple<Json>('GET', '/devices/mdm');
      console.log(
        `seed ${seed}: ${TARGETS} installations in ${seconds.toFixed(1)} s; installed at the kills: ${installedAt.join(', ')}; ${String(lost)} webhooks lost; ${JSON.stringify(byType)}`,
      );
    } catch (error) {
      throw new Error(`with SEED=${seed}\n${processes.tail()}`, { cause: error });
    } finally {
      await processes.close();
    }
  },
  2 * WITHIN_MS,
);
