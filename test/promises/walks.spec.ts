import { jest } from '@jest/globals';
import {
  Foundation,
  SeatbookEdge,
  getTimeline,
  listAccounts,
  listAssets,
  listDevices,
  listOrders,
  listOutcomes,
  listPairs,
  listParked,
  type ListPart,
  type ReflectedPage,
} from '@seatbook/application';
import { asPosition, type Document, type ModelRef, type Random } from '@seatbook/kernel';
import { queryModels } from '@seatbook/licensing';
import type { ParkedWork, Placed, Stores } from '@seatbook/runtime';
import { parkedStep } from '@seatbook/test-support/parked-step';
import { seededIds, seededRandom } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';

jest.setTimeout(120_000);

const SEEDS = 200;
const ROWS = 12;
const EPOCH = 1;
const ACCOUNT = '7700000000000001';
const ORDER = 'order-1';

/** Only what a list looks at, and what changes. */
type Row = Record<string, unknown> & { position: number };

interface List {
  /** Where its rows are; null: they are parked work. */
  readonly model: ModelRef | null;
  /** A row of a number, not more than 1,000. */
  newRow(number: number, random: Random): Row;
  keyOf(row: Row): string;
  /** What may become of a row that stays. */
  change(row: Row, random: Random): void;
  page(edge: SeatbookEdge, part: ListPart): Promise<ReflectedPage<object>>;
  /** What a row is in a page. */
  idOf(row: Record<string, unknown>): string;
}

const oneOf = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;
const STATES = ['waiting', 'reserved', 'claimed', 'assigned', 'returning', 'failed'] as const;
const numbered = (number: number): string => String(number).padStart(4, '0');

const pairs = {
  model: queryModels.pairs,
  newRow: (number: number, random: Random): Row => {
    const adamId = String(900 + (number % 3));
    const asset = `${ACCOUNT}.${adamId}.STDQ`;
    const holder = `d:C02TEST${numbered(number)}`;
    const pair = { uId: ACCOUNT, adamId, pricingParam: 'STDQ', asset, holder, spelledAs: holder };
    return { ...pair, state: oneOf(random, STATES), position: 0 };
  },
  keyOf: (row: Row) => `${String(row['asset'])}|${String(row['holder'])}`,
  change: (row: Row, random: Random) => void (row['state'] = oneOf(random, STATES)),
  idOf: (row: Record<string, unknown>) => `${String(row['asset'])}|${String(row['holder'])}`,
};

const DEVICE = 'd:C02TEST0001';

const timeline = {
  model: queryModels.timeline,
  newRow: (number: number): Row => {
    const stream = `asset-${ACCOUNT}.900.STDQ`;
    return { kind: 'holder', id: DEVICE, stream, revision: number, position: number + 1 };
  },
  keyOf: (row: Row) => `${row.position}|holder|${DEVICE}`,
  /** What has happened stays as it is. */
  change: () => undefined,
  idOf: (row: Record<string, unknown>) => String(row['position']),
};

/** The rows as they are: what each of them tells is read from the log. */
async function timelineOf(
  edge: SeatbookEdge,
  part: ListPart,
  newestFirst: boolean,
): Promise<ReflectedPage<object>> {
  const page = await getTimeline(edge, { subject: { kind: 'holder', id: DEVICE }, newestFirst, part });
  return { ...page, rows: page.rows.map(({ event }) => ({ position: event.position })) };
}

const lists: Readonly<Record<string, List>> = {
  accounts: {
    model: queryModels.accounts,
    newRow: (number) => ({ uId: `77${numbered(number)}`, name: 'A', importedAt: number % 4, position: 0 }),
    keyOf: (row) => String(row['uId']),
    change: (row, random) => void (row['name'] = oneOf(random, ['B', 'M', 'Z'])),
    page: (edge, part) => listAccounts(edge, { part }),
    idOf: (row) => String(row['uId']),
  },
  'assets of all accounts': {
    model: queryModels.assets,
    newRow: (number) => {
      const adamId = numbered(number);
      return {
        uId: ACCOUNT,
        adamId,
        pricingParam: 'STDQ',
        name: 'x',
        sortName: `name ${number % 5}`,
        position: 0,
      };
    },
    keyOf: (row) => `${ACCOUNT}.${String(row['adamId'])}.STDQ`,
    change: (row, random) => Object.assign(row, { name: oneOf(random, ['b', 'y']), waiting: random() }),
    page: (edge, part) => listAssets(edge, { part }),
    idOf: (row) => String(row['adamId']),
  },
  'pairs of an account': {
    ...pairs,
    page: (edge, part) => listPairs(edge, { accountId: ACCOUNT, part }),
  },
  devices: {
    ...pairs,
    page: (edge, part) => listDevices(edge, { part }),
    idOf: (row) => String(row['serialNumber'] ?? row['holder']).replace(/^d:/, ''),
  },
  orders: {
    model: queryModels.orders,
    newRow: (number) => ({
      orderId: numbered(number),
      uId: ACCOUNT,
      orderedAt: number % 4,
      state: 'working',
      position: 0,
    }),
    keyOf: (row) => String(row['orderId']),
    change: (row, random) => void (row['state'] = oneOf(random, ['waiting', 'finished'])),
    page: async (edge, part) => {
      const page = await listOrders(edge, { holders: [], part });
      return { ...page, rows: page.rows.map(({ order }) => order) };
    },
    idOf: (row) => String(row['orderId']),
  },
  'pairs of an order': {
    model: queryModels.outcomes,
    newRow: (number, random) => {
      const holder = `d:${numbered(number)}`;
      const adamId = String(900 + (number % 3));
      const asset = { adamId, pricingParam: 'STDQ', asset: `${ACCOUNT}.${adamId}.STDQ` };
      return { orderId: ORDER, ...asset, holder, outcome: oneOf(random, STATES), position: 0 };
    },
    keyOf: (row) => `${ORDER}|${String(row['asset'])}|${String(row['holder'])}`,
    change: (row, random) => void (row['outcome'] = oneOf(random, STATES)),
    page: async (edge, part) => {
      const page = await listOutcomes(edge, { orderId: ORDER, part });
      return { ...page, rows: page.rows.map(({ document }) => document) };
    },
    idOf: (row) => String(row['holder']),
  },
  'the timeline of a device, the newest first': {
    ...timeline,
    page: (edge, part) => timelineOf(edge, part, true),
  },
  'the timeline of a device, the oldest first': {
    ...timeline,
    page: (edge, part) => timelineOf(edge, part, false),
  },
  'parked work': {
    model: null,
    newRow: (number) => ({ ...parkedStep(`order-${number}`), source: number % 4, position: 0 }),
    keyOf: (row) => String(row['id']),
    change: (row, random) => Object.assign(row, { attempts: 6, reason: oneOf(random, ['a bug', 'another']) }),
    page: (edge, part) => listParked(edge, part),
    idOf: (row) => String(row['id']),
  },
};

