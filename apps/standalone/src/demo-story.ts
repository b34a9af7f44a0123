import { DemoClient } from './demo-client.js';

const BERLIN = '7700000000000001';
const LYON = '7700000000000002';

/** Names and numbers of the apps, as the simulated Apple sells them. */
const APPS = { notes: '900000001', ledgerline: '900000002', kartograf: '900000004' } as const;
/** Bought for persons, in Lyon. */
const ATELIER = '900000009';

const DEVICES = Array.from({ length: 25 }, (_device, index) => `C02DEMO${10_001 + index}`);
/** The one whose user says no. */
const CAUTIOUS = 'C02DEMO10025';

const PERSONS = ['Ada', 'Ben', 'Chloe', 'Dev', 'Elif'];

interface Order {
  readonly orderId: string;
  readonly state: string;
  readonly progress: Readonly<Record<string, number>>;
}

interface App {
  readonly assetId: string;
  readonly name: string | null;
  readonly licences: {
    readonly owned: number | null;
    readonly used: number;
    readonly available: number | null;
    readonly waiting: number;
  };
}

interface Rollout {
  readonly targets: number;
  readonly states: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
}

interface Why {
  readonly reason: string;
  readonly text: string;
  readonly remedy: string | null;
  readonly nextStep: { readonly what: string; readonly at: string | null } | null;
  readonly chain: readonly { readonly at: string; readonly what: string }[];
}

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ') || 'none';

/** What an organisation does in a school year, in a quarter of a minute: told as it happens. */
export class DemoStory {
  readonly #seatbook: DemoClient;
  readonly #apple: DemoClient;
  #chapter = 0;

  constructor(
    { seatbook, simulator, ownerKey }: { seatbook: string; simulator: string; ownerKey: string },
    private readonly say: (line: string) => void,
  ) {
    const headers = { authorization: `Bearer ${ownerKey}`, prefer: 'wait=30' };
    this.#seatbook = new DemoClient(`${seatbook}/api/v1`, headers);
    this.#apple = new DemoClient(`${simulator}/admin`);
  }

  async tell(): Promise<void> {
    await this.#importLocations();
    await this.#enrol();
    const assigning = await this.#assign();
    await this.#buy(assigning);
    const rollout = await this.#rollOut();
    await this.#why('The user of one device said no. Why is the app not there?', CAUTIOUS);
    await this.#rollOutOnFailed(rollout);
    await this.#persons();
    await this.#count();
    await this.#why('And one device, for the record', CAUTIOUS);
  }

