import { NOW, deciderSpec } from '@seatbook/test-support/decider-spec';
import { LOCATION } from '@seatbook/test-support/licensing-builders';
import type { PairFailure } from '../apple-call/call-events.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import { activationDecider, type ActivationCommand } from './activation-decider.js';
import type { ActivationEvent } from './activation-events.js';
import { activationSteps } from './activation-steps.js';

const given = deciderSpec(activationDecider(DEFAULT_TIMINGS), activationSteps);
const uId = LOCATION;

const activate = (...userIds: string[]): ActivationCommand => ({ type: 'ActivatePersons', uId, userIds });
const deactivate = (...userIds: string[]): ActivationCommand => ({
  type: 'DeactivatePersons',
  uId,
  userIds,
  adopted: [],
});
const claim = (callId: string, ...userIds: string[]): ActivationCommand => ({
  type: 'ClaimPersons',
  uId,
  callId,
  action: 'create',
  userIds,
});
const settle = (callId: string, ...failures: PairFailure[]): ActivationCommand => ({
  type: 'SettlePersons',
  callId,
  action: 'create',
  failures,
});
const failure = (
  errorNumber: number,
  verdict: PairFailure['verdict'],
  ...userIds: string[]
): PairFailure => ({
  errorNumber,
  reason: 'no',
  verdict,
  limit: 0,
  notBefore: NOW + 1,
  holders: userIds.length === 0 ? null : { serialNumbers: [], userIds },
});

const ordered = (...userIds: string[]): ActivationEvent => ({
  type: 'activation.ordered',
  data: { uId, userIds, lot: 1 },
});
const claimed = (...userIds: string[]): ActivationEvent => ({
  type: 'activation.claimed',
  data: { uId, callId: 'c', action: 'create', userIds, missed: [], fromLots: [1] },
});
const created = (...userIds: string[]): ActivationEvent => ({
  type: 'activation.created',
  data: { uId, callId: 'c', userIds },
});
const read = { type: 'RecordRead', readAt: NOW, deltaFrom: 'v1', nextLot: null } as const;
const readAs = (deltaFrom: string): ActivationEvent => ({
  type: 'activation.acceptance-read',
  data: { uId, reason: null, readAt: NOW, nextAt: NOW + DEFAULT_TIMINGS.totalsEveryMs, deltaFrom },
});
const leaving = (...userIds: string[]): ActivationEvent => ({
  type: 'activation.leaving',
  data: { uId, userIds, at: NOW },
});
const associated = (...userIds: string[]): ActivationEvent => ({
  type: 'activation.associated',
  data: { uId, userIds },
});

it('activates whom it does not know, each once', () => {
  given().when(activate('a', 'b')).then(ordered('a', 'b'));
  given(ordered('a', 'b')).when(activate('b')).then();
  given(ordered('a', 'b')).when(activate('b', 'c')).thenTypes('activation.ordered');
});

it('gives a call only whom no other call has', () => {
  given(ordered('a')).when(claim('c', 'a')).then(claimed('a'));
  given(ordered('a'), claimed('a')).when(claim('c', 'a')).then();
  given(ordered('a'), claimed('a'))
    .when(claim('d', 'a'))
    .then({
      type: 'activation.claimed',
      data: { uId, callId: 'd', action: 'create', userIds: [], missed: ['a'], fromLots: [] },
    });
});

it('settles each person of a call once, by what Apple said of this person', () => {
  const sent = [ordered('a', 'b', 'c', 'd'), claimed('a', 'b', 'c', 'd')] as const;
  const said = [failure(9635, 'failed', 'b'), failure(9716, 'failed', 'c'), failure(9603, 'again', 'd')];
  given(...sent)
    .when(settle('c', ...said))
    .then(
      created('a', 'c'),
      {
        type: 'activation.failed',
        data: { uId, callId: 'c', action: 'create', userIds: ['b'], errorNumber: 9635, reason: 'no' },
      },
      {
        type: 'activation.claims-released',
        data: { uId, callId: 'c', action: 'create', userIds: ['d'], lot: 2, limit: 0, notBefore: NOW + 1 },
      },
    );
  given(...sent)
    .when(settle('c', ...said))
    .thenOnce();
  given(...sent)
    .when(settle('another'))
    .then();
});

