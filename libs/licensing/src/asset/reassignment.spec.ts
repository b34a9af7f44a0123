import { NOW } from '@seatbook/test-support/decider-spec';
import { devices } from '@seatbook/test-support/licensing-builders';
import { owned } from '@seatbook/test-support/asset-history';
import type { PairFailure } from '../apple-call/call-events.js';
import { holdersOf, type HolderKey } from '../holder.js';
import { KEYNOTE } from '@seatbook/test-support/licensing-builders';
import { assetDecider, type AssetCommand } from './asset-decider.js';
import type { AssetEvent } from './asset-events.js';
import { assetSnapshot, freeLicences, placesInLine } from './asset-state.js';

const GIVER: HolderKey = 'd:GIVER0000001';
const RECEIVER: HolderKey = 'd:RECEIVER0002';
const OTHER: HolderKey = 'd:OTHER0000003';

/** A ledger of so many licences that is asked one thing after the other. */
class Ledger {
  #asset = assetDecider.initial();
  #calls = 0;
  #answers = 0;

  constructor(total: number, traits: object = {}) {
    for (const event of owned(total, traits)) this.#asset = assetDecider.evolve(this.#asset, event);
  }

  send(command: AssetCommand): AssetEvent[] {
    const events = assetDecider.decide(command, this.#asset, NOW);
    for (const event of events) this.#asset = assetDecider.evolve(this.#asset, event);
    return [...events];
  }

  assign(key: HolderKey, orderId: string): void {
    const terms = { ifShort: 'wait', fromReserve: false, platform: null } as const;
    this.send({ type: 'ReserveLicenses', orderId, part: 0, holders: holdersOf([key]), ...terms });
  }

  /** A call carries the pair; `settle` ends it. */
  claim(key: HolderKey, action: 'associate' | 'disassociate'): string {
    const callId = `call-${(this.#calls += 1)}`;
    this.send({ type: 'ClaimPairs', callId, action, holders: holdersOf([key]) });
    return callId;
  }

  settle(
    callId: string,
    action: 'associate' | 'disassociate',
    verdict?: PairFailure['verdict'],
  ): AssetEvent[] {
    const why = { errorNumber: 9_999, reason: 'no', limit: 0, notBefore: 0 };
    const failures = verdict ? [{ verdict, ...why, ...KEYNOTE, holders: null }] : [];
    return this.send({ type: 'SettleCall', callId, action, attempts: 1, failures });
  }

  done(key: HolderKey, action: 'associate' | 'disassociate', verdict?: PairFailure['verdict']): AssetEvent[] {
    return this.settle(this.claim(key, action), action, verdict);
  }

  reassign(giver = GIVER, receiver = RECEIVER): AssetEvent[] {
    this.#answers += 2;
    const part = this.#answers - 1;
    return this.send({ type: 'ReassignLicense', orderId: 'swap', part, giver, receiver, fromReserve: false });
  }

  state(key: HolderKey): string | null {
    return this.#asset.pairs.get(key)?.state ?? null;
  }

  get free(): number {
    return freeLicences(this.#asset);
  }

  inLine(key: HolderKey): boolean {
    return placesInLine(this.#asset, this.#asset.pairs.get(key)?.orderId ?? '', new Set([key])).size > 0;
  }

  /** It is kept, and read again. */
  restored(): this {
    const saved: unknown = JSON.parse(JSON.stringify(assetSnapshot.save(this.#asset)));
    this.#asset = assetSnapshot.load(saved as readonly unknown[]);
    return this;
  }
}

const typesOf = (events: readonly AssetEvent[]): string[] =>
  events.map(({ type }) => type.slice('asset.'.length));

/** The giver has the last licence, and somebody else waits for one. */
function lastOne(): Ledger {
  const ledger = new Ledger(1);
  ledger.assign(GIVER, 'first');
  ledger.done(GIVER, 'associate');
  ledger.assign(OTHER, 'other');
  return ledger;
}

describe('a licence goes from one holder to another', () => {
  it('returning, and promised in the same append; the receiver has it in the append that has it back', () => {
    const ledger = lastOne();
    const [given, answered, ...more] = ledger.reassign();
    expect(given).toMatchObject({
      type: 'asset.licenses-returning',
      data: { orderId: 'swap', part: 0, returning: devices('GIVER0000001') },
    });
    expect(answered).toMatchObject({
      type: 'asset.licenses-reserved',
      data: { part: 1, waiting: devices('RECEIVER0002'), waitingReason: 'promised', giver: GIVER },
    });
    expect(more).toEqual([]);
    expect([ledger.state(GIVER), ledger.state(RECEIVER)]).toEqual(['returning', 'waiting']);
    // Whatever is served meanwhile: the promise stands in no line.
    expect(ledger.send({ type: 'ServeWaiting' })).toEqual([]);
    const settled = ledger.restored().done(GIVER, 'disassociate');
    expect(typesOf(settled)).toEqual(['licenses-returned', 'licenses-served']);
    expect(settled[1]?.data).toMatchObject({ ...devices('RECEIVER0002'), orderId: 'swap' });
    expect(ledger.send({ type: 'ServeWaiting' })).toEqual([]);
    expect([ledger.state(GIVER), ledger.state(RECEIVER), ledger.state(OTHER)]).toEqual([
      null,
      'reserved',
      'waiting',
    ]);
    ledger.done(RECEIVER, 'associate');
    expect(ledger.state(RECEIVER)).toBe('assigned');
  });

  it('a free licence does not go to the receiver while the giver still has the other one', () => {
    const ledger = new Ledger(2);
    ledger.assign(GIVER, 'first');
    ledger.done(GIVER, 'associate');
    ledger.reassign();
    expect(ledger.free).toBe(1);
    expect(ledger.send({ type: 'ServeWaiting' })).toEqual([]);
    // Who comes meanwhile gets it.
    ledger.assign(OTHER, 'other');
    expect([ledger.state(OTHER), ledger.state(RECEIVER)]).toEqual(['reserved', 'waiting']);
    ledger.done(GIVER, 'disassociate');
    expect(ledger.state(RECEIVER)).toBe('reserved');
  });

  it('a reservation that no call has goes over at once', () => {
    const ledger = new Ledger(1);
    ledger.assign(GIVER, 'first');
    expect(typesOf(ledger.reassign())).toEqual([
      'licenses-returning',
      'reservations-ended',
      'licenses-reserved',
    ]);
    expect([ledger.state(GIVER), ledger.state(RECEIVER)]).toEqual([null, 'reserved']);
    expect(ledger.free).toBe(0);
  });

  it('one that a call has goes over when it has come and gone back', () => {
    const ledger = new Ledger(1);
    ledger.assign(GIVER, 'first');
    const callId = ledger.claim(GIVER, 'associate');
    ledger.reassign();
    expect(typesOf(ledger.settle(callId, 'associate'))).toEqual(['licenses-assigned', 'returns-started']);
    expect(ledger.state(RECEIVER)).toBe('waiting');
    ledger.done(GIVER, 'disassociate');
    expect([ledger.state(GIVER), ledger.state(RECEIVER)]).toEqual([null, 'reserved']);
  });

  it.each(['failed', 'short', 'again'] as const)(
    'one that never comes to the giver (%s) leaves the receiver waiting as anybody waits',
    (verdict) => {
      const ledger = new Ledger(1);
      ledger.assign(GIVER, 'first');
      const callId = ledger.claim(GIVER, 'associate');
      ledger.reassign();
      ledger.settle(callId, 'associate', verdict);
      expect(ledger.state(GIVER)).toBe(verdict === 'failed' ? 'failed' : null);
      expect(ledger.inLine(RECEIVER)).toBe(true);
    },
  );

  it('a return that fails leaves the licence with the giver, and tells the receiver', () => {
    const ledger = lastOne();
    ledger.reassign();
    const settled = ledger.done(GIVER, 'disassociate', 'failed');
    expect(typesOf(settled)).toEqual(['licenses-failed', 'waiting-refused']);
    expect([ledger.state(GIVER), ledger.state(RECEIVER)]).toEqual(['assigned', null]);
  });

  it('a licence that is on its way back already can be promised, once', () => {
    const ledger = lastOne();
    ledger.send({ type: 'ReturnLicenses', orderId: 'back', part: 0, holders: holdersOf([GIVER]) });
    ledger.reassign();
    expect(ledger.state(RECEIVER)).toBe('waiting');
    const [given, answered] = ledger.reassign(GIVER, 'd:SECOND000004');
    expect(given).toMatchObject({ data: { notHeld: devices('GIVER0000001') } });
    expect(answered).toMatchObject({
      data: { refused: devices('SECOND000004'), refusal: 'NOTHING_TO_GIVE' },
    });
    ledger.done(GIVER, 'disassociate');
    expect(ledger.state(RECEIVER)).toBe('reserved');
  });

  it.each<[string, (ledger: Ledger) => void]>([
    ['nobody who has none gives one', () => undefined],
    ['who only waits gives none', (ledger) => ledger.assign(GIVER, 'late')],
  ])('%s', (_name, before) => {
    const ledger = new Ledger(0);
    before(ledger);
    const state = ledger.state(GIVER);
    expect(ledger.reassign()).toMatchObject([
      { data: { notHeld: devices('GIVER0000001') } },
      { data: { refused: devices('RECEIVER0002'), refusal: 'NOTHING_TO_GIVE' } },
    ]);
    expect(ledger.state(GIVER)).toBe(state);
  });

  it('a receiver who has one gets no second one, and the giver keeps the own', () => {
    const ledger = new Ledger(2);
    for (const key of [GIVER, RECEIVER]) {
      ledger.assign(key, 'first');
      ledger.done(key, 'associate');
    }
    expect(ledger.reassign()).toMatchObject([
      { data: { refused: devices('GIVER0000001'), refusal: 'RECEIVER_HAS_ONE' } },
      { data: { alreadyHeld: devices('RECEIVER0002'), heldBy: ['first'] } },
    ]);
    expect(ledger.state(GIVER)).toBe('assigned');
  });

  it('what cannot be revoked goes to nobody', () => {
    const ledger = new Ledger(1, { revocable: false });
    ledger.assign(GIVER, 'first');
    ledger.done(GIVER, 'associate');
    expect(ledger.reassign()).toMatchObject([
      { data: { refused: devices('GIVER0000001'), refusal: 'NOT_REVOCABLE' } },
      { data: { refused: devices('RECEIVER0002'), refusal: 'NOT_REVOCABLE' } },
    ]);
  });

  it('a receiver who wants it no more leaves the licence to who waits', () => {
    const ledger = lastOne();
    ledger.reassign();
    ledger.send({ type: 'EndWaiting', orderId: 'swap' });
    expect(ledger.state(RECEIVER)).toBeNull();
    ledger.done(GIVER, 'disassociate');
    ledger.send({ type: 'ServeWaiting' });
    expect(ledger.state(OTHER)).toBe('reserved');
  });

  it('a giver who is to have it after all leaves the receiver in line', () => {
    const ledger = new Ledger(1);
    ledger.assign(GIVER, 'first');
    const callId = ledger.claim(GIVER, 'associate');
    ledger.reassign();
    ledger.assign(GIVER, 'again');
    expect(ledger.inLine(RECEIVER)).toBe(true);
    ledger.settle(callId, 'associate');
    expect(ledger.state(GIVER)).toBe('assigned');
  });
});
