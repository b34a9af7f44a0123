import { isRefusal } from '@seatbook/kernel';
import {
  contextOf,
  counterKind,
  counterRegistry,
  mended,
  type Counter,
  type CounterCommand,
} from '@seatbook/test-support/counter-domain';
import { FaultyEventStore } from '@seatbook/test-support/faulty-event-store';
import { calm } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import {
  BehindFailure,
  CommandRunner,
  type CommandContext,
  type CommandOptions,
  type Outcome,
} from './command-runner.js';
import { AppendTooLarge } from './event-store.js';
import { REMEMBERED_COMMANDS } from './folded.js';
import type { ReadStore, Snapshot } from './read-store.js';
import type { StreamKind } from './stream-kind.js';

const STREAM = 'counter-1';

describe('carrying commands to their streams', () => {
  const clock = new VirtualClock();
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let store: FaultyEventStore;
  let runner: CommandRunner;
  let ids = 0;

  const anotherRunner = (
    more: { kind?: StreamKind; reads?: ReadStore; weight?: number } = {},
  ): CommandRunner =>
    new CommandRunner(
      store,
      more.reads ?? temporary.stores.reads,
      counterRegistry(),
      [more.kind ?? counterKind()],
      clock,
      more.weight,
    );
  const send = (
    command: CounterCommand,
    context: Partial<CommandContext> = {},
    options?: CommandOptions,
    by = runner,
  ): Promise<Outcome> => by.execute(STREAM, command, contextOf(`command-${(ids += 1)}`, context), options);
  const answerOf = async (promise: Promise<Outcome>): Promise<string | number> =>
    promise.then(
      ({ events }) => events,
      (error: unknown) => (isRefusal(error) ? error.code : (error as Error).name),
    );
  const stateOf = async (by = runner): Promise<Counter> => (await by.load(STREAM)).state as Counter;
  const written = async (): Promise<number> =>
    (await temporary.stores.events.readStream(STREAM, 0, 100_000)).length;

  beforeEach(async () => {
    temporary = await openTemporaryStores(clock);
    store = new FaultyEventStore(temporary.stores.events);
    runner = anotherRunner();
  });
  afterEach(() => temporary.close());

  it('answers with where the stream stands and how much was done', async () => {
    expect(await send({ type: 'Add', n: 2 })).toEqual({
      stream: STREAM,
      revision: 0,
      position: 1,
      events: 1,
      repeated: false,
    });
    expect(await send({ type: 'RaiseTo', sum: 1 })).toEqual({
      stream: STREAM,
      revision: 0,
      position: 1,
      events: 0,
      repeated: false,
    });
  });

  it('writes who, why, when, and what the stream waits for', async () => {
    await send(
      { type: 'Wait', step: 'ring', at: 5 },
      { commandId: 'c', reason: 'because', bodyHash: 'h', traceparent: 't' },
    );
    const [event] = await store.readStream(STREAM, 0, 1);
    expect(event?.metadata).toEqual({
      version: 1,
      commandId: 'c',
      principal: 'owner',
      correlationId: `command-${ids}`,
      causationId: `command-${ids}`,
      recordedAt: clock.now(),
      reason: 'because',
      bodyHash: 'h',
      traceparent: 't',
      next: { step: 'ring', at: 5 },
    });
  });

  it('stamps what is awaited on the last event of an append only', async () => {
    await send({ type: 'AddMany', count: 3, bytes: 0 });
    const events = await store.readStream(STREAM, 0, 3);
    expect(events.map(({ metadata }) => metadata.next)).toEqual([undefined, undefined, null]);
  });

  it('decides what is queued for a stream together, in order, with one append', async () => {
    store.appends.push('held');
    const first = send({ type: 'Add', n: 1 });
    await calm();
    const others = [
      send({ type: 'RaiseTo', sum: 5 }),
      send({ type: 'RaiseTo', sum: 5 }),
      send({ type: 'RefuseAbove', limit: 4 }),
      send({ type: 'Add', n: 1 }),
    ];
    store.release();
    expect(await Promise.all([first, ...others].map(answerOf))).toEqual([1, 1, 0, 'REJECTED_TOO_HIGH', 1]);
    expect(store.sizes).toEqual([1, 2]);
  });

  it('gives no answer, refusals included, before the append it rests on is durable', async () => {
    store.appends.push('held');
    const answers: string[] = [];
    const all = [
      send({ type: 'Add', n: 9 }),
      send({ type: 'RefuseAbove', limit: 5 }),
      send({ type: 'RaiseTo', sum: 3 }),
    ].map((promise, index) => answerOf(promise).then((answer) => answers.push(`${index}: ${answer}`)));
    await calm();
    expect([store.holding, answers]).toEqual([true, []]);
    store.release();
    await Promise.all(all);
    expect(answers).toEqual(['0: 1', '1: REJECTED_TOO_HIGH', '2: 0']);
  });

  it('decides a refusal anew when the append it rested on failed', async () => {
    store.appends.push('held', 'fails', 'fails', 'fails', 'fails', 'fails');
    const first = send({ type: 'Add', n: 0 });
    await calm();
    const both = [send({ type: 'Add', n: 9 }), send({ type: 'RefuseAbove', limit: 5 })];
    store.release();
    expect(await Promise.all([first, ...both].map(answerOf))).toEqual([
      1,
      'TRANSIENT_STORE',
      'TRANSIENT_STORE',
    ]);
    expect(await answerOf(send({ type: 'RefuseAbove', limit: 5 }))).toBe(1);
  });

  it('shows the state only as far as it is durable', async () => {
    store.appends.push('held');
    const adding = send({ type: 'Add', n: 1 });
    let loaded: unknown = null;
    const loading = runner.load(STREAM).then(({ revision }) => (loaded = revision));
    await calm();
    expect(loaded).toBeNull();
    store.release();
    await Promise.all([adding, loading]);
    expect(loaded).toBe(0);
  });

  it('shows no command that came after the asking and is not durable yet', async () => {
    store.appends.push('held', 'well', 'held');
    const first = send({ type: 'Add', n: 1 });
    await calm();
    const seen = runner
      .load(STREAM)
      .then(({ state, revision }) => ({ sum: (state as Counter).sum, revision }));
    const late = [
      send({ type: 'AddMany', count: 1, bytes: 600_000 }),
      send({ type: 'AddMany', count: 1, bytes: 600_000 }),
    ];
    store.release();
    expect(await seen).toEqual({ sum: 1, revision: 0 });
    while (!store.holding) await calm(1);
    store.release();
    await Promise.all([first, ...late]);
    expect((await stateOf()).sum).toBe(3);
  });

  describe('beside another writer', () => {
    it('folds anew and decides again where that one was faster', async () => {
      await send({ type: 'Add', n: 1 });
      await send({ type: 'Add', n: 1 }, {}, {}, anotherRunner());
      expect(await send({ type: 'RaiseTo', sum: 5 })).toMatchObject({ events: 1, revision: 2 });
      expect(await stateOf()).toMatchObject({ sum: 5, events: 3 });
    });

    it('gives no refusal and no "so already" that rests on what is outdated', async () => {
      const other = anotherRunner();
      await send({ type: 'Add', n: 1 });
      await send({ type: 'Add', n: 9 }, {}, {}, other);
      expect(await answerOf(send({ type: 'RefuseAbove', limit: 5 }))).toBe('REJECTED_TOO_HIGH');
      await send({ type: 'Add', n: -9 }, {}, {}, other);
      expect(await answerOf(send({ type: 'RefuseAbove', limit: 5 }))).toBe(1);
      await send({ type: 'Add', n: -1 }, {}, {}, other);
      expect(await answerOf(send({ type: 'RaiseTo', sum: 1 }))).toBe(1);
    });

    it('shows what that one wrote', async () => {
      await send({ type: 'Add', n: 1 });
      await send({ type: 'Add', n: 1 }, {}, {}, anotherRunner());
      expect(await runner.load(STREAM)).toMatchObject({ revision: 1, position: 2, state: { sum: 2 } });
    });

    it('gives up after five attempts, with a conflict', async () => {
      const other = anotherRunner();
      await send({ type: 'Add', n: 1 });
      const append = store.append.bind(store);
      let races = 0;
      store.append = async (stream, events, expected) => {
        if (events.some(({ metadata }) => metadata.includes('"loser"')) && races < 9) {
          races += 1;
          await send({ type: 'Add', n: 1 }, {}, {}, other);
        }
        return append(stream, events, expected);
      };
      expect(await answerOf(send({ type: 'Add', n: 1 }, { commandId: 'loser' }))).toBe('CONFLICT_VERSION');
      expect(races).toBe(5);
    });

    it('decides nothing from the guess that a stream is new', async () => {
      await send({ type: 'Add', n: 9 }, {}, {}, anotherRunner());
      expect(await answerOf(send({ type: 'RefuseAbove', limit: 5 }, {}, { likelyAbsent: true }))).toBe(
        'REJECTED_TOO_HIGH',
      );
      expect(
        await answerOf(
          anotherRunner().execute(STREAM, { type: 'RaiseTo', sum: 0 } as CounterCommand, contextOf('x'), {
            likelyAbsent: true,
            ifRevision: 0,
          }),
        ),
      ).toBe(0);
      expect(
        await answerOf(
          anotherRunner().execute(STREAM, { type: 'Add', n: 1 } as CounterCommand, contextOf('y'), {
            likelyAbsent: true,
          }),
        ),
      ).toBe(1);
    });

    it('obeys an expected revision', async () => {
      expect(await answerOf(send({ type: 'Add', n: 1 }, {}, { ifRevision: -1 }))).toBe(1);
      expect(await answerOf(send({ type: 'Add', n: 1 }, {}, { ifRevision: -1 }))).toBe('CONFLICT_VERSION');
      expect(await answerOf(send({ type: 'Add', n: 1 }, {}, { ifRevision: 0 }))).toBe(1);
    });
  });

  describe('where the log fails', () => {
    it('recognises what a doubtful append wrote, and writes it once', async () => {
      store.appends.push('held', 'doubtful');
      const first = send({ type: 'Add', n: 1 });
      await calm();
      const both = [send({ type: 'Add', n: 2 }), send({ type: 'Add', n: 3 })];
      store.release();
      expect(await Promise.all([first, ...both])).toMatchObject([
        { repeated: false },
        { repeated: true },
        { repeated: true },
      ]);
      expect(await written()).toBe(3);
      expect(await stateOf()).toMatchObject({ sum: 6 });
    });

    it('tries again, up to five times', async () => {
      store.appends.push('fails', 'fails', 'fails', 'fails');
      expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe(1);
      expect(await written()).toBe(1);
    });

    it('says that it may be tried later when it cannot be read', async () => {
      store.failingReads = 5;
      expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe('TRANSIENT_STORE');
      store.failingReads = 5;
      await expect(runner.load(STREAM)).rejects.toMatchObject({ code: 'TRANSIENT_STORE' });
      store.failingReads = 1;
      expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe(1);
    });

    it('leaves nothing behind of what was not written', async () => {
      await send({ type: 'Add', n: 1 });
      store.appends.push('fails', 'fails', 'fails', 'fails', 'fails');
      expect(await answerOf(send({ type: 'Add', n: 7 }))).toBe('TRANSIENT_STORE');
      expect(await stateOf()).toMatchObject({ sum: 1, events: 1 });
    });
  });

  describe('idempotency', () => {
    it('carries a command out once, and knows it after a restart', async () => {
      expect(await send({ type: 'Add', n: 1 }, { commandId: 'a', bodyHash: 'h' })).toMatchObject({
        events: 1,
        repeated: false,
      });
      expect(await send({ type: 'Add', n: 1 }, { commandId: 'a', bodyHash: 'h' })).toMatchObject({
        events: 0,
        repeated: true,
        revision: 0,
      });
      expect(
        await send({ type: 'Add', n: 1 }, { commandId: 'a', bodyHash: 'h' }, {}, anotherRunner()),
      ).toMatchObject({ events: 0, repeated: true });
    });

    it('refuses the same id with another body', async () => {
      await send({ type: 'Add', n: 1 }, { commandId: 'a', bodyHash: 'h' });
      expect(await answerOf(send({ type: 'Add', n: 2 }, { commandId: 'a', bodyHash: 'other' }))).toBe(
        'CONFLICT_IDEMPOTENCY_KEY',
      );
      expect(await answerOf(send({ type: 'Add', n: 2 }, { commandId: 'a' }))).toBe(
        'CONFLICT_IDEMPOTENCY_KEY',
      );
    });

    it('recognises two that are queued together', async () => {
      expect(
        await Promise.all(
          [
            send({ type: 'Add', n: 1 }, { commandId: 'a' }),
            send({ type: 'Add', n: 1 }, { commandId: 'a' }),
          ].map(answerOf),
        ),
      ).toEqual([1, 0]);
    });

    it('decides a refusal anew', async () => {
      await send({ type: 'Add', n: 9 });
      expect(await answerOf(send({ type: 'RefuseAbove', limit: 5 }, { commandId: 'a' }))).toBe(
        'REJECTED_TOO_HIGH',
      );
      await send({ type: 'Add', n: -9 });
      expect(await answerOf(send({ type: 'RefuseAbove', limit: 5 }, { commandId: 'a' }))).toBe(1);
    });

    it(`remembers the last ${REMEMBERED_COMMANDS} commands and no more`, async () => {
      const many = Array.from({ length: REMEMBERED_COMMANDS + 1 }, (_one, index) =>
        send({ type: 'Add', n: 1 }, { commandId: `many-${index}` }),
      );
      await Promise.all(many);
      for (const by of [runner, anotherRunner()]) {
        expect(await send({ type: 'RaiseTo', sum: 0 }, { commandId: 'many-1' }, {}, by)).toMatchObject({
          repeated: true,
        });
        expect(await send({ type: 'RaiseTo', sum: 0 }, { commandId: 'many-0' }, {}, by)).toMatchObject({
          repeated: false,
        });
      }
    });
  });

  describe('limits of an append', () => {
    it('are kept by several appends for what was decided together', async () => {
      store.appends.push('held');
      const first = send({ type: 'Add', n: 1 });
      await calm();
      const rest = [150, 50, 1, 200].map((count) => send({ type: 'AddMany', count, bytes: 0 }));
      store.release();
      await Promise.all([first, ...rest]);
      expect(store.sizes).toEqual([1, 200, 1, 200]);
    });

    it('count bytes too', async () => {
      store.appends.push('held');
      const first = send({ type: 'Add', n: 1 });
      await calm();
      const rest = [500_000, 500_000, 300_000].map((bytes) => send({ type: 'AddMany', count: 1, bytes }));
      store.release();
      await Promise.all([first, ...rest]);
      expect(store.sizes).toEqual([1, 1, 2]);
    });

    it.each([
      ['events', { type: 'AddMany', count: 201, bytes: 0 } as const],
      ['bytes', { type: 'AddMany', count: 1, bytes: 900_001 } as const],
    ])('blame the one command alone that has too many %s', async (_what, command) => {
      store.appends.push('held');
      const first = send({ type: 'Add', n: 1 });
      await calm();
      const all = [send({ type: 'Add', n: 1 }), send(command), send({ type: 'Add', n: 1 })];
      store.release();
      expect(await Promise.all([first, ...all].map(answerOf))).toEqual([1, 1, AppendTooLarge.name, 1]);
      expect(await stateOf()).toMatchObject({ sum: 3 });
    });
  });

  describe('a decider that breaks', () => {
    it('fails its own command and no other', async () => {
      expect(
        await Promise.all(
          [send({ type: 'Add', n: 1 }), send({ type: 'Break', why: 'bug' }), send({ type: 'Add', n: 1 })].map(
            answerOf,
          ),
        ),
      ).toEqual([1, 'TypeError', 1]);
    });

    it('keeps those behind it back that belong to its sequence', async () => {
      const sequence = {};
      const inSequence = (command: CounterCommand) => send(command, {}, { sequence });
      const answers = [
        inSequence({ type: 'Add', n: 1 }),
        inSequence({ type: 'Break', why: 'bug' }),
        inSequence({ type: 'Add', n: 1 }),
        send({ type: 'Add', n: 1 }),
      ];
      expect(await Promise.all(answers.map(answerOf))).toEqual([1, 'TypeError', BehindFailure.name, 1]);
      expect(await answerOf(inSequence({ type: 'Add', n: 1 }))).toBe(BehindFailure.name);
      mended.add('bug');
      expect(await answerOf(send({ type: 'Break', why: 'bug' }))).toBe(1);
      mended.clear();
    });

    it('is missing for a stream of an unknown category', async () => {
      await expect(runner.load('other-1')).rejects.toThrow(/no decider/);
      await expect(runner.execute('other-1', { type: 'Add' }, contextOf('a'))).rejects.toThrow(/no decider/);
      expect(runner.busy).toBe(0);
    });
  });

  describe('folded states', () => {
    it('are kept, within a weight', async () => {
      const small = anotherRunner({ weight: 4 });
      for (let index = 0; index < 20; index += 1)
        await small.execute(
          `counter-${index}`,
          { type: 'Add', n: 1 } as CounterCommand,
          contextOf(`c${index}`),
          { likelyAbsent: true },
        );
      store.reads = 0;
      await small.execute('counter-19', { type: 'Add', n: 1 } as CounterCommand, contextOf('again'));
      expect(store.reads).toBe(0);
      await small.execute('counter-0', { type: 'Add', n: 1 } as CounterCommand, contextOf('old'));
      expect(store.reads).toBe(1);
    });

    it('are folded page by page', async () => {
      for (let index = 0; index < 6; index += 1) await send({ type: 'AddMany', count: 200, bytes: 0 });
      expect(await stateOf(anotherRunner())).toMatchObject({ sum: 1_200, events: 1_200 });
    });
  });

  describe('snapshots', () => {
    const grown = async (): Promise<void> => {
      for (let index = 0; index < 51; index += 1) await send({ type: 'AddMany', count: 200, bytes: 0 });
    };
    const kind = (version: number) => counterKind([], { version });

    it('are taken of a tail of more than 10,000 events, and the next fold begins there', async () => {
      await grown();
      await stateOf(anotherRunner({ kind: kind(1) }));
      expect(await temporary.stores.reads.loadSnapshot(STREAM)).toMatchObject({
        schema: 'counter@1',
        revision: 10_199,
      });
      store.reads = 0;
      expect(await stateOf(anotherRunner({ kind: kind(1) }))).toMatchObject({ sum: 10_200, events: 10_200 });
      expect(store.reads).toBe(1);
    });

    it('know the commands that were carried out', async () => {
      await send({ type: 'Add', n: 1 }, { commandId: 'first' });
      await grown();
      await stateOf(anotherRunner({ kind: kind(1) }));
      expect(
        await send({ type: 'Add', n: 1 }, { commandId: 'first' }, {}, anotherRunner({ kind: kind(1) })),
      ).toMatchObject({ repeated: true });
    });

    it('of another version are ignored', async () => {
      const wrong: Snapshot = {
        stream: STREAM,
        schema: 'counter@1',
        revision: 0,
        chunks: [
          { position: 1, commands: [] },
          { sum: 999, events: 1, attempt: 0, due: null },
        ],
      };
      await send({ type: 'Add', n: 1 });
      await temporary.stores.reads.saveSnapshot(wrong);
      expect(await stateOf(anotherRunner({ kind: kind(2) }))).toMatchObject({ sum: 1 });
      expect(await stateOf(anotherRunner({ kind: kind(1) }))).toMatchObject({ sum: 999 });
    });

    it('are a cache: a store that loses them stops nothing', async () => {
      await grown();
      const { reads } = temporary.stores;
      const lost = Object.create(reads, {
        loadSnapshot: { value: () => Promise.reject(new Error('gone')) },
        saveSnapshot: { value: () => Promise.reject(new Error('gone')) },
      }) as ReadStore;
      expect(await stateOf(anotherRunner({ kind: kind(1), reads: lost }))).toMatchObject({ sum: 10_200 });
    });
  });
});
