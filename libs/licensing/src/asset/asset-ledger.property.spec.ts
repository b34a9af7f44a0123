import fc from 'fast-check';
import type { CommandMessage, Document, Envelope } from '@seatbook/kernel';
import { differencesWrong } from '@seatbook/test-support/differing-pairs';
import { EventLog } from '@seatbook/test-support/event-log';
import { LedgerModel } from '@seatbook/test-support/ledger-model';
import { reportsWrong } from '@seatbook/test-support/closing-reports';
import { MAX_KEYS, folded } from '@seatbook/test-support/read-model-spec';
import { NOW } from '@seatbook/test-support/decider-spec';
import type { PairFailure } from '../apple-call/call-events.js';
import { openWorkModel, type OpenWorkRow } from '../dispatch/open-work.js';
import { holderKeys, holdersOf, type HolderKey } from '../holder.js';
import { licensingModels } from '../licensing.js';
import { acting, orderDecider, type Order, type OrderCommand } from '../order/order-decider.js';
import type { OrderEvent, OrderTerms } from '../order/order-events.js';
import { orderReactions } from '../order/order-reactions.js';
import { ordersModel, type OrderDocument } from '../order/orders-model.js';
import { outcomesModel, type OutcomeDocument } from '../order/outcomes-model.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { assetDecider, type AssetCommand } from './asset-decider.js';
import type { AssetEvent } from './asset-events.js';
import { assetReactions } from './asset-reactions.js';
import { assetSnapshot, emptyAsset, type Asset } from './asset-state.js';
import { assetsModel, type AssetDocument } from './assets-model.js';
import { pairsModel, type PairDocument } from './pairs-model.js';

/** More of them find what is rare: RUNS=5000. */
const RUNS = Number(process.env['RUNS'] ?? 100);
const ASSET_KEY = '7700000000000001.900000001.STDQ';
const STREAM = `asset-${ASSET_KEY}`;
const ASSET = { adamId: '900000001', pricingParam: 'STDQ' };
const HOLDERS: HolderKey[] = [...'ABCDEF'].map((letter) => `d:${letter}`).concat('u:person-1', 'u:person-2');
const models = licensingModels;
const orders = orderDecider(DEFAULT_TIMINGS);

type Verdict = PairFailure['verdict'];

type Op =
  | {
      op: 'totals';
      total: number | null;
      available: number;
      retired: number;
      deviceAssignable: boolean;
      revocable: boolean;
    }
  | { op: 'adopt'; holders: HolderKey[] }
  | { op: 'baseline' }
  | { op: 'reserve'; holders: HolderKey[]; ifShort: 'wait' | 'refuse'; fromReserve: boolean }
  | { op: 'keep back'; licences: number }
  | { op: 'return'; holders: HolderKey[] }
  | { op: 'reassign'; from: HolderKey; to: HolderKey; fromReserve: boolean }
  | { op: 'serve' }
  | { op: 'cancel'; pick: number }
  | { op: 'move'; pick: number | null; holders: HolderKey[]; to: 'front' | 'back' }
  | { op: 'leave'; holders: HolderKey[] }
  | { op: 'claim'; action: 'associate' | 'disassociate'; holders: HolderKey[] }
  | { op: 'release'; pick: number; holders: HolderKey[] }
  | {
      op: 'settle';
      pick: number;
      failures: { verdict: Verdict; holders: HolderKey[] | null; limit: number }[];
    };

const some = fc.oneof(fc.constant(HOLDERS), fc.subarray(HOLDERS, { minLength: 1 }));
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('totals' as const),
      total: fc.option(fc.nat(8), { freq: 8 }),
      available: fc.nat(8),
      retired: fc.nat(3),
      deviceAssignable: fc.nat(9).map((n) => n > 0),
      revocable: fc.nat(9).map((n) => n > 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('adopt' as const),
      holders: fc.array(fc.constantFrom(...HOLDERS), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('baseline' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('reserve' as const),
      holders: some,
      ifShort: fc.constantFrom('wait' as const, 'wait' as const, 'refuse' as const),
      fromReserve: fc.nat(3).map((n) => n === 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('keep back' as const), licences: fc.nat(4) }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('return' as const), holders: some }) },
  {
    weight: 3,
    arbitrary: fc.shuffledSubarray(HOLDERS, { minLength: 2, maxLength: 2 }).chain(([from = '', to = '']) =>
      fc.record({
        op: fc.constant('reassign' as const),
        from: fc.constant(from),
        to: fc.constant(to),
        fromReserve: fc.nat(3).map((n) => n === 0),
      }),
    ),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('serve' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('cancel' as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('move' as const),
      pick: fc.option(fc.nat()),
      holders: some,
      to: fc.constantFrom('front' as const, 'back' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('leave' as const), holders: some }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('claim' as const),
      action: fc.constantFrom('associate' as const, 'disassociate' as const),
      holders: some,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('release' as const), pick: fc.nat(), holders: some }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('settle' as const),
      pick: fc.nat(),
      failures: fc.array(
        fc.record({
          verdict: fc.constantFrom<Verdict>('failed', 'short', 'again'),
          holders: fc.option(some, { freq: 3 }),
          limit: fc.nat(2),
        }),
        { maxLength: 3 },
      ),
    }),
  },
);

