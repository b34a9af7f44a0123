import type { ChildProcess } from 'node:child_process';
import type { Json } from '@seatbook/test-support/processes';
import { UID, importLocation, serials } from '@seatbook/test-support/process-location';
import { ServerProcesses } from '@seatbook/test-support/server-processes';

const APPS = ['900000001', '900000002'];
const ACCOUNT = `apple/${UID}`;
/** A tenth of what is usual where an account is concerned, a seventh else. `LEASES=usual` measures the real ones. */
const usual = process.env['LEASES'] === 'usual';
const LEASES: Readonly<Record<string, string>> = usual
  ? {}
  : {
      SEATBOOK_LEASES_BEAT_MS: '600',
      SEATBOOK_LEASES_BUILDERS_MS: '2000',
      SEATBOOK_REACTOR_LEASE_MS: '2000',
      SEATBOOK_DUE_STEP_LEASE_MS: '2000',
      SEATBOOK_DUE_GATE_LEASE_MS: '6000',
      SEATBOOK_PLANNER_LEASE_MS: '6000',
      SEATBOOK_DUE_GATE_LEASE_LEFT_MS: '1000',
    };
/** Promised for the usual leases, and as much in proportion for shorter ones. A busy machine takes a little longer. */
const BUSY_MS = 2_000;
const MODELS_WITHIN_MS = usual ? 20_000 : 2_700;
const ACCOUNTS_WITHIN_MS = usual ? 75_000 : 7_500;
/** A busy machine takes long to start that many processes. */
const PATIENCE_MS = 300_000;
const NEWER = ['--import', './test/process/newer-build.js'];

interface Order extends Json {
  readonly orderId: string;
  readonly state: string;
  readonly progress: { readonly assigned: number };
}

interface Pairs {
  readonly items: readonly { readonly serialNumber: string; readonly state: string }[];
}

