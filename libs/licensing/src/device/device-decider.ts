import { Refusal, type Command, type Decider, type Instant } from '@seatbook/kernel';
import type { AssetId, DeviceFacts } from '../ports.js';
import type { Timings } from '../timings.js';
import type { DeviceEvent, DeviceLeft, RegisteredFacts } from './device-events.js';

export type DeviceCommand =
  | (Command<'RegisterDevice'> & { readonly facts: RegisteredFacts })
  | (Command<'RecordEnrolment'> & { readonly enrolmentId: string; readonly facts: DeviceFacts })
  /** It can be pushed: it has told its tokens, which stay with the MDM server. */
  | (Command<'RecordReady'> & {
      readonly enrolmentId: string;
      /** It is the first time in this enrolment. */
      readonly first: boolean;
    })
  /** Somebody wants to know what it says of itself by now. */
  | Command<'WantFacts'>
  | (Command<'AskFacts'> & { readonly uuid: string })
  /** `uuid`: of the command that it answers, which may be another tool's. */
  | (Command<'RecordFacts'> & { readonly uuid: string; readonly facts: DeviceFacts })
  | (Command<'RecordCheckOut'> & { readonly enrolmentId: string })
  /** An administrator says that it is wiped, or used no more. */
  | (Command<'LeaveDevice'> & { readonly how: 'wiped' | 'retired' })
  | (Command<'AskReturns'> & {
      readonly returns: readonly { readonly uId: string; readonly assets: readonly AssetId[] }[];
    });

export type DevicePhase = 'unknown' | 'registered' | 'enrolling' | 'enrolled' | DeviceLeft;

export interface Device {
  phase: DevicePhase;
  registered: RegisteredFacts | null;
  facts: DeviceFacts;
  /** Of the last enrolment; null before the first one. */
  enrolmentId: string | null;
  /** It could be reached before: what was queued for it then is lost. */
  wasReady: boolean;
  /** Word that it is ready came before that of its enrolment. */
  early: boolean;
  /** When its licences go back. */
  returnAt: Instant | null;
  /** What is asked about itself; null where it has answered. */
  question: DeviceQuestion | null;
}

/** `at`: when it is asked, for the first time or again; null when it was asked often enough. */
export interface DeviceQuestion {
  readonly at: Instant | null;
  /** Of the question that it has not answered yet; null before the first one. */
  readonly uuid: string | null;
  readonly asked: number;
}

/** A device that does not say what it is, is asked so often; with a doubled pause each time. */
const MAX_QUESTIONS = 5;

const LEFT: ReadonlySet<DevicePhase> = new Set<DevicePhase>(['checked-out', 'wiped', 'retired']);

/** It was with the organisation, and is not any more. */
export const hasLeft = (phase: DevicePhase): boolean => LEFT.has(phase);

const UNASKED: DeviceQuestion = { at: 0, uuid: null, asked: 0 };

const UNKNOWN: DeviceFacts = { platform: null, osVersion: null, supervised: null };

export const deviceDecider = ({
  deviceReturnMs,
  unansweredMs,
  maxLookMs,
}: Timings): Decider<DeviceCommand, Device, DeviceEvent> => ({
  initial: () => ({
    phase: 'unknown',
    registered: null,
    facts: UNKNOWN,
    enrolmentId: null,
    wasReady: false,
    early: false,
    returnAt: null,
    question: null,
  }),

  decide(command, device, at) {
    switch (command.type) {
      case 'RegisterDevice':
        return registered(command.facts, device);
      case 'RecordEnrolment': {
        const { enrolmentId } = command;
        const data = { enrolmentId, ...merged(device.facts, command.facts) };
        const enrolled: DeviceEvent = { type: 'device.enrolled', data };
        // Webhooks overtake each other: it was ready before we heard that it enrols.
        const early = device.early && device.enrolmentId === enrolmentId;
        if (!early) return [enrolled];
        const ready = { ...owner(device), enrolmentId, again: false, early: false };
        return [enrolled, { type: 'device.ready', data: ready }];
      }
      case 'RecordReady': {
        const { enrolmentId, first } = command;
        const known = device.phase === 'enrolled' && device.enrolmentId === enrolmentId;
        // Tokens change while it is enrolled; that is nobody's business here.
        if (known && !first) return [];
        const early = device.phase !== 'enrolling' || device.enrolmentId !== enrolmentId;
        const data = { ...owner(device), enrolmentId, again: device.wasReady, early };
        return [{ type: 'device.ready', data }];
      }
      case 'WantFacts':
        if (device.phase !== 'enrolled')
          throw new Refusal('REJECTED_NOT_ENROLLED', 'this device cannot be reached: it is not enrolled', {
            state: device.phase,
          });
        // It is being asked already.
        return device.question?.at == null ? [{ type: 'device.facts-wanted', data: {} }] : [];
      case 'AskFacts': {
        if (device.phase !== 'enrolled' || device.question === null) return [];
        const { asked } = device.question;
        const { uuid } = command;
        const retryAt = at + Math.min(maxLookMs, unansweredMs * 2 ** asked);
        return [{ type: 'device.facts-asked', data: { uuid, retryAt, last: asked + 1 >= MAX_QUESTIONS } }];
      }
      case 'RecordFacts':
        return described(command, device);
      case 'RecordCheckOut':
        // Word of an earlier enrolment may come late.
        if (device.enrolmentId !== command.enrolmentId) return [];
        return leave('checked-out', device, at, deviceReturnMs);
      case 'LeaveDevice':
        if (device.phase === 'unknown') throw new Refusal('NOT_FOUND_DEVICE', 'there is no such device');
        return leave(command.how, device, at, deviceReturnMs);
      case 'AskReturns':
        // It may have enrolled again meanwhile.
        if (!hasLeft(device.phase)) return [];
        return [{ type: 'device.returns-asked', data: { returns: command.returns } }];
    }
  },

  evolve: evolveDevice,
});

