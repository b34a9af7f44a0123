import { START } from '@seatbook/kernel';
import { Foundation, SeatbookWorker } from '@seatbook/application';
import { openWorkModel, queryModels } from '@seatbook/licensing';
import { Processor, dueModel, type ModelStatus, type Views } from '@seatbook/runtime';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { VirtualSeatbook, asset } from '@seatbook/test-support/virtual-seatbook';

describe('a start', () => {
  let virtual: VirtualSeatbook;
  beforeEach(async () => {
    virtual = await VirtualSeatbook.imported([asset('900000001', 10)]);
    await virtual.until(virtual.worker.stop());
  });
  afterEach(() => virtual.close());

  /** A second life of the worker half; read models that have halted are seen, but not built. */
  function workerWith(halted: readonly string[]): SeatbookWorker {
    const { stores, clock } = virtual;
    const foundation = new Foundation({ stores, clock, ids: seededIds(7) });
    const models = [dueModel, openWorkModel, queryModels.accounts].filter(
      ({ name }) => !halted.includes(name),
    );
    const built = new Processor({
      events: foundation.events,
      reads: stores.reads,
      models,
      clock,
      log: foundation.log,
    });
    const standing = halted.map((name): ModelStatus => ({
      name,
      version: 1,
      position: START,
      halted: 'a bug',
      failure: 'a bug',
    }));
    const views: Views = {
      start: () => built.start(),
      stop: () => built.stop(),
      position: (model) => (halted.includes(model) ? START : built.position(model)),
      status: () => [...built.status(), ...standing],
      onAdvance: (listener) => built.onAdvance(listener),
    };
    const { settings } = virtual.worker.ports;
    return new SeatbookWorker(foundation, {
      apple: virtual.apple,
      random: () => 0.5,
      settings,
      newSecret: () => 'secret',
      views: () => views,
    });
  }

  it('does not wait for read models that only people look at', async () => {
    const worker = workerWith(['timeline', 'outcomes']);
    const before = virtual.clock.now();
    await virtual.until(worker.start());
    expect(virtual.clock.now() - before).toBeLessThan(1_000);
    await virtual.until(worker.stop());
  });

  it('fails when one has halted that work is taken from', async () => {
    await virtual.stores.reads.drop(dueModel);
    await virtual.stores.reads.prepare([dueModel]);
    const worker = workerWith(['due']);
    await expect(virtual.until(worker.start())).rejects.toThrow('the read model due has halted: a bug');
    await virtual.until(worker.stop());
  });
});
