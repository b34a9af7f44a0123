import { asPosition, isRefusal } from '@seatbook/kernel';
import {
  contextOf,
  counterDecider,
  counterKind,
  counterRunner,
  mended,
  type Counter,
  type CounterCommand,
} from '@seatbook/test-support/counter-domain';
import { FaultyEventStore } from '@seatbook/test-support/faulty-event-store';
import { calm } from '@seatbook/test-support/let-happen';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import type { CommandContext } from './command-context.js';
import {
  STREAM_LIMITS,
  type CommandRunner,
  type CommandRunnerOptions,
  type Receipt,
} from './command-runner.js';
import { BehindFailure, type CommandOptions } from './decide-all.js';
import { AppendTooLarge } from './errors.js';
import type { ReadStore, Snapshot } from './read-store.js';
import type { StreamKind } from './stream-kind.js';

const STREAM = 'counter-1';

describe('carrying commands to their streams', () => {
  const clock = new VirtualClock();
  let temporary: Awaited<ReturnType<typeof openTemporaryStores>>;
  let store: FaultyEventStore;
  let runner: CommandRunner;
  let ids = 0;

  const anotherRunner = ({
    kind = counterKind(),
    ...more
  }: Partial<CommandRunnerOptions> & { kind?: StreamKind } = {}): CommandRunner =>
    counterRunner({ events: store, reads: temporary.stores.reads, clock, kinds: [kind], ...more });
  const send = (
    command: CounterCommand,
    context: Partial<CommandContext> = {},
    options?: CommandOptions,
    by = runner,
  ): Promise<Receipt> => by.execute(STREAM, command, contextOf(`command-${(ids += 1)}`, context), options);
  const answerOf = async (promise: Promise<Receipt>): Promise<string | number> =>
    promise.then(
      ({ events }) => events,
      (error: unknown) => (isRefusal(error) ? error.code : (error as Error).name),
    );
  const stateOf = async (by = runner): Promise<Counter> => (await by.load(STREAM)).state as Counter;
  const written = async (): Promise<number> =>
    (await temporary.stores.events.readStream(STREAM, 0, 100_000)).length;

  const idAt = async (revision: number): Promise<string | undefined> =>
    (await temporary.stores.events.readStream(STREAM, revision, 1))[0]?.id;

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
      last: { eventId: await idAt(0), stream: STREAM, revision: 0, correlationId: `command-${ids}` },
      written: [],
    });
    expect(await send({ type: 'RaiseTo', sum: 1 })).toEqual({
      stream: STREAM,
      revision: 0,
      position: 1,
      events: 0,
      repeated: false,
      last: null,
      written: [],
    });
  });

  it('brings the events that a command caused to a sender who asks for them, as they are in the log', async () => {
    const tells = { tellsEvents: true };
    await send({ type: 'Add', n: 2 });
    const { position, written } = await send({ type: 'Add', n: 3 }, { reason: 'because' }, tells);
    const [event] = await temporary.stores.events.readStream(STREAM, 1, 1);
    // What the stream waits for is stamped on an append as a whole.
    expect(written.map((one) => ({ ...one, metadata: { ...one.metadata, next: null } }))).toEqual([
      { ...event, position },
    ]);
    const repeated = await send(
      { type: 'Add', n: 3 },
      { commandId: `command-${ids}`, reason: 'because' },
      tells,
    );
    expect(repeated).toMatchObject({ repeated: true, written: [] });
  });

  it('writes who, why, when, and what the stream waits for', async () => {
    await send(
      { type: 'Wait', step: 'ring', at: 5 },
      {
        commandId: 'c',
        reason: 'because',
        bodyHash: 'h',
        traceparent: 't',
        cause: { stream: 'counter-2', revision: 7 },
      },
    );
    const [event] = await store.readStream(STREAM, 0, 1);
    expect(event?.metadata).toEqual({
      version: 1,
      commandId: 'c',
      principal: 'owner',
      correlationId: `command-${ids}`,
      causationId: `command-${ids}`,
      recordedAt: clock.now(),
      cause: { stream: 'counter-2', revision: 7 },
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
    store.appends.push('held', 'fails');
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
    it('says so at once: whoever sends the command decides when to send it again', async () => {
      store.appends.push('fails');
      expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe('TRANSIENT_STORE');
      store.failingReads = 1;
      expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe('TRANSIENT_STORE');
      store.failingReads = 1;
      await expect(runner.load(STREAM)).rejects.toMatchObject({ code: 'TRANSIENT_STORE' });
      expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe(1);
      expect(await written()).toBe(1);
    });

    it('fails all that was decided together, and what comes behind is decided on what is durable', async () => {
      store.appends.push('held', 'fails');
      const first = send({ type: 'Add', n: 1 });
      await calm();
      const both = [send({ type: 'Add', n: 2 }), send({ type: 'Add', n: 3 })];
      store.release();
      expect(await Promise.all([first, ...both].map(answerOf))).toEqual([
        1,
        'TRANSIENT_STORE',
        'TRANSIENT_STORE',
      ]);
      expect(await answerOf(send({ type: 'RaiseTo', sum: 5 }))).toBe(1);
      expect(await stateOf()).toMatchObject({ sum: 5, events: 2 });
    });

    it('keeps what of several appends was durable before', async () => {
      store.appends.push('held', 'well', 'fails');
      const first = send({ type: 'Add', n: 1 });
      await calm();
      const rest = [150, 150].map((count) => send({ type: 'AddMany', count, bytes: 0 }));
      store.release();
      expect(await Promise.all([first, ...rest].map(answerOf))).toEqual([1, 150, 'TRANSIENT_STORE']);
      expect(await stateOf()).toMatchObject({ events: 151 });
    });

    it('recognises a command that was written and whose answer was lost, and writes it once', async () => {
      store.appends.push('doubtful');
      const again = () => send({ type: 'Add', n: 1 }, { commandId: 'a' });
      expect(await answerOf(again())).toBe('TRANSIENT_STORE');
      expect(await again()).toMatchObject({ events: 0, repeated: true });
      expect(await written()).toBe(1);
    });

    it('leaves nothing behind of what was not written', async () => {
      await send({ type: 'Add', n: 1 });
      store.appends.push('fails');
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

    it(`remembers the first command for ever, and beside it the last ${STREAM_LIMITS.rememberedCommands}`, async () => {
      const many = Array.from({ length: STREAM_LIMITS.rememberedCommands + 2 }, (_command, index) =>
        send({ type: 'Add', n: 1 }, { commandId: `many-${index}`, bodyHash: `body-${index}` }),
      );
      await Promise.all(many);
      const snapshots = counterKind({}, { version: 1 });
      const repeat = (index: number, by: CommandRunner, bodyHash = `body-${index}`) =>
        answerOf(send({ type: 'RaiseTo', sum: 0 }, { commandId: `many-${index}`, bodyHash }, {}, by));
      // The second of the others keeps a snapshot, and the third begins with it.
      for (const by of [runner, anotherRunner({ kind: snapshots }), anotherRunner({ kind: snapshots })]) {
        expect(await repeat(0, by, 'another body')).toBe('CONFLICT_IDEMPOTENCY_KEY');
        expect(
          await send({ type: 'Add', n: 1 }, { commandId: 'many-0', bodyHash: 'body-0' }, {}, by),
        ).toMatchObject({
          repeated: true,
        });
        expect(await send({ type: 'RaiseTo', sum: 0 }, { commandId: 'many-1' }, {}, by)).toMatchObject({
          repeated: false,
        });
        expect(await repeat(2, by, 'another body')).toBe('CONFLICT_IDEMPOTENCY_KEY');
      }
    });
  });

  describe('the ids of events', () => {
    it('name one decision: decided again, the same command writes other ids', async () => {
      const other = anotherRunner();
      await send({ type: 'Add', n: 1 });
      await send({ type: 'Add', n: 1 }, {}, {}, other);
      const append = store.append.bind(store);
      const tried: string[] = [];
      store.append = (stream, events, expected) => {
        tried.push(...events.map(({ id }) => id));
        return append(stream, events, expected);
      };
      await send({ type: 'Add', n: 1 }, { commandId: 'again' });
      expect([tried.length, new Set(tried).size]).toEqual([2, 2]);
      expect(await idAt(2)).toBe(tried[1]);
    });

    it('differ between processes that decide the same command', async () => {
      const tried: string[] = [];
      store.append = (_stream, events) => {
        tried.push(...events.map(({ id }) => id));
        return Promise.reject(new Error('the disk is full'));
      };
      for (const by of [runner, anotherRunner()])
        await answerOf(send({ type: 'Add', n: 1 }, { commandId: 'same' }, {}, by));
      expect([tried.length, new Set(tried).size]).toEqual([2, 2]);
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

  it('is not told to come again for what no store will ever take', async () => {
    const halfAPair = (): Promise<Receipt> =>
      runner.execute(
        'counter-\ud800',
        { type: 'Add', n: 1 } as CounterCommand,
        contextOf(`command-${(ids += 1)}`),
      );
    expect([await answerOf(halfAPair()), await answerOf(halfAPair())]).toEqual(['TypeError', 'TypeError']);
    expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe(1);
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

    it('is not both answered with its failure and carried out, where it failed on an outdated state', async () => {
      // It fails on a sum of 1 only.
      const decider: typeof counterDecider = {
        ...counterDecider,
        decide(command, state, at) {
          if (command.type === 'RaiseTo' && state.sum === 1) throw new TypeError('bug');
          return counterDecider.decide(command, state, at);
        },
      };
      const stale = anotherRunner({ kind: { ...counterKind(), decider } });
      await send({ type: 'Add', n: 1 }, {}, {}, stale);
      await send({ type: 'Add', n: 1 });
      const answers = await Promise.all(
        [send({ type: 'RaiseTo', sum: 9 }, {}, {}, stale), send({ type: 'Add', n: 1 }, {}, {}, stale)].map(
          answerOf,
        ),
      );
      expect(answers).toEqual([1, 1]);
      expect(await stateOf()).toMatchObject({ sum: 10 });
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
      const small = anotherRunner({ limits: { cacheBytes: 4_000 } });
      const add = (index: number, commandId: string) =>
        small.execute(`counter-${index}`, { type: 'Add', n: 1 } as CounterCommand, contextOf(commandId), {
          likelyAbsent: true,
        });
      for (let index = 0; index < 20; index += 1) await add(index, `c${index}`);
      store.reads = 0;
      await add(19, 'again');
      expect(store.reads).toBe(0);
      await add(0, 'old');
      expect(store.reads).toBe(1);
    });

    it('weigh what they remember, so that many busy streams stay within the bound', async () => {
      const cacheBytes = 1_000_000;
      const bounded = anotherRunner({ limits: { cacheBytes } });
      const alone = anotherRunner();
      const fill = (by: CommandRunner, stream: string) =>
        Promise.all(
          Array.from({ length: 1_000 }, (_command, index) =>
            by.execute(stream, { type: 'Add', n: 1 } as CounterCommand, contextOf(`${stream}/${index}`)),
          ),
        );
      await fill(alone, 'counter-alone');
      expect(alone.cachedBytes).toBeGreaterThan(1_000 * 100);
      for (let stream = 0; stream < 20; stream += 1) {
        await fill(bounded, `counter-busy-${stream}`);
        expect(bounded.cachedBytes).toBeLessThanOrEqual(cacheBytes + alone.cachedBytes);
      }
    });

    it('can be looked at in the turn of the stream, and a look that fails disturbs nothing', async () => {
      const looks = [
        runner.look<Counter, number>(STREAM, ({ sum }) => sum),
        send({ type: 'Add', n: 2 }),
        runner.look<Counter, number>(STREAM, ({ sum }) => sum),
        runner
          .look<Counter, number>(STREAM, () => {
            throw new Error('a bug in the look');
          })
          .catch((error: Error) => error.message),
        send({ type: 'Add', n: 1 }),
      ];
      const [before, , after, failure] = await Promise.all(looks);
      expect([before, after, failure]).toEqual([0, 2, 'a bug in the look']);
      expect((await stateOf()).sum).toBe(3);
    });

    it('that were handed out are not changed by what comes later', async () => {
      await send({ type: 'Add', n: 1 });
      const before = await runner.load(STREAM);
      await send({ type: 'Add', n: 1 });
      const after = await runner.load(STREAM);
      await send({ type: 'Add', n: 1 });
      expect([before, after]).toMatchObject([
        { state: { sum: 1 }, revision: 0 },
        { state: { sum: 2 }, revision: 1 },
      ]);
    });

    it('come with the last event, for what follows from it', async () => {
      expect(await runner.load(STREAM)).toMatchObject({ revision: -1, last: null });
      await send({ type: 'Wait', step: 'ring', at: 5 }, { correlationId: 'request', traceparent: 't' });
      const last = {
        eventId: await idAt(0),
        stream: STREAM,
        revision: 0,
        correlationId: 'request',
        traceparent: 't',
      };
      for (const by of [runner, anotherRunner()])
        expect(await by.load(STREAM)).toMatchObject({ last, next: { step: 'ring', at: 5 } });
    });

    it('know what brought an answer from outside about, however many answers came before', async () => {
      const asked = {
        cause: { stream: 'counter-2', revision: 3 },
        correlationId: 'request',
        traceparent: 't',
      };
      const answer = (by: CommandRunner) =>
        send({ type: 'Add', n: 1 }, { principal: 'apple' }, { continues: true }, by);
      const early = await answer(runner);
      await send({ type: 'Add', n: 1 }, asked);
      for (const by of [runner, runner, anotherRunner()]) await answer(by);
      const events = await store.readStream(STREAM, 0, 10);
      expect(events.map(({ metadata }) => metadata.cause)).toEqual([
        undefined,
        asked.cause,
        ...Array.from({ length: 3 }, () => ({ stream: STREAM, revision: 1 })),
      ]);
      expect(early.last?.correlationId).toBe(events[0]?.metadata.commandId);
      expect(events[4]?.metadata).toMatchObject({
        principal: 'apple',
        correlationId: 'request',
        traceparent: 't',
        causationId: events[1]?.id,
      });
    });

    it('let other work have its turn while a long stream is folded', async () => {
      for (let index = 0; index < 16; index += 1) await send({ type: 'AddMany', count: 200, bytes: 0 });
      let turns = 0;
      const giveWay = async (): Promise<void> => void (turns += 1);
      expect(await stateOf(anotherRunner({ giveWay }))).toMatchObject({ events: 3_200 });
      expect(turns).toBe(3);
    });

    it('are folded page by page', async () => {
      for (let index = 0; index < 6; index += 1) await send({ type: 'AddMany', count: 200, bytes: 0 });
      expect(await stateOf(anotherRunner())).toMatchObject({ sum: 1_200, events: 1_200 });
    });
  });

  describe('an event that this build does not know', () => {
    const newer = (type: string, version: number) =>
      temporary.stores.events.append(
        STREAM,
        [{ id: 'newer', type, data: '{}', metadata: JSON.stringify({ version, ...contextOf('newer') }) }],
        0,
      );

    it.each([
      ['of an unknown type', 'counter.invented', 1],
      ['of a newer version', 'counter.added', 2],
    ])(
      '%s stops its stream and no other, with a reason, and is never folded',
      async (_what, type, version) => {
        await send({ type: 'Add', n: 1 });
        await newer(type, version);
        const fresh = anotherRunner();
        const refused = { code: 'TRANSIENT_NEWER_BUILD', facts: { stream: STREAM, type } };
        await expect(send({ type: 'Add', n: 1 }, {}, {}, fresh)).rejects.toMatchObject(refused);
        await expect(fresh.load(STREAM)).rejects.toMatchObject(refused);
        expect(await written()).toBe(2);
        expect(
          await fresh.execute('counter-2', { type: 'Add', n: 1 } as CounterCommand, contextOf('other')),
        ).toMatchObject({ events: 1 });
      },
    );

    it('is found also where the stream was folded before it came', async () => {
      await send({ type: 'Add', n: 1 });
      await newer('counter.invented', 1);
      expect(await answerOf(send({ type: 'Add', n: 1 }))).toBe('TRANSIENT_NEWER_BUILD');
      expect(await answerOf(send({ type: 'RaiseTo', sum: 0 }))).toBe('TRANSIENT_NEWER_BUILD');
    });
  });

  describe('snapshots', () => {
    const grown = async (): Promise<void> => {
      for (let index = 0; index < 51; index += 1) await send({ type: 'AddMany', count: 200, bytes: 0 });
    };
    const kind = (version: number) => counterKind({}, { version });

    it('are taken of a tail of more than 10,000 events, and the next fold begins there', async () => {
      await grown();
      await stateOf(anotherRunner({ kind: kind(1) }));
      expect(await temporary.stores.reads.loadSnapshot(STREAM)).toMatchObject({
        schema: 'counter@1',
        revision: 10_199,
      });
      store.reads = 0;
      expect(await stateOf(anotherRunner({ kind: kind(1) }))).toMatchObject({ sum: 10_200, events: 10_200 });
      // The event of the snapshot, and what came behind it.
      expect(store.reads).toBe(2);
    });

    it('are taken of fewer events, and fewer commands are remembered, where the limits say so', async () => {
      const limits = { snapshotAfterEvents: 3, rememberedCommands: 2 };
      const short = anotherRunner({ kind: kind(1), limits });
      for (const commandId of ['first', 'second', 'third', 'fourth', 'fifth'])
        await send({ type: 'Add', n: 1 }, { commandId }, {}, short);
      expect(await temporary.stores.reads.loadSnapshot(STREAM)).toMatchObject({ revision: 3 });
      for (const by of [short, anotherRunner({ kind: kind(1), limits })]) {
        const repeated = async (commandId: string): Promise<boolean> =>
          (await send({ type: 'RaiseTo', sum: 0 }, { commandId }, {}, by)).repeated;
        expect(await repeated('first')).toBe(true);
        expect(await repeated('third')).toBe(false);
        expect(await repeated('fourth')).toBe(true);
      }
    });

    it('are taken while the stream is in use, not only when it is folded', async () => {
      const hot = anotherRunner({ kind: kind(1) });
      for (let index = 0; index < 110; index += 1)
        await send({ type: 'AddMany', count: 200, bytes: 0 }, {}, {}, hot);
      expect(await temporary.stores.reads.loadSnapshot(STREAM)).toMatchObject({ revision: 20_399 });
    });

    it('are not taken before the tail is longer than the state has entries', async () => {
      const large = { ...kind(1), snapshot: { ...kind(1).snapshot, entries: () => 15_000 } } as StreamKind;
      const hot = anotherRunner({ kind: large });
      for (let index = 0; index < 74; index += 1)
        await send({ type: 'AddMany', count: 200, bytes: 0 }, {}, {}, hot);
      expect(await temporary.stores.reads.loadSnapshot(STREAM)).toBeNull();
      for (let index = 0; index < 2; index += 1)
        await send({ type: 'AddMany', count: 200, bytes: 0 }, {}, {}, hot);
      expect(await temporary.stores.reads.loadSnapshot(STREAM)).toMatchObject({ revision: 15_199 });
    });

    it('of events that a restored log does not hold are ignored', async () => {
      await grown();
      await stateOf(anotherRunner({ kind: kind(1) }));
      const kept = await temporary.stores.reads.loadSnapshot(STREAM);
      // The log of before the snapshot: shorter, or with other events since.
      for (const events of [5, 10_300]) {
        const restored = await openTemporaryStores(clock);
        const by = counterRunner({
          events: restored.stores.events,
          reads: { loadSnapshot: async () => kept, saveSnapshot: async () => undefined },
          clock,
          kinds: [kind(1)],
        });
        const older = counterRunner({ ...restored.stores, clock });
        for (let index = 0; index < events; index += 100)
          await send({ type: 'AddMany', count: Math.min(100, events), bytes: 0 }, {}, {}, older);
        expect(await by.load(STREAM)).toMatchObject({ revision: events - 1, state: { sum: events } });
        expect(await send({ type: 'Add', n: 1 }, {}, {}, by)).toMatchObject({ events: 1 });
        await restored.close();
      }
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
      await send({ type: 'Add', n: 1 });
      const last = { eventId: await idAt(0), stream: STREAM, revision: 0, correlationId: 'c' };
      const wrong: Snapshot = {
        stream: STREAM,
        schema: 'counter@1',
        revision: 0,
        position: asPosition(1),
        eventId: last.eventId as string,
        chunks: [
          { last, entry: last, firstCommand: null, lastCommands: [] },
          { sum: 999, events: 1, attempt: 0, due: null },
        ],
      };
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
