import { SeatbookWorker, Foundation, type HealthReport } from '@seatbook/application';
import { openWorkModel, queryModels } from '@seatbook/licensing';
import {
  dueModel,
  REACTOR_LEASE,
  STEP_REVISION_LEASE,
  StoreUnavailable,
  type Stores,
} from '@seatbook/runtime';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const PATIENCE = 60_000;
const BEAT = 5_000;

/** A call of a store that fails, by the port's name, the method's and what it is asked. */
type Fault = (port: keyof Stores, method: string, asked: readonly unknown[]) => boolean;

const never: Fault = () => false;
const asksFor =
  (name: string): Fault =>
  (_port, method, [model]) =>
    method === 'query' && (model as { readonly name: string }).name === name;

describe('health, as the stores tell it', () => {
  let virtual: VirtualSeatbook;
  /** A worker of its own process: what fails for it works for the edge. */
  let worker: SeatbookWorker;
  let fault: Fault;
  let orders = 0;

  beforeEach(async () => {
    fault = never;
    virtual = await VirtualSeatbook.imported([asset('900000001', 10)], { apart: true });
    await virtual.until(virtual.worker.stop());
    const { clock } = virtual;
    const foundation = new Foundation({ stores: breakable(virtual.stores), clock, ids: seededIds(7) });
    worker = new SeatbookWorker(foundation, {
      apple: virtual.apple,
      random: () => 0.5,
      settings: virtual.worker.ports.settings,
      newSecret: () => 'secret',
    });
    virtual.worker = worker;
  });
  afterEach(() => virtual.close());

  function breakable(stores: Stores): Stores {
    const breakablePort = <P extends keyof Stores>(port: P): Stores[P] =>
      new Proxy<Stores[P]>(stores[port], {
        get(target, method) {
          const member: unknown = Reflect.get(target, method);
          if (typeof member !== 'function') return member;
          return (...asked: unknown[]): unknown =>
            fault(port, String(method), asked)
              ? Promise.reject(new StoreUnavailable('no network', 'ECONNRESET'))
              : Reflect.apply(member, target, asked);
        },
      });
    return {
      events: breakablePort('events'),
      reads: breakablePort('reads'),
      progress: breakablePort('progress'),
      leases: breakablePort('leases'),
      secrets: breakablePort('secrets'),
      directory: breakablePort('directory'),
    };
  }

  const start = (): Promise<void> => virtual.until(worker.start());
  const look = (): Promise<HealthReport> => virtual.until(virtual.edge.health.look());
  const place = async (): Promise<void> => {
    const serialNumbers = serials(1, (orders += 1));
    await virtual.until(virtual.place({ assets: [stdq('900000001')], serialNumbers }));
  };

  it('is ready, with somebody for all work and all read models up to date', async () => {
    await start();
    await virtual.advance(BEAT);
    const { reasons, troubles, models, partitions, parked } = await look();
    expect([reasons, troubles, parked]).toEqual([[], [], 0]);
    expect(models.map(({ model }) => model)).toEqual(expect.arrayContaining(['due', 'pairs', 'timeline']));
    expect(new Set(models.map(({ lagMs, halted, failure }) => [lagMs, halted, failure].join()))).toEqual(
      new Set(['0,,']),
    );
    expect(partitions.map(({ partition }) => partition)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^models\/due@\d+$/),
        expect.stringMatching(/^models\/pairs@\d+$/),
        'reactor',
        'step-revision',
        'steps/0',
      ]),
    );
    for (const { worker: holder, silentMs } of partitions)
      expect([typeof holder, silentMs <= BEAT]).toEqual(['string', true]);
  });

  describe.each<[runner: string, fault: Fault, stimulus?: () => Promise<void>]>([
    ['planner dispatcher', asksFor(openWorkModel.name)],
    ['gates of accounts', asksFor(queryModels.accounts.name)],
    ['due runner', asksFor(dueModel.name)],
    [
      'reactor',
      (_port, method, [name]) => method === 'saveCheckpoint' && name === REACTOR_LEASE,
      () => place(),
    ],
    [
      'revision of steps',
      (_port, method, [name]) => method === 'takeOver' && String(name).startsWith(STEP_REVISION_LEASE),
    ],
    ['lease keeper', (_port, method, [name]) => method === 'acquire' && name === 'steps/0'],
  ])('shows that the %s fails', (runner, failing, stimulus) => {
    it('and that it works again, and is ready all the while', async () => {
      fault = failing;
      await start();
      await stimulus?.();
      await virtual.advance(2 * BEAT);
      const failed = await look();
      expect(failed.troubles).toContainEqual({
        worker: expect.any(String) as string,
        runner,
        reason: 'StoreUnavailable: no network',
        halted: false,
      });
      expect(failed.reasons).toEqual([]);
      fault = never;
      await virtual.advance(60_000);
      expect((await look()).troubles).toEqual([]);
    });
  });

  it('shows a read model that is not built, and is not ready once that lasts', async () => {
    await start();
    fault = (_port, method, [model]) =>
      method === 'commit' && (model as { readonly name: string }).name === 'assets';
    await place();
    await virtual.advance(2 * BEAT);
    const assetsOf = ({ models }: HealthReport): unknown => models.find(({ model }) => model === 'assets');
    const failing = await look();
    expect(assetsOf(failing)).toMatchObject({ failure: 'StoreUnavailable: no network', halted: null });
    expect([failing.reasons, failing.troubles]).toEqual([[], []]);
    await virtual.advance(PATIENCE);
    expect((await look()).reasons).toEqual([
      expect.stringMatching(/^the read model assets is \d+ s behind: StoreUnavailable: no network$/),
    ]);
    fault = never;
    await virtual.advance(60_000);
    const recovered = await look();
    expect([recovered.reasons, assetsOf(recovered)]).toEqual([
      [],
      expect.objectContaining({ lagMs: 0, failure: null }),
    ]);
  });

  it('is not ready when nobody has worked for a while: the worker is stopped, or not heard of any more', async () => {
    await start();
    await virtual.advance(BEAT);
    expect((await look()).reasons).toEqual([]);
    fault = (port) => port === 'leases';
    await virtual.advance(PATIENCE - BEAT);
    expect((await look()).reasons).toEqual([]);
    await virtual.advance(2 * BEAT);
    const silent =
      /^no worker has been heard of for \d+ s that works on models\/due@\d+, .*, reactor, step-revision, steps\/0, /;
    expect((await look()).reasons).toEqual([expect.stringMatching(silent)]);
    fault = never;
    await virtual.advance(2 * BEAT);
    expect((await look()).reasons).toEqual([]);
    await virtual.until(worker.stop());
    await virtual.advance(PATIENCE);
    expect((await look()).reasons).toEqual([]);
    await virtual.advance(2 * BEAT);
    const { reasons, partitions } = await look();
    expect(reasons).toEqual([expect.stringMatching(silent)]);
    expect(new Set(partitions.map(({ worker: holder }) => holder))).toEqual(new Set([null]));
    await start();
  });

  it.each<[what: string, port: keyof Stores, method: string]>([
    ['the log cannot be used', 'events', 'probe'],
    ['the leases cannot be read', 'leases', 'all'],
    ['the read models cannot be read', 'reads', 'checkpoints'],
    ['parked work cannot be read', 'progress', 'countParked'],
  ])('is not ready when %s', async (what, port, method) => {
    await start();
    const broken = virtual.stores[port] as unknown as Record<string, unknown>;
    const whole = broken[method];
    broken[method] = () => Promise.reject(new Error('disk I/O error'));
    await virtual.advance(10_000);
    expect((await look()).reasons).toEqual([`${what}: Error: disk I/O error`]);
    const hung: (() => void)[] = [];
    broken[method] = () =>
      new Promise((_resolve, reject) => hung.push(() => reject(new Error('the connection broke'))));
    await virtual.advance(10_000);
    expect((await look()).reasons).toEqual([`${what}: no answer within 5 s`]);
    broken[method] = whole;
    for (const end of hung) end();
    await virtual.advance(10_000);
    expect((await look()).reasons).toEqual([]);
  });
});

