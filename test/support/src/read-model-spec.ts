import {
  EventRegistry,
  type Document,
  type DomainEvent,
  type Envelope,
  type ReadModel,
  asPosition,
} from '@seatbook/kernel';
import { EventLog as StoredEventLog, Processor, type NewEvent } from '@seatbook/runtime';
import { EventLog } from './event-log.js';
import { until } from './let-happen.js';
import { openTemporaryStores } from './temporary-stores.js';
import { VirtualClock } from './virtual-clock.js';

/** No event touches more documents of any model: 1,000 holders, each with an outcome for two orders, and their subjects. */
export const MAX_KEYS = 2_100;

type AnyModel = ReadModel<Document>;

/** Folds a log into the documents of a model, as a processor does it: documents kept as JSON. */
export function folded(model: AnyModel, log: readonly Envelope[]): Map<string, Document> {
  const texts = new Map<string, string>();
  for (const envelope of log) {
    const changes = model.changesBy(envelope);
    if (changes.length > MAX_KEYS)
      throw new Error(`${envelope.type} touches ${changes.length} documents of ${model.name}`);
    if (new Set(changes.map(({ key }) => key)).size < changes.length)
      throw new Error(`${envelope.type} names a key of ${model.name} twice`);
    for (const change of changes) {
      const before = texts.get(change.key);
      const after = change.evolve(before === undefined ? null : (JSON.parse(before) as Document));
      if (after === null) texts.delete(change.key);
      else {
        checkKey(model, change.key, after);
        texts.set(change.key, JSON.stringify(after));
      }
    }
  }
  return new Map([...texts].map(([key, text]) => [key, JSON.parse(text) as Document]));
}

/** A store may make a key of the document's fields. */
function checkKey({ name, key: parts }: AnyModel, key: string, document: Document): void {
  if (!parts) return;
  const values = Object.entries(parts).map(([field, part]) => {
    const value = (document as Readonly<Record<string, unknown>>)[field];
    if (typeof value !== (part === 'number' ? 'number' : 'string'))
      throw new Error(`${field} in the key ${key} of ${name} is no ${part}`);
    return value;
  });
  if (values.join('|') !== key) throw new Error(`the key ${key} of ${name} is not made of its fields`);
}

/** Events as they come from the log: freshly decoded, so that nothing can be remembered by object identity. */
const decoded = (log: readonly Envelope[]): Envelope[] => JSON.parse(JSON.stringify(log)) as Envelope[];

/** How a real processor cuts a log. */
const SPLITS = [
  { batchEvents: 1, batchKeys: 5_000 },
  { batchEvents: 2, batchKeys: 5_000 },
  { batchEvents: 7, batchKeys: 3 },
  { batchEvents: 1_000, batchKeys: 5_000 },
];

/** Documents of a model after a log; the same whether it is replayed or built in batches of any size. */
export async function documentsOf<D extends Document, E extends DomainEvent>(
  typed: ReadModel<D, E>,
  log: EventLog,
  registry = registryOf(log),
): Promise<Map<string, D>> {
  const model = typed as unknown as AnyModel;
  const once = folded(model, log.envelopes);
  expect(folded(model, decoded(log.envelopes))).toEqual(once);
  const clock = new VirtualClock();
  const { stores, close } = await openTemporaryStores(clock);
  try {
    // One after the other in the queue of the log, which writes them together.
    await Promise.all(
      log.envelopes.map((event) =>
        stores.events.append(
          event.stream,
          [asNew(event)],
          event.revision === 0 ? 'absent' : event.revision - 1,
        ),
      ),
    );
    const keys = [
      ...new Set(log.envelopes.flatMap((envelope) => model.changesBy(envelope).map(({ key }) => key))),
    ];
    for (const [index, split] of SPLITS.entries()) {
      const version: AnyModel = { ...model, version: model.version + index };
      const events = new StoredEventLog(stores.events, registry);
      const processor = new Processor({
        events,
        reads: stores.reads,
        models: [version],
        clock,
        log: () => undefined,
        limits: split,
      });
      await processor.start();
      await until(clock, `${model.name} at the end of the log`, () => {
        const [status] = processor.status();
        if (status?.halted) throw new Error(`${model.name} stands at ${status.position}: ${status.halted}`);
        return processor.position(model.name) >= asPosition(log.envelopes.length);
      });
      await processor.stop();
      const built = await stores.reads.getMany(version, keys);
      expect(new Map([...built].map(([key, { document }]) => [key, document]))).toEqual(once);
    }
  } finally {
    await close();
  }
  return once as Map<string, D>;
}

/** Knows every type of the log at its first version. */
const registryOf = ({ envelopes }: EventLog): EventRegistry =>
  new EventRegistry(
    [...new Set(envelopes.map(({ type }) => type))].map((type) => ({ type, version: 1, upcasters: [] })),
  );

const asNew = ({ id, type, data, metadata }: Envelope): NewEvent => ({
  id,
  type,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
});
