import type { Instant, Milliseconds } from '@seatbook/kernel';
import type { Trouble } from './trouble.js';

/** How a worker's requests to another system wait for their turn, of one of those that they are sent for. */
export interface Pace {
  /** For whom they are sent, e.g. a location's id. */
  readonly of: string;
  readonly queuedWrites: number;
  readonly queuedReads: number;
  readonly writesInFlight: number;
  readonly readsInFlight: number;
  /** How long the one has waited that waits for longest; 0 where none does. */
  readonly oldestWaitMs: Milliseconds;
  /** Nothing is sent before, because we were asked to wait; null: nobody asks for that. */
  readonly heldUntil: Instant | null;
}

/** What a worker tells of itself. */
export interface WorkerStatus {
  readonly troubles: readonly Trouble[];
  readonly paces: readonly Pace[];
}

/** Troubles that a lease carries; more say nothing that these do not. */
const MAX_TROUBLES = 50;
/** Paces that a lease carries: those where something waits for longest. */
export const MAX_PACES = 100;

/** What a worker tells with a lease: text; empty while all is well and nothing is under way. */
export function writeStatus({ troubles, paces }: WorkerStatus): string {
  if (troubles.length + paces.length === 0) return '';
  const longest = [...paces].sort((one, other) => other.oldestWaitMs - one.oldestWaitMs);
  return JSON.stringify({
    troubles: troubles.slice(0, MAX_TROUBLES),
    paces: longest.slice(0, MAX_PACES),
  });
}

/** What a worker has told. Text in another form, e.g. of another build, is shown as it is. */
export function readStatus(text: string | null): WorkerStatus {
  if (text === null || text === '') return { troubles: [], paces: [] };
  const { troubles, paces } = parsed(text);
  return Array.isArray(troubles) && troubles.every(isTrouble) && Array.isArray(paces) && paces.every(isPace)
    ? { troubles, paces }
    : { troubles: [{ runner: 'worker', reason: text, halted: false }], paces: [] };
}

function parsed(text: string): { readonly troubles?: unknown; readonly paces?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch {
    return {};
  }
}

function isTrouble(value: unknown): value is Trouble {
  if (typeof value !== 'object' || value === null) return false;
  const { runner, reason, halted } = value as Partial<Record<keyof Trouble, unknown>>;
  return typeof runner === 'string' && typeof reason === 'string' && typeof halted === 'boolean';
}

function isPace(value: unknown): value is Pace {
  if (typeof value !== 'object' || value === null) return false;
  const { of, heldUntil, ...counts } = value as Partial<Record<keyof Pace, unknown>>;
  const numbers = [
    counts.queuedWrites,
    counts.queuedReads,
    counts.writesInFlight,
    counts.readsInFlight,
    counts.oldestWaitMs,
    heldUntil ?? 0,
  ];
  return typeof of === 'string' && numbers.every((count) => typeof count === 'number');
}
