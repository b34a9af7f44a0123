import { chunksOf, nextOf } from '@seatbook/kernel';
import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import {
  KEYNOTE,
  LOCATION,
  PAGES,
  devices,
  manyDevices,
  persons,
  terms,
} from '@seatbook/test-support/licensing-builders';
import { holdersOf, holderKeys, type Holders } from '../holder.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import type { AssetId } from '../ports.js';
import {
  MAX_ASSETS,
  MAX_PAIRS,
  acting,
  orderDecider,
  outcomeCounts,
  type OrderCommand,
} from './order-decider.js';
import type { OrderEvent, OrderTerms } from './order-events.js';
import { orderSteps } from './order-steps.js';

const decider = orderDecider(DEFAULT_TIMINGS);
const given = deciderSpec(decider, orderSteps);
const TEN_MINUTES = 600_000;
const MINUTE = 60_000;
const AB = devices('A', 'B');

const place = (holders: Holders = AB, more: Partial<OrderTerms> = {}): OrderCommand => ({
  type: 'PlaceOrder',
  terms: terms({ holders: holderKeys(holders).length, ...more }),
  holders,
});
const answer = (
  part: number,
  final = outcomeCounts({}),
  more: Partial<OrderCommand & { type: 'RecordAnswer' }> = {},
): OrderCommand => ({
  type: 'RecordAnswer',
  asset: PAGES,
  part,
  final,
  waiting: 0,
  open: 0,
  refusal: null,
  ...more,
});

const placed = (holders: Holders = AB, more: Partial<OrderTerms> = {}): OrderEvent => ({
  type: 'order.placed',
  data: { ...terms({ holders: holderKeys(holders).length, ...more }), ...holders, at: NOW },
});
const question = (part: number, holders: Holders = AB, asset = PAGES): OrderEvent => ({
  type: 'order.reservation-asked',
  data: {
    uId: LOCATION,
    kind: 'AssignLicense',
    part,
    ...asset,
    ...holders,
    ifShort: 'wait',
    fromReserve: false,
    platform: null,
    at: NOW,
    answerBy: NOW + MINUTE,
  },
});
const answered = (part: number, final = outcomeCounts({}), asset = PAGES): OrderEvent => ({
  type: 'order.reservation-answered',
  data: {
    uId: LOCATION,
    ...asset,
    part,
    final,
    waiting: 0,
    open: 0,
    refusal: null,
    at: NOW,
    answerBy: NOW + MINUTE,
  },
});
const reserved = (...silent: readonly AssetId[]): OrderEvent => ({
  type: 'order.reserved',
  data: { uId: LOCATION, silent },
});

/** A short order: placed and asked. */
const asked: readonly OrderEvent[] = [placed(), question(0)];
/** Two assets, one holder list: two questions. */
const twoAsked: readonly OrderEvent[] = [
  placed(AB, { assets: [PAGES, KEYNOTE] }),
  question(0),
  question(1, AB, KEYNOTE),
];
const longTerms = terms({ holders: 2_500 });
const longLists = chunksOf(holderKeys(manyDevices(2_500)), 1_000).map((keys) => holdersOf(keys));
const list = (index: number): OrderCommand => ({
  type: 'ListHolders',
  index,
  holders: longLists[index] as Holders,
});
const created: OrderEvent = {
  type: 'order.created',
  data: { ...longTerms, at: NOW, abandonAt: NOW + TEN_MINUTES },
};
const listed = (index: number): OrderEvent => ({
  type: 'order.holders-listed',
  data: { uId: LOCATION, ...(longLists[index] as Holders) },
});
const listing: readonly OrderEvent[] = [created, listed(0), listed(1)];
/** A long order, placed and not asked. */
const longPlaced: readonly OrderEvent[] = [
  ...listing,
  { type: 'order.placed', data: { ...longTerms, ...(longLists[2] as Holders), at: NOW } },
];