function evolveDevice(device: Device, event: DeviceEvent): Device {
  switch (event.type) {
    case 'device.registered': {
      const { platform, ownership, userId } = event.data;
      device.registered = { platform, ownership, userId };
      if (device.phase === 'unknown') device.phase = 'registered';
      return device;
    }
    case 'device.enrolled': {
      const { enrolmentId, ...facts } = event.data;
      return Object.assign(device, { phase: 'enrolling', enrolmentId, facts, returnAt: null, early: false });
    }
    case 'device.ready': {
      const { enrolmentId, early } = event.data;
      // What it told before may be of another system by now.
      const left = { wasReady: true, returnAt: null, question: UNASKED };
      return Object.assign(device, { phase: 'enrolled', enrolmentId, early, ...left });
    }
    case 'device.facts-wanted':
      device.question = UNASKED;
      return device;
    case 'device.facts-asked': {
      const { uuid, retryAt, last } = event.data;
      const asked = (device.question?.asked ?? 0) + 1;
      device.question = { at: last ? null : retryAt, uuid, asked };
      return device;
    }
    case 'device.described': {
      const { uuid, platform, osVersion, supervised } = event.data;
      device.facts = { platform, osVersion, supervised };
      if (uuid !== null) device.question = null;
      return device;
    }
    case 'device.left':
      return Object.assign(device, { phase: event.data.how, returnAt: event.data.returnAt });
    case 'device.returns-asked':
      device.returnAt = null;
      return device;
  }
}

function described(command: DeviceCommand & { type: 'RecordFacts' }, device: Device): DeviceEvent[] {
  const facts = merged(device.facts, command.facts);
  const uuid = device.question?.uuid === command.uuid ? command.uuid : null;
  const known = Object.entries(facts).every(
    ([name, fact]) => fact === device.facts[name as keyof DeviceFacts],
  );
  if (known && uuid === null) return [];
  return [{ type: 'device.described', data: { ...owner(device), ...facts, uuid } }];
}

function registered(facts: RegisteredFacts, device: Device): DeviceEvent[] {
  const { platform, ownership, userId } = device.registered ?? {};
  if (facts.platform === platform && facts.ownership === ownership && facts.userId === userId) return [];
  const former = userId != null && userId !== facts.userId ? { formerUserId: userId } : {};
  const data = { platform: facts.platform, ownership: facts.ownership, userId: facts.userId, ...former };
  return [{ type: 'device.registered', data }];
}

function leave(how: DeviceLeft, device: Device, at: Instant, deviceReturnMs: number): DeviceEvent[] {
  if (device.phase === how || device.phase === 'unknown') return [];
  const returnAt = deviceReturnMs === 0 ? null : at + deviceReturnMs;
  return [{ type: 'device.left', data: { ...owner(device), how, returnAt } }];
}

const owner = ({ registered }: Device): { readonly userId?: string } =>
  registered?.userId == null ? {} : { userId: registered.userId };

/** What a device says again replaces what it said before; what it leaves out stays. */
const merged = (before: DeviceFacts, said: DeviceFacts): DeviceFacts => ({
  platform: said.platform ?? before.platform,
  osVersion: said.osVersion ?? before.osVersion,
  supervised: said.supervised ?? before.supervised,
});
