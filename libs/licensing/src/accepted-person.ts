import type { Activation } from './activation/activation-state.js';

/** Apple has said that the person has accepted, and the person is not leaving: what the person holds can be used. */
export const hasAccepted = ({ persons }: Activation, userId: string): boolean =>
  persons.get(userId)?.state === 'associated';
