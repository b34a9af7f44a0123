import type { Due, Instant } from '@seatbook/kernel';
import type { ActivationState } from './activation/activation-state.js';
import type { PairDocument } from './asset/pairs-model.js';
import type { DevicePhase } from './device/device-decider.js';
import type { Timings } from './timings.js';
import type { InstallationFailure } from './installation/installation-events.js';
import { FAILURES } from './installation/installation-story.js';
import type { InstallationDocument } from './installation/installations-model.js';

/** Where an app stands for a holder: the one thing that it waits for, or has come to. */
export const REASONS_WHY = [
  'installed',
  'no-licence',
  'licence-waiting',
  'licence-reserved',
  'licence-claimed',
  'on-hold',
  'licence-returning',
  'licence-failed',
  'person-not-active',
  'waiting-for-person',
  'waiting-for-device',
  'offered-to-person',
  'not-rolled-out',
  'not-enrolled',
  'command-coming',
  'commanded',
  'put-off',
  'installing',
  'prompting',
  'retrying',
  'failed',
  'removing',
  'not-removed',
  'removed',
] as const;

export type ReasonWhy = (typeof REASONS_WHY)[number];

/** What happens next by itself. */
export interface NextStep {
  readonly what: string;
  /** Null where it follows at once, or from what others do. */
  readonly at: Instant | null;
}

/** Why an app is not installed for a holder, or that it is. */
export interface Why {
  readonly reason: ReasonWhy;
  /** One sentence for people. */
  readonly text: string;
  /** Null where nothing happens by itself any more. */
  readonly next: NextStep | null;
  /** By then it is installed or has failed; null where nothing is under way. */
  readonly deadline: Instant | null;
  /** What a person can do about it; null where nothing has to be done. */
  readonly remedy: string | null;
}

/** What is known of one app for one holder at this moment. */
export interface Circumstances {
  readonly person: boolean;
  readonly pair: PairDocument | null;
  /** Its place in the waiting list, from 1 on; null where it does not wait there. */
  readonly place: number | null;
  /** Nothing of the account is sent to Apple at present. */
  readonly held: boolean;
  /** What the call that carries the pair, or Apple's event of it, waits for. */
  readonly callDue: Due | null;
  /** What the readings of the account wait for. */
  readonly readingDue: Due | null;
  readonly activation: ActivationState | null;
  readonly device: DevicePhase;
  readonly installation: InstallationDocument | null;
  /** When what is under way on the device is given up. */
  readonly giveUpAt: Instant | null;
}

const STEPS: Readonly<Record<string, string>> = {
  send: 'the call is sent to Apple',
  verify: 'what Apple holds is read',
  poll: 'Apple is asked how far it is',
  'read-totals': 'the numbers of licences are read at Apple',
};

const stepOf = (due: Due | null, otherwise: string): NextStep =>
  due === null
    ? { what: otherwise, at: null }
    : { what: STEPS[due.step] ?? otherwise, at: due.at === 0 ? null : due.at };

/** What nothing follows on by itself. */
const ended = (reason: ReasonWhy, text: string, remedy: string | null): Why => ({
  reason,
  text,
  next: null,
  deadline: null,
  remedy,
});

const goesOn = (reason: ReasonWhy, text: string, next: NextStep, deadline: Instant | null = null): Why => ({
  reason,
  text,
  next,
  deadline,
  remedy: null,
});

/** The one answer to "why is it not there?": the first thing on the way from the licence to the device that is missing. */
export function whyOf(known: Circumstances, timings: Timings): Why {
  const { pair, installation, person } = known;
  if (installation?.state === 'installed') {
    const { endsAt } = installation;
    return endsAt === null
      ? ended('installed', 'The app is installed.', null)
      : ended(
          'installed',
          'The app is installed, and its licence went back: it can be used for 30 days.',
          null,
        );
  }
  if (installation?.state === 'removing') {
    const next = { what: LOOK, at: installation.nextAt };
    return goesOn('removing', 'The app is being removed: its licence went back.', next, known.giveUpAt);
  }
  if (installation?.state === 'not-removed' && pair === null) {
    const { reason, code } = installation;
    const again = 'See to the reason, and return it with `removeApp` once more.';
    return ended('not-removed', `The app is not removed: ${inWords(reason, code)}.`, again);
  }
  if (pair?.state !== 'assigned') return withoutLicence(pair, known, timings);
  return person && (installation?.device ?? null) === null
    ? ofPerson(known, timings)
    : onDevice(known, timings);
}

