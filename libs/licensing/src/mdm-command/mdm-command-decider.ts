import type { Command, Decider, Instant } from '@seatbook/kernel';
import { DEFAULT_APP_SETTINGS, type AppSettings, type RecordedSettings } from '../app-settings.js';
import { MAX_ENROLMENTS, type AssetId } from '../ports.js';
import type { Timings } from '../timings.js';
import type { CommandedDevice, MdmCommandEvent, VpnRecipients } from './mdm-command-events.js';

export type MdmCommandCommand =
  | (Command<'PlanCommand'> & {
      readonly uId: string;
      readonly asset: AssetId;
      readonly attempt: number;
      readonly devices: readonly CommandedDevice[];
      readonly lots: readonly string[];
      readonly update?: number | undefined;
      readonly removal?: boolean | undefined;
    })
  /** The first time: to whom it goes, who is left out, and by what settings it is installed. */
  | (Command<'StartSending'> & {
      readonly serialNumbers: readonly string[];
      readonly enrolmentIds: readonly string[];
      readonly unlicensed: readonly string[];
      readonly unreachable: readonly string[];
      /** Of a removal. */
      readonly kept?: readonly string[] | undefined;
      readonly bundleId?: string | null | undefined;
      readonly settings: RecordedSettings;
      readonly vpn?: VpnRecipients | undefined;
    })
  /** The same once more, to the same. */
  | Command<'StartAgain'>
  | (Command<'RecordQueued'> & { readonly attempt: number; readonly refused: readonly string[] })
  | (Command<'RecordSendingFailed'> & {
      readonly attempt: number;
      readonly final: boolean;
      readonly reason: string;
    });

/** So many attempts to hand a command to the MDM server; with the longest pause between them that is about a day. */
export const MAX_SENDING_ATTEMPTS = 150;

type StartSending = MdmCommandCommand & { type: 'StartSending' };

interface Planned extends AssetId {
  readonly uId: string;
  readonly attempt: number;
  readonly devices: readonly CommandedDevice[];
  readonly removal: boolean;
}

interface Recipients {
  readonly serialNumbers: readonly string[];
  /** Parallel to `serialNumbers`. */
  readonly enrolmentIds: readonly string[];
  readonly vpn: VpnRecipients | null;
  /** What a removal names; null where nobody knows, and of installations. */
  readonly bundleId: string | null;
}

export type MdmCommandState =
  | { readonly phase: 'new' }
  /** Its devices are being claimed, until `at` at the latest. */
  | { readonly phase: 'planned'; readonly plan: Planned; readonly claimBy: Instant }
  /** On its way (`at`: when that becomes doubtful), or waiting for the next attempt. */
  | {
      readonly phase: 'started' | 'waiting';
      readonly plan: Planned;
      readonly to: Recipients;
      readonly settings: AppSettings;
      readonly sendings: number;
      readonly at: Instant;
    }
  /** `settings`: those that it was sent with; null where it was not sent to anybody. */
  | { readonly phase: 'over'; readonly settings: AppSettings | null };

export const mdmCommandDecider = (
  timings: Timings,
): Decider<MdmCommandCommand, MdmCommandState, MdmCommandEvent> => ({
  initial: () => ({ phase: 'new' }),

  decide(command, state, at) {
    switch (command.type) {
      case 'PlanCommand':
        return plan(command, state, at, timings);
      case 'StartSending':
        return start(command, state, at, timings);
      case 'StartAgain':
        return startAgain(state, at, timings);
      case 'RecordQueued': {
        if (state.phase !== 'started' || state.sendings !== command.attempt) return [];
        return [{ type: 'mdmCommand.queued', data: { uId: state.plan.uId, refused: command.refused } }];
      }
      case 'RecordSendingFailed':
        return failed(command, state, at, timings);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'mdmCommand.planned': {
        const { uId, adamId, pricingParam, attempt, devices, removal = false, claimBy } = event.data;
        const made = { uId, adamId, pricingParam, attempt, devices, removal };
        return { phase: 'planned', plan: made, claimBy };
      }
      case 'mdmCommand.started': {
        if (state.phase === 'new' || state.phase === 'over') return state;
        const { serialNumbers, enrolmentIds, bundleId = null, vpn = null, attempt, doubtfulAt } = event.data;
        if (serialNumbers.length === 0) return { phase: 'over', settings: null };
        const to = { serialNumbers, enrolmentIds, vpn, bundleId };
        const settings = { ...DEFAULT_APP_SETTINGS, ...event.data.settings };
        return { phase: 'started', plan: state.plan, to, settings, sendings: attempt, at: doubtfulAt };
      }
      case 'mdmCommand.attempt-failed':
        if (state.phase !== 'started') return state;
        return { ...state, phase: 'waiting', at: event.data.retryAt };
      case 'mdmCommand.queued':
      case 'mdmCommand.given-up':
        return { phase: 'over', settings: 'settings' in state ? state.settings : null };
    }
  },
});

