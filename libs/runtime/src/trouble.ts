/** What keeps a runner from its work. */
export interface Trouble {
  /** Which runner of a worker, e.g. `reactor`. */
  readonly runner: string;
  readonly reason: string;
  /** It has given up; otherwise it keeps trying. */
  readonly halted: boolean;
}

/** Troubles that a lease carries; more say nothing that these do not. */
const MAX_TROUBLES = 50;

/** Troubles as a worker tells them with its leases: text; empty while all is well. */
export const writeTroubles = (troubles: readonly Trouble[]): string =>
  troubles.length === 0 ? '' : JSON.stringify(troubles.slice(0, MAX_TROUBLES));

/** What a worker has told. Text in another form, e.g. of another build, is shown as it is. */
export function readTroubles(status: string | null): readonly Trouble[] {
  if (status === null || status === '') return [];
  const told = parsed(status);
  return Array.isArray(told) && told.every(isTrouble)
    ? told
    : [{ runner: 'worker', reason: status, halted: false }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function isTrouble(value: unknown): value is Trouble {
  if (typeof value !== 'object' || value === null) return false;
  const { runner, reason, halted } = value as Partial<Record<keyof Trouble, unknown>>;
  return typeof runner === 'string' && typeof reason === 'string' && typeof halted === 'boolean';
}
