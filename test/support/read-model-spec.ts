import { EventRegistry, type Document, type DomainEvent, type Envelope, type ReadModel } from '@seatbook/kernel';
import { PROCESSOR_DEFAULTS, Processor, type NewEvent } from '@seatbook/runtime';
import { EventLog } from './event-log.js';
import { openTemporaryStores } from './temporary-stores.js';
import { VirtualClock } from './virtual-clock.js';

/** No event touches more documents of any model. */
export const MAX_KEYS = 1_100;

type AnyModel = ReadModel<Document>;

/** Folds a log into the documents of a model, as a processor does it: only handled types, documents kept as JSON. */
export function folded(model: AnyModel, log: readonly Envelope[]): Map<string, Document> {
  const handles = new Set<string>(model.handles);
  const texts = new Map<string, string>();
  for (const envelope of log) {
    if (!handles.has(envelope.type) && !handles.has('*')) continue;
    const keys = model.keysOf(envelope);
    if (keys.length > MAX_KEYS) throw new Error(`${envelope.type} touches ${keys.length} keys of ${model.name}`);
    if (new Set(keys).size < keys.length) throw new Error(`${envelope.type} names a key of ${model.name} twice`);
    for (const key of keys) {
      const before = texts.get(key);
      const after = model.evolve(before === undefined ? null : (JSON.parse(before) as Document), envelope, key);
      if (after === null) texts.delete(key);
      else texts.set(key, JSON.stringify(after));
    }
  }
  return new Map([...texts].map(([key, text]) => [key, JSON.parse(text) as Document]));
}

/** Events as they come from the log: decoded anew, so that nothing remembered for an object can matter. */
const decoded = (log: readonly Envelope[]): Envelope[] => JSON.parse(JSON.stringify(log)) as Envelope[];

/** Documents of a model after a log; the same whether it is replayed or built in batches of any size. */
export async function documentsOf<D extends Document, E extends DomainEvent>(
  typed: ReadModel<D, E>,
  log: EventLog,
  registry = new EventRegistry(),
): Promise<Map<string, D>> {
  const model = typed as unknown as AnyModel;
  const once = folded(model, log.envelopes);
  expect(folded(model, decoded(log.envelopes))).toEqual(once);
  for (const batchEvents of [1, 2, 7, 1_000]) {
    expect(await built(model, log.envelopes, registry, { batchEvents, batchKeys: batchEvents === 7 ? 3 : 5_000 })).toEqual(once);
  }
  return once as Map<string, D>;
}

/** Documents as a real processor builds them on a real store. */
export async function built(
  model: AnyModel,
  log: readonly Envelope[],
  registry: EventRegistry,
  options: { batchEvents: number; batchKeys: number },
): Promise<Map<string, Document>> {
  const clock = new VirtualClock();
  const { stores, close } = await openTemporaryStores(clock);
  try {
    for (const event of log) await stores.events.append(event.stream, [asNew(event)], event.revision === 0 ? 'absent' : event.revision - 1);
    const processor = new Processor(stores.events, stores.reads, registry, [model], clock, { ...PROCESSOR_DEFAULTS, ...options });
    await processor.start();
    const head = log.length;
    for (let round = 0; processor.position(model.name) < head; round += 1) {
      const [status] = processor.status();
      if (round > 10_000 || status?.halted) throw new Error(`${model.name} stands at ${status?.position}: ${status?.halted}`);
      const next = clock.next(Infinity);
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (next !== null && round % 100 === 99) clock.moveTo(next);
    }
    await processor.stop();
    const keys = new Set(log.flatMap((envelope) => keysIn(model, envelope)));
    return await stores.reads.getMany<Document>(model, [...keys]);
  } finally {
    await close();
  }
}

function keysIn(model: AnyModel, envelope: Envelope): readonly string[] {
  return model.handles.includes(envelope.type) || model.handles.includes('*') ? model.keysOf(envelope) : [];
}

const asNew = ({ id, type, data, metadata }: Envelope): NewEvent => ({
  id,
  type,
  data: JSON.stringify(data),
  metadata: JSON.stringify(metadata),
});
