import { randomUUID } from 'node:crypto';

/** An event as the server keeps it. */
export interface ServerRecord {
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  /** Offset in the log's file: increasing, never dense. */
  readonly position: bigint;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export type ProposedEvent = Pick<ServerRecord, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>;

export type ExpectedVersion = 'any' | 'no_stream' | 'stream_exists' | bigint;

export type AppendOutcome =
  /** `position` is null for a repeat onto a deleted stream. */
  | { readonly kind: 'success'; readonly revision: bigint; readonly position: bigint | null }
  /** `actual` is null where there is no stream. */
  | { readonly kind: 'wrong-version'; readonly actual: bigint | null }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'too-large' };

interface ServerStream {
  readonly records: ServerRecord[];
  /** What is before was deleted. */
  first: number;
  phase: 'live' | 'deleted' | 'tombstoned';
}

/** A copy of the log's files. */
export interface LogBackup {
  readonly all: readonly ServerRecord[];
  readonly streams: ReadonlyMap<string, ServerStream>;
  readonly end: bigint;
}

export const MAX_APPEND_SIZE = 1_048_576;
const LAST_REVISION = 2n ** 63n - 1n;
const FIRST_POSITION = 548n;

/**
 * What EventStoreDB 23.10 keeps and answers, as it was seen to do: with its system events, its rules about event ids
 * that it knows, and what becomes of deleted streams.
 */
export class ServerLog {
  readonly all: ServerRecord[] = [];
  #streams = new Map<string, ServerStream>();
  #end = FIRST_POSITION;
  readonly #listeners = new Set<() => void>();

  constructor() {
    this.#write('$$$scavenges', [json('$metadata', { $maxCount: 100 })]);
  }

  append(name: string, expected: ExpectedVersion, events: readonly ProposedEvent[]): AppendOutcome {
    const stream = this.#streams.get(name);
    if (stream?.phase === 'tombstoned') return { kind: 'deleted' };
    if (events.reduce((sum, { data }) => sum + data.length, 0) > MAX_APPEND_SIZE)
      return { kind: 'too-large' };
    const last = BigInt((stream?.records.length ?? 0) - 1);
    const [first] = events;
    if (!first) {
      return {
        kind: 'success',
        revision: stream ? last : 0n,
        position: stream?.records.at(-1)?.position ?? null,
      };
    }
    if (stream?.phase === 'deleted' && expected === 'stream_exists') return { kind: 'deleted' };
    const wrong = { kind: 'wrong-version', actual: stream ? last : null } as const;
    if (!stream) {
      return typeof expected === 'bigint' || expected === 'stream_exists' ? wrong : this.#write(name, events);
    }
    if (expected === last) return this.#write(name, events);
    const known =
      typeof expected === 'bigint'
        ? Number(expected) + 1
        : expected === 'no_stream'
          ? 0
          : stream.records.findIndex(({ id }) => id === first.id);
    const repeated = known >= 0 && events.every(({ id }, index) => stream.records[known + index]?.id === id);
    if (repeated) {
      const { revision, position } = stream.records[known + events.length - 1] as ServerRecord;
      return { kind: 'success', revision, position: stream.phase === 'deleted' ? null : position };
    }
    const mayFollow =
      typeof expected !== 'bigint' && (expected === 'no_stream' ? stream.phase === 'deleted' : known < 0);
    return mayFollow ? this.#write(name, events) : wrong;
  }

  /** Deletes so that a later append goes on with the next revision. False: there is no such stream. */
  delete(name: string): boolean {
    const stream = this.#streams.get(name);
    if (stream?.phase !== 'live') return false;
    stream.phase = 'deleted';
    this.#write(`$$${name}`, [json('$metadata', { $tb: Number(LAST_REVISION) })]);
    return true;
  }

  /** Deletes permanently. */
  tombstone(name: string): void {
    const stream = this.#stream(name);
    stream.phase = 'tombstoned';
    const event = { ...json('$streamDeleted', {}), data: new Uint8Array() };
    this.all.push({ ...event, stream: name, revision: LAST_REVISION, position: this.#place(event) });
    this.#ring();
  }

  /** Truncates a stream: what is before a revision is lost. */
  truncate(name: string, before: number): void {
    this.#stream(name).first = before;
  }

  read(name: string): readonly ServerRecord[] | 'not-found' | 'deleted' {
    const stream = this.#streams.get(name);
    if (stream?.phase === 'tombstoned') return 'deleted';
    if (!stream || stream.phase === 'deleted') return 'not-found';
    const maxCount = this.#maxCountOf(name);
    return stream.records.slice(Math.max(stream.first, stream.records.length - maxCount));
  }

  /** Index in $all of the event at a position; -1 where none is. */
  indexOf(position: bigint): number {
    let low = 0;
    let high = this.all.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = (this.all[middle] as ServerRecord).position;
      if (found === position) return middle;
      if (found < position) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Calls back after each write. Returns an unsubscribe function. */
  onWritten(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  backup(): LogBackup {
    return { all: [...this.all], streams: copyOf(this.#streams), end: this.#end };
  }

  /** As after a restore, while the server was down. */
  restore({ all, streams, end }: LogBackup): void {
    this.all.splice(0, Infinity, ...all);
    this.#streams = copyOf(streams);
    this.#end = end;
  }

  #write(name: string, events: readonly ProposedEvent[]): AppendOutcome {
    const stream = this.#stream(name);
    if (stream.phase === 'deleted') {
      stream.phase = 'live';
      stream.first = stream.records.length;
      this.#write(`$$${name}`, [json('$metadata', { $tb: stream.first })]);
    }
    for (const event of events) {
      const revision = BigInt(stream.records.length);
      const record = { ...event, stream: name, revision, position: this.#place(event) };
      stream.records.push(record);
      this.all.push(record);
    }
    this.#ring();
    const { revision, position } = stream.records.at(-1) as ServerRecord;
    return { kind: 'success', revision, position };
  }

  #stream(name: string): ServerStream {
    const known = this.#streams.get(name);
    if (known) return known;
    const stream: ServerStream = { records: [], first: 0, phase: 'live' };
    this.#streams.set(name, stream);
    return stream;
  }

  #place({ type, data, metadata }: ProposedEvent): bigint {
    const position = this.#end;
    this.#end += BigInt(140 + type.length + data.length + metadata.length);
    return position;
  }

  #maxCountOf(name: string): number {
    const described = this.#streams.get(`$$${name}`)?.records.at(-1);
    if (!described) return Infinity;
    const { $maxCount = Infinity } = JSON.parse(Buffer.from(described.data).toString()) as {
      $maxCount?: number;
    };
    return $maxCount;
  }

  #ring(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const json = (type: string, data: object): ProposedEvent => ({
  id: randomUUID(),
  type,
  contentType: 'application/json',
  data: Buffer.from(JSON.stringify(data)),
  metadata: new Uint8Array(),
});

const copyOf = (streams: ReadonlyMap<string, ServerStream>): Map<string, ServerStream> =>
  new Map([...streams].map(([name, stream]) => [name, { ...stream, records: [...stream.records] }]));