/** The real ledger, its orders and all read models on one side, the model on the other. */
class Bench {
  readonly model = new LedgerModel();
  readonly log = new EventLog(NOW);
  ledger: Asset = emptyAsset();
  readonly #orders = new Map<string, Order>();
  readonly #documents = new Map<string, Map<string, Document>>(models.map(({ name }) => [name, new Map()]));
  readonly #calls = new Map<string, 'associate' | 'disassociate'>();
  #count = 0;
  readonly #lots = new Set<number>();

  run(op: Op): void {
    const { model } = this;
    switch (op.op) {
      case 'totals': {
        const { total, available, retired, deviceAssignable, revocable } = op;
        const asset = {
          ...ASSET,
          productType: 'App',
          deviceAssignable,
          revocable,
          supportedPlatforms: ['iOS'],
          unlimited: total === null,
          total: total ?? 0,
          assigned: 1,
          available: total === null ? 0 : available,
          retired,
        };
        Object.assign(model, { deviceAssignable, revocable });
        const excess = model.readTotals(total, available, asset.assigned);
        const read = { readAt: NOW, since: null, nothingAssigned: false };
        const events = this.#decide({ type: 'RecordAsset', asset, ...read });
        this.#withdrawn(events, excess);
        break;
      }
      case 'adopt':
        model.adopt(holderKeys(holdersOf(op.holders)));
        this.#decide({ type: 'AdoptAssignments', holders: holdersOf(op.holders) });
        break;
      case 'baseline':
        model.baseline = true;
        this.#decide({ type: 'CompleteBaseline', count: 0, unstable: false });
        break;
      case 'reserve':
      case 'return': {
        const kind = op.op === 'reserve' ? 'AssignLicense' : 'ReturnLicense';
        const orderId = `order-${(this.#count += 1)}`;
        const { ifShort, fromReserve } =
          op.op === 'reserve' ? op : ({ ifShort: 'wait', fromReserve: false } as const);
        if (kind === 'AssignLicense') model.reserve(orderId, op.holders, ifShort, fromReserve);
        else model.giveBack(orderId, op.holders);
        this.#place(orderId, op.holders, { kind, ifShort, fromReserve });
        break;
      }
      case 'reassign': {
        const { from: giver, to, fromReserve } = op;
        const orderId = `order-${(this.#count += 1)}`;
        model.reassign(orderId, giver, to, fromReserve);
        this.#place(orderId, [giver, to], { kind: 'ReassignLicense', ifShort: 'wait', fromReserve, giver });
        break;
      }
      case 'keep back':
        // Of an asset that was never read, nobody keeps licences back.
        if (!model.totalsKnown) break;
        model.reserveSize = op.licences;
        this.#decide({ type: 'SetReserve', licences: op.licences });
        break;
      case 'serve':
        this.#serve();
        break;
      case 'cancel': {
        const known = [...model.asked.keys()];
        const orderId = known[op.pick % known.length];
        if (orderId === undefined) break;
        model.endWaiting(orderId);
        this.#decide({ type: 'EndWaiting', orderId });
        break;
      }
      case 'move':
        this.#move(op);
        break;
      case 'leave': {
        const wanted = [...model.pairs].filter(
          ([, { state, followUp }]) => state === 'waiting' || followUp?.action === 'assign',
        );
        if (!wanted.some(([key]) => op.holders.includes(key))) break;
        model.leave(op.holders);
        this.#decide({ type: 'LeaveWaiting', holders: holdersOf(op.holders) });
        break;
      }
      case 'claim': {
        const callId = `call-${(this.#count += 1)}`;
        const own = model.claim(callId, op.action, op.holders);
        if (own.length > 0) this.#calls.set(callId, op.action);
        this.#decide({ type: 'ClaimPairs', callId, action: op.action, holders: holdersOf(op.holders) });
        break;
      }
      case 'release': {
        const [callId, action] = this.#call(op.pick) ?? [];
        if (callId === undefined || action === undefined) break;
        const own = model.claimedBy(callId).filter((key) => op.holders.includes(key));
        if (own.length > 0) model.againTogether(own);
        this.#decide({ type: 'ReleaseClaims', callId, action, holders: holdersOf(op.holders) });
        break;
      }
      case 'settle': {
        const [callId, action] = this.#call(op.pick) ?? [];
        if (callId === undefined || action === undefined) break;
        this.#calls.delete(callId);
        const failures = op.failures.map(({ verdict, holders, limit }): PairFailure => ({
          errorNumber: 9_000,
          reason: 'test',
          // Nothing is short when licences go back.
          verdict: verdict === 'short' && action === 'disassociate' ? 'failed' : verdict,
          limit,
          notBefore: NOW,
          holders: holders && holdersOf(holders),
        }));
        this.#settleModel(callId, failures);
        const settlement = { type: 'SettleCall', callId, action, attempts: 1 } as const;
        this.#decide({ ...settlement, failures });
        expect(this.#decide({ ...settlement, failures: [] })).toEqual([]);
        break;
      }
    }
  }

  /** The questions of an order go to the ledger. */
  #place(
    orderId: string,
    holders: readonly HolderKey[],
    wanted: Pick<OrderTerms, 'kind' | 'ifShort' | 'fromReserve' | 'giver'>,
  ): void {
    const about = { uId: '7700000000000001', assets: [ASSET], platform: null, holders: holders.length };
    const placing: OrderCommand = {
      type: 'PlaceOrder',
      terms: { ...wanted, ...about },
      holders: holdersOf(holders),
    };
    for (const { command } of this.#order(orderId, placing)) this.#decide(command as AssetCommand);
  }

  /** All that waits for an order, or what of these holders waits. */
  #move({ pick, holders, to }: Op & { op: 'move' }): void {
    const { queue, pairs } = this.model;
    const waiting = [...new Set(queue.map((key) => pairs.get(key)?.orderId ?? ''))];
    const orderId = pick === null ? null : (waiting[pick % waiting.length] ?? null);
    const named = pick === null ? holders : queue.filter((key) => pairs.get(key)?.orderId === orderId);
    if (!queue.some((key) => named.includes(key))) return;
    this.model.move(named, to);
    const moved = orderId === null ? { orderId, holders: holdersOf(named) } : { orderId, holders: null };
    const events = this.#decide({ type: 'MoveWaiting', ...moved, to });
    expect(events.length).toBeLessThanOrEqual(1);
  }