describe('what has changed of persons', () => {
  const update = (...userIds: string[]): ActivationCommand => ({ type: 'UpdatePersons', userIds });
  const opened = (lot: number, ...userIds: string[]): ActivationEvent => ({
    type: 'activation.update-opened',
    data: { uId, userIds, lot },
  });
  const noted = (...userIds: string[]): ActivationEvent => ({
    type: 'activation.update-noted',
    data: { uId, userIds },
  });
  const withdrawn: ActivationEvent = {
    type: 'activation.update-withdrawn',
    data: { uId, userIds: ['a'], fromLots: [2] },
  };
  const taken: ActivationEvent = {
    type: 'activation.claimed',
    data: { uId, callId: 'u', action: 'update', userIds: ['a'], missed: [], fromLots: [2] },
  };
  const settleUpdate = (...failures: PairFailure[]): ActivationCommand => ({
    type: 'SettlePersons',
    callId: 'u',
    action: 'update',
    failures,
  });
  const closed: ActivationEvent = { type: 'activation.closed', data: { uId } };
  const known = [ordered('a'), claimed('a'), created('a')] as const;
  const open = [...known, opened(2, 'a')] as const;

  it('is told to Apple of those whom it knows, once', () => {
    given(...known)
      .when(update('a', 'a', 'nobody'))
      .then(opened(2, 'a'));
    given(...open)
      .when(update('a'))
      .then();
    // Who is not sent yet is created with what is known then.
    given(ordered('a')).when(update('a')).then();
    given(...open)
      .when({ type: 'ClaimPersons', uId, callId: 'u', action: 'update', userIds: ['a'] })
      .then(taken);
    given(...open, taken)
      .when(settleUpdate())
      .then({ type: 'activation.updated', data: { uId, callId: 'u', userIds: ['a'] } });
  });

  it('is told once more where it changes in a call, or while the person is created', () => {
    given(...open, taken)
      .when(update('a'))
      .then(noted('a'));
    given(...open, taken, noted('a'))
      .when(update('a'))
      .then();
    given(...open, taken, noted('a'))
      .when(settleUpdate())
      .thenTypes('activation.updated', 'activation.update-opened');
    given(...open, taken, noted('a'))
      .when(settleUpdate(failure(9641, 'failed', 'a')))
      .thenTypes('activation.failed', 'activation.update-opened');
    given(...open, taken, noted('a'))
      .when(settleUpdate(failure(9603, 'again', 'a')))
      .thenTypes('activation.claims-released');
    given(ordered('a'), claimed('a'), noted('a')).when(settle('c')).then(created('a'), opened(2, 'a'));
    given(ordered('a'), claimed('a'), noted('a'))
      .when(settle('c', failure(9635, 'failed', 'a')))
      .thenTypes('activation.failed');
  });

  it('a refusal is of one person, who stays as Apple knows this person', () => {
    const state = given(...open, taken, {
      type: 'activation.failed',
      data: { uId, callId: 'u', action: 'update', userIds: ['a'], errorNumber: 9641, reason: '' },
    }).state;
    expect(state.persons.get('a')).toMatchObject({ state: 'invited', lot: null, callId: null });
  });

  it('is not told of those who leave, nor for an account that is gone', () => {
    given(...open)
      .when(deactivate('a'))
      .then(withdrawn, leaving('a'));
    given(...open, taken, leaving('a'))
      .when(settleUpdate())
      .then();
    given(...open)
      .when({ type: 'FindRetired', userIds: ['a'], nextLot: 3 })
      .thenTypes('activation.update-withdrawn', 'activation.found-retired');
    given(...open)
      .when({ type: 'CloseActivation', uId })
      .then({ type: 'activation.closed', data: { uId } }, withdrawn);
    given(...open, taken, closed)
      .when(settleUpdate(failure(9603, 'again', 'a')))
      .thenTypes('activation.claims-released', 'activation.update-withdrawn');
  });

  it('is told when an account that was gone is back', () => {
    const back: ActivationCommand = { type: 'OpenActivation' };
    const isOpen: ActivationEvent = { type: 'activation.opened', data: { uId } };
    given(...known, closed)
      .when(update('a', 'nobody'))
      .then(noted('a'));
    given(...known, closed, noted('a'))
      .when(update('a'))
      .then();
    given(...known, closed, noted('a'))
      .when(back)
      .then(isOpen, opened(2, 'a'));
    // What was not sent before it was gone.
    given(...open, closed, withdrawn)
      .when(back)
      .then(isOpen, opened(3, 'a'));
    given(...known, closed)
      .when(back)
      .then(isOpen);
    // A call of before is still to end: then it is told.
    given(...open, taken, closed, noted('a'))
      .when(back)
      .then(isOpen);
    given(...open, taken, closed, noted('a'), isOpen)
      .when(settleUpdate())
      .thenTypes('activation.updated', 'activation.update-opened');
    given(...open, taken, closed, noted('a'))
      .when(settleUpdate())
      .thenTypes('activation.updated');
  });
});

