import {
  isRefusal,
  type Cause,
  type Clock,
  type Document,
  type Ids,
  type Instant,
  type Planner,
} from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import type { CommandRunner } from './command-runner.js';
import type { Gates } from './gates.js';
import { PollLoop } from './poll-loop.js';
import type { ReadStore } from './read-store.js';
import { RunnerHealth, type Log } from './runner-health.js';
import type { Views } from './views.js';

const POLL_MS = 1_000;
/** Between two looks at all that is open, while work keeps coming in. */
const REST_MS = 50;
const PAGE_ROWS = 1_000;
/** Rows of one partition that a plan looks at, oldest first; the rest is planned when these are on their way. */
const MAX_ROWS = 20_000;

/**
 * Runs one planner over its partitions whenever its read model has moved. A partition is planned again only when the
 * read model reflects what the last plan started, so nothing is planned twice.
 */
export class PlannerLoop<R extends Document, X> {
  readonly #health: RunnerHealth;
  readonly #loop: PollLoop;
  readonly #planned = new Map<string, number>();
  #wakeAt: Instant | null = null;
  #lastPass: Instant = -Infinity;

  constructor(
    private readonly planner: Planner<R, X>,
    private readonly reads: ReadStore,
    private readonly views: Views,
    private readonly runner: CommandRunner,
    private readonly gates: Gates,
    private readonly context: (partition: string) => Promise<X>,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly log: Log = () => undefined,
  ) {
    this.#health = new RunnerHealth(`planner ${planner.name}`, log);
    this.#loop = new PollLoop({ clock, pollMs: POLL_MS, task: () => this.#pass(), health: this.#health });
    views.onAdvance((model) => {
      if (model === planner.reads.name) this.#moved();
    });
    gates.onOpened(() => this.#moved());
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  get idle(): boolean {
    return this.#loop.idle;
  }

  get failure(): string | null {
    return this.#health.failure;
  }

  #moved(): void {
    const rested = this.clock.now() - this.#lastPass;
    if (rested >= REST_MS) this.#loop.wake();
    else this.#loop.wakeIn(REST_MS - rested);
  }

  async #pass(): Promise<boolean> {
    this.#lastPass = this.clock.now();
    this.#wakeAt = null;
    for await (const partition of this.#partitions()) {
      if (this.gates.isOpen(partition)) await this.#plan(partition);
    }
    if (this.#wakeAt !== null) this.#loop.wakeIn(this.#wakeAt - this.clock.now());
    return false;
  }

  async *#partitions(): AsyncGenerator<string> {
    const { index, reads: model } = this.planner;
    const field = model.indexes.find(({ name }) => name === index)?.fields[0] as string;
    let after: string | undefined;
    for (;;) {
      const { rows } = await this.reads.query(model, {
        index,
        equals: [],
        limit: 1,
        ...(after === undefined ? {} : { range: { after } }),
      });
      // Partitions are text: the planner names an index that begins with such a field.
      const partition = (rows[0] as Readonly<Record<string, unknown>> | undefined)?.[field];
      if (typeof partition !== 'string') return;
      yield partition;
      after = partition;
    }
  }

  async #plan(partition: string): Promise<void> {
    const { planner, views } = this;
    if (views.position(planner.reads.name) < (this.#planned.get(partition) ?? 0)) return;
    const rows = await this.#rows(partition);
    const { commands, wakeAt } = planner.plan(rows, await this.context(partition));
    if (wakeAt !== null) this.#wakeAt = Math.min(this.#wakeAt ?? Infinity, wakeAt);
    if (commands.length === 0) return;
    const plan = this.ids.next();
    let failed: unknown = null;
    const outcomes = await Promise.all(
      commands.map(({ stream, command, cause }, index) =>
        this.runner
          .execute(stream, command, contextOf(stream, `${plan}/${index}`, cause), { likelyAbsent: true })
          .catch((error: unknown) => {
            if (!isRefusal(error)) failed ??= error;
            else
              this.log('a planned command was refused', { planner: planner.name, stream, code: error.code });
            return { position: 0 };
          }),
      ),
    );
    // What did start must be seen before the partition is planned again, whatever became of the rest.
    this.#planned.set(partition, Math.max(...outcomes.map(({ position }) => position)));
    if (failed !== null) throw failed as Error;
  }

  async #rows(partition: string): Promise<R[]> {
    const rows: R[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.reads.query(this.planner.reads, {
        index: this.planner.index,
        equals: [partition],
        limit: PAGE_ROWS,
        ...(cursor === undefined ? {} : { cursor }),
      });
      rows.push(...page.rows);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && rows.length < MAX_ROWS);
    return rows;
  }
}

/**
 * What is planned follows from many rows and so has a correlation of its own; its cause is the newest event that it
 * rests on, where the planner names one.
 */
function contextOf(stream: string, commandId: string, cause: Cause | undefined): CommandContext {
  const sender = { commandId, principal: 'seatbook' };
  const caused = cause ? following(cause, sender) : { ...sender, causationId: commandId };
  return { ...caused, correlationId: stream };
}
