import type { StoredEvent } from '@seatbook/runtime';
import { renewToken } from '@seatbook/application';
import { OWNER, UID, VirtualSeatbook, asset, serials, stdq } from '@seatbook/test-support/virtual-seatbook';

const APP = '900000001';
const OTHER = '900000002';

/** What the log says about why things happened. */
class Causes {
  readonly #events: ReadonlyMap<string, StoredEvent>;

  constructor(readonly all: readonly StoredEvent[]) {
    this.#events = new Map(all.map((event) => [`${event.stream}@${event.revision}`, event]));
  }

  /** The event that an event follows from, and so on, back to one that follows from none. */
  chain(event: StoredEvent): StoredEvent[] {
    const chain = [event];
    for (let last = event; last.metadata.cause; chain.push(last)) {
      const { cause, causationId } = last.metadata;
      const before = this.#events.get(`${cause?.stream}@${cause?.revision}`);
      if (before?.id !== causationId) throw new Error(`${last.type} follows from an event that is not there`);
      if (before.position >= last.position) throw new Error(`${last.type} follows from a later event`);
      last = before;
    }
    return chain;
  }

  beginning(event: StoredEvent): StoredEvent {
    const first = this.chain(event).at(-1) as StoredEvent;
    if (first.metadata.causationId !== first.metadata.commandId)
      throw new Error(`${first.type} names neither an event nor its own command as its cause`);
    return first;
  }

  /** Events that tell of an order: its own, those that name it, and those of the calls that carry its pairs. */
  of(orderId: string): StoredEvent[] {
    const calls = new Set<string>();
    for (const event of this.all)
      if (names(event, orderId)) for (const call of callOf(event)) calls.add(call);
    return this.all.filter((event) => names(event, orderId) || callOf(event).some((call) => calls.has(call)));
  }
}

const names = ({ stream, data }: StoredEvent, orderId: string): boolean => {
  const named = data as { orderId?: string; orderIds?: readonly string[] };
  return stream === `order-${orderId}` || named.orderId === orderId || !!named.orderIds?.includes(orderId);
};

const callOf = ({ stream, data }: StoredEvent): string[] => {
  const { callId } = data as { callId?: string | null };
  return stream.startsWith('appleCall-') ? [stream.slice('appleCall-'.length)] : callId ? [callId] : [];
};

const traced = { ...OWNER, correlationId: 'client', traceparent: '00-aa-bb-01' };

describe('why something happened', () => {
  let virtual: VirtualSeatbook;
  afterEach(() => virtual.close());
  const causes = async (): Promise<Causes> => new Causes(await virtual.events());
  const types = (chain: readonly StoredEvent[]): string[] => [...new Set(chain.map(({ type }) => type))];

  it.each([
    ['notifications', {}],
    ['polls', { publicUrl: null }],
  ])(
    'is known from every event of an order back to its POST, where Apple answers by %s',
    async (_what, options) => {
      virtual = await VirtualSeatbook.imported([asset(APP, 100), asset(OTHER, 100)], options);
      const order = { assets: [stdq(APP), stdq(OTHER)], serialNumbers: serials(20) };
      const { orderId } = await virtual.place(order, undefined, traced);
      await virtual.finished(orderId);
      const log = await causes();
      const events = log.of(orderId);
      expect(types(events)).toEqual(
        expect.arrayContaining(['order.finished', 'call.settled', 'appleEvent.completed', 'call.accepted']),
      );
      for (const event of events) {
        expect(log.beginning(event).stream).toBe(`order-${orderId}`);
        expect(event.metadata.traceparent).toBe(traced.traceparent);
      }
      const assigned = events.find(({ type }) => type === 'asset.licenses-assigned') as StoredEvent;
      expect(types(log.chain(assigned))).toEqual(
        expect.arrayContaining([
          'call.settled',
          'call.accepted',
          'call.started',
          'call.ready',
          'asset.licenses-claimed',
          'call.planned',
          'asset.licenses-reserved',
          'order.reservation-asked',
        ]),
      );
    },
  );

  it('is known over a dead token, over attempts that are made again and over a restart', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 100)]);
    const { admin } = virtual.simulator;
    admin.setTokenState(UID, 'revoked');
    const { orderId } = await virtual.place(
      { assets: [stdq(APP)], serialNumbers: serials(5) },
      undefined,
      traced,
    );
    await virtual.advance(3_600_000);
    await virtual.restart();
    admin.addErrorRule({ match: { path: '/mdm/v2/assets/associate' }, times: 3, status: 503 });
    await virtual.until(renewToken(virtual.edge, { uId: UID, file: admin.issueToken(UID).token }, OWNER));
    await virtual.finished(orderId);
    const log = await causes();
    const events = log.of(orderId);
    expect(events.filter(({ type }) => type === 'call.started').length).toBeGreaterThan(3);
    for (const event of events) expect(log.beginning(event).stream).toBe(`order-${orderId}`);
  });

  it('is known for each order of a call that serves several: its pairs name their order', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 100)]);
    const orders = [];
    for (let index = 0; index < 3; index += 1)
      orders.push(
        (await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(2, index * 2) })).orderId,
      );
    for (const orderId of orders) await virtual.finished(orderId);
    const log = await causes();
    const called = log.all.filter(({ type }) => type === 'call.planned');
    expect(called).toHaveLength(1);
    for (const orderId of orders) {
      const own = log.all.filter((event) => names(event, orderId));
      expect(types(own)).toEqual(
        expect.arrayContaining(['asset.licenses-reserved', 'asset.licenses-assigned']),
      );
      // Its own events go back to its POST; those of the call go back to the POST of one of its orders.
      for (const event of log.of(orderId)) {
        const ends = log.beginning(event).stream;
        expect(orders.map((id) => `order-${id}`)).toContain(ends);
      }
      const reserved = own.filter(({ type }) => type === 'asset.licenses-reserved');
      for (const event of reserved) expect(log.beginning(event).stream).toBe(`order-${orderId}`);
    }
  });

  it('is known for pairs that waited: the licence came from elsewhere, and the pairs name their order', async () => {
    virtual = await VirtualSeatbook.imported([asset(APP, 2)]);
    const { orderId } = await virtual.place({ assets: [stdq(APP)], serialNumbers: serials(5) });
    await virtual.advance(60_000);
    virtual.simulator.admin.purchase(UID, { adamId: APP, count: 10 });
    await virtual.finished(orderId);
    const log = await causes();
    const served = log.of(orderId).filter(({ type }) => type === 'asset.licenses-served');
    expect(served).not.toEqual([]);
    for (const event of log.of(orderId)) {
      const chain = log.chain(event);
      const linked = chain.find((link) => names(link, orderId)) as StoredEvent;
      expect([log.beginning(event).type, linked?.type]).not.toContain(undefined);
    }
    expect(log.beginning(served[0] as StoredEvent).type).toBe('notification.asset-count-received');
    const placed = log.all.find(
      ({ type, stream }) => type === 'order.placed' && stream === `order-${orderId}`,
    );
    expect(log.beginning(placed as StoredEvent).metadata.causationId).toBe(placed?.metadata.commandId);
  });
});