function withoutLicence(pair: PairDocument | null, known: Circumstances, { dispatchAfterMs }: Timings): Why {
  const { held, place, callDue, readingDue } = known;
  if (pair === null) {
    const text = 'There is no licence, and no order waits for one.';
    return ended('no-licence', text, 'Assign a licence: an order of the kind AssignLicense.');
  }
  switch (pair.state) {
    case 'failed':
      return ended(
        'licence-failed',
        `Apple did not assign the licence${pair.reason === null ? '' : `: ${pair.reason}`}.`,
        'See to the reason, and order it once more.',
      );
    case 'waiting': {
      const where = place === null ? '' : ` It is number ${place} of those who wait.`;
      const why = pair.reason === null ? '' : ` (${pair.reason})`;
      const next = stepOf(readingDue, 'it is given a licence as soon as one is free');
      const waits = goesOn('licence-waiting', `It waits for a licence${why}.${where}`, next);
      return { ...waits, remedy: 'Buy licences at Apple, or return some that are not used.' };
    }
    default:
  }
  if (held) {
    const text = 'The licence is on its way, and all work of its account is on hold.';
    return ended('on-hold', text, 'See what holds the account, and what ends it.');
  }
  switch (pair.state) {
    case 'reserved': {
      const next = { what: 'a call to Apple is planned', at: pair.since + dispatchAfterMs };
      return goesOn('licence-reserved', 'A licence is reserved; Apple has not been asked yet.', next);
    }
    case 'claimed': {
      const next = stepOf(callDue, 'Apple says how it ended');
      return goesOn('licence-claimed', 'Apple was asked to assign the licence, or is about to be.', next);
    }
    default: {
      const next = stepOf(callDue, 'Apple takes the licence back');
      return goesOn('licence-returning', 'The licence is going back.', next);
    }
  }
}

const WAITS_FOR_PERSON: Why = {
  ...goesOn('waiting-for-person', 'The person has not accepted the invitation yet.', {
    what: 'Apple is asked whether the person has accepted',
    at: null,
  }),
  remedy: 'Remind the person of the invitation.',
};

const WAITS_FOR_DEVICE: Why = {
  ...goesOn('waiting-for-device', 'No device of the person is enrolled that the app is for.', {
    what: 'the app is installed on the first device that comes to the person',
    at: null,
  }),
  remedy: 'Enrol a device of the person, and register the person as its owner.',
};

/** What a person holds and is on no device is offered to the Apple Account of this person, on whatever device that is. */
function ofPerson({ activation, installation }: Circumstances, { rolloutWaitMs }: Timings): Why {
  switch (activation) {
    case 'invited':
    case 'creating':
      return WAITS_FOR_PERSON;
    case 'leaving':
    case 'retiring':
    case 'retired':
    case 'failed':
      return ended(
        'person-not-active',
        `Apple does not know the person at this location (${activation}).`,
        'Activate the person for the account.',
      );
    default:
  }
  switch (installation?.state) {
    case 'waiting-for-person':
      return WAITS_FOR_PERSON;
    case 'waiting-for-device':
      return WAITS_FOR_DEVICE;
    case 'wanted':
    case 'licence-coming': {
      const next = {
        what: 'the devices of the person are looked up',
        at: installation.since + rolloutWaitMs,
      };
      return goesOn('command-coming', "The app is to be installed on the person's devices.", next);
    }
    default:
      return ended('offered-to-person', "The app is offered to the person's Apple Account.", null);
  }
}

