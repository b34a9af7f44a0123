import { randomUUID } from 'node:crypto';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js';
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type { BatchAppendReq, BatchAppendResp, ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import {
  appendAnswer,
  eventMessage,
  expectedVersion,
  notFoundMessage,
  proposedEvents,
  refusal,
  streamName,
  uuidText,
} from './messages.js';
import { ServerLog, type ProposedEvent, type ServerRecord } from './server-log.js';
import { ServerSubscription, fail, send, type ReadCall } from './subscription.js';
import { Wire } from './wire.js';

/** What becomes of an append that has arrived. */
export type AppendFate =
  | 'well'
  /** The connection is cut, and nothing was stored. */
  | 'cut-before'
  /** It is stored, and the connection is cut before the answer. */
  | 'cut-after'
  /** It waits, neither stored nor answered, until `releaseHeld`. */
  | 'held'
  /** It is stored, and answered as if another request had been sent. */
  | 'answered-astray'
  | 'not-ready';

const UNKNOWN = 2;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const LEADER = 8;

interface PartialAppend {
  readonly options: BatchAppendReq.Options;
  readonly events: ProposedEvent[];
}

/**
 * EventStoreDB 23.10 for tests: the services that its official client ships with, on a real socket, over a log in
 * memory that outlives restarts. Its faults are those that real servers were seen to have.
 */
export class EventStoreDb {
  readonly log = new ServerLog();
  version = '23.10.6.0';
  /** What becomes of the append with this number, counted from 1. */
  fateOfAppend: (number: number) => AppendFate = () => 'well';
  /** Subscriptions are dropped after that many events. */
  dropAfter = Infinity;
  /** Nobody may read $all. */
  allDenied = false;
  /** This node is not the leader; that is where the leader is. */
  leaderPort: number | null = null;
  appends = 0;
  subscriptions = 0;
  /** Events of $all and of streams that were sent to readers. */
  read = 0;
  #held: (() => void)[] = [];
  readonly #server = new Server({ 'grpc.max_receive_message_length': 17 * 2 ** 20 });
  #wire!: Wire;

  static async start(): Promise<EventStoreDb> {
    const double = new EventStoreDb();
    await double.#listen();
    return double;
  }

  get wire(): Wire {
    return this.#wire;
  }

  get address(): string {
    return `esdb://127.0.0.1:${this.#wire.port}?tls=false`;
  }

  /** Appends that wait. */
  get held(): number {
    return this.#held.length;
  }

  /** Stores what was held, in the order in which it came. */
  releaseHeld(): void {
    for (const go of this.#held.splice(0)) go();
  }

  async close(): Promise<void> {
    await this.#wire.close();
    this.#server.forceShutdown();
  }

  async #listen(): Promise<void> {
    this.#server.addService(streamsService.StreamsService, {
      read: (call: ReadCall) => void this.#read(call),
      batchAppend: (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>) => this.#batchAppend(call),
    });
    this.#server.addService(featuresService.ServerFeaturesService, {
      getSupportedMethods: (_: ServerUnaryCall<Empty, unknown>, answer: sendUnaryData<SupportedMethods>) =>
        answer(null, this.#features()),
    });
    this.#server.addService(gossipService.GossipService, {
      read: (_: ServerUnaryCall<Empty, unknown>, answer: sendUnaryData<ClusterInfo>) =>
        answer(null, this.#members()),
    });
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    this.#wire = new Wire(port);
    await this.#wire.open();
  }

  #batchAppend(call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
    const incomplete = new Map<string, PartialAppend>();
    call.on('error', () => undefined);
    call.on('end', () => call.end());
    if (this.leaderPort !== null) {
      call.emit('error', this.#notLeader());
      return;
    }
    call.on('data', (request: BatchAppendReq) => {
      const correlationId = request.getCorrelationId() as UUID;
      const key = uuidText(correlationId);
      const begun = incomplete.get(key) ?? {
        options: request.getOptions() as BatchAppendReq.Options,
        events: [],
      };
      begun.events.push(...proposedEvents(request));
      incomplete.set(key, begun);
      if (!request.getIsFinal()) return;
      incomplete.delete(key);
      this.#append(call, correlationId, begun);
    });
  }

  #append(
    call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>,
    correlationId: UUID,
    { options, events }: PartialAppend,
  ): void {
    const identifier = options.getStreamIdentifier() as StreamIdentifier;
    const expected = expectedVersion(options);
    const store = (answered = correlationId): void => {
      const outcome = this.log.append(streamName(identifier), expected, events);
      if (!call.destroyed) call.write(appendAnswer(answered, identifier, expected, outcome));
    };
    this.appends += 1;
    switch (this.fateOfAppend(this.appends)) {
      case 'well':
        return store();
      case 'cut-before':
        return this.#wire.cut();
      case 'cut-after':
        this.#wire.cut();
        return store();
      case 'held':
        return void this.#held.push(store);
      case 'answered-astray':
        return store(new shared.UUID().setString(randomUUID()));
      case 'not-ready':
        return void call.write(refusal(correlationId, identifier, 'Server Is Not Ready'));
    }
  }

  async #read(call: ReadCall): Promise<void> {
    call.on('error', () => undefined);
    const options = call.request.getOptions() as ReadReq.Options;
    if (this.leaderPort !== null) return void call.emit('error', this.#notLeader());
    if (options.hasAll() && this.allDenied) return this.#deny(call);
    if (options.hasSubscription()) {
      this.subscriptions += 1;
      return new ServerSubscription(call, this.log, this).run();
    }
    const records = options.hasAll() ? this.#ofAll(options) : this.#ofStream(call, options);
    if (records === null) return;
    if (records === 'no-event-there') return fail(call, UNKNOWN, 'Unexpected ReadAllResult: Error');
    this.read += records.length;
    for (const record of records) if (!(await send(call, eventMessage(record)))) return;
    call.end();
  }

  #ofAll(options: ReadReq.Options): readonly ServerRecord[] | 'no-event-there' {
    const all = options.getAll() as ReadReq.Options.AllOptions;
    const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
    const { all: records } = this.log;
    let index = all.hasEnd() ? records.length : 0;
    if (all.hasPosition()) {
      const position = BigInt(all.getPosition()?.getCommitPosition() ?? 0);
      if (position > (records.at(-1)?.position ?? 0n)) return [];
      index = this.log.indexOf(position);
      if (index < 0) return 'no-event-there';
    }
    const count = Number(options.getCount());
    // Forwards from a position it is part of what is read, backwards it is not.
    return backwards
      ? records.slice(Math.max(0, index - count), index).reverse()
      : records.slice(index, index + count);
  }

  /** Null: answered already. */
  #ofStream(call: ReadCall, options: ReadReq.Options): readonly ServerRecord[] | null {
    const asked = options.getStream() as ReadReq.Options.StreamOptions;
    const records = this.log.read(streamName(asked.getStreamIdentifier()));
    if (records === 'not-found') {
      call.write(notFoundMessage(asked.getStreamIdentifier()));
      call.end();
      return null;
    }
    if (records === 'deleted') {
      const metadata = new Metadata();
      metadata.set('exception', 'stream-deleted');
      metadata.set('stream-name', streamName(asked.getStreamIdentifier()));
      call.emit('error', { code: 9, details: 'the stream is deleted', metadata });
      return null;
    }
    const from = asked.hasRevision() ? BigInt(asked.getRevision()) : 0n;
    return records.filter(({ revision }) => revision >= from).slice(0, Number(options.getCount()));
  }

  #deny(call: ReadCall): void {
    const metadata = new Metadata();
    metadata.set('exception', 'access-denied');
    call.emit('error', { code: PERMISSION_DENIED, details: 'Access Denied', metadata });
  }

  #notLeader(): { code: number; details: string; metadata: Metadata } {
    const metadata = new Metadata();
    metadata.set('exception', 'not-leader');
    metadata.set('leader-endpoint-host', '127.0.0.1');
    metadata.set('leader-endpoint-port', String(this.leaderPort));
    return { code: NOT_FOUND, details: 'Leader info available', metadata };
  }

  #features(): SupportedMethods {
    const method = (name: string) =>
      new features.SupportedMethod().setServiceName('event_store.client.streams.Streams').setMethodName(name);
    return new features.SupportedMethods()
      .setEventStoreServerVersion(this.version)
      .setMethodsList(['append', 'batchappend', 'read'].map(method));
  }

  #members(): ClusterInfo {
    const member = new gossip.MemberInfo()
      .setInstanceId(new shared.UUID().setString('00000000-0000-4000-8000-000000000001'))
      .setTimeStamp('0')
      .setState(LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(
        new gossip.EndPoint().setAddress('127.0.0.1').setPort(this.leaderPort ?? this.#wire.port),
      );
    return new gossip.ClusterInfo().setMembersList([member]);
  }
}