describe.each(Object.entries(lists))('a walk over %s', (_name, list) => {
  let stores: Stores;
  let edge: SeatbookEdge;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const clock = new VirtualClock();
    ({ stores, close } = await openTemporaryStores(clock));
    await stores.reads.prepare(Object.values(queryModels));
    const whole = new SeatbookEdge(new Foundation({ stores, clock, ids: seededIds(1) }), {});
    // Accounts are no business of these lists: each one exists.
    // Rows of a timeline are at any position, wherever the model is.
    const whenever = { position: asPosition(1_000_000), time: 0 };
    jest.spyOn(whole.reader, 'reflected').mockResolvedValue(whenever);
    // Nothing waits in a ledger; and an event is where a row says.
    const runner = { load: async () => ({ state: { phase: 'imported' } }), look: async () => new Map() };
    const events = Object.create(whole.events, {
      readReferences: { value: async (rows: object[]) => rows.map(eventAt) },
    }) as object;
    edge = Object.create(whole, { runner: { value: runner }, events: { value: events } }) as SeatbookEdge;
    await stores.reads.takeOver(queryModels.orders, EPOCH);
    if (list.model !== queryModels.orders)
      await write(
        stores,
        queryModels.orders,
        new Map([[ORDER, { document: { uId: ACCOUNT }, position: asPosition(1) }]]),
        0,
      );
  });
  afterAll(() => close());

  it('sees every row that is there throughout exactly once, whatever comes, changes and goes', async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      try {
        await walk(edge, stores, list, seededRandom(seed));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
});

/** An event that says nothing, at the place of a row. */
const eventAt = (row: object): object => ({
  ...row,
  stream: 'none-1',
  id: '',
  type: 'none',
  data: {},
  metadata: {
    causationId: '',
    commandId: '',
    correlationId: '',
    principal: 'owner',
    recordedAt: 0,
    version: 1,
  },
});

async function walk(edge: SeatbookEdge, stores: Stores, list: List, random: Random): Promise<void> {
  await empty(stores, list.model);
  const rows = new Map<string, Row>();
  const stayed = new Set<string>();
  let position = 0;
  const commit = async (changed: readonly Row[], gone: readonly string[] = []): Promise<void> => {
    const at = asPosition(position + 1);
    if (list.model === null) {
      await stores.progress.park(changed as unknown as ParkedWork[]);
      await stores.progress.unpark(gone);
    } else {
      const changes = new Map<string, Placed<Document>>([
        ...changed.map((row) => [list.keyOf(row), { document: row, position: at }] as const),
        ...gone.map((key) => [key, { document: null, position: at }] as const),
      ]);
      await write(stores, list.model, changes, position);
    }
    position += 1;
  };
  const added = (): Row => {
    const row = list.newRow(Math.floor(random() * 1_000), random);
    rows.set(list.keyOf(row), row);
    return row;
  };
  await commit(Array.from({ length: ROWS }, added));
  for (const key of rows.keys()) stayed.add(key);

  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const part = { limit: 1 + Math.floor(random() * 4), ...(cursor === null ? {} : { cursor }) };
    const page: ReflectedPage<object> = await list.page(edge, part);
    seen.push(...page.rows.map((row) => list.idOf(row as Record<string, unknown>)));
    cursor = page.next;
    const kept = [...rows.values()].filter(() => random() < 0.5);
    for (const row of kept) list.change(row, random);
    const gone = [...rows.keys()].filter(() => random() < 0.1);
    for (const key of gone) {
      rows.delete(key);
      stayed.delete(key);
    }
    await commit([...kept.filter((row) => !gone.includes(list.keyOf(row))), added()], gone);
  } while (cursor !== null && seen.length < 500);

  for (const key of stayed) {
    const row = rows.get(key);
    const id = row && list.idOf(row);
    expect({ id, times: seen.filter((one) => one === id).length }).toEqual({ id, times: 1 });
  }
}

async function empty({ reads, progress }: Stores, model: ModelRef | null): Promise<void> {
  if (model === null) {
    const { rows } = await progress.parked({ limit: 1_000 });
    await progress.unpark(rows.map(({ id }) => id));
  } else {
    await reads.drop(model);
    await reads.takeOver(model, EPOCH);
  }
}

const write = (
  { reads }: Stores,
  model: ModelRef,
  changes: ReadonlyMap<string, Placed<Document>>,
  from: number,
): Promise<void> =>
  reads.commit(model, changes, { from: asPosition(from), to: asPosition(from + 1), epoch: EPOCH });
