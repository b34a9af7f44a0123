import type { Document, ModelRef, Position } from '@seatbook/kernel';

export type FieldValue = string | number | boolean | null | Position;

/** Which rows of a declared index, and from where on. */
export interface IndexQuery<I extends string = string> {
  /** Name of a declared index of the model. */
  readonly index: I;
  /** Values of the first fields of the index, in its order. */
  readonly equals: readonly FieldValue[];
  /** A range of the field that follows `equals`. `among`: only these values of it, which may lie far apart. */
  readonly range?: {
    readonly from?: FieldValue;
    readonly to?: FieldValue;
    readonly after?: FieldValue;
    readonly among?: readonly FieldValue[];
  };
  readonly descending?: boolean;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** Which rows of an index are wanted where the index cannot tell. */
export interface Sieve<D> {
  keeps(document: D): boolean;
  /** At most this many rows are looked at for a page: it may have fewer rows than its limit, and still a next page. */
  readonly lookAt: number;
}

export interface Page<D> {
  readonly rows: readonly D[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

/** A document with the position of the last event that touched it. Null: that event deleted it. */
export interface Placed<D> {
  readonly document: D | null;
  readonly position: Position;
}

/** From where to where a checkpoint moves, and the epoch of who moves it. */
export interface CheckpointMove {
  readonly from: Position;
  readonly to: Position;
  readonly epoch: number;
}

/**
 * Documents of read models with their checkpoints. A store without transactions can keep this contract: documents may
 * be ahead of the checkpoint, never wrong. Each carries the position of the last event that touched it, and a builder
 * passes over the events that a document already contains, so a commit that was cut off is simply built again,
 * whatever the batches are then. A position of a document never goes back.
 */
export interface ReadStore {
  /** Creates tables and indexes for the models. Idempotent. */
  prepare(models: readonly ModelRef[]): Promise<void>;
  /**
   * Makes this epoch the only one that moves the checkpoint, and tells where it is. Epochs begin at 1; the same again
   * changes nothing.
   * @throws CheckpointMoved when a later epoch has it
   */
  takeOver(model: ModelRef, epoch: number): Promise<Position>;
  /** Position up to which the documents reflect the log; `START` for a model that was never built. */
  checkpoint(model: ModelRef): Promise<Position>;
  /** The checkpoints of many models in one look, in the order asked. */
  checkpoints(models: readonly ModelRef[]): Promise<readonly Position[]>;
  get<D extends Document>(model: ModelRef<D>, key: string): Promise<D | null>;
  /** What was never there is left out; what was deleted may be left out too. */
  getMany<D extends Document>(
    model: ModelRef<D>,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, Placed<D>>>;
  query<D extends Document, I extends string>(
    model: ModelRef<D, I>,
    query: IndexQuery<NoInfer<I>>,
    sieve?: Sieve<NoInfer<D>>,
  ): Promise<Page<D>>;
  /**
   * Writes documents and moves the checkpoint.
   * @throws CheckpointMoved when the checkpoint is elsewhere or another epoch has it; of the documents each is then
   * as it was or as it was to be, with the position that belongs to it
   */
  commit(
    model: ModelRef,
    changes: ReadonlyMap<string, Placed<Document>>,
    move: CheckpointMove,
  ): Promise<void>;
  /** Deletes documents and checkpoint of a model, for a rebuild. */
  drop(model: ModelRef): Promise<void>;
  /** A rebuildable cache of folded states; loading may answer null at any time. */
  loadSnapshot(stream: string): Promise<Snapshot | null>;
  saveSnapshot(snapshot: Snapshot): Promise<void>;
}

/** The folded state of a stream at a revision, in chunks below 1 MB each. */
export interface Snapshot {
  readonly stream: string;
  readonly schema: string;
  readonly revision: number;
  /** Position and id of the event at this revision: a log that holds another one there was restored from a backup. */
  readonly position: Position;
  readonly eventId: string;
  readonly chunks: readonly unknown[];
}