describe('placing an order', () => {
  it('asks its ledgers at once where it is short, and happens once', () => {
    given().when(place()).then(placed(), question(0));
    given().when(place()).thenOnce();
    given()
      .when(place())
      .thenDue({ step: 'end-asking', at: NOW + MINUTE });
  });

  it('asks what fits into the append, and leaves the rest to its step', () => {
    const assets = Array.from({ length: 60 }, (_asset, index) => ({
      ...PAGES,
      adamId: String(1_000 + index),
    }));
    const { events } = given().when(place(manyDevices(1_000), { assets }));
    expect(events[0]?.type).toBe('order.placed');
    expect(events).toHaveLength(41);
    expect(JSON.stringify(events).length).toBeLessThan(800_000);
    const rest = given(...events).when({ type: 'AskNext' });
    expect(given(...events).due()).toEqual({ step: 'ask', at: NOW });
    rest.thenTypes(...Array.from({ length: 20 }, () => 'order.reservation-asked' as const));
  });

  it('asks each ledger about those that its asset is for, where these are not the same', () => {
    const listed = manyDevices(1_203);
    const assets = [PAGES, { ...PAGES, adamId: '1' }, KEYNOTE];
    const mixed = terms({ holders: 1_203, assets, targets: [1_201, 0, 2] });
    const lists = chunksOf(holderKeys(listed), 1_000).map(holdersOf);
    const placing: readonly OrderEvent[] = [
      { type: 'order.created', data: { ...mixed, at: NOW, abandonAt: NOW + TEN_MINUTES } },
      { type: 'order.holders-listed', data: { uId: LOCATION, ...(lists[0] as Holders) } },
      { type: 'order.placed', data: { ...mixed, ...(lists[1] as Holders), at: NOW } },
    ];
    const those = (from: number, to: number) => devices(...listed.serialNumbers.slice(from, to));
    const questions = [
      question(0, those(0, 1_000)),
      question(1, those(1_000, 1_201)),
      question(2, those(1_201, 1_203), KEYNOTE),
    ];
    given(...placing)
      .when({ type: 'AskNext' })
      .then(...questions);
    const asked = given(...placing, ...questions);
    // The one that nobody is asked about is not silent.
    asked.when({ type: 'EndAsking' }).then(reserved(PAGES, KEYNOTE));
    given(...placing, ...questions, answered(0), answered(1))
      .when(answer(2, outcomeCounts({ refused: 1_203 }), { asset: KEYNOTE }))
      .thenTypes('order.reservation-answered', 'order.reserved', 'order.finished');
  });

  it('lists a long one first, list by list', () => {
    given().when({ type: 'CreateOrder', terms: longTerms }).then(created);
    expect(
      given(...listing).when({ type: 'PlaceOrder', terms: longTerms, holders: longLists[2] as Holders })
        .events,
    ).toHaveLength(1);
    given().when({ type: 'CreateOrder', terms: longTerms }).thenOnce();
  });

  it('goes on where a listing stopped', () => {
    given(...listing)
      .when(list(0))
      .thenNothing();
    given(...listing)
      .when(list(1))
      .thenNothing();
    given(...listing)
      .when(list(2))
      .thenTypes('order.holders-listed');
  });

  it('never takes a list before the one that comes first', () => {
    given(created)
      .when(list(1))
      .thenThrows(/list 1 of an order came before list 0/);
  });

  it('has all the holders that it speaks of', () => {
    given(...listing)
      .when({ type: 'PlaceOrder', terms: longTerms, holders: AB })
      .thenThrows(/2500 holders listed 2002/);
    given()
      .when(place(AB, { holders: 3 }))
      .thenThrows(/3 holders listed 2/);
  });

  it(`is refused with more than ${MAX_PAIRS} pairs, or none`, () => {
    const big = terms({ assets: [PAGES, KEYNOTE], holders: 50_001 });
    given().when({ type: 'CreateOrder', terms: big }).thenRefused('INVALID_ORDER_SIZE');
    const wide = Array.from({ length: MAX_ASSETS + 1 }, (_asset, index) => ({
      ...PAGES,
      adamId: String(index),
    }));
    given()
      .when(place(devices('A'), { assets: wide }))
      .thenRefused('INVALID_ORDER_SIZE');
    given().when({ type: 'PlaceOrder', terms: big, holders: AB }).thenRefused('INVALID_ORDER_SIZE');
    given().when(place(devices())).thenRefused('INVALID_ORDER_EMPTY');
    given()
      .when(place(AB, { assets: [] }))
      .thenRefused('INVALID_ORDER_EMPTY');
    given()
      .when({ type: 'CreateOrder', terms: terms({ holders: 100_000 }) })
      .thenTypes('order.created');
  });

  it('is abandoned by its own step 10 minutes after it began, once', () => {
    expect(given(created).due()).toEqual({ step: 'abandon', at: NOW + TEN_MINUTES });
    given(...listing)
      .when({ type: 'AbandonOrder' }, NOW + TEN_MINUTES)
      .then({ type: 'order.abandoned', data: { uId: LOCATION, listed: 2_000 } });
    given(...listing)
      .when({ type: 'AbandonOrder' })
      .thenOnce();
    given(...listing)
      .when({ type: 'AbandonOrder' })
      .thenDue(null);
  });

  it('is refused once it is abandoned', () => {
    const abandoned: readonly OrderEvent[] = [
      ...listing,
      { type: 'order.abandoned', data: { uId: LOCATION, listed: 2_000 } },
    ];
    given(...abandoned)
      .when(place())
      .thenRefused('REJECTED_ORDER_ABANDONED');
    given(...abandoned)
      .when(list(2))
      .thenRefused('REJECTED_ORDER_ABANDONED');
    given(...abandoned)
      .when({ type: 'CancelWaiting' })
      .thenNothing();
  });

  it('is not abandoned once it is placed', () => {
    given(...asked)
      .when({ type: 'AbandonOrder' })
      .thenNothing();
  });
});

