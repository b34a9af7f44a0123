import type { Instant } from '@seatbook/kernel';
import type { Fate } from '@seatbook/test-support/process-life';

/**
 * Calls of stores and of Apple's client that can be struck: those that write, and those that work is read from; each with
 * how many of its kind may pass before.
 */
export const STRUCK_CALLS = {
  'apple.associate': 1,
  'apple.disassociate': 0,
  'apple.status': 1,
  'apple.assets': 0,
  'apple.assignments': 0,
  'apple.clientConfig': 0,
  'apple.own': 0,
  'apple.release': 0,
  'apple.subscribe': 0,
  'directory.userIdsOf': 0,
  'events.append': 20,
  'events.readStream': 2,
  'leases.acquire': 1,
  'leases.beat': 0,
  'progress.saveCheckpoint': 10,
  'progress.takeOver': 0,
  'reads.commit': 20,
  'reads.getMany': 20,
  'reads.query': 3,
  'reads.takeOver': 2,
  'secrets.get': 0,
  'secrets.put': 0,
  'secrets.putIfAbsent': 0,
  'secrets.delete': 0,
} as const;

export type StruckCall = keyof typeof STRUCK_CALLS;

export const struckCalls = Object.keys(STRUCK_CALLS) as readonly StruckCall[];
/** Apple's client fails by what Apple does; here it is only the last call of a process. */
export const appleCalls = struckCalls.filter((call) => call.startsWith('apple.'));
export const storeCalls = struckCalls.filter((call) => !call.startsWith('apple.'));

const WRITES =
  /^(?:events\.(?:append|probe)|reads\.(?:commit|takeOver|saveSnapshot)|progress\.(?:saveCheckpoint|takeOver|park|unpark|requestRetry)|leases\.(?:acquire|beat|release)|secrets\.(?:put|putIfAbsent|delete)|directory\.userIdsOf)$/;
const READS =
  /^(?:events\.(?:readStream|readReferences|readAt|subscribe)|reads\.(?:get|getMany|query|checkpoint|checkpoints)|progress\.(?:parked|parkedStreams|retryRequests)|secrets\.(?:get|names))$/;

/** One stroke: the call of that name that comes after `skip` others, where it concerns a stream whose name begins so. */
export interface Stroke {
  readonly call: string;
  readonly fate: Exclude<Fate, 'well'>;
  readonly skip: number;
  readonly stream?: string | undefined;
}

/** What becomes of the calls of stores and of Apple's client: strokes of a moment, and disks that fail for a while. */
export class Weather {
  #strokes: { stroke: Stroke; left: number }[] = [];
  #moments: (Pick<Stroke, 'call' | 'stream'> & { left: number; readonly act: () => void })[] = [];
  #full: Instant = 0;
  #unreadable: Instant = 0;
  #viewsFull: Instant = 0;

  constructor(
    private readonly now: () => Instant,
    private readonly count: (what: string) => void,
    private readonly tell: (line: string) => void,
  ) {}

  /** Something else happens in the moment in which that call is made. */
  inTheMomentOf({ call, skip, stream }: Omit<Stroke, 'fate'>, act: () => void): void {
    this.#moments.push({ call, stream, left: skip, act });
  }

  plan(stroke: Stroke): void {
    this.#strokes.push({ stroke, left: stroke.skip });
  }

  /** No write succeeds until then. */
  fullUntil(at: Instant): void {
    this.#full = at;
  }

  /** No document is written until then. */
  viewsFullUntil(at: Instant): void {
    this.#viewsFull = at;
  }

  /** Nothing can be read until then. */
  unreadableUntil(at: Instant): void {
    this.#unreadable = at;
  }

  clear(): void {
    this.#strokes = [];
    this.#moments = [];
    this.#full = 0;
    this.#unreadable = 0;
    this.#viewsFull = 0;
  }

  #act(call: string, first: unknown): void {
    for (const moment of this.#moments) {
      const { call: wanted, stream = '', left, act } = moment;
      if (wanted !== call || !String(first).startsWith(stream)) continue;
      moment.left -= 1;
      if (left > 0) continue;
      this.#moments = this.#moments.filter((other) => other !== moment);
      act();
    }
  }

  fateOf(call: string, [first]: readonly unknown[], process: number): Fate {
    this.#act(call, first);
    if (this.#full > this.now() && WRITES.test(call)) {
      this.count('store fault: the disk is full');
      return 'fails';
    }
    if (this.#viewsFull > this.now() && WRITES.test(call) && call.startsWith('reads.')) {
      this.count('store fault: the views cannot be written');
      return 'fails';
    }
    if (this.#unreadable > this.now() && READS.test(call)) {
      this.count('store fault: the disk cannot be read');
      return 'fails';
    }
    for (const planned of this.#strokes) {
      const { call: wanted, fate, stream } = planned.stroke;
      if (wanted !== call || (stream !== undefined && !String(first).startsWith(stream))) continue;
      // The machine of an edge is not suspended.
      if (process < 0 && SUSPENDED.has(fate)) continue;
      if (planned.left > 0) {
        planned.left -= 1;
        continue;
      }
      this.#strokes = this.#strokes.filter((other) => other !== planned);
      const name = nameOf(call, fate);
      this.count(name);
      this.tell(`(${name})`);
      return fate;
    }
    return 'well';
  }
}

const SUSPENDED: ReadonlySet<Fate> = new Set(['sleeps-before', 'sleeps-after']);

function nameOf(call: string, fate: Exclude<Fate, 'well'>): string {
  if (fate === 'dies-before') return `crash: before ${call}`;
  if (fate === 'dies-after') return `crash: after ${call}`;
  if (fate === 'sleeps-before') return `suspended: before ${call}`;
  if (fate === 'sleeps-after') return `suspended: after ${call}`;
  return `store fault: ${call} ${fate === 'fails' ? 'fails' : 'answer lost'}`;
}