  /** Everything that is open comes to its end. */
  drain(): void {
    this.run({ op: 'baseline' });
    for (let round = 0; this.model.open(); round += 1) {
      if (round > 20) throw new Error('the ledger does not come to rest');
      this.run({
        op: 'totals',
        total: 1_000,
        available: 1_000,
        retired: 0,
        deviceAssignable: true,
        revocable: true,
      });
      this.run({ op: 'serve' });
      for (let call = this.#call(0); call; call = this.#call(0))
        this.run({ op: 'settle', pick: 0, failures: [] });
      this.run({ op: 'claim', action: 'associate', holders: HOLDERS });
      this.run({ op: 'claim', action: 'disassociate', holders: HOLDERS });
    }
  }

  check(): void {
    const { ledger, model } = this;
    const plain = (
      pairs: ReadonlyMap<
        HolderKey,
        {
          state: string;
          orderId: string;
          callId: string | null;
          ifShort: string;
          fromReserve: boolean;
          followUp: unknown;
        }
      >,
    ) =>
      [...pairs]
        .map(([key, { state, orderId, callId, ifShort, fromReserve, followUp }]) => [
          key,
          { state, orderId, callId, ifShort, fromReserve, followUp },
        ])
        .sort();
    expect(plain(ledger.pairs)).toEqual(plain(model.pairs));
    expect(ledger.used).toBe(model.used());
    expect([...ledger.waiting]).toEqual(model.queue);
    expect(ledger.short).toBe(model.short);
    expect(ledger.takenElsewhere).toBe(model.takenElsewhere);
    this.#checkCounts();
    this.#checkClaims();
    this.#checkModels();
  }

  checkEnd(): void {
    const { model } = this;
    for (const [orderId, asked] of model.asked) {
      const counted = Object.values(acting(this.#orders.get(orderId) as Order)?.final ?? {}).reduce<number>(
        (sum, count) => sum + count,
        0,
      );
      expect(counted).toBe(asked.length);
      expect((this.#orders.get(orderId) as Order).phase).toBe('finished');
      expect((this.#documents.get('orders')?.get(orderId) as OrderDocument).waiting).toBe(0);
    }
    for (const read of models)
      expect(folded(read, this.log.envelopes)).toEqual(this.#documents.get(read.name));
    const ledger = this.log.envelopes.filter(({ stream }) => stream === STREAM);
    expect([...reportsWrong(ledger), ...differencesWrong(ledger)]).toEqual([]);
    const kept = JSON.parse(JSON.stringify(assetSnapshot.save(this.ledger))) as unknown[];
    expect(assetSnapshot.load(kept)).toEqual(this.ledger);
  }

  #call(pick: number): [string, 'associate' | 'disassociate'] | undefined {
    const open = [...this.#calls].filter(([callId]) => this.model.claimedBy(callId).length > 0);
    return open[pick % open.length];
  }

  #settleModel(callId: string, failures: readonly PairFailure[]): void {
    const { model } = this;
    const left = new Set(this.ledger.claims.get(callId) ?? []);
    expect([...left].sort()).toEqual(model.claimedBy(callId).sort());
    const later: (() => void)[] = [];
    for (const { verdict, limit, holders } of failures) {
      const hit = holders
        ? holderKeys(holders).filter((key) => left.has(key))
        : holderKeys(holdersOf([...left]));
      for (const key of hit) left.delete(key);
      const worn = (key: HolderKey): boolean => limit === 0 && (model.pairs.get(key)?.tries ?? 0) >= 5;
      later.push(() => {
        const again = verdict === 'again' ? hit.filter((key) => !worn(key)) : [];
        const failed = verdict === 'failed' ? hit : verdict === 'again' ? hit.filter(worn) : [];
        if (again.length > 0) model.againTogether(again);
        for (const key of failed) model.fail(key);
        if (verdict === 'short') {
          const waiting = hit.filter((key) => model.foundShort(key));
          model.queue = [...waiting, ...model.queue];
        }
      });
    }
    const done = holderKeys(holdersOf([...left]));
    const returned = done.filter((key) => model.pairs.get(key)?.state === 'returning');
    for (const key of done) model.succeed(key);
    model.keepPromises(returned);
    if (returned.length > 0) model.short = false;
    for (const task of later) task();
  }

  #serve(): void {
    const { model } = this;
    const events = this.#decide({ type: 'ServeWaiting' });
    const excess = model.totalsKnown && model.total !== null ? Math.max(0, model.used() - model.total) : 0;
    if (this.#withdrawn(events, excess) === 0) model.serve();
  }

  #withdrawn(events: readonly AssetEvent[], excess: number): number {
    const keys = events.flatMap((event) =>
      event.type === 'asset.reservations-withdrawn' ? holderKeys(event.data) : [],
    );
    const unclaimed = [...this.model.pairs.values()].filter(
      ({ state, callId }) => state === 'reserved' && callId === null,
    );
    expect(keys.length).toBe(Math.min(excess, unclaimed.length));
    this.model.withdraw(keys);
    return keys.length;
  }

  #checkCounts(): void {
    const pairs = [...this.ledger.pairs.values()];
    expect(this.ledger.reserved).toBe(pairs.filter(({ state }) => state === 'reserved').length);
    // Who was promised a licence stands in no line.
    const inLine = pairs.filter(({ state, giver }) => state === 'waiting' && giver === undefined);
    const refusable = inLine.filter(({ ifShort }) => ifShort === 'refuse');
    expect(this.ledger.refusable).toBe(refusable.length);
    const forReserve = inLine.filter(({ fromReserve }) => fromReserve);
    expect(this.ledger.waitingForReserve).toBe(forReserve.length);
  }

  #decide(command: AssetCommand): readonly AssetEvent[] {
    const events = assetDecider.decide(command, this.ledger, NOW);
    const size = events.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
    const usedBefore = this.ledger.used;
    expect(events.length).toBeLessThanOrEqual(200);
    expect(size).toBeLessThan(900_000);
    for (const event of events) {
      this.ledger = assetDecider.evolve(this.ledger, event);
      const gives =
        event.type === 'asset.licenses-served' ||
        (event.type === 'asset.licenses-reserved' && holderKeys(event.data.reserved).length > 0);
      // A licence that goes from one holder to another is no further one.
      if (gives && this.model.total !== null)
        expect(this.ledger.used).toBeLessThanOrEqual(Math.max(this.model.total, usedBefore));
      this.#checkLot(event);
    }
    for (const envelope of this.#append(STREAM, events)) {
      for (const { stream, command: next } of reactions(envelope)) {
        if (stream.startsWith('order-')) this.#order(stream.slice('order-'.length), next as OrderCommand);
      }
    }
    return events;
  }

  /** A lot is opened once: its number names a row of open work. */
  #checkLot({ data }: AssetEvent): void {
    if (!('lot' in data)) return;
    expect(this.#lots).not.toContain(data.lot);
    this.#lots.add(data.lot);
  }

  /** Gives the questions to the ledger that follow. */
  #order(orderId: string, command: OrderCommand): CommandMessage[] {
    const order = this.#orders.get(orderId) ?? orders.initial();
    const events = orders.decide(command, order, NOW);
    this.#orders.set(
      orderId,
      events.reduce((state: Order, event: OrderEvent) => orders.evolve(state, event), order),
    );
    return this.#append(`order-${orderId}`, events).flatMap(reactions);
  }

  #append(stream: string, events: readonly (AssetEvent | OrderEvent)[]): Envelope[] {
    const envelopes = this.log.append(stream, JSON.parse(JSON.stringify(events)) as AssetEvent[]);
    for (const envelope of envelopes) {
      for (const read of models) {
        const changes = read.changesBy(envelope);
        expect(changes.length).toBeLessThanOrEqual(MAX_KEYS);
        const documents = this.#documents.get(read.name) as Map<string, Document>;
        for (const { key, evolve } of changes) {
          const after = evolve(documents.get(key) ?? null);
          if (after) documents.set(key, after);
          else documents.delete(key);
        }
      }
    }
    return envelopes;
  }