function plan(
  { uId, asset, attempt, devices, lots, update, removal }: MdmCommandCommand & { type: 'PlanCommand' },
  state: MdmCommandState,
  at: Instant,
  { claimWithinMs }: Timings,
): MdmCommandEvent[] {
  if (state.phase !== 'new') return [];
  if (devices.length === 0 || devices.length > MAX_ENROLMENTS)
    throw new Error(`a command for ${devices.length} devices was planned`);
  const { adamId, pricingParam } = asset;
  const does = { ...(update === undefined ? {} : { update }), ...(removal && { removal }) };
  const what = { uId, adamId, pricingParam, ...does };
  const claimBy = at + claimWithinMs;
  return [{ type: 'mdmCommand.planned', data: { ...what, attempt, devices, lots, claimBy } }];
}

function start(
  { serialNumbers, enrolmentIds, unlicensed, unreachable, kept, bundleId, settings, vpn }: StartSending,
  state: MdmCommandState,
  at: Instant,
  { doubtfulAfterMs }: Timings,
): MdmCommandEvent[] {
  if (state.phase !== 'planned') return [];
  const removal = { ...(kept && { kept }), ...(bundleId == null ? {} : { bundleId }) };
  const to = { serialNumbers, enrolmentIds, unlicensed, unreachable, ...removal };
  const by = { settings, ...(vpn === undefined ? {} : { vpn }) };
  const data = { uId: state.plan.uId, attempt: 1, ...to, ...by, doubtfulAt: at + doubtfulAfterMs };
  return [{ type: 'mdmCommand.started', data }];
}

function startAgain(state: MdmCommandState, at: Instant, { doubtfulAfterMs }: Timings): MdmCommandEvent[] {
  if (state.phase !== 'started' && state.phase !== 'waiting') return [];
  const { plan: of, to, settings, sendings } = state;
  const { vpn, bundleId, ...recipients } = to;
  const same = { ...recipients, ...(bundleId === null ? {} : { bundleId }) };
  const by = { settings, ...(vpn === null ? {} : { vpn }) };
  const again = { attempt: sendings + 1, ...same, unlicensed: [], unreachable: [], ...by };
  const data = { uId: of.uId, ...again, doubtfulAt: at + doubtfulAfterMs };
  return [{ type: 'mdmCommand.started', data }];
}

function failed(
  { attempt, final, reason }: MdmCommandCommand & { type: 'RecordSendingFailed' },
  state: MdmCommandState,
  at: Instant,
  { firstRetryMs, maxRetryMs }: Timings,
): MdmCommandEvent[] {
  if (state.phase !== 'started' || state.sendings !== attempt) return [];
  const { uId } = state.plan;
  if (final || attempt >= MAX_SENDING_ATTEMPTS) {
    const { serialNumbers } = state.to;
    return [{ type: 'mdmCommand.given-up', data: { uId, reason, serialNumbers } }];
  }
  const retryAt = at + Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempt - 1, 20));
  return [{ type: 'mdmCommand.attempt-failed', data: { uId, attempt, reason, retryAt } }];
}
