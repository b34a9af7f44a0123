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
  /** Told of each old version that there is, of each that is dropped, and of each model that is unknown, a line each. */
  readonly notice: (line: string) => void;
  /** Throws the documents of a model away. */
  readonly drop: (model: ModelRef) => Promise<void>;
}

interface OldVersion {
  readonly title: string;
  readonly model: ModelRef;
  readonly newer: ModelRef;
}

/** What there are documents of beside the models of a build. */
interface Others {
  readonly old: readonly OldVersion[];
  /** Titles of models that the build knows by no version. */
  readonly unknown: readonly string[];
}

/**
 * Documents of versions that a build has newer ones of. During a rolling upgrade older processes build and serve them;
 * they are dropped at a start that finds them where they were at one a day before, with the newer version further on.
 * Those of models that it does not know at all may be a newer build's: they are told of and stay.
 */
export class OldVersions {
  readonly #told = new Set<string>();

  constructor(private readonly options: OldVersionsOptions) {}

  /** @param models all that this build has */
  async review(models: readonly ModelRef[]): Promise<void> {
    const { old, unknown } = await this.#found(models);
    for (const one of old) await this.#reviewOne(one);
    for (const title of unknown)
      this.#tell(
        title,
        `there are documents of ${title}, a read model that this build does not know: if no newer build makes them, they may be dropped`,
      );
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
    this.#tell(
      title,
      `there are documents of ${title}, an old version of a read model: a start drops them when nobody has built it for a day`,
    );
  }

  #tell(title: string, line: string): void {
    if (this.#told.has(title)) return;
    this.#told.add(title);
    this.options.notice(line);
  }

  async #found(models: readonly ModelRef[]): Promise<Others> {
    const newest = new Map(models.map((model) => [model.name, model]));
    const collections = await this.options.database.listCollections({}, { nameOnly: true }).toArray();
    const old = new Map<string, OldVersion>();
    const unknown = new Set<string>();
    for (const { name: collection } of collections) {
      const [, name = '', digits] = TITLE.exec(collection) ?? [];
      if (name === '') continue;
      const version = Number(digits);
      const title = `${name}@${version}`;
      const newer = newest.get(name);
      if (!newer) unknown.add(title);
      else if (version < newer.version)
        old.set(title, { title, model: { name, version, indexes: [] }, newer });
    }
    return { old: [...old.values()], unknown: [...unknown] };
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