  #checkClaims(): void {
    const claimed = new Map<HolderKey, string>();
    for (const [callId, keys] of this.ledger.claims) {
      expect(keys).not.toEqual([]);
      for (const key of keys) {
        expect(claimed.has(key)).toBe(false);
        claimed.set(key, callId);
      }
    }
    const own = [...this.ledger.pairs].flatMap(([key, { callId }]) =>
      callId === null ? [] : [[key, callId] as const],
    );
    expect([...claimed].sort()).toEqual(own.sort());
  }

  #checkModels(): void {
    const { model } = this;
    const pairs = [...model.pairs];
    const counted = (state: string): number => pairs.filter(([, pair]) => pair.state === state).length;
    const asset = this.#documents.get(assetsModel.name)?.get(ASSET_KEY) as AssetDocument | undefined;
    if (asset) {
      const { reserved, assigned, returning, waiting, failed, short, takenElsewhere } = asset;
      expect({ reserved, assigned, returning, waiting, failed, short, takenElsewhere }).toEqual({
        reserved: counted('reserved'),
        assigned: counted('assigned'),
        returning: counted('returning'),
        waiting: counted('waiting'),
        failed: counted('failed'),
        short: model.short,
        takenElsewhere: model.takenElsewhere,
      });
    }
    const shown = [...(this.#documents.get(pairsModel.name) as Map<string, PairDocument>).values()];
    expect(
      shown.map(({ holder, state, orderId, callId }) => [holder, state, orderId ?? '', callId]).sort(),
    ).toEqual(
      pairs
        .map(([key, { state, orderId, callId }]) => [
          key,
          state === 'reserved' && callId !== null ? 'claimed' : state,
          orderId,
          callId,
        ])
        .sort(),
    );
    const rows = [...(this.#documents.get(openWorkModel.name) as Map<string, OpenWorkRow>).values()];
    const open = rows.flatMap((row) =>
      row.row === 'lot' ? holderKeys(row).map((key) => [row.action, key]) : [],
    );
    const unclaimed = pairs.flatMap(([key, { state, callId }]) => {
      if (callId !== null || (state !== 'reserved' && state !== 'returning')) return [];
      return [[state === 'reserved' ? 'associate' : 'disassociate', key]];
    });
    expect(open.sort()).toEqual(unclaimed.sort());
    this.#checkOutcomes();
  }

  #checkOutcomes(): void {
    const { model } = this;
    const documents = this.#documents.get(outcomesModel.name) as Map<string, OutcomeDocument>;
    for (const [orderId, asked] of model.asked) {
      const final = model.outcomes.get(orderId) ?? new Map<HolderKey, string>();
      const order = this.#orders.get(orderId) as Order;
      const counts = {
        assigned: 0,
        returned: 0,
        alreadyHeld: 0,
        notHeld: 0,
        refused: 0,
        failed: 0,
        cancelled: 0,
      } as Record<string, number>;
      for (const outcome of final.values()) counts[outcome] = (counts[outcome] ?? 0) + 1;
      expect(acting(order)?.final).toEqual(counts);
      expect(order.phase === 'finished').toBe(final.size === asked.length);
      const waiting = asked.filter((key) => {
        const pair = model.pairs.get(key);
        return (
          (pair?.state === 'waiting' && pair.orderId === orderId) ||
          (pair?.followUp?.action === 'assign' && pair.followUp.orderId === orderId)
        );
      });
      expect((this.#documents.get(ordersModel.name)?.get(orderId) as OrderDocument).waiting).toBe(
        waiting.length,
      );
      for (const key of asked) {
        const outcome = documents.get(`${orderId}|${ASSET_KEY}|${key}`)?.outcome;
        const shown = final.get(key) ?? outcome;
        expect([key, outcome]).toEqual([
          key,
          shown === 'notHeld' ? 'not-held' : shown === 'alreadyHeld' ? 'already-held' : shown,
        ]);
        if (!final.has(key)) expect(['waiting', 'reserved', 'returning']).toContain(outcome);
      }
    }
  }
}

/** All that goes to and fro between orders and their ledger; the waiting list is served when a sequence says so. */
const conversation = [
  ...orderReactions,
  ...assetReactions.filter(({ name }) => name !== 'asset.serve-waiting'),
];
const reactions = (envelope: Envelope): readonly CommandMessage[] =>
  conversation.flatMap((reaction) => reaction.react(envelope));

describe('the ledger of an asset, under any sequence of commands', () => {
  it('counts who waits for a promised licence once, also when the promise ends because its giver never got one', () => {
    const bench = new Bench();
    const all = ['d:A', 'd:B', 'd:C', 'd:D', 'd:E', 'd:F', 'u:person-1', 'u:person-2'] as const;
    const ops = [
      { op: 'totals', total: 4, available: 4, retired: 0, deviceAssignable: true, revocable: true },
      { op: 'baseline' },
      { op: 'reserve', holders: ['d:C', 'u:person-2'], ifShort: 'wait', fromReserve: true },
      { op: 'claim', action: 'associate', holders: ['d:C', 'u:person-2'] },
      { op: 'return', holders: all },
      { op: 'reassign', from: 'd:C', to: 'u:person-1', fromReserve: true },
      { op: 'claim', action: 'associate', holders: ['u:person-1'] },
      { op: 'settle', pick: 0, failures: [{ verdict: 'failed', holders: null, limit: 0 }] },
      { op: 'claim', action: 'associate', holders: all },
    ] as unknown as Op[];
    for (const op of ops) {
      bench.run(op);
      bench.check();
    }
  });

  it('agrees with the rules told pair by pair, and so do its orders and all read models', () => {
    const start: Op[] = [
      { op: 'totals', total: 4, available: 4, retired: 0, deviceAssignable: true, revocable: true },
      { op: 'baseline' },
    ];
    const sequences = fc.record({
      begun: fc.boolean(),
      ops: fc.array(anyOp, { minLength: 5, maxLength: 40 }),
    });
    fc.assert(
      fc.property(sequences, ({ begun, ops }) => {
        const bench = new Bench();
        for (const op of begun ? [...start, ...ops] : ops) {
          bench.run(op);
          bench.check();
        }
        bench.drain();
        bench.check();
        bench.checkEnd();
      }),
      { numRuns: RUNS },
    );
  });
});