describe('asking the ledgers', () => {
  it('asks one question for each asset and thousand of holders', () => {
    const two = placed(manyDevices(1_001), { assets: [PAGES, KEYNOTE] });
    given(two)
      .when({ type: 'AskNext' })
      .then(
        question(0, manyDevices(1_000)),
        question(1, manyDevices(1, 1_000)),
        question(2, manyDevices(1_000), KEYNOTE),
        question(3, manyDevices(1, 1_000), KEYNOTE),
      );
  });

  it('passes the terms on', () => {
    const { events } = given().when(place(AB, { kind: 'ReturnLicense', ifShort: 'refuse', platform: 'iOS' }));
    expect(events[1]?.data).toEqual({
      uId: LOCATION,
      kind: 'ReturnLicense',
      part: 0,
      ...PAGES,
      ...AB,
      ifShort: 'refuse',
      fromReserve: false,
      platform: 'iOS',
      at: NOW,
      answerBy: NOW + MINUTE,
    });
  });

  it.each([
    ['devices', 100, (from: number): Holders => manyDevices(1_000, from)],
    [
      'persons',
      100,
      (from: number): Holders =>
        persons(
          ...Array.from(
            { length: 1_000 },
            (_one, index) => `0b9d1f53-64a5-8b7c-9a3e-${String(from + index).padStart(12, '0')}`,
          ),
        ),
    ],
  ])(
    'of 100,000 %s is cut into appends within the limits and asks everything once',
    (_kind, lists, holders) => {
      const wanted = terms({ holders: 100_000 });
      let state = decider.initial();
      const carryOut = (command: OrderCommand): readonly OrderEvent[] => {
        const events = decider.decide(command, state, NOW);
        for (const event of events) state = decider.evolve(state, event);
        return events;
      };
      carryOut({ type: 'CreateOrder', terms: wanted });
      for (let index = 0; index < lists - 1; index += 1)
        carryOut({ type: 'ListHolders', index, holders: holders(index * 1_000) });
      carryOut({ type: 'PlaceOrder', terms: wanted, holders: holders((lists - 1) * 1_000) });
      const parts: number[] = [];
      while (nextOf(orderSteps, state)?.step === 'ask') {
        const events = carryOut({ type: 'AskNext' });
        expect(JSON.stringify(events).length).toBeLessThan(800_000);
        for (const event of events) if (event.type === 'order.reservation-asked') parts.push(event.data.part);
      }
      expect(parts).toEqual(Array.from({ length: 100 }, (_part, index) => index));
      expect(acting(state)?.listed).toEqual([]);
    },
  );

  it('asks nothing before it is placed and nothing twice', () => {
    given().when({ type: 'AskNext' }).thenNothing();
    given(...asked)
      .when({ type: 'AskNext' })
      .thenNothing();
  });

  it('waits for the answers for 60 s after the last progress', () => {
    expect(given(...twoAsked).due()).toEqual({ step: 'end-asking', at: NOW + MINUTE });
    given(...twoAsked)
      .when(answer(0), NOW + 5_000)
      .thenDue({ step: 'end-asking', at: NOW + 5_000 + MINUTE });
  });

  it('counts asking as progress: a ledger that was asked late has its 60 s all the same', () => {
    const late = given(...longPlaced).when({ type: 'AskNext' }, NOW + 5 * MINUTE);
    late.thenDue({ step: 'end-asking', at: NOW + 6 * MINUTE });
  });

  it('names the ledgers that stay silent and goes on without them, once', () => {
    const order = [...twoAsked, answered(0)];
    given(...order)
      .when({ type: 'EndAsking' })
      .then(reserved(KEYNOTE));
    given(...order)
      .when({ type: 'EndAsking' })
      .thenOnce();
    given(...order)
      .when({ type: 'EndAsking' })
      .thenDue(null);
    given(...longPlaced)
      .when({ type: 'EndAsking' })
      .thenNothing();
  });

  it('takes the answer of a ledger that was silent', () => {
    given(...asked, reserved(PAGES))
      .when(answer(0, outcomeCounts({ alreadyHeld: 2 })))
      .thenTypes('order.reservation-answered', 'order.finished');
  });
});

