import { serialize } from 'node:v8';
import { categoryOf } from '@seatbook/kernel';
import { DEFAULT_TIMINGS, licensingStreams } from '@seatbook/licensing';
import type { StreamKind } from '@seatbook/runtime';
import { VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APPS = ['900000001', '900000002', '900000003'];

describe('the weight of a state', () => {
  it('is at least what the state takes when it is written out, for every kind of stream and at every event', async () => {
    const virtual = await VirtualSeatbook.imported(APPS.map((adamId) => asset(adamId, 250)));
    virtual.simulator.admin.failPairs([
      { adamId: APPS[0] ?? '', serialNumber: serials(1)[0], errorNumber: 9602, times: 3 },
    ]);
    const assigning = await virtual.place({ assets: APPS.map(stdq), serialNumbers: serials(300) });
    await virtual.advance(600_000);
    const returning = await virtual.place({
      kind: 'ReturnLicense',
      assets: APPS.map(stdq),
      serialNumbers: serials(100),
    });
    await virtual.finished(returning.orderId);
    await virtual.finished(assigning.orderId);
    const events = await virtual.events();
    await virtual.close();
    const kinds: Readonly<Record<string, StreamKind>> = licensingStreams(DEFAULT_TIMINGS);
    const states = new Map<string, unknown>();
    const heaviest = new Map<string, number>();
    for (const { stream, type, data } of events) {
      const category = categoryOf(stream);
      const { decider, weigh } = kinds[category] as StreamKind;
      const state: unknown = decider.evolve(states.get(stream) ?? decider.initial(), { type, data });
      states.set(stream, state);
      const weight = weigh(state);
      heaviest.set(category, Math.max(heaviest.get(category) ?? 0, weight));
      const written = serialize(state).byteLength;
      if (weight < written)
        throw new Error(`${stream} weighs ${weight} after ${type}, and takes ${written} bytes`);
    }
    // It grows with what is in it.
    expect(heaviest.get('asset')).toBeGreaterThan(300 * 100);
    for (const category of ['order', 'appleCall', 'appleEvent'])
      expect([category, (heaviest.get(category) ?? 0) > 5_000]).toEqual([category, true]);
  });
});
