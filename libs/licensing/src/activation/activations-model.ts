import { readModel, type Change, type Envelope, type Instant } from '@seatbook/kernel';
import type { ActivationEvent } from './activation-events.js';
import type { ActivationState } from './activation-state.js';

/** A person at one location, as Apple knows this person there. */
export interface ActivationDocument {
  uId: string;
  userId: string;
  state: ActivationState;
  /** When it became so. */
  since: Instant;
  /** Why Apple has refused to create, update or retire the person; null where it has not. */
  errorNumber: number | null;
  reason: string | null;
  associated: boolean;
}

type ActivationChange = Change<ActivationDocument>;

export const activationKey = (uId: string, userId: string): string => `${uId}|${userId}`;

/** Whose changes an event tells, and what becomes of each. */
function each(
  { metadata, data }: Envelope<ActivationEvent & { readonly data: { readonly userIds: readonly string[] } }>,
  change: (before: ActivationDocument | null) => Partial<ActivationDocument> | null,
): readonly ActivationChange[] {
  const { uId, userIds } = data;
  return userIds.map((userId) => ({
    key: activationKey(uId, userId),
    evolve(before) {
      const after = change(before);
      if (after === null) return null;
      const known = before ?? { uId, userId, state: 'creating', ...NOTHING, associated: false };
      const stays = before !== null && (after.state ?? before.state) === before.state;
      return { ...known, ...after, since: stays ? before.since : metadata.recordedAt };
    },
  }));
}

const NOTHING = { errorNumber: null, reason: null } as const;

/** Persons by account, and how far each is. */
export const activationsModel = readModel<ActivationDocument, ActivationEvent>()({
  name: 'activations',
  version: 2,
  on: {
    'activation.ordered': (event) =>
      each(event, () => ({ state: 'creating', ...NOTHING, associated: false })),
    'activation.withdrawn': (event) => each(event, () => null),
    'activation.leaving': (event) =>
      each(event, (before) => ({ state: before?.state === 'creating' ? 'creating' : 'leaving', ...NOTHING })),
    'activation.retirement-opened': (event) => each(event, () => ({ state: 'retiring' })),
    'activation.created': (event) =>
      each(event, (before) => ({ state: before?.associated ? 'associated' : 'invited' })),
    'activation.updated': (event) => each(event, () => NOTHING),
    'activation.associated': (event) =>
      each(event, (before) => ({
        associated: true,
        state: before?.state === 'invited' ? 'associated' : (before?.state ?? 'associated'),
      })),
    'activation.retired': (event) => each(event, () => ({ state: 'retired', associated: false })),
    'activation.found-retired': (event) => each(event, () => ({ state: 'retired', associated: false })),
    'activation.failed': (event) => {
      const { action, errorNumber, reason } = event.data;
      return each(event, (before) => {
        const active = before?.associated ? 'associated' : 'invited';
        return { state: action === 'create' ? 'failed' : active, errorNumber, reason };
      });
    },
  },
  key: { uId: 'text', userId: 'text' },
  indexes: [
    { name: 'by-account', fields: ['uId', 'userId'] },
    { name: 'by-state', fields: ['uId', 'state', 'userId'] },
    { name: 'by-person', fields: ['userId', 'uId'] },
  ],
});
