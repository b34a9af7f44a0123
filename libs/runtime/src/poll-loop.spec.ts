import { calm, pass } from '@seatbook/test-support/let-happen';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { StoreUnavailable } from './errors.js';
import { PollLoop } from './poll-loop.js';
import { RunnerHealth } from './runner-health.js';

const POLL = 1_000;

describe('a poll loop', () => {
  const setUp = (task: (loop: PollLoop) => Promise<boolean> | boolean = () => false) => {
    const clock = new VirtualClock(0);
    const runs: number[] = [];
    const said: string[] = [];
    const health = new RunnerHealth('spec', (message) => said.push(message));
    const loop: PollLoop = new PollLoop({
      clock,
      pollMs: POLL,
      health,
      task: async () => {
        runs.push(clock.now());
        return task(loop);
      },
    });
    return { clock, loop, runs, said, health };
  };

  it('does nothing before it is started', async () => {
    const { loop, clock, runs } = setUp();
    loop.wake();
    await pass(clock, 5_000);
    expect(runs).toEqual([]);
    loop.start();
    await calm();
    expect(runs).toEqual([5_000]);
  });

  it('runs its task by itself, a poll after the last run', async () => {
    const { loop, clock, runs } = setUp();
    loop.start();
    await pass(clock, 500);
    loop.wake();
    await pass(clock, 2_500);
    expect(runs).toEqual([0, 500, 1_500, 2_500]);
  });

  it('runs again at once as long as there may be more', async () => {
    let left = 3;
    const { loop, runs } = setUp(() => (left -= 1) > 0);
    loop.start();
    await calm();
    expect(runs).toEqual([0, 0, 0]);
  });

  it('never runs twice at a time, and loses no wake-up that comes meanwhile', async () => {
    let running = 0;
    let most = 0;
    const { loop, runs } = setUp(async () => {
      most = Math.max(most, (running += 1));
      await calm(3);
      running -= 1;
      return false;
    });
    loop.start();
    await calm(1);
    loop.wake();
    loop.wake();
    await calm();
    expect([most, runs.length]).toEqual([1, 2]);
  });

  it('runs at the earliest moment that it was asked for', async () => {
    const { loop, clock, runs } = setUp();
    loop.start();
    await calm();
    loop.wakeIn(300);
    loop.wakeIn(50);
    loop.wakeIn(800);
    await pass(clock, 700);
    expect(runs).toEqual([0, 50]);
  });

  it('keeps a moment that was asked for while its task was running', async () => {
    const { loop, clock, runs } = setUp(async (own) => {
      if (clock.now() === 0) own.wakeIn(50);
      await calm(1);
      own.wakeIn(900);
      return false;
    });
    loop.start();
    await pass(clock, 100);
    expect(runs).toEqual([0, 50]);
  });

  it('waits for no longer than its poll', async () => {
    const { loop, clock, runs } = setUp();
    loop.start();
    await calm();
    loop.wakeIn(60_000);
    await pass(clock, POLL);
    expect(runs).toEqual([0, POLL]);
  });

  it('runs again after a pause when its task failed, and says so until it works', async () => {
    const { loop, clock, runs, said, health } = setUp(() => {
      if (clock.now() === 0) throw new Error('once');
      return false;
    });
    loop.start();
    await calm();
    expect(health.failure).toBe('Error: once');
    await pass(clock, POLL);
    expect(runs).toEqual([0, POLL]);
    expect(health.failure).toBeNull();
    expect(said).toEqual(['a runner fails and keeps trying', 'a runner works again']);
  });

  it('pauses longer with each failure in a row, up to a limit, and never gives up', async () => {
    const { loop, clock, runs, said } = setUp(() => Promise.reject(new Error('down')));
    loop.start();
    await pass(clock, 122_000);
    expect(runs).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121].map((seconds) => seconds * 1_000));
    expect(said).toEqual(['a runner fails and keeps trying']);
  });

  it('looks for a store that is away every three seconds at least, however long it was away', async () => {
    let away = true;
    const { clock, loop, runs } = setUp(() => {
      if (away) throw new StoreUnavailable('the server does not answer', 'ECONNREFUSED');
      return false;
    });
    loop.start();
    await pass(clock, 60_000);
    away = false;
    const back = clock.now();
    await pass(clock, 3_000);
    expect(runs.some((at) => at >= back)).toBe(true);
    await loop.stop();
  });

  it('is not hurried by wake-ups while it pauses, and is idle meanwhile', async () => {
    const { loop, clock, runs } = setUp(() => Promise.reject(new Error('down')));
    loop.start();
    await calm();
    for (let wake = 0; wake < 10; wake += 1) {
      loop.wake();
      loop.wakeIn(5);
      await pass(clock, 10);
    }
    expect([runs, loop.idle]).toEqual([[0], true]);
    await pass(clock, POLL);
    expect(runs).toEqual([0, POLL]);
  });

  it('begins with short pauses again once it has worked', async () => {
    const failing = [0, 1_000, 4_000];
    const { loop, clock, runs } = setUp(() => {
      if (failing.includes(clock.now())) throw new Error('down');
      return false;
    });
    loop.start();
    await pass(clock, 6_000);
    expect(runs).toEqual([0, 1_000, 3_000, 4_000, 5_000, 6_000]);
  });

  it('stops after the task under way, for good', async () => {
    let ended = false;
    const { loop, clock, runs } = setUp(async () => {
      await calm(5);
      ended = true;
      return true;
    });
    loop.start();
    await calm(1);
    await loop.stop();
    expect(ended).toBe(true);
    loop.wake();
    loop.wakeIn(5);
    await pass(clock, 10_000);
    expect(runs).toEqual([0]);
  });

  it('is idle when nothing runs and nothing is asked', async () => {
    const { loop } = setUp();
    expect(loop.idle).toBe(true);
    loop.start();
    expect(loop.idle).toBe(false);
    await calm();
    expect(loop.idle).toBe(true);
  });
});