it('gives up on a person whom Apple puts off again and again', () => {
  const events: ActivationEvent[] = [ordered('a')];
  for (let lot = 2; lot <= 6; lot += 1)
    events.push(claimed('a'), {
      type: 'activation.claims-released',
      data: { uId, callId: 'c', action: 'create', userIds: ['a'], lot, limit: 0, notBefore: NOW },
    });
  given(...events, claimed('a'))
    .when(settle('c', failure(9603, 'again')))
    .thenTypes('activation.failed');
});

it('an acceptance may be heard of before the creation', () => {
  given(ordered('a'), claimed('a'))
    .when({ type: 'RecordAssociated', userIds: ['a', 'a', 'nobody'] })
    .then(associated('a'));
  const state = given(ordered('a'), claimed('a'), associated('a'), created('a')).state;
  expect(state.persons.get('a')?.state).toBe('associated');
  given(ordered('a'), claimed('a'), associated('a'), created('a'))
    .when({ type: 'RecordAssociated', userIds: ['a'] })
    .then();
});

it('withdraws who was not sent, and lets the others leave when that can be', () => {
  given(ordered('a'))
    .when(deactivate('a', 'nobody'))
    .then({ type: 'activation.withdrawn', data: { uId, userIds: ['a'], fromLots: [1] } });
  given(ordered('a'), claimed('a')).when(deactivate('a')).then(leaving('a'));
  given(ordered('a'), claimed('a'), leaving('a')).when(deactivate('a')).then();
  given(ordered('a'), claimed('a'), leaving('a')).when(settle('c')).then(created('a'), leaving('a'));
  given(ordered('a'), claimed('a'), leaving('a'))
    .when(settle('c', failure(9603, 'again')))
    .thenTypes('activation.claims-released', 'activation.withdrawn');
  given(ordered('a'), claimed('a'), created('a')).when(deactivate('a')).then(leaving('a'));
});

it('waits for what goes back, and for who has not accepted', () => {
  const left = [ordered('a'), claimed('a'), created('a'), leaving('a')] as const;
  given(...left)
    .when({ type: 'RecordReturns', awaited: ['a'], free: [] })
    .thenDue({
      step: 'return-licences',
      at: NOW + DEFAULT_TIMINGS.endWorkEveryMs,
      gate: uId,
    });
  given(...left)
    .when({ type: 'RecordReturns', awaited: [], free: ['a'] })
    .then({ type: 'activation.retirement-opened', data: { uId, userIds: ['a'], lot: 2 } });
  given(ordered('a'), claimed('a'), created('a'))
    .when(read)
    .thenDue({ step: 'read-users', at: NOW + DEFAULT_TIMINGS.totalsEveryMs, gate: uId });
  given(ordered('a'), claimed('a')).when(read).thenDue(null);
});