describe('workers of one deployment, each a process', () => {
  const processes = new ServerProcesses(LEASES);
  const workers = new Map<ChildProcess, string>();
  let ordered = 0;

  /** Starts a worker and finds out by which name it holds its leases. */
  async function startWorker(execArgv: readonly string[] = []): Promise<ChildProcess> {
    const before = new Set((await processes.holders()).values());
    const worker = processes.startWorker(execArgv);
    const holder = await processes.eventually('the worker has work', async () => {
      for (const name of (await processes.holders()).values())
        if (name !== null && !before.has(name)) return name;
      return null;
    });
    workers.set(worker, holder);
    return worker;
  }

  /** Leases of work by name of their holder, the places of the workers aside. */
  async function held(): Promise<Map<string, string[]>> {
    const byHolder = new Map<string, string[]>([...workers.values()].map((holder) => [holder, []]));
    for (const [lease, holder] of await processes.holders())
      if (holder !== null && !lease.startsWith('workers/')) byHolder.get(holder)?.push(lease);
    return byHolder;
  }

  const countOf = (leases: readonly string[], kind: string): number =>
    leases.filter((lease) => lease.startsWith(kind)).length;

  /** Until every worker has its part of the read models and of the steps. */
  const shared = (): Promise<true> =>
    processes.eventually('the work is shared out', async () => {
      const all = [...(await held()).values()];
      return ['models/', 'steps/'].every((kind) => {
        const counts = all.map((leases) => countOf(leases, kind));
        return Math.min(...counts) > 0 && Math.max(...counts) - Math.min(...counts) <= 1;
      });
    });

  async function end(worker: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    const holder = workers.get(worker) ?? '';
    const code = await processes.end(worker, signal);
    if (signal === 'SIGTERM') expect(code).toBe(0);
    workers.delete(worker);
    return holder;
  }

  const place = async (number = 0): Promise<Order> => {
    const serialNumbers = serials(2, (ordered += 2));
    const body = { kind: 'AssignLicense', accountId: UID, assetIds: APPS, serialNumbers };
    const placed = await processes.api<Order>('POST', '/orders', body, { number });
    expect(placed.status).toBe(202);
    return placed.body;
  };
  const finished = ({ orderId }: Order, number = 0): Promise<Order> =>
    processes.eventually('the order is finished', async () => {
      const { body } = await processes.api<Order>('GET', `/orders/${orderId}`, undefined, { number });
      return body.state === 'finished' && body;
    });
  const holderOf = async (lease: string): Promise<ChildProcess> => {
    const holder = (await processes.holders()).get(lease);
    const [worker] = [...workers].find(([, name]) => name === holder) ?? [];
    if (!worker) throw new Error(`${lease} is held by ${holder}`);
    return worker;
  };

  beforeAll(async () => {
    await processes.start();
    await processes.startApi(0);
    for (let count = 0; count < 3; count += 1) await startWorker();
    await processes.eventually('the API is ready', () => processes.isReady());
    await importLocation(processes, APPS, 1_000);
    await finished(await place());
  }, PATIENCE_MS);
  afterAll(() => processes.close());

  it(
    'share it, and go on with that of one that is killed: soon with read models and reactions, later at Apple',
    async () => {
      await shared();
      const victim = await holderOf(ACCOUNT);
      const killed = Date.now();
      const name = await end(victim, 'SIGKILL');
      const placed = await place();
      let others = 0;
      await processes.eventually('all work has a living holder', async () => {
        const left = [...(await processes.holders())].flatMap(([lease, holder]) =>
          holder === name && !lease.startsWith('workers/') ? lease : [],
        );
        if (others === 0 && left.every((lease) => lease === ACCOUNT)) others = Date.now() - killed;
        return left.length === 0;
      });
      const account = Date.now() - killed;
      expect(await finished(placed)).toMatchObject({ progress: { assigned: 4 } });
      const order = Date.now() - killed;
      console.log(
        `after SIGKILL: all but accounts ${others} ms, accounts ${account} ms, an order ${order} ms`,
      );
      expect(others).toBeLessThanOrEqual(MODELS_WITHIN_MS + BUSY_MS);
      expect(account).toBeLessThanOrEqual(ACCOUNTS_WITHIN_MS + BUSY_MS);
      await shared();
    },
    PATIENCE_MS,
  );

  it(
    'take over at once from one that is stopped in order',
    async () => {
      await startWorker();
      await shared();
      const leaving = await holderOf(ACCOUNT);
      const name = await end(leaving, 'SIGTERM');
      const ended = Date.now();
      expect([...(await processes.holders()).values()]).not.toContain(name);
      await processes.eventually('all work has a holder', async () => {
        const held = [...(await processes.holders())].filter(([lease]) => !lease.startsWith('workers/'));
        return held.every(([, holder]) => holder !== null);
      });
      const leases = Date.now() - ended;
      expect(await finished(await place())).toMatchObject({ progress: { assigned: 4 } });
      console.log(`after SIGTERM: every lease ${leases} ms, an order at Apple ${Date.now() - ended} ms`);
      // Sooner than any lease could run out: at the next look.
      expect(leases).toBeLessThan((usual ? 5_000 : 600) + BUSY_MS);
    },
    PATIENCE_MS,
  );

  it(
    'of two builds work side by side: a new version of a read model is built beside the old one, and serves',
    async () => {
      const old = [...workers.keys()];
      const pairs = async (number: number): Promise<Pairs> =>
        (
          await processes.api<Pairs>('GET', `/accounts/${UID}/assets/${APPS[0]}/pairs?limit=500`, undefined, {
            number,
          })
        ).body;
      const lease = async (version: string): Promise<string | null> =>
        [...(await processes.holders())].find(([name]) => name.startsWith(`models/pairs@${version}`))?.[1] ??
        null;
      const newer = await startWorker(NEWER);
      const newName = workers.get(newer) ?? '';
      await processes.startApi(1, NEWER);
      // It is ready when its own version has caught up.
      await processes.eventually('the new API is ready', () => processes.isReady(1));
      expect(await lease('1000')).toBe(newName);
      const oldVersion = [...(await processes.holders()).keys()]
        .flatMap((name) => /^models\/pairs@(\d+)$/.exec(name)?.[1] ?? [])
        .find((version) => version !== '1000');
      expect(old.map((worker) => workers.get(worker))).toContain(await lease(oldVersion ?? ''));

      // Both APIs take orders, and each shows what was ordered at the other.
      await finished(await place(0), 1);
      await finished(await place(1), 0);
      const [before, after] = await Promise.all([0, 1].map(pairs));
      expect(after?.items).toEqual(before?.items);
      expect(after?.items.filter(({ state }) => state === 'assigned')).toHaveLength(ordered);

      for (const worker of old) await end(worker, 'SIGTERM');
      await finished(await place(1), 1);
      expect((await pairs(1)).items.filter(({ state }) => state === 'assigned')).toHaveLength(ordered);
      expect(await lease(oldVersion ?? '')).toBeNull();
      // The old API still shows what it knew, and says that nobody builds its version any more.
      expect((await pairs(0)).items).toHaveLength(ordered - 2);
    },
    PATIENCE_MS,
  );
});
