import type { AppleFailure, MdmInfo, TokenRefusal } from './ports.js';

/** Why work of an account is held: nothing failed, it waits until the account is usable again. */
export interface Hold {
  readonly errorNumber: number | null;
  readonly state: TokenRefusal | 'conflicted';
  readonly mdmInfo: MdmInfo | null;
}

/** The hold that a failure means for the whole account; null for a failure of the request alone. */
export function holdOf(failure: Extract<AppleFailure, { kind: 'token' | 'conflict' }>): Hold;
export function holdOf(failure: AppleFailure): Hold | null;
export function holdOf(failure: AppleFailure): Hold | null {
  switch (failure.kind) {
    case 'token':
      return { errorNumber: failure.errorNumber, state: failure.state, mdmInfo: null };
    case 'conflict':
      return { errorNumber: null, state: 'conflicted', mdmInfo: failure.mdmInfo };
    case 'transient':
    case 'refused':
      return null;
  }
}
