import type { Db } from 'mongodb';
import { START, type Clock, type Milliseconds, type ModelRef, type Position } from '@seatbook/kernel';
import type { CheckpointDocument, Checkpoints } from './checkpoints.js';

/** Who builds an old version moves its checkpoint within this time, as long as there is something to fold. */
const UNMOVED_MS: Milliseconds = 24 * 3_600_000;
const TITLE = /^(.+)@(\d+)(?:\.\d+)?$/;

export interface OldVersionsOptions {
  readonly database: Db;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  /** Told of each old version that there is, and of each that is dropped, a line each. */
  readonly notice: (line: string) => void;
  /** Throws the documents of a model away. */
  readonly drop: (model: ModelRef) => Promise<void>;
}

interface OldVersion {
  readonly title: string;
  readonly model: ModelRef;
  readonly newer: ModelRef;
}

/**
 * Documents of versions that a build has newer ones of. During a rolling upgrade older processes build and serve them;
 * they are dropped at a start that finds them where they were at one a day before, with the newer version further on.
 */
export class OldVersions {
  readonly #told = new Set<string>();

  constructor(private readonly options: OldVersionsOptions) {}

  /** Looks for those of these models. */
  async review(models: readonly ModelRef[]): Promise<void> {
    for (const old of await this.#found(models)) await this.#reviewOne(old);
  }

  async #reviewOne({ title, model, newer }: OldVersion): Promise<void> {
    const { checkpoints, clock, notice, drop } = this.options;
    const now = clock.now();
    const place = await checkpoints.find(title);
    const position = place?.position ?? START;
    if (isLeft(place, now) && (await this.#positionOf(newer)) > position) {
      await drop(model);
      notice(`nobody has built the read model ${title} for a day: its documents were dropped`);
      return;
    }
    if (place && !isSeen(place, now)) await checkpoints.noteUnmoved(title, { position, at: now });
    if (this.#told.has(title)) return;
    this.#told.add(title);
    notice(
      `there are documents of ${title}, an old version of a read model: a start drops them when nobody has built it for a day`,
    );
  }

  async #found(models: readonly ModelRef[]): Promise<readonly OldVersion[]> {
    const newest = new Map(models.map((model) => [model.name, model]));
    const collections = await this.options.database.listCollections({}, { nameOnly: true }).toArray();
    const old = new Map<string, OldVersion>();
    for (const { name: collection } of collections) {
      const [, name = '', digits] = TITLE.exec(collection) ?? [];
      const newer = newest.get(name);
      const version = Number(digits);
      if (!newer || version >= newer.version) continue;
      const title = `${name}@${version}`;
      old.set(title, { title, model: { name, version, indexes: [] }, newer });
    }
    return [...old.values()];
  }

  async #positionOf({ name, version }: ModelRef): Promise<Position> {
    return (await this.options.checkpoints.find(`${name}@${version}`))?.position ?? START;
  }
}

/** An earlier start has noted that it is there. */
const isSeen = ({ position, unmoved }: CheckpointDocument, now: number): boolean =>
  unmoved?.position === position && unmoved.at <= now;

const isLeft = (place: CheckpointDocument | null, now: number): boolean =>
  place?.unmoved !== undefined && isSeen(place, now) && now - place.unmoved.at >= UNMOVED_MS;
