import { calm, pass } from '../../../test/support/let-happen.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';
import { Bell } from './bell.js';

const POLL = 1_000;

describe('a bell', () => {
  const setUp = (task: (bell: Bell) => Promise<boolean> | boolean = () => false) => {
    const clock = new VirtualClock(0);
    const rings: number[] = [];
    const failures: unknown[] = [];
    const bell: Bell = new Bell(
      clock,
      POLL,
      async () => {
        rings.push(clock.now());
        return task(bell);
      },
      (error) => failures.push(error),
    );
    return { clock, bell, rings, failures };
  };

  it('does nothing before it is started', async () => {
    const { bell, clock, rings } = setUp();
    bell.ring();
    await pass(clock, 5_000);
    expect(rings).toEqual([]);
    bell.start();
    await calm();
    expect(rings).toEqual([5_000]);
  });

  it('runs its task by itself, a poll after the last run', async () => {
    const { bell, clock, rings } = setUp();
    bell.start();
    await pass(clock, 500);
    bell.ring();
    await pass(clock, 2_500);
    expect(rings).toEqual([0, 500, 1_500, 2_500]);
  });

  it('runs again at once as long as there may be more', async () => {
    let left = 3;
    const { bell, rings } = setUp(() => (left -= 1) > 0);
    bell.start();
    await calm();
    expect(rings).toEqual([0, 0, 0]);
  });

  it('never runs twice at a time, and loses no ring that comes meanwhile', async () => {
    let running = 0;
    let most = 0;
    const { bell, rings } = setUp(async () => {
      most = Math.max(most, (running += 1));
      await calm(3);
      running -= 1;
      return false;
    });
    bell.start();
    await calm(1);
    bell.ring();
    bell.ring();
    await calm();
    expect([most, rings.length]).toEqual([1, 2]);
  });

  it('rings at the earliest moment that it was asked for', async () => {
    const { bell, clock, rings } = setUp();
    bell.start();
    await calm();
    bell.ringIn(300);
    bell.ringIn(50);
    bell.ringIn(800);
    await pass(clock, 700);
    expect(rings).toEqual([0, 50]);
  });

  it('keeps a moment that was asked for while its task was running', async () => {
    const { bell, clock, rings } = setUp(async (own) => {
      if (clock.now() === 0) own.ringIn(50);
      await calm(1);
      own.ringIn(900);
      return false;
    });
    bell.start();
    await pass(clock, 100);
    expect(rings).toEqual([0, 50]);
  });

  it('waits for no longer than its poll', async () => {
    const { bell, clock, rings } = setUp();
    bell.start();
    await calm();
    bell.ringIn(60_000);
    await pass(clock, POLL);
    expect(rings).toEqual([0, POLL]);
  });

  it('says when its task failed and runs again with the next poll', async () => {
    const { bell, clock, rings, failures } = setUp(() => {
      if (clock.now() === 0) throw new Error('once');
      return false;
    });
    bell.start();
    await pass(clock, POLL);
    expect(rings).toEqual([0, POLL]);
    expect(failures).toHaveLength(1);
  });

  it('stops after the task under way, for good', async () => {
    let ended = false;
    const { bell, clock, rings } = setUp(async () => {
      await calm(5);
      ended = true;
      return true;
    });
    bell.start();
    await calm(1);
    await bell.stop();
    expect(ended).toBe(true);
    bell.ring();
    bell.ringIn(5);
    await pass(clock, 10_000);
    expect(rings).toEqual([0]);
  });

  it('is idle when nothing runs and nothing is asked', async () => {
    const { bell } = setUp();
    expect(bell.idle).toBe(true);
    bell.start();
    expect(bell.idle).toBe(false);
    await calm();
    expect(bell.idle).toBe(true);
  });
});
