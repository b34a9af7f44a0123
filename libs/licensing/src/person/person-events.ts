import { firstVersions } from '@seatbook/kernel';

/** Nothing about the person but our random id, which the stream's name has: what identifies somebody is in the directory. */
type Event<T extends string, D = object> = { readonly type: `person.${T}`; readonly data: D };

export type PersonEvent =
  | Event<'registered'>
  /** What the directory knows of the person was replaced. */
  | Event<'details-changed'>
  /** The directory knows nothing of the person any more. */
  | Event<'forgotten'>;

export const personEventTypes = firstVersions<PersonEvent>({
  'person.registered': true,
  'person.details-changed': true,
  'person.forgotten': true,
});
