import { deciderSpec, NOW } from '@seatbook/test-support/decider-spec';
import { DEFAULT_TIMINGS } from '../timings.js';
import { deviceDecider } from './device-decider.js';
import type { DeviceEvent } from './device-events.js';
import { deviceSteps } from './device-steps.js';

const { unansweredMs } = DEFAULT_TIMINGS;
const given = deciderSpec(deviceDecider(DEFAULT_TIMINGS), deviceSteps);

const FACTS = { platform: 'iOS', osVersion: '18.4', supervised: null } as const;
const ENROLLED: DeviceEvent = { type: 'device.enrolled', data: { enrolmentId: 'E1', ...FACTS } };
const READY: DeviceEvent = { type: 'device.ready', data: { enrolmentId: 'E1', again: false, early: false } };
const asked = (uuid: string, pauses: number, last = false): DeviceEvent => ({
  type: 'device.facts-asked',
  data: { uuid, retryAt: NOW + unansweredMs * pauses, last },
});
const described = (uuid: string | null, facts: object = {}): DeviceEvent => ({
  type: 'device.described',
  data: { ...FACTS, ...facts, uuid },
});

describe('what a device says of itself', () => {
  it('is asked when it can be reached, and again until it has answered', () => {
    expect(given(ENROLLED).due()).toBeNull();
    expect(given(ENROLLED, READY).due()).toEqual({ step: 'ask-facts', at: 0 });
    const first = given(ENROLLED, READY).when({ type: 'AskFacts', uuid: 'q1' });
    first.then(asked('q1', 1));
    first.thenDue({ step: 'ask-facts', at: NOW + unansweredMs });
    given(ENROLLED, READY, asked('q1', 1)).when({ type: 'AskFacts', uuid: 'q2' }).then(asked('q2', 2));
  });

  it('is asked five times at most; a late answer counts all the same', () => {
    const before = [ENROLLED, READY, asked('q1', 1), asked('q2', 2), asked('q3', 4), asked('q4', 8)];
    const last = given(...before).when({ type: 'AskFacts', uuid: 'q5' });
    last.then(asked('q5', 16, true));
    last.thenDue(null);
    given(...before, asked('q5', 16, true))
      .when({ type: 'RecordFacts', uuid: 'q5', facts: FACTS })
      .then(described('q5'));
  });

  it('is recorded once for a question, and of other commands only what is new', () => {
    const facts = { ...FACTS, supervised: true };
    const answered = given(ENROLLED, READY, asked('q1', 1)).when({ type: 'RecordFacts', uuid: 'q1', facts });
    answered.then(described('q1', { supervised: true }));
    answered.thenOnce();
    answered.thenDue(null);
    const other = given(ENROLLED, READY, asked('q1', 1));
    other.when({ type: 'RecordFacts', uuid: 'other', facts: FACTS }).thenNothing();
    const told = other.when({ type: 'RecordFacts', uuid: 'other', facts });
    told.then(described(null, { supervised: true }));
    told.thenDue({ step: 'ask-facts', at: NOW + unansweredMs });
  });

  it('is asked because somebody wants to know, of a device that can be reached', () => {
    given(ENROLLED).when({ type: 'WantFacts' }).thenRefused('REJECTED_NOT_ENROLLED');
    given(ENROLLED, READY).when({ type: 'WantFacts' }).thenNothing();
    const wanted = given(ENROLLED, READY, asked('q1', 1), described('q1')).when({ type: 'WantFacts' });
    wanted.then({ type: 'device.facts-wanted', data: {} });
    wanted.thenOnce();
    wanted.thenDue({ step: 'ask-facts', at: 0 });
  });

  it('is not asked of a device that has left, and asked once more when it enrols again', () => {
    const left: DeviceEvent = { type: 'device.left', data: { how: 'wiped', returnAt: null } };
    expect(given(ENROLLED, READY, left).due()).toBeNull();
    const again: DeviceEvent = {
      type: 'device.ready',
      data: { enrolmentId: 'E2', again: true, early: false },
    };
    expect(given(ENROLLED, READY, asked('q1', 1), described('q1'), left, ENROLLED, again).due()).toEqual({
      step: 'ask-facts',
      at: 0,
    });
  });
});
