import type { Action } from './asset/asset-events.js';

/** What a call asks Apple for: to give licences or take them back, or to create persons or retire them. */
export type CallAction = Action | PersonAction;

export type PersonAction = 'create' | 'retire';

/** Whether a call is about persons themselves, and not about licences. */
export const isOfPersons = (action: CallAction): action is PersonAction =>
  action === 'create' || action === 'retire';
