import fc from 'fast-check';
import type { AppleResult } from '@seatbook/licensing';
import { OrganisationGate } from './organisation-gate.js';
import { type Lane, Pacer } from './pacer.js';
import { SlidingWindow } from './sliding-window.js';
import { VirtualClock } from './doubles/virtual-clock.js';

interface Options {
  limit?: number;
  maxQueued?: number;
  gate?: OrganisationGate;
  clock?: VirtualClock;
}

/** As with a real one, looking at it takes time, and timers are up to a millisecond early. */
class MovingClock extends VirtualClock {
  override after(delay: number, task: () => void): () => void {
    return super.after(delay - 0.5, task);
  }

  override elapsed(): number {
    this.jump(0.3);
    return super.elapsed();
  }
}

function pacing({ limit = 15, maxQueued = 1_000, gate, clock = new VirtualClock() }: Options = {}) {
  const pacer = new Pacer({
    clock,
    window: new SlidingWindow(clock, 1_050),
    limit: () => limit,
    gate: gate ?? null,
    maxParallelPages: 5,
    maxInFlight: 20,
    maxQueued,
  });
  const begun: { name: string; lane: Lane; at: number }[] = [];
  let pages = 0;
  let maxPages = 0;
  const request = (
    name: string,
    lane: Lane,
    took: number,
    patience = 600_000,
  ): Promise<AppleResult<string>> =>
    pacer.run({ lane, deadline: clock.elapsed() + patience, refusal: () => null }, async () => {
      begun.push({ name, lane, at: clock.now() });
      if (lane === 'page') maxPages = Math.max(maxPages, (pages += 1));
      await new Promise<void>((resolve) => clock.after(took, resolve));
      if (lane === 'page') pages -= 1;
      return { ok: true, value: name };
    });
  return { clock, pacer, begun, request, maxPages: () => maxPages };
}

describe('the pacing of a location', () => {
  it('never exceeds 15 in any second and 5 pages at once, under any load, and loses nothing', async () => {
    const load = fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 1_500 }),
        lane: fc.constantFrom<Lane>('write', 'read', 'page'),
        took: fc.integer({ min: 0, max: 3_000 }),
      }),
      { minLength: 40, maxLength: 120 },
    );
    await fc.assert(
      fc.asyncProperty(load, async (requests) => {
        const { clock, begun, request, maxPages } = pacing();
        const results: Promise<AppleResult<string>>[] = [];
        requests.forEach(({ at, lane, took }, i) =>
          clock.after(at, () => results.push(request(String(i), lane, took))),
        );
        await clock.pass(1_500);
        const answers = await clock.until(Promise.all(results));
        expect(answers.every((answer) => answer.ok)).toBe(true);
        expect(begun).toHaveLength(requests.length);
        expect(maxPages()).toBeLessThanOrEqual(5);
        for (const [i, { at }] of begun.entries())
          expect((begun[i + 15]?.at ?? Infinity) - at).toBeGreaterThan(1_000);
      }),
      { numRuns: 40 },
    );
  });

  it('uses the whole rate', async () => {
    const { clock, begun, request } = pacing();
    const start = clock.now();
    await clock.until(Promise.all(Array.from({ length: 45 }, (_, i) => request(String(i), 'write', 10))));
    expect(begun.at(-1)?.at).toBe(start + 2 * 1_050);
  });

  it('starts what waits also where the wait ends while it is looked at', async () => {
    for (let offset = 0; offset < 1; offset += 0.05) {
      const clock = new MovingClock();
      clock.jump(offset);
      const { begun, request } = pacing({ clock });
      const start = clock.now();
      const all = Array.from({ length: 60 }, (_, i) => request(String(i), 'page', 10));
      await clock.until(Promise.all(all));
      expect(begun.at(-1)?.at).toBeLessThan(start + 6_000);
    }
  });

  it('lets writes go first, and pages that may not go yet hold up no other read', async () => {
    const { clock, begun, request } = pacing({ limit: 8 });
    const all = [
      ...Array.from({ length: 7 }, (_, i) => request(`page ${i}`, 'page', 5_000)),
      request('status', 'read', 10),
      ...Array.from({ length: 5 }, (_, i) => request(`read ${i}`, 'read', 10)),
      request('write', 'write', 10),
    ];
    await clock.until(Promise.all(all));
    const names = begun.map(({ name }) => name);
    expect(names.slice(0, 8)).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => `page ${i}`),
      'status',
      'read 0',
      'read 1',
    ]);
    expect(names[8]).toBe('write');
    expect(names.at(-1)).toBe('page 6');
  });

  it('does not get stuck when the clock is set back or ahead', async () => {
    const { clock, begun, request, pacer } = pacing();
    await clock.until(Promise.all(Array.from({ length: 15 }, (_, i) => request(String(i), 'write', 0))));
    pacer.shut(60_000);
    await clock.pass(10_000);
    clock.set(-365 * 86_400_000);
    const late = request('late', 'write', 0);
    await clock.pass(49_999);
    expect(begun).toHaveLength(15);
    await clock.pass(1);
    expect((await late).ok).toBe(true);
    clock.set(2 * 365 * 86_400_000);
    const more = Promise.all(Array.from({ length: 30 }, (_, i) => request(`more ${i}`, 'write', 0)));
    await clock.pass(1_000);
    expect(begun).toHaveLength(30);
    expect((await clock.until(more)).every(({ ok }) => ok)).toBe(true);
  });

  it('rejects at once, with the wait, a request for which the wait is too long', async () => {
    const { clock, pacer, begun, request } = pacing();
    pacer.shut(120_000);
    const impatient = await request('impatient', 'write', 0, 30_000);
    expect(impatient).toMatchObject({
      ok: false,
      failure: { kind: 'transient', doubtful: false, retryAfterMs: 120_000 },
    });
    const patient = request('patient', 'read', 0, 300_000);
    await clock.pass(119_999);
    expect(begun).toHaveLength(0);
    await clock.pass(1);
    expect((await patient).ok).toBe(true);
  });

  it('rejects new requests when too many wait, and requests that waited too long', async () => {
    const { clock, request } = pacing({ limit: 1, maxQueued: 3 });
    const all = Array.from({ length: 6 }, (_, i) => request(String(i), 'write', 0, 1_500));
    const answers = await clock.until(Promise.all(all));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, false, false, false, false]);
    for (const answer of answers)
      if (!answer.ok) expect(answer.failure).toMatchObject({ kind: 'transient', doubtful: false });
  });

  it('has a limited number of writes in flight, and of reads', async () => {
    const { clock, pacer, begun, request } = pacing({ limit: 100 });
    const reads = Array.from({ length: 30 }, (_, i) => request(`read ${i}`, 'read', 1_000));
    const writes = Array.from({ length: 30 }, (_, i) => request(`write ${i}`, 'write', 1_000));
    expect(begun).toHaveLength(40);
    expect(pacer.report()).toMatchObject({ writesInFlight: 20, readsInFlight: 20, queuedReads: 10 });
    await clock.until(Promise.all([...reads, ...writes]));
    expect(pacer.report()).toMatchObject({ writesInFlight: 0, readsInFlight: 0, queuedWrites: 0 });
  });

  it('says how long the one waits that waits for longest', async () => {
    const { clock, pacer, request } = pacing({ limit: 1 });
    expect(pacer.report().oldestWaitMs).toBe(0);
    const first = request('first', 'write', 0);
    await clock.pass(300);
    const others = [request('second', 'read', 0), request('third', 'write', 0)];
    await clock.pass(200);
    expect(pacer.report()).toMatchObject({ queuedReads: 1, queuedWrites: 1, oldestWaitMs: 200 });
    await clock.until(Promise.all([first, ...others]));
    expect(pacer.report().oldestWaitMs).toBe(0);
  });

  it('closes', async () => {
    const { clock, pacer, request } = pacing({ limit: 1 });
    const onItsWay = request('a', 'write', 5_000);
    const waiting = request('b', 'write', 0);
    pacer.close();
    expect((await waiting).ok).toBe(false);
    expect((await request('c', 'read', 0)).ok).toBe(false);
    expect((await clock.until(onItsWay)).ok).toBe(true);
  });
});