  #begin(title: string): void {
    this.#chapter += 1;
    this.say(`\n${this.#chapter}. ${title}`);
  }

  #tell(line: string): void {
    this.say(`   ${line}`);
  }

  async #importLocations(): Promise<void> {
    this.#begin('Two locations are imported: Berlin assigns to devices, Lyon to persons');
    for (const [accountId, name, assignmentType] of [
      [BERLIN, 'Berlin', 'device'],
      [LYON, 'Lyon', 'user'],
    ] as const) {
      const { token } = await this.#apple.post<{ token: string }>(`/locations/${accountId}/tokens`, {});
      await this.#seatbook.post('/accounts', { name, token, assignmentType });
      const path = `/accounts/${accountId}`;
      await this.#seatbook.until<{ firstRead: { completed: boolean } }>(
        `${name} is read`,
        path,
        ({ firstRead }) => firstRead.completed,
      );
      const apps = await this.#seatbook.items<App>(`${path}/assets`);
      this.#tell(
        `${name}: ${apps.length} apps and books, ${apps.reduce((sum, { licences }) => sum + licences.used, 0)} licences in use`,
      );
    }
  }

  async #enrol(): Promise<void> {
    this.#begin(`${DEVICES.length} devices enrol at the MDM server`);
    const devices = DEVICES.map((serialNumber) => ({
      serialNumber,
      name: `demo ${serialNumber}`,
      supervised: serialNumber !== CAUTIOUS,
      knobs: { installMs: 200, promptMs: 200, prompt: 'reject' },
    }));
    await this.#apple.post('/devices', { devices });
    for (const serialNumber of DEVICES) await this.#apple.post(`/devices/${serialNumber}/enrol`, {});
    const { device } = await this.#seatbook.until<{ device: { state: string; platform: string } }>(
      'the last device is enrolled',
      `/devices/${DEVICES.at(-1)}/apps`,
      (answer) => answer.device.state === 'enrolled',
    );
    this.#tell(
      `all are enrolled; ${CAUTIOUS} (${device.platform}) is not supervised, so that its user is asked`,
    );
  }

  async #assign(): Promise<Order> {
    this.#begin('Three apps are assigned to all of them');
    const assigning = await this.#order('AssignLicense', Object.values(APPS), DEVICES, 'a new year');
    this.#tell(`${counted(assigning.progress)}; there are too few licences of Ledgerline`);
    return assigning;
  }

  async #buy({ orderId }: Order): Promise<void> {
    const path = `/accounts/${BERLIN}/assets/${APPS.ledgerline}`;
    const { licences } = await this.#seatbook.get<App>(path);
    this.#begin(`${licences.waiting} licences of Ledgerline are bought at Apple`);
    await this.#apple.post(`/locations/${BERLIN}/purchase`, {
      adamId: APPS.ledgerline,
      count: licences.waiting,
    });
    const order = await this.#seatbook.until<Order>(
      'the shortage is over',
      `/orders/${orderId}`,
      ({ state }) => state === 'finished',
    );
    this.#tell(`Apple says so, and the order goes on by itself: ${counted(order.progress)}`);
  }

  async #rollOut(): Promise<Order> {
    this.#begin('The three apps are rolled out');
    const rollout = await this.#order('RolloutApp', Object.values(APPS), DEVICES, 'a new year');
    await this.#settled(rollout);
    return rollout;
  }

  /** Tells how a rollout has ended. */
  async #settled({ orderId }: Order): Promise<Rollout> {
    const isOver = ({ targets, states }: Rollout): boolean =>
      (states['installed'] ?? 0) + (states['failed'] ?? 0) === targets;
    const ended = await this.#seatbook.until<Rollout>(
      'the rollout is over',
      `/orders/${orderId}/rollout`,
      isOver,
    );
    const failures = Object.keys(ended.failures).length === 0 ? '' : ` (${counted(ended.failures)})`;
    this.#tell(`${ended.targets} installations: ${counted(ended.states)}${failures}`);
    return ended;
  }

  async #why(title: string, serialNumber: string): Promise<void> {
    this.#begin(title);
    const path = `/accounts/${BERLIN}/assets/${APPS.notes}/why?serialNumber=${serialNumber}`;
    const { reason, text, remedy, nextStep, chain } = await this.#seatbook.get<Why>(path);
    this.#tell(`${serialNumber}, Field Notes: ${reason}. ${text}`);
    this.#tell(`next: ${nextStep === null ? 'nothing by itself' : nextStep.what}`);
    if (remedy !== null) this.#tell(`what can be done: ${remedy}`);
    for (const { at, what } of chain) this.#tell(`  ${at}  ${what}`);
  }

  async #rollOutOnFailed({ orderId }: Order): Promise<void> {
    this.#begin('The user was talked to: rollout on those that failed');
    await this.#apple.post(`/devices/${CAUTIOUS}/knobs`, { prompt: 'accept' });
    const again = { kind: 'RolloutApp', accountId: BERLIN, failedOf: orderId, reason: 'second try' };
    await this.#settled(await this.#seatbook.post<Order>('/orders', again));
  }

  async #persons(): Promise<void> {
    this.#begin(`${PERSONS.length} persons get Atelier Couleur in Lyon, and one of them leaves`);
    const userIds: string[] = [];
    for (const name of PERSONS) {
      const managedAppleId = `${name.toLowerCase()}@appleid.example.test`;
      const { userId } = await this.#seatbook.post<{ userId: string }>('/persons', { name, managedAppleId });
      userIds.push(userId);
    }
    const activations = `/accounts/${LYON}/activations`;
    await this.#seatbook.post(activations, { userIds });
    await this.#inState(activations, 'associated', PERSONS.length);
    const assigned = await this.#seatbook.post<Order>('/orders', {
      kind: 'AssignLicense',
      accountId: LYON,
      assetIds: [ATELIER],
      userIds,
      reason: 'a new year',
    });
    this.#tell(`Apple knows all of them: ${counted(assigned.progress)}`);
    const [leaver] = userIds;
    await this.#seatbook.post(`/persons/${leaver}/leave`, { reason: 'has left us' });
    await this.#inState(activations, 'retired', 1);
    this.#tell(
      `${PERSONS[0]} has left, by one command: what the person held is back, and Apple has retired the person`,
    );
  }

  async #inState(activations: string, state: string, count: number): Promise<void> {
    await this.#seatbook.until<{ items: readonly object[] }>(
      `${count} persons are ${state}`,
      `${activations}?state=${state}`,
      ({ items }) => items.length === count,
    );
  }

  async #count(): Promise<void> {
    this.#begin('The counts');
    const wanted = new Set<string>([...Object.values(APPS), ATELIER].map((adamId) => `${adamId}.STDQ`));
    for (const { assetId, name, licences } of await this.#seatbook.items<App>('/assets')) {
      if (!wanted.has(assetId) || (assetId.startsWith(APPS.notes) && licences.owned === 80)) continue;
      const { owned, used, available, waiting } = licences;
      this.#tell(`${name}: ${used} of ${owned} in use, ${available} available, ${waiting} waited for`);
    }
  }

  #order(
    kind: 'AssignLicense' | 'RolloutApp',
    assetIds: readonly string[],
    serialNumbers: readonly string[],
    reason: string,
  ): Promise<Order> {
    return this.#seatbook.post('/orders', { kind, accountId: BERLIN, assetIds, serialNumbers, reason });
  }
}
