import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  categoryOf,
  nextOf,
  type Command,
  type Decider,
  type Document,
  type DomainEvent,
  type Envelope,
} from '@seatbook/kernel';
import { writing } from '@seatbook/test-support/checked-in';
import { everyEvent } from '@seatbook/test-support/licensing-journey';
import { folded } from '@seatbook/test-support/read-model-spec';
import { licensingEventTypes, licensingRegistry, licensingStreams, licensingModels } from '../licensing.js';
import { DEFAULT_TIMINGS } from '../timings.js';

/** An event as some version of the product wrote it, and where it stands in the journey. */
interface Fixture {
  readonly type: string;
  readonly version: number;
  readonly stream: string;
  readonly revision: number;
  readonly data: unknown;
}

const FOLDER = dirname(fileURLToPath(import.meta.url));
const fileOf = (type: string, version: number): string => join(FOLDER, `${type}.v${version}.json`);
const registry = licensingRegistry();
const journey = everyEvent().log.envelopes;
const versions = licensingEventTypes.flatMap(({ type, version }) =>
  Array.from({ length: version }, (_older, index): [string, number] => [type, index + 1]),
);
const models = licensingModels;

// For a new type or version of an event: `npm run goldens`. What is there is never changed.
if (writing) {
  for (const { type, version } of licensingEventTypes) {
    const sample = journey.find((event) => event.type === type);
    if (!sample || existsSync(fileOf(type, version))) continue;
    const { stream, revision, data } = sample;
    writeFileSync(
      fileOf(type, version),
      `${JSON.stringify({ type, version, stream, revision, data }, null, 2)}\n`,
    );
  }
}

const fixtureOf = (type: string, version: number): Fixture =>
  JSON.parse(readFileSync(fileOf(type, version), 'utf8')) as Fixture;

/** The keys of a value at every depth; lists count by what they hold, values not at all. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const shapes = new Set(value.map((part) => JSON.stringify(shapeOf(part))));
    return [...shapes].sort();
  }
  if (typeof value !== 'object' || value === null) return '';
  const keys = Object.keys(value).sort() as (keyof typeof value)[];
  return Object.fromEntries(keys.map((key) => [key, shapeOf(value[key])]));
}

/** The same keys; where one side has nothing (null, no entries), there is nothing to compare. */
function sameShape(one: unknown, other: unknown): boolean {
  const empty = (shape: unknown): boolean => shape === '' || (Array.isArray(shape) && shape.length === 0);
  if (empty(one) || empty(other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) return one.some((shape) => other.includes(shape));
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other;
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => key in right && sameShape(left[key], right[key]))
  );
}

/** The journey with one event as the fixture has it, lifted to today's version. */
function journeyWith({ type, version, stream, revision, data }: Fixture): Envelope[] {
  const lifted = registry.upcast({ type, stream, data, metadata: { version } });
  return journey.map((event) =>
    event.stream === stream && event.revision === revision ? { ...event, type, data: lifted } : event,
  );
}

describe('events as earlier versions of the product wrote them', () => {
  it.each(versions)('%s of version %i has a fixture', (type, version) => {
    expect(existsSync(fileOf(type, version))).toBe(true);
    expect(fixtureOf(type, version)).toMatchObject({ type, version });
  });

  it('are all of registered types', () => {
    const files = readdirSync(FOLDER).filter((name) => /^[a-zA-Z]+\.[a-z-]+\.v\d+\.json$/.test(name));
    expect(files.sort()).toEqual(versions.map(([type, version]) => `${type}.v${version}.json`).sort());
  });

  it.each(versions)('%s of version %i has, lifted, the shape that is written today', (type, version) => {
    const lifted = shapeOf(registry.upcast({ ...fixtureOf(type, version), metadata: { version } }));
    const samples = journey.filter((event) => event.type === type).map(({ data }) => shapeOf(data));
    expect(samples).not.toEqual([]);
    expect(samples.filter((sample) => sameShape(sample, lifted))).not.toEqual([]);
  });

  it.each(versions)('%s of version %i folds in its decider', (type, version) => {
    const fixture = fixtureOf(type, version);
    const kind = Object.values(licensingStreams(DEFAULT_TIMINGS)).find(
      ({ category }) => category === categoryOf(fixture.stream),
    );
    const decider = kind?.decider as Decider<Command, object, DomainEvent>;
    const fold = (log: readonly Envelope[]): object =>
      log
        .filter(({ stream }) => stream === fixture.stream)
        .reduce((before, event) => decider.evolve(before, event), decider.initial());
    const events = journeyWith(fixture);
    expect(
      events.find(({ stream, revision }) => stream === fixture.stream && revision === fixture.revision),
    ).toMatchObject({ type });
    const state = fold(events);
    expect(Object.keys(state)).toEqual(Object.keys(fold(journey)));
    const steps = kind?.steps;
    expect(nextOf(steps ?? {}, state) ?? { step: 'none' }).toMatchObject({
      step: expect.any(String) as string,
    });
  });

  it.each(versions)('%s of version %i folds in every read model', (type, version) => {
    const log = journeyWith(fixtureOf(type, version));
    for (const model of models) {
      const documents = folded(model, log);
      const today: ReadonlyMap<string, Document> = folded(model, journey);
      expect([...documents.keys()]).toEqual([...today.keys()]);
    }
  });

  it('name no person and no secret', () => {
    const text = versions.map(([type, version]) => readFileSync(fileOf(type, version), 'utf8')).join('');
    expect(text).not.toMatch(/email|clientUserId|idHash|"(?:s?token|secret)"/i);
  });
});
