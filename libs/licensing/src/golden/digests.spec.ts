import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  categoryOf,
  sha256,
  type Document,
  type DomainEvent,
  type Envelope,
  type ReadModel,
  type SnapshotCodec,
} from '@seatbook/kernel';
import { writing } from '@seatbook/test-support/checked-in';
import { everyEvent } from '@seatbook/test-support/licensing-journey';
import { folded } from '@seatbook/test-support/read-model-spec';
import { licensingEventTypes, licensingRegistry, licensingStreams, licensingModels } from '../licensing.js';
import { DEFAULT_TIMINGS } from '../timings.js';

/**
 * Documents and snapshots are kept across upgrades under the version of their fold. A fold that gives something else
 * from the same events under the same version would leave old and new documents side by side, and nobody would notice.
 * So a history is checked in, and with it a digest of what each fold makes of it.
 */
interface Digest {
  readonly version: number;
  readonly digest: string;
}

const FOLDER = dirname(fileURLToPath(import.meta.url));
const HISTORY = join(FOLDER, 'history.jsonl');
const DIGESTS = join(FOLDER, 'digests.json');
const snapshotFile = (category: string, version: number): string =>
  join(FOLDER, `${category}-snapshot.v${version}.json`);

type Model = ReadModel<Document>;
const models = licensingModels;
const registry = licensingRegistry();
const kinds = Object.values(licensingStreams(DEFAULT_TIMINGS));

function historyIn(file: string): Envelope[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const event = JSON.parse(line) as Envelope;
      return { ...event, data: registry.upcast(event) };
    });
}

/** Keys in order, so that the order in which a fold sets its fields does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}

function digestOf(model: Model, history: readonly Envelope[]): Digest {
  const rows = [...folded(model, history)].sort(([a], [b]) => (a < b ? -1 : 1));
  return { version: model.version, digest: sha256(JSON.stringify([sorted(rows), model.indexes])) };
}

/** What is wrong with a model against the digest that is checked in; null when nothing is. */
function problemOf(model: Model, known: Digest | undefined, history: readonly Envelope[]): string | null {
  if (!known) return `${model.name} has no digest: npm run goldens`;
  const today = digestOf(model, history);
  if (today.version !== known.version) return `the version of ${model.name} was raised: npm run goldens`;
  if (today.digest === known.digest) return null;
  return `${model.name} makes other documents of the same events under version ${model.version}: raise its version, then npm run goldens`;
}

interface Snapshotted {
  readonly category: string;
  readonly codec: SnapshotCodec<unknown>;
  /** Chunks by stream, as the codec saves them today. */
  readonly saved: Readonly<Record<string, readonly unknown[]>>;
}

function snapshotsOf(history: readonly Envelope[]): Snapshotted[] {
  return kinds.flatMap((kind) => {
    if (!('snapshot' in kind)) return [];
    const codec = kind.snapshot as SnapshotCodec<unknown>;
    const decider = kind.decider as unknown as {
      initial(): unknown;
      evolve(state: unknown, event: DomainEvent): unknown;
    };
    const states = new Map<string, unknown>();
    for (const event of history) {
      if (categoryOf(event.stream) !== kind.category) continue;
      states.set(event.stream, decider.evolve(states.get(event.stream) ?? decider.initial(), event));
    }
    const saved = Object.fromEntries([...states].map(([stream, state]) => [stream, codec.save(state)]));
    return [{ category: kind.category, codec, saved }];
  });
}

/** A snapshot as text that can be compared, and its fixture as the same. */
const textOf = ({ saved }: Snapshotted): string => JSON.stringify(sorted(saved));
const fixtureIn = (file: string): string => JSON.stringify(sorted(JSON.parse(readFileSync(file, 'utf8'))));

