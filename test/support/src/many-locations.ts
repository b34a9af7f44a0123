import type { Due, Random } from '@seatbook/kernel';
import type { NewEvent } from '@seatbook/runtime';
import { everyEvent } from './licensing-journey.js';

/** An append to a stream, as a store gets it. */
export interface WrittenAppend {
  readonly stream: string;
  readonly events: readonly NewEvent[];
  readonly before: number;
}

/** Locations that write at the same time. */
const AT_ONCE = 20;
const LONGEST_APPEND = 5;

/** Whatever names one thing of a location in the journey: each location has its own. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\b77(?:0000)(\d{10})\b/g, '77@$1'],
  [/\b36(\d{7})\b/g, '36@$1'],
  [/\b([Cc])02(?=[0-9A-Za-z])/g, '$1@'],
  [/\b(order)-([a-z])\b/g, '$1-@$2'],
  [/\b(call|import|sync|person|persons|install|remove|list|group|profile)-(\d+)\b/g, '$1-@$2'],
  [/\b(foreign)-(?=event-\d|C)/g, '$1-@'],
  [/\bcommand (\d+)\b/g, 'command @$1'],
  [/\b(n)(\d)\b/g, '$1@$2'],
  [/\b(p)-(\d)\b/g, '$1-@$2'],
  [/"(f)(\d)"/g, '"$1@$2"'],
  [/\b[0-9a-f]{4}([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b/g, '@$1'],
];

interface Written extends NewEvent {
  readonly stream: string;
  readonly revision: number;
}

/**
 * What many locations write into one log, until it holds that many events: each lives the journey that has every type of
 * event in it, with names of its own, and they take turns as chance has it.
 */
export function* manyLocations(count: number, random: Random): Generator<WrittenAppend> {
  const lines = everyEvent().log.envelopes.map((envelope) => JSON.stringify(envelope));
  const below = (limit: number): number => Math.floor(random() * limit);
  const writing: Written[][] = [];
  let begun = 0;
  for (let written = 0; written < count;) {
    while (writing.length < AT_ONCE) writing.push(locationOf(lines, (begun += 1)));
    const index = below(writing.length);
    const left = writing[index] ?? [];
    const stream = left[0]?.stream ?? '';
    const before = (left[0]?.revision ?? 0) - 1;
    const other = left.findIndex((event) => event.stream !== stream);
    const longest = Math.min(other < 0 ? left.length : other, count - written, 1 + below(LONGEST_APPEND));
    const events = left.splice(0, longest);
    if (left.length === 0) writing.splice(index, 1);
    written += events.length;
    yield { stream, before, events: events.map((event, at) => stamped(event, at === longest - 1, random)) };
  }
}

function locationOf(lines: readonly string[], number: number): Written[] {
  const own = String(number).padStart(4, '0');
  return lines.map((line) => {
    const renamed = NAMES.reduce((text, [name, by]) => text.replace(name, by.replace('@', own)), line);
    const { id, stream, revision, type, data, metadata } = JSON.parse(renamed) as Written;
    if (line.includes(`"stream":"${stream}"`)) throw new Error(`all locations would write to ${stream}`);
    return { id, stream, revision, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
  });
}

/** As the runtime stamps the last event of an append with what its stream waits for. */
function stamped({ id, type, data, metadata }: Written, last: boolean, random: Random): NewEvent {
  if (!last) return { id, type, data, metadata };
  const at = Math.floor(random() * 1e12);
  const due: Due = { step: 'poll', at, ...(random() < 0.5 && { gate: `account/${at % 10}` }) };
  const next = random() < 0.5 ? due : null;
  return { id, type, data, metadata: JSON.stringify({ ...(JSON.parse(metadata) as object), next }) };
}