describe('the gate of the organisation', () => {
  const gateOf = (clock: VirtualClock, random = 0.5) =>
    new OrganisationGate({ clock, random: () => random, baseMs: 5_000, capMs: 60_000 });

  it('pauses twice as long each time, up to the cap, half of it random', () => {
    for (const [random, factor] of [
      [0, 0.5],
      [1, 1],
    ] as const) {
      const clock = new VirtualClock();
      const gate = gateOf(clock, random);
      for (const pause of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
        gate.end(gate.begin(), 'throttled', null);
        expect(gate.waitMs()).toBe(pause * factor);
        clock.jump(gate.waitMs());
      }
    }
  });

  it('counts those that were in flight together as one, and obeys the longest Retry-After', () => {
    const gate = gateOf(new VirtualClock());
    const passes = [gate.begin(), gate.begin(), gate.begin()];
    for (const pass of passes) gate.end(pass, 'throttled', null);
    expect(gate.throttlings).toBe(1);
    gate.end(passes[0] ?? gate.begin(), 'throttled', 90_000);
    expect(gate.waitMs()).toBe(90_000);
  });

  it('lets one go first after a pause', () => {
    const clock = new VirtualClock();
    const gate = gateOf(clock);
    const late = gate.begin();
    gate.end(gate.begin(), 'throttled', null);
    clock.jump(60_000);
    // An older answer proves nothing.
    gate.end(late, 'answered', null);
    const probe = gate.begin();
    expect(gate.waitMs()).toBe(Infinity);
    gate.end(probe, 'unanswered', null);
    expect(gate.waitMs()).toBe(0);
    const second = gate.begin();
    expect(gate.waitMs()).toBe(Infinity);
    gate.end(second, 'answered', null);
    expect(gate.throttlings).toBe(0);
    gate.begin();
    expect(gate.waitMs()).toBe(0);
  });
});
