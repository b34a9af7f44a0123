import type { Activation } from './activation/activation-state.js';

/** Apple has said that the person has accepted, and the person is not leaving: what the person holds can be used. */
export const hasAccepted = ({ persons }: Activation, userId: string): boolean =>
  persons.get(userId)?.state === 'associated';

/** What the person holds goes back, as far as it can, before the person is retired at Apple. */
export function isLeaving({ persons }: Activation, userId: string): boolean {
  const state = persons.get(userId)?.state;
  return state === 'leaving' || state === 'retiring';
}