// Brought up to date by `npm run goldens`. It refuses what would hide a changed fold: that needs a raised version first.
if (writing) {
  const known = existsSync(DIGESTS)
    ? (JSON.parse(readFileSync(DIGESTS, 'utf8')) as Record<string, Digest>)
    : {};
  const old = historyIn(HISTORY);
  const refused = models.flatMap((model) => {
    const problem = known[model.name] ? problemOf(model, known[model.name], old) : null;
    return problem?.includes('under version') ? [problem] : [];
  });
  for (const snapshot of snapshotsOf(old)) {
    const file = snapshotFile(snapshot.category, snapshot.codec.version);
    if (existsSync(file) && fixtureIn(file) !== textOf(snapshot))
      refused.push(`the snapshot of ${snapshot.category} changed: raise its version, then npm run goldens`);
  }
  if (refused.length > 0) throw new Error(refused.join('\n'));
  const covered = new Set(old.map(({ type }) => type));
  const history = licensingEventTypes.every(({ type }) => covered.has(type))
    ? old
    : everyEvent().log.envelopes;
  writeFileSync(HISTORY, history.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const today = historyIn(HISTORY);
  writeFileSync(
    DIGESTS,
    `${JSON.stringify(Object.fromEntries(models.map((model) => [model.name, digestOf(model, today)])), null, 2)}\n`,
  );
  for (const snapshot of snapshotsOf(today))
    writeFileSync(
      snapshotFile(snapshot.category, snapshot.codec.version),
      `${JSON.stringify(sorted(snapshot.saved), null, 2)}\n`,
    );
}

const history = historyIn(HISTORY);
const digests = JSON.parse(readFileSync(DIGESTS, 'utf8')) as Record<string, Digest>;

describe('folds and their versions', () => {
  it('are tried on a history in which every type of event occurs', () => {
    const covered = new Set(history.map(({ type }) => type));
    expect(licensingEventTypes.filter(({ type }) => !covered.has(type)).map(({ type }) => type)).toEqual([]);
  });

  it.each(models.map((model): [string, Model] => [model.name, model]))(
    'the documents of %s are those of its version',
    (name, model) => {
      expect(problemOf(model, digests[name], history)).toBeNull();
    },
  );

  it.each(snapshotsOf(history).map((one): [string, Snapshotted] => [one.category, one]))(
    'the snapshot of %s is that of its version, and loads to what was saved',
    (category, snapshot) => {
      const { codec, saved } = snapshot;
      const file = snapshotFile(category, codec.version);
      const said = existsSync(file) ? fixtureIn(file) : 'no fixture: npm run goldens';
      // Another text under the same version: raise the version of the snapshot, then npm run goldens.
      expect(textOf(snapshot)).toBe(said);
      for (const chunks of Object.values(saved)) {
        const kept = JSON.parse(JSON.stringify(chunks)) as unknown[];
        expect(codec.save(codec.load(kept))).toEqual(kept);
      }
    },
  );
});

describe('a fold that was changed by mistake', () => {
  const [assets] = licensingModels.filter(({ name }) => name === 'assets') as unknown as [Model];

  it('is caught while its version is the old one, and told what to do', () => {
    const changed: Model = {
      ...assets,
      changesBy: (event) =>
        assets.changesBy(event).map(({ key, evolve }) => ({
          key,
          evolve: (document) => {
            const after = evolve(document);
            return after && { ...after, short: true };
          },
        })),
    };
    expect(problemOf(changed, digests['assets'], history)).toMatch(
      /assets makes other documents .* raise its version, then npm run goldens/,
    );
    const raised = { ...changed, version: assets.version + 1 };
    expect(problemOf(raised, digestOf(raised, history), history)).toBeNull();
  });

  it('is caught when its indexes changed: they are made once for a version', () => {
    const changed = { ...assets, indexes: [...assets.indexes, { name: 'by-short', fields: ['short'] }] };
    expect(problemOf(changed as Model, digests['assets'], history)).toMatch(/raise its version/);
  });

  it('is caught when it leaves out an event', () => {
    const forgetful: Model = {
      ...assets,
      changesBy: (event) => (event.type === 'asset.totals-read' ? [] : assets.changesBy(event)),
    };
    expect(problemOf(forgetful, digests['assets'], history)).toMatch(/raise its version/);
  });
});
