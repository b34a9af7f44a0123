import type { Action } from './asset/asset-events.js';

/** What a call asks Apple for: to give licences or take them back, or to create, update or retire persons. */
export type CallAction = Action | PersonAction;

export type PersonAction = 'create' | 'update' | 'retire';

/** Whether a call is about persons themselves, and not about licences. */
export const isOfPersons = (action: CallAction): action is PersonAction =>
  action === 'create' || action === 'update' || action === 'retire';
