import { START, asPosition, type Position, type ModelRef } from '@seatbook/kernel';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { pass } from '@seatbook/test-support/let-happen';
import { Freshness, LOOK_AGAIN_MS, LOOK_EVERY_MS } from './freshness.js';

const model = (name: string): ModelRef => ({ name, version: 1, indexes: [] });
const orders = model('orders');
const pairs = model('pairs');

describe('freshness', () => {
  const clock = new VirtualClock();
  const lines: string[] = [];
  let positions: Record<string, Position>;
  let looks: number[];
  let down: Error | null;
  let freshness: Freshness;

  const look = (): Record<string, Position> => {
    looks.push(clock.now());
    if (down) throw down;
    return positions;
  };

  beforeEach(() => {
    positions = { orders: START, pairs: START };
    looks = [];
    lines.length = 0;
    down = null;
    freshness = new Freshness(
      {
        checkpoint: async ({ name }) => look()[name] ?? START,
        async checkpoints(models) {
          const now = look();
          return models.map(({ name }) => now[name] ?? START);
        },
      },
      clock,
      (message) => void lines.push(message),
    );
  });

  it('answers at once where the store has the position', async () => {
    positions['orders'] = asPosition(5);
    expect(await freshness.reached(orders, asPosition(5), 1_000)).toBe(true);
    await pass(clock, 60_000);
    expect(looks).toHaveLength(1);
  });

  it('shares one look among all who wait, at most 20 a second, and looks no more when they are gone', async () => {
    const waiting = Array.from({ length: 100 }, () => freshness.reached(orders, asPosition(7), 10_000));
    await pass(clock, 1_000);
    // Each looked once for itself; then all looked together.
    expect(looks.length - waiting.length).toBeLessThanOrEqual(1_000 / LOOK_EVERY_MS + 1);
    positions['orders'] = asPosition(7);
    await pass(clock, LOOK_EVERY_MS);
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => true));
    const before = looks.length;
    await pass(clock, 60_000);
    expect(looks).toHaveLength(before);
  });

  it('answers no when time has passed', async () => {
    positions['orders'] = asPosition(6);
    const waiting = freshness.reached(orders, asPosition(7), 500);
    await pass(clock, 500);
    expect(await waiting).toBe(false);
  });

  it('calls back when a model has moved, and for no other model', async () => {
    const moves: string[] = [];
    const stop = freshness.onMoved(orders, (position) => void moves.push(`orders ${position}`));
    const stopPairs = freshness.onMoved(pairs, (position) => void moves.push(`pairs ${position}`));
    await pass(clock, 200);
    positions['orders'] = asPosition(3);
    await pass(clock, 200);
    stop();
    positions['orders'] = asPosition(4);
    await pass(clock, 200);
    stopPairs();
    expect(moves).toEqual(['orders 0', 'pairs 0', 'orders 3']);
  });

  it('goes on when the store can be read again, and says meanwhile that it cannot', async () => {
    const waiting = freshness.reached(orders, asPosition(7), 60_000);
    await pass(clock, 100);
    down = new Error('connection refused');
    await pass(clock, 3 * LOOK_AGAIN_MS);
    expect(freshness.failure).toBe('Error: connection refused');
    const failed = looks.length;
    await pass(clock, 10 * LOOK_AGAIN_MS);
    expect(looks.length - failed).toBeLessThanOrEqual(10);
    down = null;
    positions['orders'] = asPosition(7);
    await pass(clock, LOOK_AGAIN_MS);
    expect(await waiting).toBe(true);
    expect(freshness.failure).toBeNull();
    expect(lines).toEqual(['a runner fails and keeps trying', 'a runner works again']);
  });

  it('rejects where the very first look fails: the caller knows what to answer', async () => {
    down = new Error('connection refused');
    await expect(freshness.reached(orders, asPosition(7), 60_000)).rejects.toThrow('connection refused');
  });
});
