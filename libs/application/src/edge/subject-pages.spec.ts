import { START, asPosition, numberOf, type Envelope, type Position } from '@seatbook/kernel';
import {
  licensingRegistry,
  queryModels,
  timelineSubjects,
  subjectOf,
  timelinesOf,
  type Subject,
} from '@seatbook/licensing';
import { EventLog, Processor, type LoggedEvent } from '@seatbook/runtime';
import { everyEvent } from '@seatbook/test-support/licensing-journey';
import { until } from '@seatbook/test-support/let-happen';
import { seededIds } from '@seatbook/test-support/seeded-random';
import { openTemporaryStores } from '@seatbook/test-support/temporary-stores';
import { VirtualClock } from '@seatbook/test-support/virtual-clock';
import { Foundation } from '../foundation/foundation.js';
import { SeatbookEdge } from './seatbook-edge.js';
import { subjectPage, subjectPages, type Place } from './subject-pages.js';

const journey = everyEvent().log.envelopes;
const clock = new VirtualClock();

const everySubject = journey
  .flatMap(timelineSubjects)
  .map((subject): [string, Subject] => [subjectOf(subject.kind, subject.id), subject]);
/** All that have a stream of their own, and some of the holders, of which there are thousands. */
const all = [...new Map(everySubject).values()];
const holders = all.filter(({ kind }) => kind === 'holder').slice(0, 12);
const subjects = [...all.filter(({ kind }) => kind !== 'holder'), ...holders];
/** Positions of a subject's events, as a look at every event finds them. */
const expected = ({ kind, id }: Subject): Position[] =>
  journey.filter((event) => timelinesOf(event).includes(subjectOf(kind, id))).map(({ position }) => position);
const positions = (events: readonly LoggedEvent[]): Position[] => events.map(({ position }) => position);

let edge: SeatbookEdge;
let close: () => Promise<void>;

beforeAll(async () => {
  const temporary = await openTemporaryStores(clock);
  ({ close } = temporary);
  const { stores } = temporary;
  for (const event of journey) {
    const { id, type, stream, revision } = event;
    const [data, metadata] = [JSON.stringify(event.data), JSON.stringify(event.metadata)];
    const expectedRevision = revision === 0 ? 'absent' : revision - 1;
    await stores.events.append(stream, [{ id, type, data, metadata }], expectedRevision);
  }
  const events = new EventLog(stores.events, licensingRegistry());
  const models = [queryModels.timeline];
  const processor = new Processor({ events, reads: stores.reads, models, clock, log: () => undefined });
  await processor.start();
  const head = await stores.events.head();
  await until(clock, 'the timeline at the end', () => processor.position('timeline') >= head);
  await processor.stop();
  edge = new SeatbookEdge(new Foundation({ stores, clock, ids: seededIds(1) }), {});
});
afterAll(() => close());

async function walked(
  subject: Subject,
  newestFirst: boolean,
  limit: number,
  upTo: Position,
): Promise<readonly LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  let from: Place | null = null;
  do {
    const page: Awaited<ReturnType<typeof subjectPage>> = await subjectPage(edge, {
      subject,
      newestFirst,
      from,
      upTo,
      limit,
    });
    expect(page.events.length).toBeLessThanOrEqual(limit);
    if (page.next !== null) expect(page.events.length).toBe(limit);
    found.push(...page.events);
    from = page.next;
  } while (from !== null);
  return found;
}

describe('the events of a subject', () => {
  const last = numberOf(journey.at(-1)?.position ?? START);

  it('are those of its own stream and those of others, in order, whatever the pages are', async () => {
    for (const subject of subjects) {
      const known = expected(subject);
      for (const limit of [1, 2, 3, 7, 500]) {
        const upTo = asPosition(last);
        expect([subject, limit, positions(await walked(subject, false, limit, upTo))]).toEqual([
          subject,
          limit,
          known,
        ]);
        expect(positions(await walked(subject, true, limit, upTo))).toEqual([...known].reverse());
      }
    }
  }, 60_000);

  it('are whole events', async () => {
    const [subject] = subjects;
    if (!subject) throw new Error('no subject');
    const [event] = await walked(subject, false, 1, asPosition(last));
    expect(event).toEqual(journey.find(({ position }) => position === event?.position) as Envelope);
  });

  it('end where the timeline ends that they are taken from', async () => {
    for (const subject of subjects) {
      for (const end of [1, last >> 1, last - 1].map(asPosition)) {
        const known = expected(subject).filter((position) => position <= end);
        expect(positions(await walked(subject, false, 3, end))).toEqual(known);
        expect(positions(await walked(subject, true, 3, end))).toEqual(known.reverse());
      }
    }
  }, 60_000);

  it('go on behind any position', async () => {
    for (const subject of subjects) {
      for (const after of [START, ...[1, last >> 1, last].map(asPosition)]) {
        const found: Position[] = [];
        for await (const page of subjectPages(edge, subject, after)) found.push(...positions(page));
        expect(found).toEqual(expected(subject).filter((position) => position > after));
      }
    }
  }, 60_000);
});
