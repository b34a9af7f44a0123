import type { Document, IndexDeclaration, Position } from '@seatbook/kernel';

/** A read model as a store sees it. Its documents live under name and version, so two versions stand side by side. */
export interface ModelRef {
  readonly name: string;
  readonly version: number;
  readonly indexes: readonly IndexDeclaration[];
}

export type FieldValue = string | number | boolean | null;

/** Which rows of a declared index, and from where on. */
export interface IndexQuery {
  /** Name of a declared index of the model. */
  readonly index: string;
  /** Values of the first fields of the index, in its order. */
  readonly equals: readonly FieldValue[];
  /** A range of the field that follows `equals`. */
  readonly range?: { readonly from?: FieldValue; readonly to?: FieldValue; readonly after?: FieldValue };
  readonly descending?: boolean;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface Page<D> {
  readonly rows: readonly D[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

/**
 * Documents of read models with their checkpoints. Documents and checkpoint of one commit become visible together;
 * the checkpoint moves by compare-and-set, so of two builders one loses and nothing is applied twice.
 */
export interface ReadStore {
  /** Makes room and indexes for the models. Repeatable. */
  prepare(models: readonly ModelRef[]): Promise<void>;
  /** Position up to which the documents reflect the log; 0 for a model that was never built. */
  checkpoint(model: ModelRef): Promise<Position>;
  get<D extends Document>(model: ModelRef, key: string): Promise<D | null>;
  getMany<D extends Document>(model: ModelRef, keys: readonly string[]): Promise<Map<string, D>>;
  query<D extends Document>(model: ModelRef, query: IndexQuery): Promise<Page<D>>;
  /**
   * Writes documents (null deletes) and moves the checkpoint from `from` to `to`.
   * @throws CheckpointMoved when the checkpoint is not at `from`; nothing is written then
   */
  commit(
    model: ModelRef,
    changes: ReadonlyMap<string, Document | null>,
    from: Position,
    to: Position,
  ): Promise<void>;
  /** Forgets documents and checkpoint of a model, for a rebuild. */
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
  readonly chunks: readonly unknown[];
}

export class CheckpointMoved extends Error {
  constructor(model: ModelRef, expected: Position, actual: Position) {
    super(
      `the checkpoint of ${model.name}@${model.version} is at ${actual}, not at ${expected}: another builder is at work`,
    );
    this.name = 'CheckpointMoved';
  }
}

/** A cursor is text that a client hands back; one that was never given out is the client's mistake. */
export class InvalidCursor extends Error {
  constructor() {
    super('this cursor does not belong to this query');
    this.name = 'InvalidCursor';
  }
}
