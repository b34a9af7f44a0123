import type { Instant } from '@seatbook/kernel';
import type { ActivationEvent } from './activation-events.js';

/**
 * A person at one location. `creating` and `retiring` are open work, or in a call, and so may be who is updated; `leaving` waits for what goes back
 * first; `failed` was never created.
 */
export type ActivationState =
  'creating' | 'invited' | 'associated' | 'leaving' | 'retiring' | 'retired' | 'failed';

interface Activated {
  state: ActivationState;
  /** The lot of open work that the person is in; null in a call, and where nothing is to be done. */
  lot: number | null;
  callId: string | null;
  /** The person has an Apple Account by now. */
  associated: boolean;
  /** To be retired as soon as the call that creates the person is over. */
  leaves: boolean;
  /** Apple is to be told of what has changed as soon as the call is over that has the person, or the account is back. */
  changed: boolean;
  /** Times that Apple put it off for reasons of its own. */
  tries: number;
}

/** Whom Apple knows at one location, by our ids; changed in place. */
export interface Activation {
  uId: string;
  readonly persons: Map<string, Activated>;
  nextLot: number;
  /** Its account is given up or removed. */
  closed: boolean;
  returns: number;
  /** Something was asked back since what leaving persons hold was looked at last. */
  asked: boolean;
  /** Looks in a row that found something to ask back, the last one included. */
  asks: number;
  /** When what leaving persons hold is looked at. */
  lookAt: Instant;
  /** When it is read what has become of them at Apple. */
  readAt: Instant;
  /** The version of the location's persons from which on that is read; null: all are. */
  deltaFrom: string | null;
  /** Reads in a row that failed. */
  failedReads: number;
}

export const noActivation = (): Activation => ({
  uId: '',
  persons: new Map(),
  nextLot: 1,
  closed: false,
  returns: 0,
  asked: false,
  asks: 0,
  lookAt: 0,
  readAt: 0,
  deltaFrom: null,
  failedReads: 0,
});

export const weighActivation = ({ persons }: Activation): number => 1_000 + 200 * persons.size;

/** Apple knows the person, who is neither to be retired nor on the way to that. */
export const KNOWN: readonly ActivationState[] = ['invited', 'associated'];

/** Those in one of these states, up to a number of them. */
export function inState(
  wanted: readonly ActivationState[],
  { persons }: Activation,
  limit = Infinity,
): string[] {
  const found: string[] = [];
  for (const [userId, { state }] of persons) {
    if (wanted.includes(state)) found.push(userId);
    if (found.length === limit) break;
  }
  return found;
}

export function evolveActivation(activation: Activation, event: ActivationEvent): Activation {
  const { persons } = activation;
  note(activation, event);
  if (event.type === 'activation.ordered') {
    for (const userId of event.data.userIds) persons.set(userId, { ...NEW, lot: event.data.lot });
  } else if (event.type === 'activation.withdrawn') {
    for (const userId of event.data.userIds) persons.delete(userId);
  } else if ('userIds' in event.data) {
    for (const userId of event.data.userIds) {
      // Somebody whom another tool has registered at Apple, and who leaves.
      if (event.type === 'activation.leaving' && !persons.has(userId))
        persons.set(userId, { ...NEW, state: 'leaving' });
      const person = persons.get(userId);
      if (person) Object.assign(person, changeOf(person, event));
    }
  }
  return activation;
}

/** What an event changes beside its persons. */
function note(activation: Activation, event: ActivationEvent): void {
  activation.uId = event.data.uId;
  if ('lot' in event.data) activation.nextLot = event.data.lot + 1;
  switch (event.type) {
    case 'activation.leaving':
      activation.lookAt = event.data.at;
      activation.asked = false;
      activation.asks = 0;
      break;
    case 'activation.closed':
      activation.closed = true;
      break;
    case 'activation.opened':
      activation.closed = false;
      break;
    case 'activation.return-asked':
      activation.returns += 1;
      // Of several assets, in one look.
      if (!activation.asked) activation.asks += 1;
      activation.asked = true;
      break;
    case 'activation.return-awaited':
      activation.lookAt = event.data.lookAt;
      activation.asked = false;
      break;
    case 'activation.retirement-opened':
      activation.asks = 0;
      activation.asked = false;
      break;
    case 'activation.created':
      activation.readAt = 0;
      break;
    case 'activation.acceptance-read':
      activation.readAt = event.data.nextAt;
      if (event.data.deltaFrom !== undefined) activation.deltaFrom = event.data.deltaFrom;
      activation.failedReads = event.data.reason === null ? 0 : activation.failedReads + 1;
      break;
    default:
      break;
  }
}

/** What becomes of a person whom an event names. */
function changeOf(person: Activated, event: ActivationEvent): Partial<Activated> {
  const active = person.associated ? 'associated' : 'invited';
  switch (event.type) {
    case 'activation.leaving':
      // One that is being created leaves when that is over.
      // What an update of one comes to is nobody's concern any more.
      return person.state === 'creating'
        ? { leaves: true }
        : { state: 'leaving', leaves: false, changed: false, callId: null };
    case 'activation.retirement-opened':
      return { state: 'retiring', lot: event.data.lot, tries: 0 };
    case 'activation.update-opened':
      return { lot: event.data.lot, changed: false, tries: 0 };
    case 'activation.update-noted':
      return { changed: true };
    case 'activation.update-withdrawn':
      return { lot: null, changed: true };
    case 'activation.claimed':
      return { callId: event.data.callId, lot: null, changed: false };
    case 'activation.claims-released': {
      const { lot, limit } = event.data;
      return { callId: null, lot, tries: limit === 0 ? person.tries + 1 : person.tries };
    }
    case 'activation.created':
      return { callId: null, tries: 0, state: active };
    case 'activation.updated':
      return { callId: null, tries: 0 };
    case 'activation.associated':
      return { associated: true, state: person.state === 'invited' ? 'associated' : person.state };
    case 'activation.retired':
    case 'activation.found-retired':
      return { ...NEW, state: 'retired' };
    case 'activation.failed': {
      const state = event.data.action === 'create' ? 'failed' : active;
      return { ...NEW, associated: person.associated, state };
    }
    default:
      return {};
  }
}

const NEW: Activated = {
  state: 'creating',
  lot: null,
  callId: null,
  associated: false,
  leaves: false,
  changed: false,
  tries: 0,
};