describe('requests to Apple, as health tells of them', () => {
  let virtual: VirtualSeatbook;
  let orders = 0;

  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported([asset('900000001', 10)]);
  });
  afterEach(() => virtual.close());

  const look = (): Promise<HealthReport> => virtual.until(virtual.edge.health.look());
  const place = async (): Promise<void> => {
    const serialNumbers = serials(1, (orders += 1));
    await virtual.place({ assets: [stdq('900000001')], serialNumbers });
  };

  it('shows what they wait for: an answer, their turn, or the end of the pause that Apple asked for', async () => {
    await virtual.advance(BEAT);
    expect((await look()).paces).toEqual([]);
    const { admin } = virtual.simulator;
    admin.setFaults({ latencyMs: { min: 3 * BEAT, max: 3 * BEAT } });
    await place();
    await virtual.advance(2 * BEAT);
    expect((await look()).paces).toMatchObject([
      { of: UID, writesInFlight: 1, queuedWrites: 0, oldestWaitMs: 0, heldUntil: null },
    ]);
    admin.setFaults({ latencyMs: { min: 0, max: 0 } });
    await virtual.advance(60_000);
    expect((await look()).paces).toEqual([]);
    const ruleId = admin.addErrorRule({
      match: { path: '/', uId: UID },
      times: 'forever',
      status: 503,
      retryAfter: 45,
    });
    await place();
    await virtual.advance(2 * BEAT);
    const at = virtual.clock.now();
    const [pace, ...others] = (await look()).paces;
    expect(others).toEqual([]);
    expect((pace?.heldUntil ?? 0) - at).toBeGreaterThan(30_000);
    expect((pace?.heldUntil ?? 0) - at).toBeLessThan(45_000);
    admin.clearErrorRules(ruleId);
    await virtual.advance(120_000);
    expect((await look()).paces).toEqual([]);
  });
});