it('what Apple refuses to take back is asked back at growing intervals, until it is gone', () => {
  const { endWorkEveryMs, maxRetryMs } = DEFAULT_TIMINGS;
  const asset = { adamId: '361285480', pricingParam: 'STDQ' };
  const asked = (orderId: string): ActivationEvent => ({
    type: 'activation.return-asked',
    data: { uId, orderId, ...asset, userIds: ['a'] },
  });
  const awaited: ActivationCommand = { type: 'RecordReturns', awaited: ['a'], free: [] };
  const pauses: number[] = [];
  const events: ActivationEvent[] = [ordered('a'), claimed('a'), created('a'), leaving('a')];
  for (let round = 1; round <= 12; round += 1) {
    // Two assets in one look are one round.
    events.push(asked(`order ${round}`), asked(`order ${round}, of another asset`));
    events.push(...given(...events).when(awaited).events);
    const [{ data }] = events.slice(-1) as [Extract<ActivationEvent, { type: 'activation.return-awaited' }>];
    pauses.push(data.lookAt - NOW);
    // Nothing is asked while it is on its way.
    const again = given(...events).when(awaited).events;
    expect(given(...events, ...again).state.asks).toBe(round);
  }
  expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8].map((times) => times * endWorkEveryMs));
  expect(pauses.at(-1)).toBe(maxRetryMs);
  const gone = given(...events).when({ type: 'RecordReturns', awaited: [], free: ['a'] }).events;
  expect(given(...events, ...gone).state.asks).toBe(0);
});

it('whom others retired is retired, but for those who were ordered, or left, while Apple was asked', () => {
  const found: ActivationCommand = { type: 'FindRetired', userIds: ['a', 'b', 'nobody'], nextLot: 2 };
  const foundRetired = (...userIds: string[]): ActivationEvent => ({
    type: 'activation.found-retired',
    data: { uId, userIds },
  });
  const known = [ordered('a', 'b'), claimed('a', 'b'), created('a', 'b')] as const;
  given(...known)
    .when(found)
    .then(foundRetired('a', 'b'));
  given(...known, leaving('b'))
    .when(found)
    .then(foundRetired('a'));
  given(...known, foundRetired('a', 'b'))
    .when(found)
    .then();
  given(...known, foundRetired('a'))
    .when(activate('a'))
    .thenTypes('activation.ordered');
  // Somebody may have been created again since, so that they are looked for once more.
  given(...known)
    .when({ ...found, nextLot: 1 })
    .then();
  const before = given(...known, readAs('v0')).state;
  expect(before.deltaFrom).toBe('v0');
  given(...known, readAs('v0'))
    .when({ ...read, nextLot: 1 })
    .then(readAs('v0'));
  given(...known, readAs('v0'))
    .when({ ...read, nextLot: 2 })
    .then(readAs('v1'));
});

it('lets those leave whom another tool has registered at Apple, where they are named as such', () => {
  const command = { ...deactivate('a', 'nobody'), adopted: ['a'] } as ActivationCommand;
  given().when(command).then(leaving('a'));
  given(leaving('a')).when(command).thenNothing();
  given(leaving('a'))
    .when({ type: 'RecordReturns', awaited: [], free: ['a'] })
    .thenTypes('activation.retirement-opened');
});

it('ends with its account: who is in no call is withdrawn, calls are settled, and nothing is read any more', () => {
  const close: ActivationCommand = { type: 'CloseActivation', uId };
  const closed: ActivationEvent = { type: 'activation.closed', data: { uId } };
  const withdrawn = (userIds: string[], ...fromLots: number[]): ActivationEvent => ({
    type: 'activation.withdrawn',
    data: { uId, userIds, fromLots },
  });
  given(ordered('a'))
    .when(close)
    .then(closed, withdrawn(['a'], 1));
  given(ordered('a'), claimed('a'), created('a')).when(close).then(closed);
  given(ordered('a'), claimed('a'), created('a')).when(close).thenDue(null);
  given(ordered('a'), claimed('a'), created('a'), leaving('a'))
    .when(close)
    .then(closed, withdrawn(['a']));
  const inCall = [ordered('a'), claimed('a'), closed] as const;
  given(...inCall)
    .when(settle('c'))
    .then(created('a'));
  given(...inCall)
    .when(settle('c', failure(9603, 'again')))
    .thenTypes('activation.claims-released', 'activation.withdrawn');
  given(...inCall)
    .when(close)
    .thenNothing();
  given(...inCall)
    .when(activate('b'))
    .thenRefused('REJECTED_NOT_OURS');
  given(...inCall)
    .when(deactivate('a'))
    .thenNothing();
  given(...inCall)
    .when({ type: 'OpenActivation' })
    .then({ type: 'activation.opened', data: { uId } });
  given(...inCall, { type: 'activation.opened', data: { uId } })
    .when(activate('b'))
    .thenTypes('activation.ordered');
});
