import type { Command, Decider, Instant, KeptRefusal } from '@seatbook/kernel';
import type { ImportEvent, LocationRead, RequestedImport } from './import-events.js';

export type ImportCommand =
  | (Command<'RequestImport'> & { readonly request: RequestedImport })
  | (Command<'RecordLocation'> & { readonly location: LocationRead })
  | (Command<'RefuseImport'> & { readonly refusal: KeptRefusal })
  | (Command<'RecordAccountAnswer'> & { readonly refusal: KeptRefusal | null })
  | Command<'RecordForgotten'>;

/** An import, with its request from the moment when that is made. */
export type Import =
  | { readonly phase: 'none' }
  | (Requested & { readonly phase: 'requested'; readonly at: Instant })
  | (Requested & { readonly phase: 'read'; readonly uId: string })
  | (Requested & Ended & { readonly phase: 'accepted'; readonly uId: string })
  /** `uId`: null where Apple did not say whose token it is. */
  | (Requested &
      Ended & { readonly phase: 'refused'; readonly uId: string | null; readonly refusal: KeptRefusal });

interface Requested {
  readonly request: RequestedImport;
}

interface Ended {
  readonly at: Instant;
  /** What was sealed for this import is deleted. */
  readonly forgotten: boolean;
}

/** The same request may be made once more: nothing was wrong with it, or only what it took the account for. */
export const mayBeRepeated = (state: Import): boolean =>
  state.phase === 'refused' &&
  (state.refusal.retryAfterSeconds !== null || state.refusal.code === 'CONFLICT_VERSION');

/** One wish to import a location or to renew its token, from the sealed token to the account's answer. */
export const importDecider: Decider<ImportCommand, Import, ImportEvent> = {
  initial: () => ({ phase: 'none' }),

  decide(command, state, at) {
    switch (command.type) {
      case 'RequestImport':
        if (state.phase !== 'none' && !mayBeRepeated(state)) return [];
        return [{ type: 'import.requested', data: { ...command.request, at } }];
      case 'RecordLocation':
        if (state.phase !== 'requested') return [];
        return [{ type: 'import.location-read', data: command.location }];
      case 'RefuseImport':
        if (state.phase !== 'requested') return [];
        return [{ type: 'import.refused', data: { ...command.refusal, at } }];
      case 'RecordAccountAnswer': {
        if (state.phase !== 'read') return [];
        const { refusal } = command;
        if (refusal) return [{ type: 'import.refused', data: { ...refusal, at } }];
        return [{ type: 'import.accepted', data: { uId: state.uId, at } }];
      }
      case 'RecordForgotten': {
        if ((state.phase !== 'accepted' && state.phase !== 'refused') || state.forgotten) return [];
        const { fingerprint } = state.request;
        return [{ type: 'import.token-forgotten', data: { fingerprint } }];
      }
    }
  },

  evolve(state, event): Import {
    if (event.type === 'import.requested') {
      const { at, ...request } = event.data;
      return { phase: 'requested', request, at };
    }
    // Nothing comes before the request.
    if (state.phase === 'none') return state;
    const { request } = state;
    switch (event.type) {
      case 'import.location-read':
        return { phase: 'read', request, uId: event.data.uId };
      case 'import.accepted':
        return { phase: 'accepted', request, ...event.data, forgotten: false };
      case 'import.refused': {
        const { at, ...refusal } = event.data;
        const uId = state.phase === 'read' ? state.uId : null;
        return { phase: 'refused', request, uId, refusal, at, forgotten: false };
      }
      case 'import.token-forgotten':
        return state.phase === 'accepted' || state.phase === 'refused'
          ? { ...state, forgotten: true }
          : state;
    }
  },
};