describe('the outcomes of an order', () => {
  it('notes an answer and that all have answered', () => {
    given(...asked)
      .when(answer(0, outcomeCounts({ alreadyHeld: 1 }), { open: 1 }), NOW + 7)
      .then(
        {
          type: 'order.reservation-answered',
          data: {
            uId: LOCATION,
            ...PAGES,
            part: 0,
            final: outcomeCounts({ alreadyHeld: 1 }),
            waiting: 0,
            open: 1,
            refusal: null,
            at: NOW + 7,
            answerBy: NOW + 7 + MINUTE,
          },
        },
        { type: 'order.reserved', data: { uId: LOCATION, silent: [] } },
      );
    given(...asked)
      .when(answer(0))
      .thenOnce();
  });

  it('is reserved only when the last has answered', () => {
    given(...twoAsked)
      .when(answer(1))
      .thenTypes('order.reservation-answered');
    given(...twoAsked, answered(1, outcomeCounts({}), KEYNOTE))
      .when(answer(0))
      .thenTypes('order.reservation-answered', 'order.reserved');
  });

  it('is finished with the last outcome of its last pair, and takes nothing more', () => {
    const order = [...asked, answered(0, outcomeCounts({ refused: 1 })), reserved()];
    const done: OrderCommand = { type: 'RecordOutcomes', final: outcomeCounts({ assigned: 1 }) };
    given(...order)
      .when(done)
      .then(
        { type: 'order.outcomes-recorded', data: { uId: LOCATION, final: outcomeCounts({ assigned: 1 }) } },
        {
          type: 'order.finished',
          data: { uId: LOCATION, final: outcomeCounts({ assigned: 1, refused: 1 }) },
        },
      );
    given(...order)
      .when(done)
      .thenOnce();
    given(...order)
      .when(done)
      .thenDue(null);
  });

  it('is finished by its answers alone where nothing is left open', () => {
    given(...asked)
      .when(answer(0, outcomeCounts({ alreadyHeld: 1, refused: 1 })))
      .thenTypes('order.reservation-answered', 'order.reserved', 'order.finished');
  });

  it('is not finished one pair before the end', () => {
    const order = [...asked, answered(0), reserved()];
    given(...order)
      .when({ type: 'RecordOutcomes', final: outcomeCounts({ failed: 1 }) })
      .thenTypes('order.outcomes-recorded');
  });
});

describe('cancelling what an order waits for', () => {
  const cancel: OrderCommand = { type: 'CancelWaiting' };

  it('asks each of its ledgers', () => {
    given(...asked)
      .when(cancel)
      .then({ type: 'order.cancellation-asked', data: { uId: LOCATION, assets: [PAGES] } });
  });

  it('is refused while the order is being placed or asked', () => {
    given(...listing)
      .when(cancel)
      .thenRefused('REJECTED_ORDER_NOT_RESERVED');
    given(...longPlaced)
      .when(cancel)
      .thenRefused('REJECTED_ORDER_NOT_RESERVED');
  });

  it('is refused for an order that does not exist', () => {
    given().when(cancel).thenRefused('NOT_FOUND_ORDER');
  });

  it('changes nothing of a finished order', () => {
    const final = outcomeCounts({ alreadyHeld: 2 });
    given(...asked, answered(0, final), reserved(), {
      type: 'order.finished',
      data: { uId: LOCATION, final },
    })
      .when(cancel)
      .thenNothing();
  });
});

describe('the key that the id of an order is made of', () => {
  it('is taken by another request before there is an order, and no order is there then', () => {
    const taken = given().when({ type: 'TakeKey', by: 'RenameAccount' });
    taken.then({ type: 'order.key-taken', data: { by: 'RenameAccount' } });
    taken.thenOnce();
    taken.thenDue(null);
    const KEY_TAKEN: OrderEvent = { type: 'order.key-taken', data: { by: 'RenameAccount' } };
    given(KEY_TAKEN).when({ type: 'CancelWaiting' }).thenRefused('NOT_FOUND_ORDER');
    given(KEY_TAKEN).when(answer(0)).thenNothing();
  });

  it('is not taken from an order', () => {
    given(placed()).when({ type: 'TakeKey', by: 'RenameAccount' }).thenNothing();
  });
});