const LEFT: Readonly<Record<DevicePhase, string | null>> = {
  unknown: 'The device is not known to the MDM server.',
  registered: 'The device is registered, and has never enrolled.',
  enrolling: 'The device enrols, and cannot be reached yet.',
  enrolled: null,
  'checked-out': 'The device has left the MDM server.',
  wiped: 'The device was wiped.',
  retired: 'The device was retired.',
};

function onDevice(known: Circumstances, timings: Timings): Why {
  const { installation, device, giveUpAt } = known;
  const state = installation?.state;
  if (state === undefined || state === 'no-licence' || state === 'cancelled') {
    const text = 'The device has the licence, and nobody has ordered to install the app.';
    return ended('not-rolled-out', text, 'Roll the app out: an order of the kind RolloutApp.');
  }
  const gone = LEFT[device];
  if (gone !== null && state !== 'retrying')
    return ended('not-enrolled', gone, 'Enrol the device, and roll the app out on failed ones.');
  const { nextAt = null, reason = null, code = null, since = 0 } = installation ?? {};
  switch (state) {
    case 'licence-coming':
    case 'wanted': {
      const next = { what: 'a command is planned', at: since + timings.rolloutWaitMs };
      return goesOn('command-coming', 'The app is to be installed; its command is planned next.', next);
    }
    case 'retrying': {
      const next = { what: 'the command is planned once more', at: nextAt };
      return goesOn('retrying', `The last try failed: ${inWords(reason, code)}.`, next);
    }
    case 'failed':
      return ended('failed', `It is not installed: ${inWords(reason, code)}.`, remedyOf(reason));
    case 'not-removed': {
      const text = 'The app was to be removed, and has its licence again.';
      return ended('not-removed', text, 'Roll the app out once more.');
    }
    case 'removed': {
      const text = 'The app was installed and is not there any more.';
      return ended('removed', text, 'Roll the app out once more.');
    }
    case 'waiting-for-person':
      return WAITS_FOR_PERSON;
    case 'waiting-for-device':
      return WAITS_FOR_DEVICE;
    default:
      return goesOn(state, UNDER_WAY[state] ?? '', { what: LOOK, at: nextAt }, giveUpAt);
  }
}

const LOOK = 'the device is asked how it stands, or pushed';

const UNDER_WAY: Readonly<Record<string, string>> = {
  commanded: 'The command was given to the MDM server; the device has not answered yet.',
  'put-off': 'The device put the installation off; it takes it later.',
  installing: 'The device accepted the app and installs it.',
  prompting: 'The device asks its user whether to install the app.',
};

const inWords = (reason: InstallationFailure | null, code: number | null): string =>
  `${reason === null ? 'for no reason that the device told' : FAILURES[reason]}${code === null ? '' : ` (${code})`}`;

const AGAIN = 'Roll it out on failed ones.';

/** Failures that another try alone does not mend. */
const REMEDIES: Readonly<Partial<Record<InstallationFailure, string>>> = {
  'licence-not-found': `Return the licence and assign it once more. ${AGAIN}`,
  'no-licence': 'Assign a licence, and roll the app out.',
  'not-enrolled': `Enrol the device. ${AGAIN}`,
  'user-rejected': `Talk to the person who said no. ${AGAIN}`,
  'prompt-unanswered': `Have somebody answer the question on the device. ${AGAIN}`,
  offline: `Switch the device on and connect it. ${AGAIN}`,
  'not-managed': 'Have the user remove the app that is there, or supervise the device.',
  'login-required': 'The device wants a store account: look at how it is enrolled.',
  'apps-forbidden': `Lift the restriction on the device. ${AGAIN}`,
  'not-in-store': 'The store has no such app for this device: look at its platform and system.',
  'device-left': `Enrol the device again. ${AGAIN}`,
};

const remedyOf = (reason: InstallationFailure | null): string =>
  (reason === null ? undefined : REMEDIES[reason]) ?? AGAIN;
