import type { Clock, Ids, Milliseconds, Command, StreamName } from '@seatbook/kernel';
import type { CommandContext, CommandOptions, Receipt, Stores } from '@seatbook/runtime';
import type { Foundation } from '../foundation/foundation.js';
import { AccountLooks } from './account-looks.js';
import { Health } from './health.js';
import { KnownAssets } from './known-assets.js';
import { NotificationSecrets } from './notification-secrets.js';
import { Reader } from './reader.js';

/** An order that takes away more licences than this has to say what it is expected to do. */
export interface ExpectAbove {
  readonly licences: number;
  /** Percent of the account's used licences; 100 for no such limit. */
  readonly percent: number;
}

export interface EdgeMdm {
  /** Its webhooks are signed with this. A secret. */
  readonly webhookKey: string;
  /** Orders to assign name only devices that are enrolled or registered, unless they say otherwise. */
  readonly requireEnrolled: boolean;
}

export interface EdgeOptions {
  /** Longest wait of a query for a position. */
  readonly positionWaitMs?: Milliseconds;
  /** Longest wait of an import for Apple and the account. */
  readonly importWaitMs?: Milliseconds;
  /** A read model that is further behind, or work that no worker does for longer, ends readiness. */
  readonly patienceMs?: Milliseconds;
  readonly expectAbove?: ExpectAbove;
  /** Where apps are installed from; absent where no MDM server is configured. */
  readonly mdm?: EdgeMdm | undefined;
}

const POSITION_WAIT_MS: Milliseconds = 10_000;
const PATIENCE_MS: Milliseconds = 60_000;

/** The half of the product that people and Apple's notifications talk to: commands, queries and freshness. */
export class SeatbookEdge {
  readonly stores: Stores;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timings: Foundation['timings'];
  readonly events: Foundation['events'];
  readonly runner: Foundation['runner'];
  readonly freshness: Foundation['freshness'];
  readonly reader: Reader;
  readonly health: Health;
  readonly assets: KnownAssets;
  readonly accountLooks: AccountLooks;
  readonly notificationSecrets: NotificationSecrets;

  constructor(
    private readonly foundation: Foundation,
    readonly options: EdgeOptions,
  ) {
    const { stores, clock, ids, timings, events, runner, freshness } = foundation;
    this.stores = stores;
    this.clock = clock;
    this.ids = ids;
    this.timings = timings;
    this.events = events;
    this.runner = runner;
    this.freshness = freshness;
    this.reader = new Reader({
      reads: stores.reads,
      events,
      clock,
      freshness,
      positionWaitMs: options.positionWaitMs ?? POSITION_WAIT_MS,
    });
    this.health = new Health(foundation, options.patienceMs ?? PATIENCE_MS);
    this.assets = new KnownAssets(stores.reads);
    this.accountLooks = new AccountLooks(stores.reads, clock);
    this.notificationSecrets = new NotificationSecrets(stores.secrets, clock);
  }

  execute<C extends Command>(
    stream: StreamName<C>,
    command: NoInfer<C>,
    context: CommandContext,
    options?: CommandOptions,
  ): Promise<Receipt> {
    return this.foundation.execute(stream, command, context, options);
  }
}
