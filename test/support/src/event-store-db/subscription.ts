import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import {
  caughtUpMessage,
  checkpointEvery,
  checkpointMessage,
  confirmationMessage,
  eventMessage,
  filterOf,
} from './messages.js';
import type { ServerLog, ServerRecord } from './server-log.js';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

/** A live subscription that falls further behind than this is dropped: 23.10 holds a burst of 200 events, not of 300. */
const LIVE_BUFFER = 200;
const ABORTED = 10;
const UNKNOWN = 2;

export interface SubscriptionFaults {
  /** A subscription is dropped after that many events. */
  readonly dropAfter: number;
}

/** Writes a message when the client has room for it. False: the client has left. */
export async function send(call: ReadCall, message: ReadResp): Promise<boolean> {
  if (call.cancelled || call.destroyed) return false;
  if (call.write(message)) return true;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      for (const event of ['drain', 'cancelled', 'close']) call.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'cancelled', 'close']) call.on(event, go);
  });
  return !call.cancelled && !call.destroyed;
}

export const fail = (call: ReadCall, code: number, details: string): void => {
  call.emit('error', { code, details });
};

/** One subscription to $all, from its start position until the client leaves or the server drops it. */
export class ServerSubscription {
  readonly #matches: (record: ServerRecord) => boolean;
  readonly #every: number;
  #wake: () => void = () => undefined;
  #live = false;
  /** Index in $all of what is sent next. */
  #next = 0;
  #sent = 0;
  #dropped: string | null = null;

  constructor(
    private readonly call: ReadCall,
    private readonly log: ServerLog,
    private readonly faults: SubscriptionFaults,
  ) {
    const options = call.request.getOptions() as ReadReq.Options;
    this.#matches = filterOf(options);
    this.#every = checkpointEvery(options);
  }

  async run(): Promise<void> {
    const { call, log } = this;
    if (!(await send(call, confirmationMessage()))) return;
    const start = this.#start();
    if (start === null) return fail(call, UNKNOWN, 'Exception was thrown by handler.');
    this.#next = start;
    const unsubscribe = log.onWritten(() => this.#written());
    const leave = (): void => this.#wake();
    call.on('cancelled', leave).on('close', leave);
    try {
      // What a filtered subscription from the start says first.
      if (start === 0 && this.#every < Infinity) await send(call, checkpointMessage(0n));
      await this.#follow();
      if (this.#dropped !== null) fail(call, ABORTED, this.#dropped);
    } finally {
      unsubscribe();
    }
  }

  async #follow(): Promise<void> {
    const { call, log } = this;
    let considered = 0;
    for (;;) {
      for (; this.#next < log.all.length && this.#dropped === null; this.#next += 1) {
        const record = log.all[this.#next] as ServerRecord;
        if (this.#matches(record)) {
          if (!(await send(call, eventMessage(record)))) return;
          this.#sent += 1;
          if (this.#sent >= this.faults.dropAfter) this.#dropped = 'Operation timed out: Consumer too slow';
        }
        considered += 1;
        if (considered % this.#every === 0 && !(await send(call, checkpointMessage(record.position)))) return;
      }
      if (this.#dropped !== null) return;
      if (!this.#live) {
        this.#live = true;
        if (!(await send(call, caughtUpMessage()))) return;
      }
      if (this.#next < log.all.length) continue;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      if (call.cancelled || call.destroyed) return;
    }
  }

  /** Exclusive. Null: a position where no event is. One behind the end is taken for the end. */
  #start(): number | null {
    const all = (this.call.request.getOptions() as ReadReq.Options).getAll();
    if (!all?.hasPosition()) return all?.hasEnd() ? this.log.all.length : 0;
    const position = BigInt(all.getPosition()?.getCommitPosition() ?? 0);
    const last = this.log.all.at(-1)?.position ?? 0n;
    if (position > last) return this.log.all.length;
    const index = this.log.indexOf(position);
    return index < 0 ? null : index + 1;
  }

  #written(): void {
    if (this.#live && this.log.all.length - this.#next > LIVE_BUFFER) {
      this.#dropped =
        'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.';
    }
    this.#wake();
  }
}
